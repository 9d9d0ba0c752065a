"""The committee: who sits in it, whether it is constituted and what is missing, seating and unseating."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from governance.models import Ballot, Committee, Membership
from governance.quorum import SEATS_MINIMUM
from governance.waiver_forms import CommitteeForm, SeatForm, UnseatForm
from tipstaff.access import StaffRequest, needs
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow.history import steps_of
from tipstaff.workflow.refused import NotPermitted, Refused

BALLOTS = 20
HISTORY = 20


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.COMMITTEE_VIEW, Permission.COMMITTEE_CONSTITUTE)
def committee_list(request: StaffRequest) -> HttpResponse:
    """The committees; whoever constitutes them can establish one."""
    may = request.user.may(Permission.COMMITTEE_CONSTITUTE)
    form = CommitteeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        made: Committee = form.save(commit=False)
        made.establish(actor=request.user)
        messages.success(request, _("%(name)s is established. Seat its members.") % {"name": made.name})
        return redirect(made)
    at = now()
    found = Committee.objects.visible_to(request.user).prefetch_related("memberships__person")
    rows = [(committee, committee.seated(at).count(), committee.lacking(at)) for committee in found]
    context = {"rows": rows, "form": form if may else None}
    return render(request, "governance/committee_list.html", context, status=422 if form.errors else 200)


def fetch(request: StaffRequest, pk: UUID) -> Committee:
    return get_object_or_404(Committee.objects.visible_to(request.user), pk=pk)


@require_safe
@needs(Permission.COMMITTEE_VIEW)
def committee(request: StaffRequest, pk: UUID) -> HttpResponse:
    return committee_page(request, fetch(request, pk))


def committee_page(
    request: StaffRequest,
    committee: Committee,
    *,
    status: int = 200,
    seat_form: forms.Form | None = None,
    unseating: tuple[Membership, forms.Form] | None = None,
) -> HttpResponse:
    """Who sits and sat, what is missing, and its ballots. The forms replace those that came back with errors."""
    at = now()
    seats = list(committee.seated(at))
    may = request.user.may(Permission.COMMITTEE_CONSTITUTE)
    context: dict[str, Any] = {
        "committee": committee,
        "seats": [(seat, _unseat_form(seat, unseating) if may else None) for seat in seats],
        "former": committee.memberships.filter(left_at__lte=at).select_related("person").order_by("-left_at"),
        "lacking": committee.lacking(at),
        "minimum": SEATS_MINIMUM,
        "outside": len([seat for seat in seats if not seat.in_field]),
        "unaffiliated": len([seat for seat in seats if not seat.affiliated]),
        "functions": len({seat.function for seat in seats}),
        "ballots": Ballot.objects.filter(committee=committee)[:BALLOTS],
        "seat_form": (seat_form or SeatForm(committee=committee, prefix="seat")) if may else None,
        "trail": steps_of(committee, limit=HISTORY),
    }
    return render(request, "governance/committee_page.html", context, status=status)


def _unseat_form(seat: Membership, unseating: tuple[Membership, forms.Form] | None) -> forms.Form:
    if unseating and unseating[0] == seat:
        return unseating[1]
    return UnseatForm(prefix=f"unseat-{seat.pk.hex[-8:]}")


@require_POST
@needs(Permission.COMMITTEE_CONSTITUTE)
def committee_seat(request: StaffRequest, pk: UUID) -> HttpResponse:
    found = fetch(request, pk)
    form = SeatForm(request.POST, committee=found, prefix="seat")
    if not form.is_valid():
        return committee_page(request, found, status=422, seat_form=form)
    seat = Membership(committee=found, **form.cleaned_data)
    try:
        seat.seat(actor=request.user)
    except NotPermitted:
        raise
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return committee_page(request, found, status=refusal.status, seat_form=form)
    messages.success(request, _("%(name)s is seated.") % {"name": seat.person})
    return redirect(found)


@require_POST
@needs(Permission.COMMITTEE_CONSTITUTE)
def committee_unseat(request: StaffRequest, pk: UUID) -> HttpResponse:
    """End the seat `pk`."""
    seat = get_object_or_404(Membership.objects.visible_to(request.user).select_related("committee", "person"), pk=pk)
    form = UnseatForm(request.POST, prefix=f"unseat-{seat.pk.hex[-8:]}")
    if not form.is_valid():
        return committee_page(request, seat.committee, status=422, unseating=(seat, form))
    seat.unseat(actor=request.user, reason=form.cleaned_data["reason"])
    messages.success(request, _("%(name)s has left the committee.") % {"name": seat.person})
    return redirect(seat.committee)
