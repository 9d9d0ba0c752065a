"""The custodian's pages: what waits for an answer, every file with what keeps it, legal holds, and their histories."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tipstaff.access import StaffRequest, needs
from tipstaff.pages import Pages
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.vault.custody_forms import DisposeForm, HoldForm, ReasonForm, RetainForm, UnsealForm
from tipstaff.vault.models import Disposal, LegalHold, SealedFile, Unsealing
from tipstaff.vault.views.sight import in_sight
from tipstaff.workflow import references
from tipstaff.workflow.history import steps_of
from tipstaff.workflow.models import Record
from tipstaff.workflow.operations import available_to, operations_of
from tipstaff.workflow.refused import NotPermitted, Refused

PAGE = 50
UNSCANNED = timedelta(hours=1)  # after which a file that waits for its scan is told of
STEPS = 100
WITH_REASON = {"ask_release", "refuse"}
BY_ITSELF = {"carry_out"}  # follows from the second approval
CONSEQUENCES = {
    "release": gettext_lazy("What it covered follows its clocks again."),
    "grant": gettext_lazy("Who asked can open it for four hours, and nobody else. Each reading is recorded."),
    "approve": gettext_lazy("The second approval destroys the key at once. Nothing brings the file back."),
    "keep": gettext_lazy("It stays in force."),
}
DANGEROUS = {"release", "approve"}


def waiting_for(person: Any) -> int:
    """How many requests wait that `person` did not make."""
    unsealings, holds = Unsealing.objects.visible_to(person), LegalHold.objects.visible_to(person)
    disposals = Disposal.objects.visible_to(person).waiting()
    return (
        unsealings.filter(state="asked").exclude(asked_by=person).count()
        + holds.filter(state="release_asked").exclude(release_asked_by=person).count()
        + disposals.exclude(proposed_by=person).exclude(approvals__person=person).count()
    )


@require_safe
@needs(Permission.CUSTODY_VIEW)
def index(request: StaffRequest) -> HttpResponse:
    """What waits for a second person, with who asked and why; answered on the page of the file or the hold."""
    unsealings = Unsealing.objects.filter(state="asked").select_related("file", "asked_by")
    holds = LegalHold.objects.filter(state="release_asked").select_related("release_asked_by")
    disposals = Disposal.objects.waiting().select_related("file", "proposed_by")
    waiting: dict[str, Any] = {"unsealing": unsealings, "hold": holds, "disposal": disposals}
    context = {
        "tasks": [
            (task, kind)
            for kind, rows in waiting.items()
            for task in rows.visible_to(request.user).order_by("pk")[:PAGE]
        ],
        "damaged": SealedFile.objects.in_custody(request.user).filter(damaged_at__isnull=False)[:PAGE],
        "standing": LegalHold.objects.visible_to(request.user).standing().count(),
        "scanning": bool(settings.CLAMD_URL),
        "unscanned": SealedFile.objects.to_scan(now() - UNSCANNED).count() if settings.CLAMD_URL else 0,
        "dangerous": SealedFile.objects.in_custody(request.user).dangerous()[:PAGE],
    }
    return render(request, "vault/custody.html", context)


@require_safe
@needs(Permission.CUSTODY_VIEW)
def files(request: StaffRequest) -> HttpResponse:
    """Every file that came in, newest first; by a part of its name, its matter, or its whole SHA-256."""
    word = request.GET.get("q", "").strip()[:200].replace("\0", "")
    found = SealedFile.objects.in_custody(request.user).originals().order_by("-received_at", "-id")
    if word:
        found = found.filter(Q(name__icontains=word) | Q(matter__iendswith=word) | Q(sha256=word.lower()))
    page = Pages(found, PAGE).get_page(request.GET.get("page"))
    return render(request, "vault/file_list.html", {"page": page, "q": word})


def fetch(request: StaffRequest, pk: UUID) -> SealedFile:
    return get_object_or_404(SealedFile.objects.in_custody(request.user), pk=pk)


@require_safe
@needs(Permission.CUSTODY_VIEW)
def file(request: StaffRequest, pk: UUID) -> HttpResponse:
    return _file_page(request, fetch(request, pk))


def _file_page(
    request: StaffRequest, found: SealedFile, *, typed: tuple[str, forms.BaseForm] | None = None, status: int = 200
) -> HttpResponse:
    """One file: what it is, what keeps it and until when, who asked for what, and its custody log."""
    unsealings = found.unsealings.select_related("asked_by", "answered_by")
    disposals = found.disposals.select_related("proposed_by", "refused_by").prefetch_related("approvals__person")
    context = {
        "file": found,
        "matter": in_sight(request.user, references.find(found.matter)),
        "downloads": request.user.may(Permission.FILE_READ)
        and found.origin is None
        and found.in_sight_of(request.user),
        "holds": found.holds.select_related("placed_by"),
        "expires_at": found.expires_at(),
        "clocks": found.retention_clocks.select_related("set_by"),
        "kept_because": found.kept_because(now()) if found.state == SealedFile.State.SEALED else None,
        "unsealings": [(row, _acts(request, row)) for row in unsealings],
        "disposals": [(row, _acts(request, row)) for row in disposals],
        "forms": _file_forms(request, found, typed),
        "trail": steps_of(found, limit=STEPS),
    }
    return render(request, "vault/file_page.html", context, status=status)


def _acts(request: StaffRequest, record: Record) -> list[dict[str, Any]]:
    """What this person may do with the record, each with its form where it needs a reason."""
    kind = record.reference_prefix
    return [
        {
            "name": act.name,
            "label": act.label,
            "url": reverse(f"vault:{kind}_act", args=[getattr(record, record.reference_field), act.name]),
            "hint": CONSEQUENCES.get(act.name, ""),
            "danger": act.name in DANGEROUS,
            "form": ReasonForm(auto_id=f"{record.pk}_{act.name}_%s") if act.name in WITH_REASON else None,
        }
        for act in available_to(record, request.user)
        if act.name not in BY_ITSELF
    ]


# --- acts on a file: each makes a record of its own ---
def _unseal(request: StaffRequest, found: SealedFile, form: Any) -> str:
    asked: Unsealing = form.save(commit=False)
    asked.file = found
    asked.ask(actor=request.user)
    return _("Somebody in another role is asked, and answers here.")


def _dispose(request: StaffRequest, found: SealedFile, form: Any) -> str:
    proposed: Disposal = form.save(commit=False)
    proposed.file = found
    proposed.propose(actor=request.user)
    if proposed.state == Disposal.State.REFUSED:
        return _("The erasure is refused, and that is on record: %(basis)s") % {"basis": proposed.refusal}
    return _("It is proposed. Two other people have to approve.")


def _retain(request: StaffRequest, found: SealedFile, form: Any) -> str:
    found.retain(actor=request.user, **form.facts)
    return _("It is kept at least until then.")


FileAct = tuple[Any, Permission, Any, Callable[[StaffRequest, SealedFile, Any], str]]
FILE_ACTS: dict[str, FileAct] = {
    "unseal": (UnsealForm, Permission.FILE_READ, gettext_lazy("Ask to have it unsealed"), _unseal),
    "retain": (RetainForm, Permission.FILE_RETAIN, gettext_lazy("Keep it longer"), _retain),
    "dispose": (DisposeForm, Permission.FILE_DISPOSE, gettext_lazy("Propose to dispose of it"), _dispose),
}


def _file_forms(
    request: StaffRequest, found: SealedFile, typed: tuple[str, forms.BaseForm] | None
) -> list[dict[str, Any]]:
    if found.state != SealedFile.State.SEALED:
        return []
    return [
        {
            "label": label,
            "url": reverse("vault:file_act", args=[found.pk, name]),
            "form": typed[1] if typed and typed[0] == name else form(prefix=name),
        }
        for name, (form, permission, label, _act) in FILE_ACTS.items()
        if request.user.may(permission) and (name != "unseal" or found.content_is_sealed)
    ]


@require_POST
@needs(Permission.CUSTODY_VIEW)
def file_act(request: StaffRequest, pk: UUID, operation: str) -> HttpResponse:
    """Ask for an unsealing, keep it longer, propose its disposal. What is refused is said beside the form."""
    if operation not in FILE_ACTS:
        raise Http404
    shape, _permission, _label, perform = FILE_ACTS[operation]
    found, form = fetch(request, pk), shape(request.POST, prefix=operation)
    if not form.is_valid():
        return _file_page(request, found, typed=(operation, form), status=422)
    try:
        messages.success(request, perform(request, found, form))
    except NotPermitted:
        raise
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _file_page(request, fetch(request, pk), typed=(operation, form), status=refusal.status)
    return redirect("vault:file", pk)


# --- holds ---
@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.CUSTODY_VIEW)
def holds(request: StaffRequest) -> HttpResponse:
    """Holds in force first, then released ones; and the form to place another."""
    form: Any = HoldForm(request.POST if request.method == "POST" else None, initial={"on": request.GET.get("on", "")})
    if request.method == "POST" and form.is_valid():
        placed: LegalHold = form.save(commit=False)
        try:
            placed.place(actor=request.user)
        except NotPermitted:
            raise
        except Refused as refusal:
            form.add_error("on", str(refusal))
        else:
            messages.success(request, _("%(ref)s is in force.") % {"ref": placed.ref})
            return redirect(placed)
    found = LegalHold.objects.visible_to(request.user).select_related("placed_by")
    page = Pages(found.order_by("-released_at", "-placed_at"), PAGE).get_page(request.GET.get("page"))
    may = request.user.may(Permission.HOLD_PLACE)
    context = {"page": page, "form": form if may else None}
    return render(request, "vault/hold_list.html", context, status=422 if form.errors else 200)


@require_safe
@needs(Permission.CUSTODY_VIEW)
def hold(request: StaffRequest, ref: str) -> HttpResponse:
    found = get_object_or_404(LegalHold.objects.visible_to(request.user), ref=ref.upper())
    on = in_sight(request.user, references.find(found.on))
    url = reverse("vault:file", args=[on.pk]) if isinstance(on, SealedFile) else on.get_absolute_url() if on else ""
    context = {"hold": found, "on": on, "on_url": url, "acts": _acts(request, found)}
    return render(request, "vault/hold_page.html", context | {"trail": steps_of(found, limit=STEPS)})


# --- answers ---
def _answer(request: StaffRequest, record: Record, act: str) -> HttpResponse:
    """Carry out an act that `_acts` offers; one that is no longer possible is refused with the reason."""
    declared = {known.name: known for known in operations_of(type(record)) if not known.creates}.get(act)
    if declared is None or act in BY_ITSELF:
        raise Http404
    facts: dict[str, Any] = {}
    if act in WITH_REASON:
        form = ReasonForm(request.POST)
        if not form.is_valid():
            messages.error(request, _("Give a reason of at most 2,000 characters."))
            return redirect(record.get_absolute_url())
        facts = form.facts
    getattr(record, act)(actor=request.user, **facts)
    messages.success(request, _("Done: %(operation)s.") % {"operation": declared.label})
    return redirect(record.get_absolute_url())


@require_POST
@needs(Permission.HOLD_RELEASE)
def hold_act(request: StaffRequest, ref: str, operation: str) -> HttpResponse:
    return _answer(request, get_object_or_404(LegalHold.objects.visible_to(request.user), ref=ref.upper()), operation)


@require_POST
@needs(Permission.FILE_UNSEAL)
def unsealing_act(request: StaffRequest, ref: str, operation: str) -> HttpResponse:
    return _answer(request, get_object_or_404(Unsealing.objects.visible_to(request.user), ref=ref.upper()), operation)


@require_POST
@needs(Permission.FILE_DISPOSE)
def disposal_act(request: StaffRequest, ref: str, operation: str) -> HttpResponse:
    return _answer(request, get_object_or_404(Disposal.objects.visible_to(request.user), ref=ref.upper()), operation)
