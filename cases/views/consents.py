"""Asking a reporter, from the desk, whether they may be named."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases.consent_forms import ConsentForm
from cases.models import Consent, Report
from cases.views.desk import report_page
from tipstaff.access import StaffRequest, needs
from tipstaff.permissions import Permission
from tipstaff.workflow.refused import NotPermitted, Refused


@require_POST
@needs(Permission.CONSENT_ASK)
def consent_ask(request: StaffRequest, ref: str) -> HttpResponse:
    report = get_object_or_404(Report.objects.visible_to(request.user), ref=ref)
    form = ConsentForm(request.POST, prefix="consent")
    if not form.is_valid():
        return report_page(request, report, status=422, consent_form=form)
    consent: Consent = form.save(commit=False)
    consent.report, consent.asked_by = report, request.user
    try:
        consent.ask(actor=request.user)
    except NotPermitted:
        raise
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return report_page(request, report, status=refusal.status, consent_form=form)
    messages.success(request, _("The reporter is asked by mail. Until they say yes, nobody is told."))
    return redirect(report)
