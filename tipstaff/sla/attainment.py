"""What became of the targets: how many were met, by week, and why the others were missed. One definition for the board
of the leads, for its download, and for the public page.

A clock counts in the ISO week (UTC) in which it was stopped, as met or as missed. One that is open and overdue counts
as missed in the week in which it was due, until it is stopped: not finishing hides nothing. What was called off is
neither; how much of that had been missed before is counted apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Aggregate, Count, DateTimeField, DurationField, Max, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Greatest, TruncWeek

from tipstaff.sla.models import Clock, Kind
from tipstaff.sla.models.clock import PROMISED_AT

WEEKS = 12
FEW = 10  # below this many, the public page says no share: no single matter can be read from it
WEEK = timedelta(weeks=1)
HOUR = timedelta(hours=1)


class Percentile(Aggregate):
    """The `share` (0 to 1) of a column, between two values where it falls there; nothing for no rows."""

    function = "percentile_cont"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)%(filter)s"
    output_field = DurationField()

    def __init__(self, column: str, share: float, **extra: Any) -> None:
        super().__init__(column, share=f"{float(share)}", **extra)


@dataclass(frozen=True)
class Tally:
    """Of clocks that belong together. `median` and `ninetieth` are hours, each in its clock's own calendar, of those
    that were stopped; None where there are none.
    """

    met: int = 0
    missed: int = 0
    still_open: int = 0  # of the missed
    called_off: int = 0  # after they were missed; in neither number
    median: float | None = None
    ninetieth: float | None = None

    @property
    def count(self) -> int:
        return self.met + self.missed

    @property
    def percent(self) -> int | None:
        """Rounded down, so that 100 is said only of all."""
        return self.met * 100 // self.count if self.count else None

    @property
    def public_percent(self) -> int | None:
        """The share where there are enough to say one."""
        return self.percent if self.count >= FEW else None


@dataclass(frozen=True)
class Week:
    """A week of one kind of clock. `monday` is None for what is open and was due before the first week."""

    monday: date | None
    tally: Tally = field(default_factory=Tally)

    @property
    def label(self) -> str:
        """The ISO week: `2026-W47`."""
        return f"{self.monday:%G-W%V}" if self.monday else ""

    @property
    def number(self) -> str:
        return f"{self.monday:%V}" if self.monday else ""


def first_week(at: datetime) -> datetime:
    """When the first of the WEEKS begins of which the last is the week of `at`."""
    day = at.astimezone(UTC)
    monday = day.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=day.weekday())
    return monday - WEEK * (WEEKS - 1)


def counted(at: datetime) -> "QuerySet[Clock]":
    """The clocks that count in the weeks up to `at`: stopped in them, or open and overdue. Bounded by the indexes
    `clock_stopped` and `clock_open_by_promise`.
    """
    told = ~Q(outcome="cancelled") | Q(breached_at__isnull=False)
    stopped = Q(told, stopped_at__gte=first_week(at), stopped_at__lte=at)
    overdue = Q(Q(breached_at__isnull=False) | Q(paused_at=None), promised_at__lt=at, stopped_at=None)
    return Clock.objects.alias(promised_at=PROMISED_AT).filter(stopped | overdue)


def tallied(at: datetime, *by: str) -> Iterator[tuple[tuple[Any, ...], Tally]]:
    """The tally of each group of columns, with `week` (its Monday) as one that can be named. One grouped query."""
    clocks = counted(at)
    if "week" in by:
        before = Value(first_week(at) - WEEK, output_field=DateTimeField())  # where everything older lies together
        counts_at = Greatest(Coalesce("stopped_at", "breached_at", "due_at"), before)
        clocks = clocks.annotate(week=TruncWeek(counts_at, tzinfo=UTC))
    met, missed, opened = Q(outcome="met"), Q(outcome="breached"), Q(stopped_at=None)
    rows = clocks.values(*by).annotate(
        met=Count("pk", filter=met),
        missed_and_stopped=Count("pk", filter=missed),
        still_open=Count("pk", filter=opened),
        called_off=Count("pk", filter=Q(outcome="cancelled")),
        median=Percentile("elapsed", 0.5, filter=met | missed),
        ninetieth=Percentile("elapsed", 0.9, filter=met | missed),
    )
    for row in rows.order_by(*by):
        tally = Tally(
            met=row["met"],
            missed=row["missed_and_stopped"] + row["still_open"],
            still_open=row["still_open"],
            called_off=row["called_off"],
            median=_hours(row["median"]),
            ninetieth=_hours(row["ninetieth"]),
        )
        yield tuple(row[name] for name in by), tally


def _hours(length: timedelta | None) -> float | None:
    return None if length is None else round(length / HOUR, 1)


def by_kind(at: datetime) -> dict[Kind, Tally]:
    """All weeks together, for each kind that has any, in the order of the kinds."""
    found = {kind: tally for (kind,), tally in tallied(at, "kind")}
    return {kind: found[kind] for kind in Kind if kind in found}


def by_week(at: datetime) -> dict[Kind, list[Week]]:
    """For each kind that has any clock: WEEKS weeks, oldest first; before them one without a Monday, if something is
    open that was due earlier.
    """
    since = first_week(at)
    found: dict[Kind, dict[date, Tally]] = {}
    for (kind, week), tally in tallied(at, "kind", "week"):
        found.setdefault(Kind(kind), {})[week.astimezone(UTC).date()] = tally
    mondays = [(since + WEEK * number).date() for number in range(WEEKS)]
    weeks = {}
    for kind in Kind:
        if kind in found:
            earlier = [Week(None, tally) for monday, tally in found[kind].items() if monday < mondays[0]]
            weeks[kind] = earlier + [Week(monday, found[kind].get(monday, Tally())) for monday in mondays]
    return weeks


def of_goals(at: datetime) -> dict[tuple[str, int, bool], Tally]:
    """All weeks together by kind, severity and whether referral is compulsory: what the public page says."""
    return dict(tallied(at, "kind", "severity", "referral"))


@dataclass(frozen=True)
class Reason:
    """Why targets were missed, with how many; empty where nobody has said."""

    reason: str
    label: str
    count: int
    kinds: list[tuple[str, int]]
    latest: datetime


def reasons(at: datetime, kind: str = "") -> list[Reason]:
    """The reasons of everything that was missed in the weeks up to `at`, most frequent first. One grouped query."""
    missed = Clock.objects.filter(breached_at__gte=first_week(at), breached_at__lte=at)
    if kind:
        missed = missed.filter(kind=kind)
    rows = missed.values("breach_reason", "kind").annotate(count=Count("pk"), latest=Max("breached_at"))
    found: dict[str, list[Any]] = {}
    for row in rows.order_by("breach_reason", "-count", "kind"):
        found.setdefault(row["breach_reason"], []).append(row)
    told = [
        Reason(
            reason,
            str(Clock.BreachReason(reason).label) if reason else "",
            sum(row["count"] for row in group),
            [(str(Kind(row["kind"]).label), row["count"]) for row in group],
            max(row["latest"] for row in group),
        )
        for reason, group in found.items()
    ]
    return sorted(told, key=lambda one: (not one.reason, -one.count, one.label))
