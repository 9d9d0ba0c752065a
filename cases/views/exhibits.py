"""Reading evidence: one exhibit or two side by side, veiled until somebody asks, each look written down first."""

from dataclasses import dataclass, field, replace
from typing import Any

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases.models import Case, Evidence, care
from cases.views.context import fetch
from tipstaff.access import StaffRequest, needs
from tipstaff.permissions import Permission
from tipstaff.vault import derive, fixity, showing, storage, transcript
from tipstaff.vault.models import Derivative, SealedFile
from tipstaff.vault.views.picture import content_of
from tipstaff.workflow.history import Step, steps_of
from tipstaff.workflow.refused import NotPermitted, Refused

STEPS = 12
TURNS = 60  # of a conversation that are read on as they are scrolled to, at once
AT_ONCE_BYTES = 5 * 1024 * 1024  # larger files, and videos, are prepared by the worker or by a press of a button
MADE = ("lines", "plain", "grey", "veiled")


@dataclass
class Reading:
    """What a page shows of one exhibit, and why it shows no more."""

    exhibit: Evidence
    made: list[Derivative] = field(default_factory=list)
    turns: list[transcript.ShownTurn] = field(default_factory=list)
    first: int = 1
    pictures: list[tuple[Derivative, str]] = field(default_factory=list)  # with the address of what may be seen now
    redaction: Derivative | None = None
    veiled: bool = False
    kind: str = "veiled"  # up to what it is shown
    token: str = ""  # of the act of showing
    why_not: str = ""
    most: int = transcript.PAGE  # turns at once

    def first_of(self, kind: str) -> Derivative | None:
        return next((one for one in self.made if one.kind == kind), None)

    @property
    def lines(self) -> Derivative | None:
        return self.first_of("lines")

    @property
    def is_pictures(self) -> bool:
        return self.first_of("veiled") is not None

    @property
    def problem(self) -> Derivative | None:
        return self.first_of("none")

    @property
    def redactions(self) -> list[Derivative]:
        return [one for one in self.made if one.kind == "redaction"]

    @property
    def can_show(self) -> list[str]:
        """What showing may open next: the text, then grey, then colour, as far as the organisation allows."""
        if self.is_picture_redaction:
            return ["plain"] if self.veiled and showing.within_floor("plain") else []
        if self.is_pictures:
            after = {"veiled": ["grey"], "grey": ["plain"]}.get(self.kind, [])
            return [kind for kind in after if showing.within_floor(kind)]
        return ["lines"] if self.veiled and self.lines else []

    @property
    def may_colour(self) -> bool:
        return showing.within_floor("plain")

    @property
    def last(self) -> int:
        return self.turns[-1].number if self.turns else 0

    @property
    def before(self) -> int:
        return max(0, self.first - self.most)

    @property
    def after(self) -> int:
        following = self.first + self.most
        return following if self.lines and following <= self.lines.params["turns"] else 0

    @property
    def is_picture_redaction(self) -> bool:
        return self.redaction is not None and not self.redaction.root


def find(case: Case, exhibits: list[Evidence], number: int) -> Evidence:
    found = next((exhibit for exhibit in exhibits if exhibit.exhibit == number), None)
    if found is None:
        raise Http404
    found.case, found.file.near = case, case
    return found


def listed(case: Case) -> list[Evidence]:
    return list(case.evidence.select_related("file", "added_by").order_by("exhibit"))


@require_safe
@needs(Permission.CASE_VIEW)
def exhibits(request: StaffRequest, ref: str) -> HttpResponse:
    """What is sealed in the case. Nothing is opened by looking at the list."""
    case = fetch(request, ref)
    return render(request, "cases/evidence_page.html", {"case": case} | _around(request, case, listed(case)))


@require_safe
@needs(Permission.FILE_READ)
def exhibit(request: StaffRequest, ref: str, item: int) -> HttpResponse:
    """One exhibit, with another beside it if asked, and its custody log."""
    case = fetch(request, ref)
    found = listed(case)
    chosen = find(case, found, item)
    around = _around(request, case, found)
    readings = [read(request, case, chosen, request.GET)]
    beside = request.GET.get("with", "")
    if beside.isdecimal() and len(beside) < 7 and int(beside) != item:
        other = QueryDict(mutable=True)
        other.update({"turn": request.GET.get("also", ""), "show": request.GET.get("show_with", "")})
        readings.append(read(request, case, find(case, found, int(beside)), other))
    context = {
        "case": case,
        "exhibit": chosen,
        "readings": readings,
        "trail": custody_of(chosen.file),
        "cited": [word[:24] for word in request.GET.getlist("cite")[:50]],
        "purposes": showing.Purpose.choices,
        "may_cite": case.claimant == request.user and case.state == Case.State.INVESTIGATING,
    }
    response = render(request, "cases/evidence_page.html", context | around)
    response["Cache-Control"] = "no-store"
    return response


