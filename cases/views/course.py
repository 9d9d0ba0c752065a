"""The course of a case besides deciding it: waiting, going on, merging, closing; and ending a measure early."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases.forms import AwaitForm, LiftForm, MergeForm, ResumeForm
from cases.models import Sanction
from cases.views.console import case_page, fetch
from cases.views.decisions import decision_page, fetch_decision
from tipstaff.access import StaffRequest, needs
from tipstaff.permissions import Permission


@require_POST
@needs(Permission.CASE_INVESTIGATE)
def case_await(request: StaffRequest, ref: str) -> HttpResponse:
    case = fetch(request, ref)
    form = AwaitForm(request.POST, prefix="await", case=case)
    if not form.is_valid():
        return case_page(request, case, status=422, await_form=form)
    case.await_information(actor=request.user, **form.cleaned_data)
    messages.success(request, _("%(case)s waits for an answer; its clock stands still.") % {"case": case.ref})
    return redirect(case)


@require_POST
@needs(Permission.CASE_CLAIM)
def case_resume(request: StaffRequest, ref: str) -> HttpResponse:
    case = fetch(request, ref)
    form = ResumeForm(request.POST, prefix="resume")
    if not form.is_valid():
        return case_page(request, case, status=422, resume_form=form)
    case.resume(actor=request.user, **form.cleaned_data)
    messages.success(request, _("%(case)s is yours, and its clock runs again.") % {"case": case.ref})
    return redirect(case)


@require_POST
@needs(Permission.CASE_LEAD)
def case_merge(request: StaffRequest, ref: str) -> HttpResponse:
    case = fetch(request, ref)
    form = MergeForm(request.POST, prefix="merge", case=case)
    if not form.is_valid():
        return case_page(request, case, status=422, merge_form=form)
    into = form.cleaned_data["into"]
    case.merge(actor=request.user, **form.cleaned_data)
    messages.success(request, _("%(case)s is merged into %(into)s.") % {"case": case.ref, "into": into.ref})
    return redirect(into)


@require_POST
@needs(Permission.CASE_LEAD)
def case_close(request: StaffRequest, ref: str) -> HttpResponse:
    case = fetch(request, ref)
    case.close(actor=request.user)
    messages.success(request, _("%(case)s is closed.") % {"case": case.ref})
    return redirect(case)


@require_POST
@needs(Permission.SANCTION_LIFT)
def sanction_lift(request: StaffRequest, ref: str) -> HttpResponse:
    sanctions = Sanction.objects.visible_to(request.user).decided().select_related("decision")
    sanction = get_object_or_404(sanctions, ref=ref)
    form = LiftForm(request.POST, prefix=sanction.ref)
    decision = fetch_decision(request, sanction.decision.ref)  # type: ignore[union-attr]  # of a decision, by the query
    if not form.is_valid():
        return decision_page(request, decision, status=422, lift_form=form)
    sanction.lift(actor=request.user, **form.cleaned_data)
    messages.success(request, _("%(sanction)s is lifted.") % {"sanction": sanction.ref})
    return redirect(decision.page_url)
