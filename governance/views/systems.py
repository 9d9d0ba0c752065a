"""The register of AI systems: what runs, who answers for it, what it said about itself, and what may be done next."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from aup.models import PolicyVersion
from governance.coverage import survey
from governance.forms import HandOverForm, IntakeForm, ReasonForm, ReleaseForm, SystemForm
from governance.intake import QUESTIONS
from governance.models import AISystem
from tipstaff.access import StaffRequest, needs
from tipstaff.pages import Pages
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow.history import steps_of
from tipstaff.workflow.operations import available_to

PAGE = 25
TASKS = 10  # of a system, the newest
# What is done from the system's own page, in this order, and the form it takes; None: the press of a button is enough.
ACTS: dict[str, type[forms.Form] | None] = {
    "submit": None,
    "approve": None,
    "send_back": ReasonForm,
    "revise": ReasonForm,
    "hand_over": HandOverForm,
    "retire": ReasonForm,
}
FORWARD = {"submit", "approve"}
CONSEQUENCES = {
    "submit": gettext_lazy("Facts and answers cannot change while somebody reviews them."),
    "approve": gettext_lazy("The system may run, and releases of it can be recorded."),
    "send_back": gettext_lazy("The owner reads your reason, changes what is missing and submits it again."),
    "revise": gettext_lazy("The approval ends now. The system needs a new one once you have changed it."),
    "hand_over": gettext_lazy("From now on only the new owner speaks for the system."),
    "retire": gettext_lazy("The system runs no more. It leaves the map for good, and nothing about it changes again."),
}


@require_safe
@needs(Permission.SYSTEM_VIEW)
def system_list(request: StaffRequest) -> HttpResponse:
    """Systems by name with how their rules stand; `state` picks one state, without it the retired are left out."""
    state = request.GET.get("state", "")
    systems = AISystem.objects.visible_to(request.user).select_related("owner")
    systems = systems.filter(state=state) if state in AISystem.State.values else systems.standing()
    page = Pages(systems.order_by("name", "id"), PAGE).get_page(request.GET.get("page"))
    found = survey([system for system in page if system.state != AISystem.State.RETIRED], now())
    rows = [(system, found.tally(systems=[system])) for system in page]
    context = {"page": page, "rows": rows, "state": state, "states": AISystem.State.choices}
    return render(request, "governance/system_list.html", context | {"may_propose": may_propose(request)})


def may_propose(request: StaffRequest) -> bool:
    return request.user.may(Permission.SYSTEM_EDIT)


def fetch(request: StaffRequest, ref: str) -> AISystem:
    systems = AISystem.objects.visible_to(request.user).select_related("owner", "approved_by")
    return get_object_or_404(systems, ref=ref.upper())


@require_safe
@needs(Permission.SYSTEM_VIEW)
def system(request: StaffRequest, ref: str) -> HttpResponse:
    return system_page(request, fetch(request, ref))


def system_page(
    request: StaffRequest, system: AISystem, *, status: int = 200, typed: dict[str, forms.Form] | None = None
) -> HttpResponse:
    """One system, and what this person may do with it, or why not."""
    at = now()
    found = survey([system] if system.state != AISystem.State.RETIRED else [], at)
    acts = {operation.name: operation for operation in available_to(system, request.user)}
    controls = system.controls.select_related("verified_by").order_by("state", "stage", "ref")
    context = {
        "system": system,
        "intake": [(question, system.answers.get(question.key, "")) for question in QUESTIONS],
        "unanswered": system.unanswered,
        "facts_missing": system.facts_missing(),
        "tally": found.tally(),
        "controls": controls,
        "tasks": system.tasks.order_by("-raised_at")[:TASKS],
        "releases": system.releases.select_related("policy_version", "recorded_by"),
        "acts": acts,
        "buttons": [entry for name, entry in _entries(system, acts, typed or {}) if not ACTS[name]],
        "forms": [entry for name, entry in _entries(system, acts, typed or {}) if ACTS[name]],
        "refusal": _refusal(request, system, acts),
        "may_record": may_record(request, system),
        "trail": steps_of(system, limit=12),
        "now": at,
    }
    return render(request, "governance/system_page.html", context, status=status)


def may_record(request: StaffRequest, system: AISystem) -> bool:
    """Whether this person may say of controls of `system` that there are any."""
    owns = system.owner_id == request.user.pk and request.user.may(Permission.SYSTEM_EDIT)
    return owns and system.state != AISystem.State.RETIRED


def _refusal(request: StaffRequest, system: AISystem, acts: dict[str, Any]) -> str | None:
    """Why somebody who reviews systems cannot approve this one, where that is what it waits for."""
    if system.state != AISystem.State.IN_REVIEW or not request.user.may(Permission.SYSTEM_REVIEW) or "approve" in acts:
        return None
    return str(AISystem.approve.operation.refusal(system, request.user))  # type: ignore[attr-defined]


def _entries(system: AISystem, acts: dict[str, Any], typed: dict[str, forms.Form]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (
            name,
            {
                "name": name,
                "label": acts[name].label,
                "url": reverse("governance:system_operate", args=[system.ref, name]),
                "hint": CONSEQUENCES[name],
                "primary": name in FORWARD,
                "danger": name == "retire",
                "form": typed.get(name) or _form(name, system),
            },
        )
        for name in ACTS
        if name in acts
    ]


def _form(name: str, system: AISystem, posted: Any = None) -> forms.Form | None:
    kind = ACTS[name]
    if kind is None:
        return None
    options: dict[str, Any] = {"system": system} if kind is HandOverForm else {}
    return kind(posted, prefix=name, **options)


@require_POST
@needs(Permission.SYSTEM_EDIT, Permission.SYSTEM_REVIEW)
def system_operate(request: StaffRequest, ref: str, operation: str) -> HttpResponse:
    """Carry out the named act; one that is not possible by now is refused with the reason."""
    if operation not in ACTS:
        raise Http404
    system = fetch(request, ref)
    form = _form(operation, system, request.POST)
    if form is not None and not form.is_valid():
        return system_page(request, system, status=422, typed={operation: form})
    act = getattr(system, operation)
    act(actor=request.user, **(form.cleaned_data if form is not None else {}))
    messages.success(request, _("Done: %(operation)s.") % {"operation": act.operation.label})
    return redirect(system)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.SYSTEM_EDIT)
def system_propose(request: StaffRequest) -> HttpResponse:
    """Put a system on record; who does it answers for it until somebody hands it over."""
    form = SystemForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        system = AISystem(owner=request.user, **form.cleaned_data)
        system.propose(actor=request.user)
        messages.success(request, _("%(system)s is on record. Next, answer its questions.") % {"system": system})
        return redirect("governance:system_intake", system.ref)
    return render(request, "governance/system_form.html", {"form": form}, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.SYSTEM_EDIT)
def system_edit(request: StaffRequest, ref: str) -> HttpResponse:
    """Change the facts of a system that is not in review."""
    system = fetch(request, ref)
    form = SystemForm(request.POST or None, initial={name: getattr(system, name) for name in AISystem.EDITABLE})
    if request.method == "POST" and form.is_valid():
        system.amend(actor=request.user, **form.cleaned_data)
        messages.success(request, _("The facts of %(system)s are saved.") % {"system": system})
        return redirect(system)
    context = {"form": form, "system": system, "refusal": _shut(request, system, "amend")}
    return render(request, "governance/system_form.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.SYSTEM_EDIT)
def system_intake(request: StaffRequest, ref: str) -> HttpResponse:
    """Answer the intake questions, all of them or some."""
    system = fetch(request, ref)
    form = IntakeForm(request.POST or None, initial=system.answers)
    if request.method == "POST" and form.is_valid():
        system.answer(actor=request.user, answers=form.cleaned_data)
        left = len(system.unanswered)
        messages.success(request, _("Saved. %(count)s questions are open.") % {"count": left} if left else _("Saved."))
        return redirect(system)
    context = {"form": form, "system": system, "refusal": _shut(request, system, "answer")}
    return render(request, "governance/system_intake.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.SYSTEM_EDIT)
def system_release(request: StaffRequest, ref: str) -> HttpResponse:
    """Record what went out."""
    system = fetch(request, ref)
    start = {"released_on": now().date(), "policy_version": PolicyVersion.objects.in_force(now())}
    form = ReleaseForm(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        system.release(actor=request.user, **form.cleaned_data)
        messages.success(request, _("The release is recorded. It cannot be changed."))
        return redirect(system)
    context = {"form": form, "system": system, "refusal": _shut(request, system, "release")}
    return render(request, "governance/release_form.html", context, status=422 if form.is_bound else 200)


def _shut(request: StaffRequest, system: AISystem, act: str) -> str | None:
    """Why a form would be refused, said before somebody fills it in."""
    declared = getattr(AISystem, act).operation
    refusal: str | None = declared.refusal(system, request.user)
    return refusal