def custody_of(file: SealedFile) -> list[Step]:
    """The newest of its custody log, with what each look was at."""
    return [
        replace(step, text=f"{step.text}: {_looked_at(step.told['facts.part'])}") if "facts.part" in step.told else step
        for step in steps_of(file, limit=STEPS)
    ]


def _looked_at(part: str) -> str:
    """`turns 1-50`, `grey 0`, `redaction 1` in words."""
    kind, _space, which = part.partition(" ")
    if kind == "turns":
        return _("turns %(which)s") % {"which": which}
    if kind == "redaction":
        return _("redaction %(number)s") % {"number": which}
    labels = dict(Derivative.Kind.choices)
    return str(labels[kind]).lower() if kind in labels else part


def _around(request: StaffRequest, case: Case, found: list[Evidence]) -> dict[str, Any]:
    return {"exhibits": made_of(found)}


def made_of(found: list[Evidence]) -> list[tuple[Evidence, list[Derivative]]]:
    """Each exhibit and what was made of its file for reading. One query."""
    made: dict[Any, list[Derivative]] = {}
    rows = Derivative.objects.filter(parent__in=[exhibit.file_id for exhibit in found])
    for one in rows.select_related("file", "made_by").order_by("kind", "position", "-made_at"):
        made.setdefault(one.parent_id, []).append(one)
    for exhibit in found:
        exhibit.made = made.get(exhibit.file_id, [])  # type: ignore[attr-defined]
    return [(exhibit, exhibit.made) for exhibit in found]  # type: ignore[attr-defined]


def read(
    request: StaffRequest, case: Case, exhibit: Evidence, asked: QueryDict, *, most: int = transcript.PAGE
) -> Reading:
    """Open what may be opened, `most` turns of it. Whatever is refused is said in its place; what is shown was written
    down before.
    """
    reading, file = Reading(exhibit, most=most), exhibit.file
    if case.content_is_sealed:
        reading.why_not = _("The law keeps this from most people, so it is not shown here, veiled neither.")
        return reading
    refusal = SealedFile.read.operation.refusal(file, request.user)  # type: ignore[attr-defined]
    if refusal:
        reading.why_not = refusal
        return reading
    known = getattr(exhibit, "made", None)
    reading.made = _made(file) if known is None else known
    if not reading.made and _at_once(file) and not _prepare(reading):
        return reading
    reading.token = asked.get("show", "")
    reading.kind, purpose = showing.shown(reading.token, file.pk, request.user)
    try:
        if position := asked.get("redaction", ""):
            _open_redaction(request, reading, position, purpose)
        elif reading.lines:
            _open_lines(request, reading, asked, purpose)
        else:
            _open_pictures(reading)
    except NotPermitted as refused:
        reading.why_not = str(refused)
    except storage.Damaged:
        reading.why_not = _("It cannot be shown: what is stored is not what was sealed. Tell an evidence custodian.")
    return reading


def _made(file: SealedFile) -> list[Derivative]:
    return list(file.derivatives.select_related("file", "made_by").order_by("kind", "position", "-made_at"))


def _at_once(file: SealedFile) -> bool:
    return (file.size or 0) <= AT_ONCE_BYTES and derive.act_for(file.sniffed_type) != "video"


def _prepare(reading: Reading) -> bool:
    try:
        derive.prepare(reading.exhibit.file)
    except storage.Damaged:
        reading.exhibit.file.report_damage(actor=fixity.FIXITY)
        reading.why_not = _("It cannot be shown: what is stored is not what was sealed. Tell an evidence custodian.")
        return False
    reading.made = _made(reading.exhibit.file)
    return True


def _open_lines(request: StaffRequest, reading: Reading, asked: QueryDict, purpose: str) -> None:
    lines = reading.lines
    if lines is None:
        return
    turn = asked.get("turn", "")
    number = int(turn) if turn.isdecimal() and len(turn) < 7 else 1
    number = max(1, min(number, lines.params["turns"]))
    reading.first = (number - 1) // reading.most * reading.most + 1
    if reading.kind != "lines" and reading.exhibit.case.needs_care:
        reading.veiled = True
        return
    last = min(reading.first + reading.most - 1, lines.params["turns"])
    lines.parent = reading.exhibit.file
    lines.view(actor=request.user, purpose=purpose, part=f"turns {reading.first}-{last}")
    reading.turns = transcript.turns(lines, reading.first, reading.most)


def _open_redaction(request: StaffRequest, reading: Reading, position: str, purpose: str) -> None:
    found = next((one for one in reading.redactions if str(one.position) == position), None)
    if found is None:
        raise Http404
    found.parent, reading.redaction = reading.exhibit.file, found
    if reading.is_picture_redaction:
        reading.veiled = reading.kind != "plain"
        reading.pictures = [] if reading.veiled else [(found, _address(found, reading.token))]
        return
    if reading.kind != "lines" and reading.exhibit.case.needs_care:
        reading.veiled = True
        return
    found.view(actor=request.user, purpose=purpose, part=f"redaction {found.position}")
    reading.turns = transcript.redacted(transcript.document_of(content_of(found)))


