"""What happens when a clock passes a level: it is recorded once with its true time, and people are told."""

from datetime import datetime

from tipstaff.accounts.models import User
from tipstaff.notices import outbox
from tipstaff.permissions import Role
from tipstaff.sla.models import Clock
from tipstaff.workflow import references
from tipstaff.workflow.actors import System
from tipstaff.workflow.unit import UnitOfWork, in_unit_of_work

CLOCKS = System("clocks")
# Who hears of a level besides the person whose work it is.
HEARD_BY: dict[int, tuple[str, ...]] = {
    100: (Role.LEAD,),
    150: (Role.LEAD, Role.HEAD_OF_ENFORCEMENT),
    200: (Role.LEAD, Role.HEAD_OF_ENFORCEMENT),
}
# The same where nobody who enforces has a part in it.
HEARD_OF_KIND: dict[str, dict[int, tuple[str, ...]]] = {
    Clock.Kind.FEEDBACK: dict.fromkeys((75, 100, 150, 200), (Role.POLICY_EDITOR,)),
}


def reach(clock: Clock, at: datetime) -> bool:
    """Bring `clock` up to `at`: end a pause that has lasted as long as it may, and record in order every level that was
    passed. False if there was nothing to record. Done before a pause or a stop as well, so that history does not
    depend on when a sweep ran.
    """

    def act(work: UnitOfWork) -> bool:
        work.lock(clock)
        ends_by = clock.pause_ends_by()
        over = ends_by is not None and ends_by <= at
        if over:
            clock.resume(actor=CLOCKS)
        passed = clock.levels_passed(at)
        for level in passed:
            record = clock.warn if level < 100 else clock.breach if level == 100 else clock.escalate
            record(actor=CLOCKS, level=level, reached_at=clock.instant_of(level))
        if passed:
            _tell(clock, passed[-1])
        return over or bool(passed)

    return in_unit_of_work(act)


def _tell(clock: Clock, level: int) -> None:
    record = clock.record or references.find(clock.about)
    if record is None:
        return
    owner = getattr(record, "owner", None)
    roles = HEARD_OF_KIND.get(clock.kind, HEARD_BY).get(level, ())
    people = set(User.objects.with_role(*roles)) if roles else set()
    if owner and owner.is_active:
        people.add(owner)
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
