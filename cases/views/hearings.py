"""Asking an account holder before a decision, and taking the question back."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases.hearing_forms import HearingForm, TakeBackForm
from cases.models import Hearing
from cases.views.console import case_page, fetch
from tipstaff.access import StaffRequest, needs
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow.refused import NotPermitted, Refused


@require_POST
@needs(Permission.CASE_INVESTIGATE)
def hearing_ask(request: StaffRequest, ref: str) -> HttpResponse:
    case = fetch(request, ref)
    form = HearingForm(request.POST, prefix="hearing")
    if not form.is_valid():
        return case_page(request, case, status=422, hearing_form=form)
    hearing = Hearing(case=case, asked_by=request.user, **form.columns)
    try:
        hearing.ask(actor=request.user)
    except NotPermitted:
        raise
    except Refused as refusal:  # said beside what was typed
        form.add_error(None, str(refusal))
        return case_page(request, fetch(request, ref), status=refusal.status, hearing_form=form)
    told = {"case": case.ref, "end": date_format(hearing.until, "DATETIME_FORMAT")}
    messages.success(request, _("The account holder is asked. %(case)s waits until %(end)s UTC at most.") % told)
    return redirect(case)


@require_POST
@needs(Permission.CASE_INVESTIGATE)
def hearing_withdraw(request: StaffRequest, ref: str) -> HttpResponse:
    case = fetch(request, ref)
    form = TakeBackForm(request.POST, prefix="take-back")
    if not form.is_valid():
        return case_page(request, case, status=422, take_back_form=form)
    waiting = Hearing.objects.open_at(now()).filter(case=case).first()
    if waiting is None:
        raise Refused(_("Nothing is asked any more: an answer came, or the time for one is over."))
    waiting.case = case
    waiting.withdraw(actor=request.user, **form.cleaned_data)
    messages.success(request, _("The question is taken back, and %(case)s is yours.") % {"case": case.ref})
    return redirect(case)
