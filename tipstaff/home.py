"""The first page of everybody, by what they may do, and what every page shows around its matter."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from appeals.models import Appeal
from aup.models import Feedback, PolicyVersion, Rule
from cases.models import Case, Decision, Remediation, Report, Sanction
from cases.models.effect import Confirmation
from cases.models.referral import referable
from cases.models.verdict import hidden_from
from governance.coverage import Coverage, survey
from governance.models import AISystem, Ballot, Control, ControlTask, Waiver
from tipstaff.access import StaffRequest, lacks_second_factor, public, signed_in
from tipstaff.accounts.models import Subject, User
from tipstaff.demo.people import PEOPLE
from tipstaff.notices.webhooks import missed_by_endpoint
from tipstaff.permissions import Permission
from tipstaff.sla.levels import hears
from tipstaff.sla.models import Kind
from tipstaff.sla.promises import spans
from tipstaff.sla.views.mine import heard_of
from tipstaff.time import now
from tipstaff.vault.views import custody

P = Permission
CLOCKS_COUNTED = 1000  # more than that is not a number that anybody acts on


@dataclass(frozen=True)
class Entry:
    """A link of the bar. `key` is the letter that follows it."""

    url: str
    label: str
    current: bool
    key: str = ""


@dataclass(frozen=True)
class Tile:
    """A number on the home page and where it leads. `tone` is a class of the stylesheet, and never the only sign."""

    count: int
    label: str
    url: str
    tone: str = ""


@dataclass(frozen=True)
class Found:
    """Where the palette can go."""

    url: str
    label: str
    note: str = ""


def chrome(request: HttpRequest) -> dict[str, Any]:
    """Context of every page. Makes no query of its own."""
    person = getattr(request, "user", None)
    staff = person if isinstance(person, User) else None
    return {
        "nav": _nav(request, staff) if staff else [],
        "demo": settings.DEMO,
        "demo_people": PEOPLE if settings.DEMO else [],
        "provider_name": settings.PROVIDER_NAME,
        "search_url": reverse("cases:case_list") if staff and staff.may(P.CASE_VIEW) else "",
        "now": now(),
    }


def _nav(request: HttpRequest, person: User) -> list[Entry]:
    places = [
        ("cases:queue", _("Queue"), P.CASE_CLAIM),
        ("cases:report_list", _("Reports"), P.REPORT_TRIAGE),
        ("cases:decision_list", _("Decisions"), P.DECISION_CONFIRM),
        ("cases:referral_list", _("Authorities"), P.REFERRAL_MAKE),
        ("cases:case_list", _("Cases"), P.CASE_VIEW),
        ("appeals:appeal_list", _("Appeals"), P.APPEAL_VIEW),
        ("governance:waiver_list", _("Waivers"), P.WAIVER_VIEW),
        ("governance:system_list", _("Systems"), P.SYSTEM_VIEW),
        ("cases:flaggers", _("Flaggers"), P.FLAGGER_GRANT),
        ("cases:entrances", _("Entrances"), P.PATHWAY_SET),
        ("aup:feedback_list", _("Feedback"), P.FEEDBACK_ANSWER),
        ("board:board", _("Clocks"), P.CLOCK_BOARD),
        ("oversight:index", _("Oversight"), P.HISTORY_VIEW),
        ("vault:custody", _("Custody"), P.CUSTODY_VIEW),
        ("accounts:people", _("People"), P.PERSON_MANAGE),
        ("accounts:tokens", _("Tokens"), P.TOKEN_MANAGE),
        ("webhooks:list", _("Webhooks"), P.WEBHOOK_MANAGE),
        ("clocks:targets", _("Targets"), P.CLOCK_SET),
        ("jobs:heartbeat", _("Jobs"), P.JOB_VIEW),
    ]
    shown = [(reverse(name), label) for name, label, permission in places if person.may(permission)]
    keys = {reverse(name): key for name, key in KEYS.items()}
    if person.may(P.FLAGGER_GRANT):  # they find it beside the flaggers
        shown = [place for place in shown if place[0] != reverse("cases:entrances")]
    if person.may(P.REPORT_TRIAGE):  # they find it beside the reports
        shown = [place for place in shown if place[0] != reverse("cases:flaggers")]
    shown.append((reverse("aup:policy"), _("Policy")))
    current = max((url for url, _label in shown if request.path.startswith(url)), key=len, default="")
    return [Entry(url, label, url == current, keys.get(url, "")) for url, label in shown]


@public
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """For a stranger, what can be done here; for staff, what waits for them."""
    if not request.user.is_authenticated:
        times = spans(Kind.TRIAGE, Kind.DECISION, Kind.APPEAL)
        return render(request, "home/public.html", {"version": PolicyVersion.objects.in_force(now()), "times": times})
    if lacks_second_factor(request):
        return redirect("mfa_index")
    return render(request, "home/staff.html", _waiting(request.user))


@signed_in
@require_safe
def find(request: StaffRequest) -> HttpResponse:
    """Cases, accounts, rules and pages for a few letters: what the palette asks, and a page of its own."""
    q = request.GET.get("q", "").strip()[:FIND_LENGTH]
    person = request.user
    pages = [Found(entry.url, entry.label) for entry in _nav(request, person) if q.casefold() in entry.label.casefold()]
    groups = [*_found(person, q), (_("Pages"), pages)] if q else [(_("Pages"), pages)]
    context = {"q": q, "groups": groups, "found": any(entries for _heading, entries in groups)}
    part = "#found" if request.headers.get("HX-Request") else ""
    return render(request, f"home/find.html{part}", context)


def _found(person: User, q: str) -> list[tuple[str, list[Found]]]:
    """Records that `person` may open: what begins with `q`, so that an index can find it."""
    cases = Case.objects.visible_to(person).filter(Q(ref__startswith=q.upper()) | Q(subject__external_id=q))
    cases = cases.select_related("rule").order_by("-opened_at")[:FINDS]
    accounts = Subject.objects.visible_to(person).filter(Q(external_id__startswith=q) | Q(name__istartswith=q))[:FINDS]
    rules = Rule.objects.in_force(now()).matching(q).order_by("position")[:FINDS]
    decisions = list(Decision.objects.visible_to(person).filter(ref=q.upper()).select_related("case"))
    veiled = hidden_from(person, *decisions)  # before one's own verdict the outcome stands nowhere
    told = [(one, "" if one.pk in veiled else one.get_outcome_display()) for one in decisions]
    return [
        (_("Cases"), [Found(case.get_absolute_url(), case.ref, case.rule.title) for case in cases]),
        (_("Decisions"), [Found(one.page_url, one.ref, outcome) for one, outcome in told]),
        (_("Accounts"), [Found(account.get_absolute_url(), account.title) for account in accounts]),
        (_("Rules"), [Found(rule.get_absolute_url(), rule.code, rule.title) for rule in rules]),
    ]


def _waiting(person: User) -> dict[str, Any]:
    return {"tiles": _tiles(person), "mine": _mine(person), "to_read": _to_read(person)}


def _to_read(person: User) -> PolicyVersion | None:
    """The version in force, while this person has not said that they read it."""
    version = PolicyVersion.objects.in_force(now())
    return None if version is None or version.acknowledgements.filter(person=person).exists() else version


def _mine(person: User) -> Any:
    """The cases that they hold, and the latest that went back to the queue because their claim ran out."""
    held = Case.objects.filter(claimed_by=person, state__in=["open", "investigating"])
    held = held.exclude(claimed_ahead=True, claimed_until__lte=now())  # they never saw it
    return held.select_related("subject", "rule", "claimed_by").order_by("-claimed_until")[:HELD]


def _tiles(person: User) -> list[Tile]:
    tiles = _clock_tiles(person)
    if person.may(P.REPORT_TRIAGE):
        waiting = Report.objects.filter(state="received").count()
        tiles.append(Tile(waiting, _("reports to triage"), reverse("cases:report_list"), "due" if waiting else "ok"))
    if person.may(P.CASE_CLAIM):
        queued = Case.objects.queued()
        late = queued.filter(due_at__lt=now()).count()
        tiles.append(Tile(queued.count(), _("cases in the queue"), reverse("cases:queue")))
        tiles.append(Tile(late, _("cases late"), reverse("cases:queue"), "late" if late else "ok"))
    if person.may(P.DECISION_CONFIRM):
        waiting = Decision.objects.waiting().count()
        tiles.append(Tile(waiting, _("decisions waiting for someone"), reverse("cases:decision_list")))
    if person.may(P.REFERRAL_MAKE):
        owed = referable(person).count()
        label = _("notices owed to an authority")
        tiles.append(Tile(owed, label, reverse("cases:referral_list"), "due" if owed else "ok"))
    if person.may(P.CASE_LEAD) or person.may(P.SANCTION_LIFT):
        failed = Sanction.objects.with_confirmation([Confirmation.FAILED], now()).count()
        label = _("measures that the gateway could not carry out")
        tiles.append(Tile(failed, label, reverse("cases:measure_list"), "late" if failed else "ok"))
    if person.may(P.REMEDIATION_ASSESS):
        waiting = Remediation.objects.to_assess().count()
        label = _("plans and requests to assess")
        tiles.append(Tile(waiting, label, reverse("cases:remediation_list"), "due" if waiting else "ok"))
    if person.may(P.APPEAL_VIEW):
        opened = Appeal.objects.open_now().count()
        tiles.append(Tile(opened, _("appeals to hear"), reverse("appeals:appeal_list"), "due" if opened else "ok"))
    tiles += _waiver_tiles(person)
    tiles += _system_tiles(person)
    if person.may(P.FILE_UNSEAL) or person.may(P.FILE_DISPOSE):
        waiting = custody.waiting_for(person)
        tiles.append(Tile(waiting, _("files to answer for"), reverse("vault:custody"), "due" if waiting else "ok"))
    if person.may(P.HISTORY_VIEW):
        tiles.append(Tile(Case.objects.count(), _("case histories"), reverse("oversight:index")))
    if person.may(P.PERSON_MANAGE):
        tiles.append(Tile(User.objects.filter(is_active=True).count(), _("people"), reverse("accounts:people")))
    if person.may(P.WEBHOOK_MANAGE):
        missed = sum(missed_by_endpoint().values())
        tone = "late" if missed else "ok"
        tiles.append(Tile(missed, _("messages that a machine missed"), reverse("webhooks:list"), tone))
    if person.may(P.FEEDBACK_ANSWER):
        waiting = Feedback.objects.open_now().count()
        tiles.append(Tile(waiting, _("feedback to answer"), reverse("aup:feedback_list"), "due" if waiting else "ok"))
    if any(person.may(permission) for permission in POLICY_WORK):
        drafts = PolicyVersion.objects.exclude(state__in=["published", "withdrawn"]).count()
        tiles.append(Tile(drafts, _("policy versions in the making"), reverse("aup:versions")))
    return tiles


def _waiver_tiles(person: User) -> list[Tile]:
    """For who screens requests, opens ballots or votes."""
    tiles, address = [], reverse("governance:waiver_list")
    if person.may(P.WAIVER_SCREEN):
        waiting = Waiver.objects.filter(state__in=["submitted", "screening"]).count()
        tiles.append(Tile(waiting, _("waivers to screen"), address, "due" if waiting else "ok"))
    if person.may(P.BALLOT_OPEN):
        waiting = Waiver.objects.to_be_voted_on().count()
        tiles.append(Tile(waiting, _("waivers to put to the vote"), address, "due" if waiting else "ok"))
    if person.may(P.BALLOT_CAST):
        waiting = Ballot.objects.waiting_for(person, now()).count()
        tiles.append(Tile(waiting, _("votes to cast"), address, "due" if waiting else "ok"))
    return tiles


def _clock_tiles(person: User) -> list[Tile]:
    """For who works on what has a date, or hears of it."""
    works = any(person.may(permission) for permission in (P.CASE_CLAIM, P.APPEAL_DECIDE, P.WAIVER_SCREEN))
    if not works and not hears(person):
        return []
    heard = heard_of(person)[:CLOCKS_COUNTED].count()
    return [Tile(heard, _("clocks running out that you hear of"), reverse("clocks:mine"), "due" if heard else "ok")]


def _system_tiles(person: User) -> list[Tile]:
    """For who reviews systems, owns some, or verifies their controls."""
    tiles = []
    if person.may(P.SYSTEM_REVIEW):
        waiting = AISystem.objects.in_review().count()
        address = reverse("governance:system_list", query={"state": "in_review"})
        tiles.append(Tile(waiting, _("systems to review"), address, "due" if waiting else "ok"))
    if person.may(P.SYSTEM_REVIEW) or person.may(P.SYSTEM_EDIT):
        systems = AISystem.objects.standing()
        mine = systems if person.may(P.SYSTEM_REVIEW) else systems.filter(owner=person)
        gaps = survey(mine, now()).tally().counts[Coverage.GAP]
        label = _("gaps: rules that nothing enforces")
        address = reverse("governance:system_map", query={"result": Coverage.GAP})
        tiles.append(Tile(gaps, label, address, "late" if gaps else "ok"))
    if person.may(P.CONTROL_VERIFY) or person.may(P.SYSTEM_EDIT):
        tasks = ControlTask.objects.for_person(person).count()
        tiles.append(Tile(tasks, _("control tasks"), reverse("governance:control_task_list"), "due" if tasks else "ok"))
    if person.may(P.CONTROL_VERIFY):
        stale = Control.objects.to_verify(now()).count()
        tiles.append(Tile(stale, _("controls to verify"), reverse("governance:control_list"), "due" if stale else "ok"))
    return tiles


# Pressed one after the other: g, then where to.
KEYS = {
    "cases:queue": "g q",
    "cases:report_list": "g r",
    "cases:decision_list": "g d",
    "cases:case_list": "g c",
    "appeals:appeal_list": "g a",
    "governance:waiver_list": "g w",
    "board:board": "g k",
    "oversight:index": "g o",
    "aup:policy": "g p",
}
FIND_LENGTH = 120
FINDS = 8  # of each kind
HELD = 20  # cases shown on the first page
POLICY_WORK = (
    P.POLICY_EDIT, P.POLICY_SIGN_PRODUCT, P.POLICY_SIGN_ENGINEERING, P.POLICY_SIGN_LEGAL, P.POLICY_SIGN_COMPLIANCE,
)  # fmt: skip
