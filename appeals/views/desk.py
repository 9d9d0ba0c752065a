"""Hearing appeals: what we said beside what they say, and the diff of a reversal before it is confirmed."""

from typing import Any

from django.contrib import messages
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from appeals.forms import InadmissibleForm, ReasonsForm, StayForm
from appeals.models import Appeal
from cases.models.contested import LIVE
from tipstaff.access import StaffRequest, needs
from tipstaff.pages import Pages
from tipstaff.permissions import Permission
from tipstaff.sla.models import Kind
from tipstaff.sla.words import clock_of, told_of
from tipstaff.workflow.history import steps_of
from tipstaff.workflow.operations import available_to
from tipstaff.workflow.refused import Refused

PAGE = 50
HEARD = ("uphold", "reverse", "vary", "remand")


@require_safe
@needs(Permission.APPEAL_VIEW)
def appeal_list(request: StaffRequest) -> HttpResponse:
    """Appeals to hear, what is due first; `state` shows the others."""
    state = request.GET.get("state", "")
    appeals = Appeal.objects.visible_to(request.user).select_related("decision", "report", "case__subject", "reviewer")
    appeals = appeals.filter(state=state) if state in Appeal.State.values else appeals.open_now()
    page = Pages(appeals.order_by(F("due_at").asc(nulls_last=True), "id"), PAGE).get_page(request.GET.get("page"))
    return render(request, "appeals/appeal_list.html", {"page": page, "state": state, "states": Appeal.State.choices})


def fetch(request: StaffRequest, ref: str) -> Appeal:
    appeals = Appeal.objects.visible_to(request.user).select_related(
        "decision__rule__version__matrix", "decision__rule__group", "decision__proposed_by", "decision__issued_by",
        "case__subject", "report__rule", "report__triaged_by", "reviewer",
    )  # fmt: skip
    return get_object_or_404(appeals, ref=ref)


@require_safe
@needs(Permission.APPEAL_VIEW)
def appeal(request: StaffRequest, ref: str) -> HttpResponse:
    return appeal_page(request, fetch(request, ref))


def appeal_page(request: StaffRequest, appeal: Appeal, *, status: int = 200, **bound: Any) -> HttpResponse:
    acts = {operation.name for operation in available_to(appeal, request.user)}
    clocks = told_of(appeal)
    context: dict[str, Any] = {
        "appeal": appeal,
        "acts": acts,
        "clock": clock_of(clocks, Kind.APPEAL),
        "clocks": clocks,
        "trail": steps_of(appeal, limit=12),
        "refusal": Appeal.take_up.operation.refusal(appeal, request.user)  # type: ignore[attr-defined]
        if request.user.may(Permission.APPEAL_DECIDE) and appeal.state == "lodged"
        else None,
    }
    if (decision := appeal.decision_at_issue) and appeal.case:
        context["at_issue"] = decision
        context["sanctions"] = decision.sanctions.select_related("acknowledged_by")
        context["evidence"] = appeal.case.evidence.select_related("file")
        context["ending"] = [sanction for sanction in context["sanctions"] if sanction.state in LIVE]
    if acts & set(HEARD):
        context["reasons_form"] = ReasonsForm(appeal=appeal)
    if "stay" in acts:
        context["stay_form"] = StayForm(prefix="stay")
    if "declare_inadmissible" in acts:
        context["inadmissible_form"] = InadmissibleForm(prefix="inadmissible")
    return render(request, "appeals/appeal_page.html", context | bound, status=status)


@require_POST
@needs(Permission.APPEAL_DECIDE)
def appeal_take_up(request: StaffRequest, ref: str) -> HttpResponse:
    appeal = fetch(request, ref)
    appeal.take_up(actor=request.user)
    return redirect(appeal)


@require_POST
@needs(Permission.APPEAL_DECIDE)
def appeal_decide(request: StaffRequest, ref: str) -> HttpResponse:
    """Uphold, reverse, make milder or send back, with reasons. A reversal shows its effects once before it happens."""
    appeal = fetch(request, ref)
    form, act = ReasonsForm(request.POST, appeal=appeal), request.POST.get("act", "")
    if act == "vary" and "tier" in form.fields:
        form.fields["tier"].required = True
    if act not in HEARD or not form.is_valid():
        return appeal_page(request, appeal, status=422, reasons_form=form)
    if act in ("reverse", "remand") and appeal.decision and "confirmed" not in request.POST:
        if refusal := getattr(appeal, act).operation.refusal(appeal, request.user):
            raise Refused(refusal, record=appeal)  # before effects are shown that will not come
        return appeal_page(request, appeal, reasons_form=form, confirming=act)
    facts = {"reasons": form.cleaned_data["reasons"]}
    if act == "vary":
        facts["tier"] = form.cleaned_data.get("tier", "")
    getattr(appeal, act)(actor=request.user, **facts)
    messages.success(request, _("%(appeal)s is decided; the answer is on its way.") % {"appeal": appeal.ref})
    return redirect(appeal)


@require_POST
@needs(Permission.APPEAL_DECIDE)
def appeal_stay(request: StaffRequest, ref: str) -> HttpResponse:
    """Let what limits the account stand still while the appeal is heard."""
    appeal = fetch(request, ref)
    form = StayForm(request.POST, prefix="stay")
    if not form.is_valid():
        return appeal_page(request, appeal, status=422, stay_form=form)
    appeal.stay(actor=request.user, reason=form.cleaned_data["reason"])
    messages.success(request, _("The measures stand still until %(appeal)s is decided.") % {"appeal": appeal.ref})
    return redirect(appeal)


@require_POST
@needs(Permission.APPEAL_DECIDE)
def appeal_inadmissible(request: StaffRequest, ref: str) -> HttpResponse:
    appeal = fetch(request, ref)
    form = InadmissibleForm(request.POST, prefix="inadmissible")
    if not form.is_valid():
        return appeal_page(request, appeal, status=422, inadmissible_form=form)
    appeal.declare_inadmissible(actor=request.user, reason=form.cleaned_data["reason"])
    messages.success(request, _("%(appeal)s is not admitted; the person is told why.") % {"appeal": appeal.ref})
    return redirect("appeals:appeal_list")
