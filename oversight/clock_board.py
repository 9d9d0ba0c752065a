"""The board of clocks: which are missed, due soon, standing still or not explained, and what each is about."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.db.models import CharField, F, Value
from django.utils.translation import gettext_lazy

from tipstaff.accounts.models import User
from tipstaff.sla.models import Clock, Kind
from tipstaff.sla.models.clock import PROMISED_AT, ClockQuerySet
from tipstaff.sla.models.target import SEVERITIES
from tipstaff.sla.words import Told
from tipstaff.workflow import references
from tipstaff.workflow.models import Record

PAGE = 50
PEOPLE = 300  # that the filter names
MANY = 999  # up to which the lists are counted; more than that are many
HOURS = {"4": gettext_lazy("4 hours"), "24": gettext_lazy("24 hours"), "168": gettext_lazy("7 days")}
USUAL = "24"
# Each list with the column that orders it, which way, and what it is called.
LISTS = {
    "missed": ("promised_at", gettext_lazy("Missed and still open")),
    "due": ("promised_at", gettext_lazy("Due soon")),
    "still": ("paused_at", gettext_lazy("Standing still")),
    "explain": ("-breached_at", gettext_lazy("To explain")),
}


class FilterForm(forms.Form):
    """What of the board to show. Anything that cannot be read is left out."""

    is_filter = True
    hours = forms.ChoiceField(label=gettext_lazy("Due within"), choices=list(HOURS.items()), required=False)
    kind = forms.ChoiceField(
        label=gettext_lazy("Clock"), choices=[("", gettext_lazy("any")), *Kind.choices], required=False
    )
    severity = forms.ChoiceField(
        label=gettext_lazy("Severity"),
        choices=[("", gettext_lazy("any"))] + [(str(level), str(level)) for level in SEVERITIES],
        required=False,
    )
    owner = forms.ChoiceField(label=gettext_lazy("In the hands of"), required=False)
    chosen: ClassVar[tuple[str, ...]] = ("kind", "severity", "owner")

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = User.objects.filter(is_active=True).exclude(pk=person.pk).order_by("name", "email")[:PEOPLE]
        named = [(str(other.pk), str(other)) for other in others]
        whose = [("", gettext_lazy("anybody")), (str(person.pk), gettext_lazy("me")), *named]
        self.fields["owner"].choices = whose  # type: ignore[attr-defined]

    def cleaned(self) -> dict[str, str]:
        """What was chosen and can be read."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


@dataclass(frozen=True)
class Row:
    """A clock on the board. `record` only for who may see it; else the reference says what it is about."""

    told: Told
    record: Record | None

    @property
    def clock(self) -> Clock:
        return self.told.clock

    @property
    def ref(self) -> str:
        return self.clock.about.partition(":")[2]

    @property
    def owner(self) -> User | None:
        return getattr(self.record, "owner", None)


@dataclass(frozen=True)
class Board:
    """The lists of the board at one instant, for `hours` ahead, after a filter."""

    at: datetime
    hours: int = int(USUAL)
    kind: str = ""
    severity: str = ""
    owner: str = ""  # the id of a person

    def list_of(self, name: str) -> ClockQuerySet:
        """One of LISTS, in order."""
        clocks = {
            "missed": Clock.objects.missed_and_open(self.at),
            "due": Clock.objects.due_between(self.at, self.at + timedelta(hours=self.hours)),
            "still": Clock.objects.standing_still(),
            "explain": Clock.objects.to_explain(),
        }[name]
        if self.kind:
            clocks = clocks.filter(kind=self.kind)
        if self.severity:
            clocks = clocks.filter(severity=self.severity)
        if self.owner:
            clocks = clocks.of_person(self.owner)
        order = LISTS[name][0]
        down = order.startswith("-")
        clocks = clocks.alias(promised_at=PROMISED_AT)
        return clocks.order_by(order, "-id" if down else "id")

    def counts(self) -> dict[str, int]:
        """How many are in each list, counted no further than one more than MANY. One query."""
        arms = [
            self.list_of(name).order_by().values_list(Value(name, output_field=CharField()))[: MANY + 1]
            for name in LISTS
        ]
        found = Counter(name for (name,) in arms[0].union(*arms[1:], all=True).order_by())
        return {name: found[name] for name in LISTS}

    def page(self, name: str, after: str = "") -> tuple[list[Clock], str]:
        """PAGE clocks of a list behind the place `after`, and the place behind which the next page begins, or empty.
        Places are of the order itself, so that nothing is left out or shown twice when rows come and go.
        """
        order = LISTS[name][0]
        column, down = order.removeprefix("-"), order.startswith("-")
        clocks = self.list_of(name)
        if place := _place(after):
            at, pk = place
            word = "lt" if down else "gt"
            clocks = clocks.filter(**{f"{column}__{word}e": at}).exclude(
                **{column: at, f"id__{'gt' if down else 'lt'}e": pk}
            )
        rows: list[Any] = list(clocks.with_terms().annotate(place=F(column))[: PAGE + 1])
        more = len(rows) > PAGE
        rows = rows[:PAGE]
        return rows, f"{rows[-1].place.isoformat()}~{rows[-1].pk}" if more else ""


def _place(text: str) -> tuple[datetime, UUID] | None:
    at, _tilde, pk = text.partition("~")
    try:
        instant = datetime.fromisoformat(at)
        return (instant, UUID(pk)) if instant.tzinfo else None
    except ValueError:
        return None


def rows_of(clocks: Iterable[Clock], person: User, at: datetime) -> list[Row]:
    """The clocks with what they are about, as far as `person` may see it. One query for each kind of record."""
    clocks = list(clocks)
    seen = references.find_many({clock.about for clock in clocks}, seen_by=person)
    return [Row(Told(clock, at), seen.get(clock.about)) for clock in clocks]
