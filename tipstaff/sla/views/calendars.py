"""Pages of the administrator: when a team works, and what a change would mean for the clocks that run."""

from dataclasses import asdict
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tipstaff.access import StaffRequest, needs
from tipstaff.permissions import Permission
from tipstaff.sla.forms import WEEKDAYS, CalendarForm, ReasonForm, typed_of
from tipstaff.sla.models import Calendar, CalendarEdition, Target
from tipstaff.sla.models.calendar import Hours, years_around
from tipstaff.sla.recalculation import current_hours, preview
from tipstaff.sla.working_time import WorkingTime
from tipstaff.time import now
from tipstaff.workflow.history import steps_of
from tipstaff.workflow.refused import Refused

AHEAD = timedelta(days=366)  # for which days off are listed


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.CLOCK_SET, Permission.CLOCK_BOARD)
def calendar_list(request: StaffRequest) -> HttpResponse:
    """Every calendar with its hours; the form adds one."""
    may_change = request.user.may(Permission.CLOCK_SET)
    form = CalendarForm(request.POST if request.method == "POST" else None, initial={"zone": "UTC"})
    if request.method == "POST" and form.is_valid():
        made = Calendar(name=form.cleaned_data["name"])
        if Calendar.objects.filter(name=made.name).exists():
            form.add_error("name", _("Another calendar has this name already."))
        elif _resolved(form) is not None:
            made.make(actor=request.user, hours=asdict(form.hours))
            messages.success(request, _("%(name)s can now be chosen for targets.") % {"name": made.name})
            return redirect(made)
    editions = CalendarEdition.objects.order_by("calendar__name", "-number").distinct("calendar__name")
    context = {
        "rows": [(edition.calendar, edition, week_of(edition)) for edition in editions.select_related("calendar")],
        "form": form if may_change else None,
    }
    return render(request, "sla/calendars.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.CLOCK_SET, Permission.CLOCK_BOARD)
def calendar(request: StaffRequest, pk: UUID) -> HttpResponse:
    """One calendar: hours, days off, editions. `preview` shows what a change would move, `change` makes it."""
    found = get_object_or_404(Calendar, pk=pk)
    may_change = request.user.may(Permission.CLOCK_SET)
    changing = request.method == "POST" and "change" in request.POST
    form = CalendarForm(request.POST if request.method == "POST" else None, initial=typed_of(found))
    form.fields["name"].disabled = True
    reason = ReasonForm(request.POST if changing else None)
    context: dict[str, Any] = {"form": form if may_change else None, "reason": reason}
    if request.method != "POST":
        return _page(request, found, context)
    document = _resolved(form) if form.is_valid() else None
    if document is None:
        return _page(request, found, context, status=422)
    if changing and reason.is_valid():
        found.amend(actor=request.user, hours=asdict(form.hours), reason=reason.cleaned_data["reason"])
        messages.success(request, _("%(name)s is changed for clocks that start from now on.") % {"name": found.name})
        return redirect("clocks:recalculate")
    now_by, would_be = current_hours(), WorkingTime.read(document)
    rows = list(Target.objects.in_force())
    context["preview"] = preview(rows, lambda row: would_be if row.calendar_id == found.pk else now_by(row))
    context["days_off"] = _ahead(document["holidays"])
    return _page(request, found, context, status=422 if changing else 200)


def _resolved(form: CalendarForm) -> dict[str, Any] | None:
    """The document of what was typed; None, and the form says why, if no calendar can be made of it."""
    hours: Hours = form.hours
    try:
        return hours.resolve(years_around(now().year))
    except Refused as refused:
        form.add_error(None, str(refused))
        return None


def _page(request: StaffRequest, found: Calendar, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    latest = found.latest()
    shown = {
        "calendar": found,
        "edition": latest,
        "week": week_of(latest),
        "days_off": _ahead(latest.document["holidays"]),
        "targets": Target.objects.in_force().filter(calendar=found),
        "history": steps_of(found),
    }
    return render(request, "sla/calendar.html", shown | context, status=status)


def week_of(edition: CalendarEdition) -> list[tuple[Any, str]]:
    """The hours of each day, in words; empty where nobody works."""
    return [(label, ", ".join(hours)) for (_day, label), hours in zip(WEEKDAYS, edition.document["week"], strict=True)]


def _ahead(days: dict[str, str]) -> list[tuple[date, str]]:
    """The days off of the next year."""
    today = now().date()
    dated = ((date.fromisoformat(day), name) for day, name in days.items())
    return [(day, name) for day, name in dated if today <= day < today + AHEAD]
