"""Interim measures on the case page: limit the account now, say that nothing has to be limited, agree, lift."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases.interim_forms import InterimForm, LiftInterimForm, RuleOutForm
from cases.models import Case, Interim
from cases.views.console import case_page
from cases.views.context import fetch
from tipstaff.access import StaffRequest, needs
from tipstaff.permissions import Permission
from tipstaff.workflow.refused import NotPermitted, Refused


def _running(case: Case) -> Interim:
    """The measure in force. Refused where none is: it lapsed, or somebody lifted it, since the page was shown."""
    for interim in case.interims.filter(needed=True).select_related("measure"):
        interim.case = case
        if interim.is_in_force:
            return interim
    raise Refused(_("No interim measure is in force in this case any more."))


@require_POST
@needs(Permission.INTERIM_ANSWER)
def interim_impose(request: StaffRequest, ref: str) -> HttpResponse:
    case = fetch(request, ref)
    interim = Interim(case=case, needed=True, answered_by=request.user)
    form = InterimForm(request.POST, prefix="interim", interim=interim)
    if not form.is_valid():
        return case_page(request, case, status=422, interim_form=form)
    facts = form.cleaned_data
    interim.reason, interim.lighter = facts["reason"], facts["lighter"]
    try:
        interim.impose(actor=request.user, kind=facts["kind"], terms=form.terms)
    except NotPermitted:
        raise
    except Refused as refusal:  # said beside what was typed
        form.add_error(None, str(refusal))
        return case_page(request, fetch(request, ref), status=refusal.status, interim_form=form)
    messages.success(request, _("The account is limited until the time shown, and its holder is told."))
    return redirect(case)


@require_POST
@needs(Permission.INTERIM_ANSWER)
def interim_rule_out(request: StaffRequest, ref: str) -> HttpResponse:
    case = fetch(request, ref)
    form = RuleOutForm(request.POST, prefix="interim-none")
    if not form.is_valid():
        return case_page(request, case, status=422, rule_out_form=form)
    interim = Interim(case=case, needed=False, answered_by=request.user, reason=form.cleaned_data["reason"])
    try:
        interim.rule_out(actor=request.user)
    except NotPermitted:
        raise
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return case_page(request, fetch(request, ref), status=refusal.status, rule_out_form=form)
    messages.success(request, _("It is written down that nothing has to be limited before the decision."))
    return redirect(case)


@require_POST
@needs(Permission.INTERIM_SECOND)
def interim_second(request: StaffRequest, ref: str) -> HttpResponse:
    case = fetch(request, ref)
    _running(case).second(actor=request.user)
    messages.success(request, _("You agreed: it can last as long as the policy allows, and its holder is told."))
    return redirect(case)


@require_POST
@needs(Permission.INTERIM_ANSWER)
def interim_lift(request: StaffRequest, ref: str) -> HttpResponse:
    case = fetch(request, ref)
    form = LiftInterimForm(request.POST, prefix="interim-lift")
    if not form.is_valid():
        return case_page(request, case, status=422, interim_lift_form=form)
    _running(case).lift(actor=request.user, reason=form.cleaned_data["reason"])
    messages.success(request, _("The interim measure is lifted, and the account holder is told."))
    return redirect(case)
