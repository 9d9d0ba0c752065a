"""What authorities have to be told, and were told; and what the law keeps from an account holder until when."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases.models import Case, Referral, Withholding
from cases.models.referral import referable
from cases.models.stake import others
from cases.referral_forms import ReferralForm, TellForm, WithholdingForm
from tipstaff.access import StaffRequest, needs
from tipstaff.permissions import Permission
from tipstaff.sla.models import Clock
from tipstaff.sla.words import Told, told_of
from tipstaff.time import now
from tipstaff.workflow.refused import NotPermitted, Refused

PAGE = 100


@require_safe
@needs(Permission.REFERRAL_MAKE, Permission.NOTICE_WITHHOLD)
def referral_list(request: StaffRequest) -> HttpResponse:
    """Cases whose rule makes referral compulsory, the first due first; then what was told, newest first."""
    owed = list(referable(request.user)[: PAGE + 1])
    about = {case.reference: case for case in owed}
    clocks = Clock.objects.filter(about__in=about, kind=Clock.Kind.AUTHORITY).with_terms()
    told = {clock.about: Told(clock, now()) for clock in clocks}
    rows = sorted(
        ((case, told.get(case.reference)) for case in owed[:PAGE]),
        key=lambda row: row[1].clock.due_at if row[1] else row[0].opened_at,
    )
    context = {
        "owed": rows,
        "more": len(owed) > PAGE,
        "made": Referral.objects.visible_to(request.user).select_related("case__rule", "made_by")[:PAGE],
        "silent": Withholding.objects.visible_to(request.user)
        .in_force(now())
        .select_related("case__rule")
        .order_by("until")[:PAGE],
    }
    return render(request, "cases/referral_list.html", context)


def _fetch(request: StaffRequest, ref: str) -> Case:
    """Any case but one about their own account: by its reference only, whoever may make one."""
    cases = Case.objects.select_related("subject", "rule__version", "rule__group", "merged_into")
    return get_object_or_404(others(cases, request.user, "subject"), ref=ref)


def _page(request: StaffRequest, case: Case, *, status: int = 200, **bound: Any) -> HttpResponse:
    withholdings = list(Withholding.objects.of(case).select_related("ordered_by", "lifted_by"))
    running = next((one for one in withholdings if one.in_force), None)
    told = _with_named(case)
    context: dict[str, Any] = {
        "case": case,
        "notice_owed": case.owes_notice(told),
        "clocks": [told for told in told_of(case) if told.clock.kind == Clock.Kind.AUTHORITY],
        "referrals": told,
        "withholdings": withholdings,
        "running": running,
        "exhibits": case.evidence.count(),
    }
    if request.user.may(Permission.REFERRAL_MAKE) and not case.merged_into_id:
        context["referral_form"] = ReferralForm(prefix="referral", case=case)
    if request.user.may(Permission.NOTICE_WITHHOLD) and case.subject_id:
        name, form = ("tell_form", TellForm(prefix="tell")) if running else ("withhold_form", _withhold())
        context[name] = form
    return render(request, "cases/referral_page.html", context | bound, status=status)


def _with_named(case: Case) -> list[Referral]:
    """What was told, each with the addresses of those whom it named: whoever may record it has to know them."""
    made = list(case.referrals.select_related("made_by"))
    wanted = {ref for one in made for ref in one.named}
    known = dict(case.reports.filter(ref__in=wanted).values_list("ref", "contact")) if wanted else {}
    for one in made:
        one.addresses = [(ref, known.get(ref, "")) for ref in one.named]  # type: ignore[attr-defined]
    return made


def _withhold(data: Any = None) -> WithholdingForm:
    return WithholdingForm(data, prefix="withhold")


@require_safe
@needs(Permission.REFERRAL_MAKE, Permission.NOTICE_WITHHOLD)
def referral(request: StaffRequest, ref: str) -> HttpResponse:
    return _page(request, _fetch(request, ref))


@require_POST
@needs(Permission.REFERRAL_MAKE)
def referral_make(request: StaffRequest, ref: str) -> HttpResponse:
    case = _fetch(request, ref)
    form = ReferralForm(request.POST, prefix="referral", case=case)
    if not form.is_valid():
        return _page(request, case, status=422, referral_form=form)
    made: Referral = form.save(commit=False)
    made.case, made.made_by = case, request.user
    try:
        made.make(actor=request.user)
    except NotPermitted:
        raise
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _page(request, case, status=refusal.status, referral_form=form)
    messages.success(request, _("The notice to the authority is recorded."))
    return redirect("cases:referral", case.ref)


@require_POST
@needs(Permission.NOTICE_WITHHOLD)
def notice_withhold(request: StaffRequest, ref: str) -> HttpResponse:
    case = _fetch(request, ref)
    form = _withhold(request.POST)
    if not form.is_valid():
        return _page(request, case, status=422, withhold_form=form)
    order: Withholding = form.save(commit=False)
    order.case, order.ordered_by = case, request.user
    try:
        order.order(actor=request.user)
    except NotPermitted:
        raise
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _page(request, case, status=refusal.status, withhold_form=form)
    messages.success(request, _("The account holder is told once that time has come."))
    return redirect("cases:referral", case.ref)


@require_POST
@needs(Permission.NOTICE_WITHHOLD)
def notice_tell(request: StaffRequest, ref: str) -> HttpResponse:
    case = _fetch(request, ref)
    form = TellForm(request.POST, prefix="tell")
    if not form.is_valid():
        return _page(request, case, status=422, tell_form=form)
    running = Withholding.objects.of(case).in_force(now()).select_related("case__rule").first()
    if running is None:
        raise Refused(_("It is over: what was kept back is on its way."))
    running.lift(actor=request.user, **form.cleaned_data)
    messages.success(request, _("What was kept back is on its way."))
    return redirect("cases:referral", case.ref)
