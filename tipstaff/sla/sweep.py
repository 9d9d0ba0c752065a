"""The sweep: takes only clocks whose next check is due, and brings them up to the present, batch by batch."""

import logging
from collections.abc import Iterator
from datetime import datetime
from time import monotonic
from uuid import UUID

from django.db import DatabaseError, InterfaceError, OperationalError
from django.db.models import Q

from tipstaff.notices.models import Endpoint
from tipstaff.sla.levels import reach, takers
from tipstaff.sla.models import Clock
from tipstaff.sla.telling import tell
from tipstaff.time import now
from tipstaff.workflow.rows import among, lock_free
from tipstaff.workflow.unit import UnitOfWork, in_unit_of_work

logger = logging.getLogger(__name__)
BATCH = 250  # clocks in one transaction, so that nobody at work on one of them waits for long


def sweep(seconds: float | None = None) -> int:
    """Record what is due now, tell people of it, and return how many clocks moved. After `seconds` no more batch is
    begun: what is left is still due, and the next sweep goes on. Safe twice at once: whoever comes second leaves out
    what the first has in hand, and each (clock, level) exists once.
    """
    at, moved = now(), 0
    ends = None if seconds is None else monotonic() + seconds
    for batch in _batches(at):
        moved += _bring(batch, at)
        if ends is not None and monotonic() >= ends:
            break
    tell()
    return moved


type Due = list[tuple[UUID, str]]  # which clocks, and what each is about


def _batches(at: datetime) -> Iterator[Due]:
    """What is due, the longest due first, each clock once: one that stays due is not met again in this sweep."""
    due = Clock.objects.due_for_check(at).order_by("next_check_at", "id")
    found = list(due.values_list("id", "about", "next_check_at")[:BATCH])
    while found:
        yield [(pk, about) for pk, about, _check in found]
        if len(found) < BATCH:
            return
        last, _about, check = found[-1]
        after = due.filter(Q(next_check_at__gt=check) | Q(id__gt=last), next_check_at__gte=check)
        found = list(after.values_list("id", "about", "next_check_at")[:BATCH])


def _bring(batch: Due, at: datetime) -> int:
    """Bring these clocks up to `at` in one transaction; how many moved. If the database refuses it, the halves are
    tried by themselves, so that a clock that cannot be brought up to date holds up no other.
    """
    try:
        return in_unit_of_work(lambda work: _reach_all(work, batch, at), gathers=True)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        if len(batch) == 1:
            logger.exception("clock %s could not be checked", batch[0][0])
            return 0
        half = len(batch) // 2
        return _bring(batch[:half], at) + _bring(batch[half:], at)


def _reach_all(work: UnitOfWork, batch: Due, at: datetime) -> int:
    """Records first and their clocks second, as everybody locks them; what somebody has in hand is left out."""
    records, held = lock_free({about for _pk, about in batch})
    for record in records.values():
        work.holds(record)
    free = [pk for pk, about in batch if about not in held]
    due = Clock.objects.due_for_check(at).filter(pk__in=among(Clock._meta.pk, free))
    moved, told = 0, takers()
    for clock in due.order_by("next_check_at", "id").select_for_update(skip_locked=True, no_key=True):
        clock.record = records.get(clock.about)
        work.holds(clock)
        moved += _reach(work, clock, at, told)
    return moved


def _reach(work: UnitOfWork, clock: Clock, at: datetime, told: dict[str, list[Endpoint]]) -> bool:
    """Bring one clock of a batch up to `at`, or leave it as it is if that is not possible."""
    mark = work.mark()
    try:
        return reach(clock, at, told)
    except DatabaseError:
        raise
    except Exception:
        work.back_to(mark)
        logger.exception("clock %s could not be checked", clock.pk)
        return False
