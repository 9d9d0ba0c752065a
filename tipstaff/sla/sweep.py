"""The sweep: takes only clocks whose next check is due, and brings each up to the present, one by one."""

import logging
from datetime import datetime
from uuid import UUID

from tipstaff.sla.levels import reach
from tipstaff.sla.models import Clock, Heartbeat
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.unit import UnitOfWork, in_unit_of_work

logger = logging.getLogger(__name__)
BATCH = 200


def sweep() -> int:
    """Bring every clock up to date, and say that this was done; returns how many moved."""
    moved = bring_up_to_date()
    Heartbeat.beat("sweep")
    return moved


def bring_up_to_date() -> int:
    """Record what is due now and return how many clocks moved. Safe twice at once: rows are skipped while held, and
    each (clock, level) exists once. A clock that cannot be brought up to date holds up no other.
    """
    at, moved = now(), 0
    seen: set[UUID] = set()
    while batch := _due(at, seen):
        for pk, about in batch:
            seen.add(pk)
            try:
                moved += _check(pk, about, at)
            except Exception:
                logger.exception("clock %s could not be checked", pk)
        if len(batch) < BATCH:
            break
    return moved


def _due(at: datetime, seen: set[UUID]) -> list[tuple[UUID, str]]:
    """The first clocks to look at, and what each is about."""
    due = Clock.objects.due_for_check(at).exclude(pk__in=seen).order_by("next_check_at")
    return list(due.values_list("pk", "about")[:BATCH])


def _check(pk: UUID, about: str, at: datetime) -> bool:
    """Bring one clock up to `at`, in one transaction; False if another sweep has it in hand or had it already."""

    def act(work: UnitOfWork) -> bool:
        record = references.find(about)
        if record is not None:
            work.lock(record)  # first, as everybody else does who moves its clock
        clock = Clock.objects.due_for_check(at).filter(pk=pk).select_for_update(skip_locked=True, no_key=True).first()
        if clock is None:
            return False
        clock.record = record
        work.locked.append(clock)
        return reach(clock, at)

    return in_unit_of_work(act)
