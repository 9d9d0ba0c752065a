"""The sweep: takes only clocks whose next check is due, records every level they passed, tells about the highest."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from tipstaff.accounts.models import User
from tipstaff.notices import outbox
from tipstaff.permissions import Role
from tipstaff.sla.clocks import CLOCKS
from tipstaff.sla.models import Clock, Heartbeat
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.unit import in_unit_of_work

BATCH = 200
# Who hears of a level besides the person whose work it is.
HEARD_BY = {100: (Role.LEAD,), 150: (Role.LEAD, Role.HEAD_OF_ENFORCEMENT), 200: (Role.LEAD, Role.HEAD_OF_ENFORCEMENT)}


def sweep() -> int:
    """Record what is due now and return how many clocks moved. Safe twice at once: rows are skipped while held, and
    each (clock, level) exists once.
    """
    at, moved = now(), 0
    seen: set[UUID] = set()
    while batch := _due(at, seen):
        for pk in batch:
            seen.add(pk)
            moved += _check(pk, at)
    Heartbeat.objects.update_or_create(name="sweep", defaults={"at": now()})
    return moved


def _due(at: datetime, seen: set[UUID]) -> list[UUID]:
    due = Clock.objects.due_for_check(at).exclude(pk__in=seen).order_by("next_check_at")
    return list(due.values_list("pk", flat=True)[:BATCH])


def _check(pk: UUID, at: datetime) -> bool:
    """Bring one clock up to `at`, in one transaction; False if another sweep has it in hand or had it already."""
    with transaction.atomic():
        clock = Clock.objects.due_for_check(at).filter(pk=pk).select_for_update(skip_locked=True, no_key=True).first()
        if clock is None or not (passed := clock.levels_passed(at)):
            return False
        in_unit_of_work(lambda _work: _reach(clock, passed))
        return True


def _reach(clock: Clock, passed: list[int]) -> None:
    for level in passed:
        act = clock.warn if level < 100 else clock.breach if level == 100 else clock.escalate
        act(actor=CLOCKS, level=level, reached_at=clock.instant_of(level))
    _tell(clock, passed[-1])


def _tell(clock: Clock, level: int) -> None:
    record = references.find(clock.about)
    if record is None:
        return
    owner = getattr(record, "owner", None)
    people = set(User.objects.with_role(*HEARD_BY.get(level, ()))) | ({owner} if owner else set())
    for person in sorted(people, key=lambda person: person.email):
        outbox.queue(
            "clock_escalated",
            to=person.email,
            about=record,
            actor=CLOCKS,
            link=record.get_absolute_url(),
            clock=clock,
            level=level,
            person=person,
        )
