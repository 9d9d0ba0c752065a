"""Decisions that wait for somebody else: read, confirm, issue, send back, withdraw."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases import committing
from cases.forms import LiftForm, SendBackForm
from cases.measures import planned
from cases.models import Case, Claim, Decision, Sanction
from cases.models.verdict import agreement, hidden_from
from cases.panels import authority_panel, conflict_panel, remedy_panel
from cases.statement import sections
from cases.verdict_forms import VerdictForm
from cases.views.context import earlier_of
from cases.weigh_forms import WeighForm
from governance.models import ControlTask
from tipstaff.access import StaffRequest, needs
from tipstaff.notices import webhooks
from tipstaff.notices.models import Notice
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow.operations import available_to

PAGE = 50


@require_safe
@needs(Permission.DECISION_CONFIRM, Permission.DECISION_ISSUE)
def decision_list(request: StaffRequest) -> HttpResponse:
    """Decisions that wait to be confirmed or issued, the most severe first."""
    waiting = Decision.objects.visible_to(request.user).waiting().prefetch_related("case__hands", "case__claims")
    waiting = waiting.select_related("case__subject", "rule__version__matrix", "proposed_by", "confirmed_by")
    ordered = waiting.order_by("-case__severity", "case__due_at", "proposed_at")[:PAGE]
    rows = [(decision, {act.name for act in available_to(decision, request.user)}) for decision in ordered]
    agreed, verdicts = agreement()
    context = {
        "claims": Claim.objects.visible_to(request.user).waiting().select_related("case__rule")[:PAGE],
        "rows": rows,
        "hidden": hidden_from(request.user, *(decision for decision, _acts in rows)),
        "agreed": agreed,
        "verdicts": verdicts,
    }
    return render(request, "cases/decision_list.html", context)


@require_safe
@needs(Permission.CASE_VIEW)
def decision(request: StaffRequest, ref: str) -> HttpResponse:
    found = fetch_decision(request, ref)
    committing.opened(found, request.user)
    return decision_page(request, found)


def fetch_decision(request: StaffRequest, ref: str) -> Decision:
    decisions = Decision.objects.visible_to(request.user).select_related(
        "case__subject",
        "case__rule",
        "rule__version__matrix",
        "rule__group",
        "proposed_by",
        "confirmed_by",
        "issued_by",
    )
    return get_object_or_404(decisions, ref=ref)


def decision_page(request: StaffRequest, decision: Decision, *, status: int = 200, **bound: Any) -> HttpResponse:
    """One decision as it will be read, and what this person may do with it, or why not."""
    if hidden_from(request.user, decision):
        return verdict_page(request, decision, status=status)
    acts = {operation.name for operation in available_to(decision, request.user)}
    sanctions = list(decision.sanctions.select_related("acknowledged_by"))
    refusals = {
        name: getattr(Decision, name).operation.refusal(decision, request.user)
        for name in ("confirm", "issue")
        if name not in acts and request.user.may(getattr(Decision, name).operation.permission)
    }
    sanctions = list(decision.sanctions.all())
    context: dict[str, Any] = {
        "decision": decision,
        "case": decision.case,
        "acts": acts,
        "refusals": {name: sentence for name, sentence in refusals.items() if sentence},
        "planned": planned(decision, now()),
        "sections": sections(decision),
        "sanctions": sanctions,
        "liftable": [
            (sanction, lift_form_of(sanction, bound))
            for sanction in sanctions
            if Sanction.lift.operation.available(sanction, request.user)  # type: ignore[attr-defined]
        ],
        "told": webhooks.told_about(decision, only=[decision, *sanctions]) if decision.issued_at else [],
        "before": earlier_of(decision),
        "notices": Notice.objects.filter(about=decision.reference).select_related("message"),
        "evidence": decision.case.evidence.select_related("file"),
        "verdicts": decision.verdicts.select_related("person", "decision"),
        "findings": decision.case.findings.select_related("rule", "found_by"),
        "send_back_form": SendBackForm(prefix="send_back") if "send_back" in acts else None,
    }
    if decision.case.unweighed and Case.weigh.operation.available(decision.case, request.user):  # type: ignore[attr-defined]
        context["weigh_form"] = WeighForm.on(decision.case)
    context |= authority_panel(decision.case, request.user) | conflict_panel(decision.case, request.user)
    context |= remedy_panel(decision.case, [decision], offers=True)
    if decision.outcome == Decision.Outcome.SYSTEM_BEHAVIOUR:
        context["task"] = ControlTask.objects.filter(about=decision.reference).first()
    return render(request, "cases/decision_page.html", context | bound, status=status)


def verdict_page(
    request: StaffRequest, decision: Decision, form: VerdictForm | None = None, *, status: int = 200
) -> HttpResponse:
    """The case as it was found, and the question. Of what was proposed, only its rule and day are here."""
    context = {
        "ref": decision.ref,
        "address": decision.page_url,
        "case": decision.case,
        "rule": decision.rule,
        "conduct_at": decision.conduct_at,
        "evidence": decision.case.evidence.select_related("file"),
        "findings": decision.case.findings.select_related("rule", "found_by"),
        "form": form or VerdictForm(decision=decision),
    }
    context |= conflict_panel(decision.case, request.user)
    return render(request, "cases/verdict_page.html", context, status=status)


def lift_form_of(sanction: Sanction, bound: dict[str, Any]) -> LiftForm:
    """The form of one measure: the one that came back with errors, or an empty one."""
    returned = bound.get("lift_form")
    return returned if returned is not None and returned.prefix == sanction.ref else LiftForm(prefix=sanction.ref)


@require_POST
@needs(Permission.DECISION_CONFIRM)
def decision_confirm(request: StaffRequest, ref: str) -> HttpResponse:
    decision = fetch_decision(request, ref)
    decision.confirm(actor=request.user)
    messages.success(request, _("You confirmed %(decision)s; someone else issues it.") % {"decision": decision.ref})
    return redirect(decision.page_url)


@require_POST
@needs(Permission.DECISION_ISSUE)
def decision_weigh(request: StaffRequest, ref: str) -> HttpResponse:
    decision = fetch_decision(request, ref)
    form = WeighForm.on(decision.case, request.POST)
    if not form.is_valid():
        return decision_page(request, decision, status=422, weigh_form=form)
    decision.case.weigh(actor=request.user, **form.facts)
    messages.success(request, _("It is written down why %(decision)s stands as it is.") % {"decision": decision.ref})
    return redirect(decision.page_url)


@require_POST
@needs(Permission.DECISION_ISSUE)
def decision_issue(request: StaffRequest, ref: str) -> HttpResponse:
    decision = fetch_decision(request, ref)
    if decision.ends_account and request.POST.get("typed", "").strip().upper() != decision.ref:
        return decision_page(request, decision, status=422, typed_wrong=True)
    decision.issue(actor=request.user)
    messages.success(request, _("%(decision)s is issued; the notice is given.") % {"decision": decision.ref})
    return redirect(decision.page_url)


@require_POST
@needs(Permission.DECISION_PROPOSE)
def decision_withdraw(request: StaffRequest, ref: str) -> HttpResponse:
    decision = fetch_decision(request, ref)
    decision.withdraw(actor=request.user)
    messages.success(request, _("The proposal is withdrawn; the case is yours to claim again."))
    return redirect(decision.case)


@require_POST
@needs(Permission.DECISION_CONFIRM)
def decision_send_back(request: StaffRequest, ref: str) -> HttpResponse:
    decision = fetch_decision(request, ref)
    form = SendBackForm(request.POST, prefix="send_back")
    if not form.is_valid():
        return decision_page(request, decision, status=422, send_back_form=form)
    decision.send_back(actor=request.user, reason=form.cleaned_data["reason"])
    messages.success(request, _("%(decision)s is back with the investigation.") % {"decision": decision.ref})
    return redirect(decision.page_url)
