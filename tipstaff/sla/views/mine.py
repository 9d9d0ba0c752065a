"""What is running out for a person: their own work, and what they hear of because of their part."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from tipstaff.access import StaffRequest, signed_in
from tipstaff.accounts.models import User
from tipstaff.sla.levels import HEARD_BY, HEARD_OF_KIND
from tipstaff.sla.models import Clock, Kind
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.models import Record

OWN = 100  # clocks of one's own on the page; nobody works on more at a time
HELD = 300  # records of one kind that are looked through for them, the newest first
PAGE = 50


@dataclass(frozen=True)
class Line:
    clock: Clock
    record: Record
    late: bool


@require_safe
@signed_in
def mine(request: StaffRequest) -> HttpResponse:
    """The clocks of what the person works on, and those of others that they were told of; the first due comes first."""
    person, cursor = request.user, _cursor(request.GET.get("after", ""))
    models = _seen_by(person)
    own = list(_owned(person, models).order_by("due_at", "id")[:OWN])
    heard = heard_of(person).order_by("due_at", "id")
    if cursor:
        at, last = cursor
        heard = heard.filter(Q(due_at__gt=at) | Q(id__gt=last), due_at__gte=at)
    told = list(heard[: PAGE + 1])
    shown = told[:PAGE]
    records = _records(person, models, {clock.about for clock in (*own, *shown)})
    context = {
        "own": _lines(own, records),
        "told": _lines(shown, records),
        "later": bool(cursor),
        "next_url": _after(shown[-1]) if len(told) > PAGE else "",
    }
    return render(request, "sla/mine.html", context)


def heard_of(person: User) -> "QuerySet[Clock]":
    """The running clocks that passed a level of which `person` hears by their roles, if they may see the matter."""
    levels = Q(pk=None)
    for kind in Kind:
        heard = HEARD_OF_KIND.get(kind, HEARD_BY)
        since = min((level for level, roles in heard.items() if roles.intersection(person.roles)), default=None)
        if since is not None:
            levels |= Q(kind=kind, level__gte=since)
    prefixes = Q(pk=None)
    for model in _seen_by(person):
        prefixes |= Q(about__startswith=f"{model.reference_prefix}:")
    return Clock.objects.running().filter(levels, prefixes, level__gt=0)


def _seen_by(person: User) -> list[Any]:
    """The kinds of records of which this person may see any at all."""
    kinds = references.registered().values()
    visible = ((model, getattr(model._default_manager, "visible_to", None)) for model in kinds)
    return [model for model, see in visible if see and not see(person).query.is_empty()]


def _owned(person: User, models: list[Any]) -> "QuerySet[Clock]":
    """The running clocks of the records that are this person's work."""
    abouts: list[str] = []
    for model in models:
        if model.owner_field:
            owned = model._default_manager.filter(**{model.owner_field: person}).order_by("-pk")
            names = owned.values_list(model.reference_field, flat=True)[:HELD]
            abouts += [f"{model.reference_prefix}:{name}" for name in names]
    return Clock.objects.running().filter(about__in=abouts)


def _records(person: User, models: list[Any], abouts: set[str]) -> dict[str, Record]:
    """What the clocks are about, as far as the person may see it; one query for each kind of record."""
    names: dict[Any, list[str]] = {}
    for model, name in references.split(abouts):
        names.setdefault(model, []).append(name)
    found = {}
    for model in models:
        if some := names.get(model):
            for record in model._default_manager.visible_to(person).filter(**{f"{model.reference_field}__in": some}):
                found[record.reference] = record
    return found


def _lines(clocks: list[Clock], records: dict[str, Record]) -> list[Line]:
    at = now()
    seen = ((clock, records.get(clock.about)) for clock in clocks)
    return [Line(clock, record, clock.due_at < at and not clock.paused_at) for clock, record in seen if record]


def _after(clock: Clock) -> str:
    return f"{reverse('clocks:mine')}?{urlencode({'after': f'{clock.due_at.isoformat()}_{clock.pk}'})}"


def _cursor(text: str) -> tuple[datetime, UUID] | None:
    """Where the page before ended; None for the first, and for what is no such place."""
    at, _sep, last = text.partition("_")
    try:
        since, pk = datetime.fromisoformat(at), UUID(last)
    except ValueError:
        return None
    return (since, pk) if since.tzinfo else None
