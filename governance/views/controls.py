"""Controls: recorded and changed by who answers for the system, verified by somebody else."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import F
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from aup.models import Rule
from governance.coverage import verified
from governance.forms import ControlForm, FindingForm, ReasonForm
from governance.models import Control
from governance.models.control import VERIFIED_FOR, owner_of_system
from governance.views.systems import fetch as fetch_system
from tipstaff.access import StaffRequest, needs
from tipstaff.pages import Pages
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow.history import steps_of
from tipstaff.workflow.operations import available_to

PAGE = 50
ACTS: dict[str, type[forms.Form]] = {"verify": FindingForm, "refute": FindingForm, "retire": ReasonForm}
CONSEQUENCES = {
    "verify": gettext_lazy("Your name stands for it, and the map counts it until the verification runs out."),
    "refute": gettext_lazy("The map counts it for nothing until it was changed or verified."),
    "retire": gettext_lazy("It enforces nothing from now on. It stays readable, and cannot be taken back."),
}


@require_safe
@needs(Permission.SYSTEM_VIEW)
def control_list(request: StaffRequest) -> HttpResponse:
    """Controls of systems that stand: those to verify, who waited longest first; `show` picks broken ones or all."""
    at, show = now(), request.GET.get("show", "")
    controls = Control.objects.visible_to(request.user).active().select_related("system__owner", "verified_by")
    if show == "broken":
        controls = controls.filter(failed_at__isnull=False)
    elif show != "all":
        controls = controls.to_verify(at)
    ordered = controls.order_by(F("last_verified_at").asc(nulls_first=True), "recorded_at", "id")
    page = Pages(ordered, PAGE).get_page(request.GET.get("page"))
    return render(request, "governance/control_list.html", {"page": page, "show": show, "days": VERIFIED_FOR.days})


def fetch(request: StaffRequest, ref: str) -> Control:
    controls = Control.objects.visible_to(request.user).select_related(
        "system__owner", "recorded_by", "amended_by", "verified_by", "verified_under", "failed_by"
    )
    return get_object_or_404(controls, ref=ref.upper())


@require_safe
@needs(Permission.SYSTEM_VIEW)
def control(request: StaffRequest, ref: str) -> HttpResponse:
    return control_page(request, fetch(request, ref))


def control_page(
    request: StaffRequest, control: Control, *, status: int = 200, typed: dict[str, forms.Form] | None = None
) -> HttpResponse:
    """One control, what was seen when somebody looked, and what this person may do with it, or why not."""
    acts = {operation.name: operation for operation in available_to(control, request.user)}
    rules = {rule.code: rule for rule in Rule.objects.in_force(now()).filter(code__in=control.rules)}
    context = {
        "control": control,
        "rules": [(code, rules.get(code)) for code in control.rules],
        "is_verified": verified(control, now()),
        "days": VERIFIED_FOR.days,
        "now": now(),
        "acts": acts,
        "forms": [
            {
                "name": name,
                "label": acts[name].label,
                "url": reverse("governance:control_operate", args=[control.ref, name]),
                "hint": CONSEQUENCES[name],
                "primary": name == "verify",
                "danger": name != "verify",
                "form": (typed or {}).get(name) or form(prefix=name),
            }
            for name, form in ACTS.items()
            if name in acts
        ],
        "refusal": _refusal(request, control, acts),
        "trail": steps_of(control, limit=12),
    }
    return render(request, "governance/control_page.html", context, status=status)


def _refusal(request: StaffRequest, control: Control, acts: dict[str, Any]) -> str | None:
    if not request.user.may(Permission.CONTROL_VERIFY) or "verify" in acts or control.state != Control.State.ACTIVE:
        return None
    return str(Control.verify.operation.refusal(control, request.user))  # type: ignore[attr-defined]


@require_POST
@needs(Permission.SYSTEM_EDIT, Permission.CONTROL_VERIFY)
def control_operate(request: StaffRequest, ref: str, operation: str) -> HttpResponse:
    """Carry out the named act; one that is not possible by now is refused with the reason."""
    if operation not in ACTS:
        raise Http404
    control = fetch(request, ref)
    form = ACTS[operation](request.POST, prefix=operation)
    if not form.is_valid():
        return control_page(request, control, status=422, typed={operation: form})
    act = getattr(control, operation)
    act(actor=request.user, **form.cleaned_data)
    messages.success(request, _("Done: %(operation)s.") % {"operation": act.operation.label})
    return redirect(control)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.SYSTEM_EDIT)
def control_record(request: StaffRequest, ref: str) -> HttpResponse:
    """Record a control of a system; `rule` is ticked to begin with."""
    system = fetch_system(request, ref)
    wished = [request.GET.get("rule", "")[:10].upper()]
    form = ControlForm(request.POST or None, system=system, held=[], initial={"rules": wished})
    control = Control(system=system)
    if request.method == "POST" and form.is_valid():
        control = Control(system=system, **form.cleaned_data)
        control.record(actor=request.user)
        messages.success(request, _("%(control)s is recorded. Now somebody else verifies it.") % {"control": control})
        return redirect(control)
    context = {"form": form, "system": system, "refusal": owner_of_system(control, request.user)}
    return render(request, "governance/control_form.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.SYSTEM_EDIT)
def control_edit(request: StaffRequest, ref: str) -> HttpResponse:
    """Change a control; what was verified about it was about another one."""
    control = fetch(request, ref)
    start = {name: getattr(control, name) for name in Control.EDITABLE}
    form = ControlForm(request.POST or None, system=control.system, held=control.rules, initial=start)
    if request.method == "POST" and form.is_valid():
        control.amend(actor=request.user, **form.cleaned_data)
        messages.success(request, _("%(control)s is saved. Now somebody else verifies it.") % {"control": control})
        return redirect(control)
    refusal = Control.amend.operation.refusal(control, request.user)  # type: ignore[attr-defined]
    context = {"form": form, "system": control.system, "control": control, "refusal": refusal}
    return render(request, "governance/control_form.html", context, status=422 if form.is_bound else 200)
