"""A case changes hands: skipped with a reason, passed on to a colleague, or escalated to who leads the work."""

from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from cases.hand_over_forms import EscalateForm, PassForm, SkipForm
from cases.models import Case
from cases.views.console import case_page, fetch
from cases.views.queue import claim_next
from tipstaff.access import StaffRequest, needs
from tipstaff.permissions import Permission
from tipstaff.workflow.refused import NotPermitted, Refused


@require_POST
@needs(Permission.CASE_CLAIM)
def case_skip(request: StaffRequest, ref: str) -> HttpResponseBase:
    """Leave the case to others; with `then=next`, claim the one that follows."""
    case = fetch(request, ref)
    form = SkipForm(request.POST, prefix="skip")
    if not form.is_valid():
        return case_page(request, case, status=422, skip_form=form)
    try:
        case.skip(actor=request.user, **form.cleaned_data)
    except NotPermitted:
        raise
    except Refused as refusal:
        return _kept(request, case, "skip_form", form, refusal)
    messages.success(request, _("You skipped %(case)s. Others see it where it stood.") % {"case": case.ref})
    return claim_next(request) if request.POST.get("then") == "next" else redirect("cases:queue")


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.CASE_CLAIM)
def case_pass(request: StaffRequest, ref: str) -> HttpResponse:
    """The form that lists colleagues, as a page or for the console; and passing the case on."""
    return _given(request, ref, "pass")


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.CASE_CLAIM)
def case_escalate(request: StaffRequest, ref: str) -> HttpResponse:
    """The same, to somebody who leads the work."""
    return _given(request, ref, "escalate")


def _given(request: StaffRequest, ref: str, way: str) -> HttpResponse:
    case = fetch(request, ref)
    kind = EscalateForm if way == "escalate" else PassForm
    name = f"{way}_form"
    if request.method != "POST":
        act = Case.escalate if way == "escalate" else Case.pass_on
        if refusal := act.operation.refusal(case, request.user):  # type: ignore[attr-defined]
            raise Refused(refusal)
        part = f"#{way}" if request.headers.get("HX-Request") else ""
        context = {"case": case, "way": way, name: kind(prefix=way, case=case, person=request.user)}
        return render(request, f"cases/case_give.html{part}", context)
    form = kind(request.POST, prefix=way, case=case, person=request.user)
    bound: dict[str, Any] = {name: form}
    if not form.is_valid():
        return case_page(request, case, status=422, **bound)
    try:
        (case.escalate if way == "escalate" else case.pass_on)(actor=request.user, **form.cleaned_data)
    except NotPermitted:
        raise
    except Refused as refusal:
        return _kept(request, case, name, form, refusal)
    told = {"case": case.ref, "name": form.cleaned_data["to"]}
    messages.success(request, _("%(case)s is with %(name)s now, who is told by mail.") % told)
    return redirect("cases:queue")


def _kept(request: StaffRequest, case: Case, name: str, form: Form, refusal: Refused) -> HttpResponse:
    """Said beside what was typed, on the case as it stands now."""
    form.add_error(None, str(refusal))
    bound: dict[str, Any] = {name: form}
    return case_page(request, fetch(request, case.ref), status=refusal.status, **bound)
