"""Answering the checklist of a case."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases.check_forms import ChecklistForm
from cases.models import Check
from cases.models.check import answers, open_points
from cases.views.console import case_page, fetch
from tipstaff.access import StaffRequest, needs
from tipstaff.permissions import Permission
from tipstaff.workflow.refused import NotPermitted, Refused


@require_POST
@needs(Permission.CASE_INVESTIGATE)
def checklist_answer(request: StaffRequest, ref: str) -> HttpResponse:
    case = fetch(request, ref)
    form = ChecklistForm(request.POST, case=case, known=answers(case))
    if not form.is_valid():
        return case_page(request, case, status=422, check_form=form)
    try:
        for facts in form.changed():
            Check(case=case, by=request.user, **facts).tick(actor=request.user)
    except NotPermitted:
        raise
    except Refused as refusal:  # said beside what was answered
        form.add_error(None, str(refusal))
        return case_page(request, fetch(request, ref), status=refusal.status, check_form=form)
    left = len(open_points(case))
    messages.success(request, _("The checklist is complete.") if not left else _("Written down."))
    return redirect(f"{case.get_absolute_url()}#checklist")
