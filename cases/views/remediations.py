"""What account holders do to put a breach right, at the desk: what waits to be assessed, one of them, an offer."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import IntegrityError
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cases import putting_right
from cases.models import Decision, Remediation
from cases.remedy_forms import AssessForm, OfferForm
from tipstaff.access import StaffRequest, needs
from tipstaff.permissions import Permission
from tipstaff.sla.models import Clock
from tipstaff.sla.words import Told, told_of
from tipstaff.time import now
from tipstaff.workflow.history import steps_of
from tipstaff.workflow.refused import NotPermitted, Refused

PAGE = 50
TO_ASSESS = "to_assess"
SHOWN = [(TO_ASSESS, gettext_lazy("To assess")), *Remediation.State.choices]


@require_safe
@needs(Permission.CASE_VIEW)
def remediation_list(request: StaffRequest) -> HttpResponse:
    """What waits for somebody with no part in the case, the longest waiting first; `show` gives the others, newest
    first. `after` is where the page before ended.
    """
    at, show = now(), request.GET.get("show", "")
    show = show if show in dict(SHOWN) else TO_ASSESS
    rows = Remediation.objects.visible_to(request.user).select_related(
        "subject", "case", "decision__rule", "assessed_by"
    )
    found = list(_page_of(rows, show, at, request.GET.get("after", ""))[: PAGE + 1])
    clocks = Clock.objects.filter(about__in=[one.reference for one in found[:PAGE]]).with_terms()
    told = {clock.about: Told(clock, at) for clock in clocks.order_by("started_at")}
    context = {
        "rows": [(one, told.get(one.reference)) for one in found[:PAGE]],
        "after": _place(found[PAGE - 1], show) if len(found) > PAGE else "",
        "show": show,
        "shown": SHOWN,
    }
    return render(request, "cases/remediation_list.html", context)


def _page_of(rows: Any, show: str, at: datetime, after: str) -> QuerySet[Remediation]:
    """In the order of `show`, from behind `after`; an `after` that says nothing is left out."""
    time, _sep, key = after.rpartition(",")
    try:
        pk = UUID(key)
    except ValueError:
        pk = None
    if show == TO_ASSESS:
        since = _instant(time)
        rows = rows.to_assess()
        if pk and since:
            rows = rows.filter(handed_in_at__gte=since).exclude(Q(handed_in_at=since) & Q(pk__lte=pk))
        ordered: QuerySet[Remediation] = rows.order_by("handed_in_at", "id")
        return ordered
    rows = rows.standing(show, at)
    newest: QuerySet[Remediation] = (rows.filter(pk__lt=pk) if pk else rows).order_by("-id")
    return newest


def _instant(text: str) -> datetime | None:
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found and found.tzinfo else None


def _place(last: Remediation, show: str) -> str:
    time = last.handed_in_at.isoformat() if show == TO_ASSESS and last.handed_in_at else ""
    return f"{time},{last.pk}"


def _fetch(request: StaffRequest, pk: UUID) -> Remediation:
    rows = Remediation.objects.visible_to(request.user).select_related(
        "subject", "case__rule", "decision__rule__version__matrix", "offered_by", "assessed_by"
    )
    return get_object_or_404(rows, pk=pk)


@require_safe
@needs(Permission.CASE_VIEW)
def remediation(request: StaffRequest, pk: UUID) -> HttpResponse:
    return _page(request, _fetch(request, pk))


def _page(request: StaffRequest, found: Remediation, *, status: int = 200, **bound: Any) -> HttpResponse:
    refusal = None
    context: dict[str, Any] = {
        "remedy": found,
        "stand": found.stand,
        "clocks": told_of(found),
        "trail": steps_of(found, limit=12),
        "changes": putting_right.changes(found) if found.stand in ("offered", "accepted", "in_progress") else [],
        "beside": found.decision.remediations.exclude(pk=found.pk),
    }
    if request.user.may(Permission.REMEDIATION_ASSESS) and found.handed_in_at and not found.settled_at:
        refusal = Remediation.pass_assessment.operation.refusal(found, request.user)  # type: ignore[attr-defined]
        context["assess_form"] = None if refusal else AssessForm()
    return render(request, "cases/remediation_page.html", context | {"refusal": refusal} | bound, status=status)


@require_POST
@needs(Permission.REMEDIATION_ASSESS)
def remediation_assess(request: StaffRequest, pk: UUID) -> HttpResponse:
    found = _fetch(request, pk)
    form = AssessForm(request.POST)
    if not form.is_valid():
        return _page(request, found, status=422, assess_form=form)
    act = getattr(found, form.cleaned_data["outcome"])
    try:
        act(actor=request.user, reasons=form.cleaned_data["reasons"])
    except NotPermitted:
        raise
    except Refused as refusal:  # somebody else was first: what was typed stays on the page
        form.add_error(None, str(refusal))
        return _page(request, _fetch(request, pk), status=refusal.status, assess_form=form)
    messages.success(request, _("It is assessed; the account holder gets your reasons."))
    return redirect(found)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.REMEDIATION_OFFER)
def remedies_of_decision(request: StaffRequest, ref: str) -> HttpResponse:
    """What one decision asks and offers, and the form to offer something more."""
    decision = get_object_or_404(
        Decision.objects.visible_to(request.user).select_related("case__subject", "rule__version__matrix"), ref=ref
    )
    rows = list(decision.remediations.select_related("case", "subject", "decision"))
    form: OfferForm | None = OfferForm(request.POST) if request.method == "POST" else OfferForm.beside(rows)
    status = 200
    if form is not None and request.method == "POST":
        status = 422
        if form.is_valid():
            offer = Remediation(decision=decision, offered_by=request.user, **form.cleaned_data)
            offer.case = decision.case
            try:
                offer.offer(actor=request.user)
            except NotPermitted:
                raise
            except IntegrityError:
                form.add_error(None, _("This is offered already."))
                status = 409
            except Refused as refusal:
                form.add_error(None, str(refusal))
                status = refusal.status
            else:
                messages.success(request, _("It is offered, and the account holder is told."))
                return redirect("cases:remedies_of_decision", decision.ref)
    context = {"decision": decision, "rows": rows, "form": form}
    return render(request, "cases/remediation_offer.html", context, status=status)