def glance(request: StaffRequest, case: Case, found: list[Evidence]) -> list[Reading]:
    """What the console shows of the exhibits: pictures under their veil, or as far as somebody just asked to see one of
    them. Opens nothing by itself.
    """
    opens = request.user.may(Permission.FILE_READ) and not case.content_is_sealed
    token, readings = request.GET.get("show", ""), []
    for exhibit, made in made_of(found):
        reading = Reading(exhibit, made=made if opens else [])
        exhibit.case, exhibit.file.near = case, case
        kind, _purpose = showing.shown(token, exhibit.file_id, request.user)
        if kind != "veiled":
            reading.kind, reading.token = kind, token
        if reading.is_pictures:
            _open_pictures(reading)
        readings.append(reading)
    return readings


def _open_pictures(reading: Reading) -> None:
    kind = reading.kind if reading.kind in ("veiled", "grey", "plain") else "veiled"
    pictures = [one for one in reading.made if one.kind == kind]
    reading.kind, reading.veiled = kind, kind == "veiled" and bool(pictures)
    reading.pictures = [(one, _address(one, reading.token)) for one in pictures]


def _address(derivative: Derivative, token: str) -> str:
    url = reverse("vault:picture", args=[derivative.pk])
    return f"{url}?{_query(show=token)}" if token else url


def _query(**words: str) -> str:
    made = QueryDict(mutable=True)
    made.update({name: word for name, word in words.items() if word})
    return made.urlencode()


# --- acts ---
@require_POST
@needs(Permission.FILE_READ)
def exhibit_show(request: StaffRequest, ref: str, item: int) -> HttpResponse:
    """Lift the veil of one exhibit for two minutes, for this person and for what they say they need it for. The script
    of the page asks for what is behind it and shows that only while somebody holds.
    """
    case = fetch(request, ref)
    chosen = find(case, listed(case), item)
    kind, purpose = request.POST.get("kind", ""), request.POST.get("purpose", "")
    if kind not in MADE or purpose not in showing.Purpose.values:
        raise Http404
    if not showing.within_floor(kind):
        raise Refused(_("Your organisation does not let anybody open it further than this."))
    token = showing.show(chosen.file, request.user, kind, purpose)
    care.count_showing(request.user, case, kind)
    if request.headers.get("HX-Request"):
        return _held(request, case, chosen, token)
    if request.POST.get("as") == "redact":
        return redirect(reverse("cases:exhibit_redact", args=[case.ref, item]) + f"?{_query(show=token)}")
    if request.POST.get("console"):
        return redirect(f"{case.get_absolute_url()}?{_query(show=token)}#{chosen}")
    name, beside = request.POST.get("as", ""), request.POST.get("page", "")
    page = beside if beside.isdecimal() and len(beside) < 7 and name == "show_with" else str(item)
    query = _query(
        **{"show_with" if name == "show_with" else "show": token},
        turn=request.POST.get("turn", "")[:6],
        redaction=request.POST.get("redaction", "")[:6],
        **{"with": str(item) if name == "show_with" else request.POST.get("with", "")[:6]},
    )
    return redirect(reverse("cases:exhibit", args=[case.ref, page]) + f"?{query}")


def _held(request: StaffRequest, case: Case, chosen: Evidence, token: str) -> HttpResponse:
    """What is behind the veil, and nothing around it. No browser keeps it."""
    asked = QueryDict(mutable=True)
    asked.update({name: request.POST.get(name, "")[:6] for name in ("turn", "redaction")} | {"show": token})
    reading = read(request, case, chosen, asked, most=TURNS)
    context = {
        "case": case,
        "exhibit": chosen,
        "reading": reading,
        "main": request.POST.get("as") != "show_with",
        "next": reading.after if reading.turns and not reading.redaction else 0,
        "may_cite": case.claimant == request.user and case.state == Case.State.INVESTIGATING,
    }
    response = render(request, "cases/evidence_veil.html#held", context)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@needs(Permission.FILE_READ)
def exhibit_prepare(request: StaffRequest, ref: str, item: int) -> HttpResponse:
    """Make what can be read of it now, because the worker has not yet. A video takes up to a minute."""
    case = fetch(request, ref)
    chosen = find(case, listed(case), item)
    if case.content_is_sealed or not chosen.file.in_sight_of(request.user):
        raise NotPermitted(
            _("Your roles do not allow this."), permission=Permission.FILE_READ, about=chosen.file.stream
        )
    if refusal := SealedFile.read.operation.refusal(chosen.file, request.user):  # type: ignore[attr-defined]
        raise Refused(refusal)
    reading = Reading(chosen)
    if not _prepare(reading):
        raise Refused(reading.why_not)
    return redirect(chosen)
