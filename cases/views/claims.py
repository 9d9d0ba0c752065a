"""Claims of research on the case page: write one down, assess it, say that it was withdrawn."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases.claim_forms import AssessForm, ClaimForm, WithdrawForm
from cases.models import Case, Claim
from cases.views.console import case_page
from cases.views.context import fetch
from tipstaff.access import StaffRequest, needs
from tipstaff.permissions import Permission
from tipstaff.workflow.refused import NotPermitted, Refused


def _again(request: StaffRequest, case: Case, refusal: Refused, **bound: Any) -> HttpResponse:
    """The page with what was typed, and the refusal beside the field that it is about."""
    (form,) = [value for name, value in bound.items() if name.endswith("form")]
    form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
    return case_page(request, fetch(request, case.ref), status=refusal.status, **bound)


@require_POST
@needs(Permission.CASE_INVESTIGATE)
def claim_enter(request: StaffRequest, ref: str) -> HttpResponse:
    case = fetch(request, ref)
    form = ClaimForm(request.POST, prefix="claim")
    if not form.is_valid():
        return case_page(request, case, status=422, claim_form=form)
    claim: Claim = form.save(commit=False)
    claim.case, claim.entered_by = case, request.user
    try:
        claim.enter(actor=request.user)
    except NotPermitted:
        raise
    except Refused as refusal:
        return _again(request, case, refusal, claim_form=form)
    messages.success(request, _("The claim is in the case; somebody who did not investigate assesses it."))
    return redirect(claim)


def _claim(request: StaffRequest, ref: str, pk: Any) -> tuple[Case, Claim]:
    case = fetch(request, ref)
    claim = get_object_or_404(Claim.objects.visible_to(request.user), case=case, pk=pk)
    claim.case = case
    return case, claim


@require_POST
@needs(Permission.DECISION_CONFIRM)
def claim_assess(request: StaffRequest, ref: str, pk: Any) -> HttpResponse:
    case, claim = _claim(request, ref, pk)
    form = AssessForm(request.POST, prefix="assess")
    if not form.is_valid():
        return case_page(request, case, status=422, claim_open=claim.pk, assess_form=form)
    facts = form.cleaned_data
    try:
        if facts["accepted"] == "yes":
            claim.accept(actor=request.user, reasons=facts["reasons"])
        else:
            claim.refuse(actor=request.user, reasons=facts["reasons"], limits=facts["limits"])
    except NotPermitted:
        raise
    except Refused as refusal:
        return _again(request, case, refusal, claim_open=claim.pk, assess_form=form)
    messages.success(request, _("Your assessment stands. A refusal goes into the notice with its reasons."))
    return redirect(claim)


@require_POST
@needs(Permission.CASE_INVESTIGATE)
def claim_withdraw(request: StaffRequest, ref: str, pk: Any) -> HttpResponse:
    case, claim = _claim(request, ref, pk)
    form = WithdrawForm(request.POST, prefix="withdraw")
    if not form.is_valid():
        return case_page(request, case, status=422, claim_open=claim.pk, withdraw_form=form)
    try:
        claim.withdraw(actor=request.user, reasons=form.cleaned_data["reasons"])
    except NotPermitted:
        raise
    except Refused as refusal:
        return _again(request, case, refusal, claim_open=claim.pk, withdraw_form=form)
    messages.success(request, _("The claim is withdrawn."))
    return redirect(claim)
