"""What open clocks would be due under another table or calendar, and making it so, which is always an act of somebody.

A clock keeps the target and the calendar that it started with. After a change of either, an administrator sees here
which clocks would move, and may move them (K2).
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from uuid import UUID

from tipstaff.sla.clocks import aim_of
from tipstaff.sla.levels import reach
from tipstaff.sla.models import Calendar, Clock, Recalculation, Target
from tipstaff.sla.models.target import first_match
from tipstaff.sla.working_time import ALWAYS, WorkingTime
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.unit import UnitOfWork, in_unit_of_work

LOOKED_AT = 20_000  # open clocks, those due first
SHOWN = 100

Hours = Callable[[Target], WorkingTime]


@dataclass(frozen=True)
class Move:
    """One clock that would be due at another time."""

    clock: Clock
    target: Target
    due_at: datetime

    @property
    def late_at_once(self) -> bool:
        """Whether it would be missed by now, although so far it is not."""
        return self.due_at < now() <= self.clock.due_at


@dataclass
class Preview:
    """What would move: the first SHOWN of it, and how much there is by kind."""

    moves: list[Move] = field(default_factory=list)
    by_kind: Counter[str] = field(default_factory=Counter)
    late_at_once: int = 0
    looked_at: int = 0

    @property
    def count(self) -> int:
        return self.by_kind.total()

    @property
    def cut_short(self) -> bool:
        return self.looked_at >= LOOKED_AT

    @property
    def kinds(self) -> list[tuple[str, int]]:
        return [(str(Clock.Kind(kind).label), count) for kind, count in self.by_kind.most_common()]


def current_hours() -> Hours:
    """The working time of each target by the newest edition of its calendar, each looked up once."""

    @cache
    def of(calendar: UUID) -> WorkingTime:
        return Calendar.objects.get(pk=calendar).latest().working_time

    return lambda target: of(target.calendar_id) if target.calendar_id else ALWAYS


def moves(rows: Sequence[Target], hours: Hours) -> Iterator[Move | None]:
    """For each of the LOOKED_AT open clocks that are due first: how it would move under `rows`, or None if it stays."""
    for clock in Clock.objects.running().order_by("due_at")[:LOOKED_AT].iterator(chunk_size=2000):
        target = first_match(rows, clock.kind, clock.severity, referral=clock.referral)
        due_at = clock.due_under(target, hours(target)) if target else clock.due_at
        yield Move(clock, target, due_at) if target and due_at != clock.due_at else None


def preview(rows: Sequence[Target], hours: Hours | None = None) -> Preview:
    """What would move under `rows`; `hours` where a calendar would change too."""
    seen = Preview()
    for move in moves(rows, hours or current_hours()):
        seen.looked_at += 1
        if move is None:
            continue
        seen.by_kind[move.clock.kind] += 1
        seen.late_at_once += move.late_at_once
        if len(seen.moves) < SHOWN:
            seen.moves.append(move)
    return seen


def recalculate(clock: UUID, *, ordered: Recalculation) -> bool:
    """Let one open clock count by the table and calendar in force; False if it stopped or stays as it is. What it
    reached under the old target is recorded first, and stays.
    """

    def act(work: UnitOfWork) -> bool:
        found = Clock.objects.running().filter(pk=clock).first()
        record = references.find(found.about) if found else None
        if found is None:
            return False
        if record is not None:
            work.lock(record)  # first, as everybody else does who moves its clock
        work.lock(found)
        rows = Target.objects.in_force().filter(kind=found.kind).select_related("calendar")
        target = first_match(rows, found.kind, found.severity, referral=found.referral)
        if found.stopped_at or target is None or found.due_under(target, current_hours()(target)) == found.due_at:
            return False
        found.record = record
        reach(found, now())
        found.recalculate(actor=ordered.ordered_by, ordered=ordered, **aim_of(target))
        return True

    return in_unit_of_work(act)
