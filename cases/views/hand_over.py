"""A case changes hands: skipped with a reason, or passed on to a colleague."""

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases.hand_over_forms import PassForm, SkipForm
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


@require_POST
@needs(Permission.CASE_CLAIM)
def case_pass(request: StaffRequest, ref: str) -> HttpResponse:
    case = fetch(request, ref)
    form = PassForm(request.POST, prefix="pass", case=case, person=request.user)
    if not form.is_valid():
        return case_page(request, case, status=422, pass_form=form)
    try:
        case.pass_on(actor=request.user, **form.cleaned_data)
    except NotPermitted:
        raise
    except Refused as refusal:
        return _kept(request, case, "pass_form", form, refusal)
    told = {"case": case.ref, "name": form.cleaned_data["to"]}
    messages.success(request, _("%(case)s is with %(name)s now, who is told by mail.") % told)
    return redirect("cases:queue")


def _kept(request: StaffRequest, case: Case, name: str, form: Form, refusal: Refused) -> HttpResponse:
    """Said beside what was typed, on the case as it stands now."""
    form.add_error(None, str(refusal))
    return case_page(request, fetch(request, case.ref), status=refusal.status, **{name: form})
