"""One's own verdict, before what was proposed is shown."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases.models.verdict import Verdict
from cases.verdict_forms import VerdictForm
from cases.views.decisions import fetch_decision, verdict_page
from tipstaff.access import StaffRequest, needs
from tipstaff.permissions import Permission
from tipstaff.workflow.refused import NotPermitted, Refused


@require_POST
@needs(Permission.DECISION_CONFIRM)
def verdict_give(request: StaffRequest, ref: str) -> HttpResponse:
    decision = fetch_decision(request, ref)
    form = VerdictForm(request.POST, decision=decision)
    if not form.is_valid():
        return verdict_page(request, decision, form, status=422)
    verdict = Verdict(decision=decision, person=request.user, **form.cleaned_data)
    try:
        verdict.pronounce(actor=request.user)
    except NotPermitted:
        raise
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return verdict_page(request, decision, form, status=refusal.status)
    messages.success(
        request,
        _("You agree with what was proposed.")
        if verdict.agrees
        else _("Your verdict is another than what was proposed."),
    )
    return redirect(decision.page_url)
