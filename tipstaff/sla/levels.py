"""What happens when a clock passes a level: it is recorded once with its true time, and who hears of it."""

from datetime import datetime
from functools import cache

from tipstaff.accounts.models import User
from tipstaff.notices import webhooks
from tipstaff.notices.events import instant
from tipstaff.notices.models import Endpoint
from tipstaff.permissions import Role
from tipstaff.sla.models import Clock, Kind, Untold
from tipstaff.workflow.actors import System
from tipstaff.workflow.unit import UnitOfWork, in_unit_of_work

CLOCKS = System("clocks")
_Hearers = dict[int, frozenset[str]]


def _from(**roles: int) -> _Hearers:
    """Which roles hear of each level, given the level from which each hears."""
    return {
        level: frozenset(Role[name] for name, since in roles.items() if since <= level)
        for level in (50, 75, 100, 150, 200)
    }


# Who hears of a level besides the person whose work it is (K11), if they may see the matter: `telling` asks that.
HEARD_BY = _from(LEAD=100, HEAD_OF_ENFORCEMENT=150, CHAIR=200)
# The same where others have that work.
HEARD_OF_KIND: dict[str, _Hearers] = {
    Kind.AUTHORITY: _from(LEAD=50, HEAD_OF_ENFORCEMENT=75, COUNSEL=75, CHAIR=200),
    Kind.FINDING: _from(LEAD=75, HEAD_OF_ENFORCEMENT=100, CHAIR=200),
    Kind.APPEAL_RECEIPT: _from(APPEALS_REVIEWER=100, HEAD_OF_ENFORCEMENT=150, CHAIR=200),
    Kind.APPEAL: _from(APPEALS_REVIEWER=75, HEAD_OF_ENFORCEMENT=150, CHAIR=200),
    Kind.WAIVER_RECEIPT: _from(COMPLIANCE=50, CHAIR=100),
    Kind.WAIVER: _from(COMPLIANCE=75, CHAIR=75, HEAD_OF_ENFORCEMENT=200),
    Kind.RECERTIFICATION: _from(COMPLIANCE=50, CHAIR=100),
    Kind.TRAINING: _from(POLICY_EDITOR=75, COMPLIANCE=100),
    Kind.FEEDBACK: _from(POLICY_EDITOR=75),
    Kind.EXPORT: _from(COMPLIANCE=75, HEAD_OF_ENFORCEMENT=150),
}


def hearers(kind: str, level: int) -> frozenset[str]:
    """The roles that hear of it when a clock of this kind passes this level."""
    return HEARD_OF_KIND.get(kind, HEARD_BY)[level]


def hears(person: User) -> bool:
    """Whether this person hears of any level because of a role."""
    return bool(heard_at_all().intersection(person.roles))


@cache
def heard_at_all() -> frozenset[str]:
    """Every role that hears of some level of some clock."""
    parts = (HEARD_BY, *HEARD_OF_KIND.values())
    return frozenset(role for part in parts for roles in part.values() for role in roles)


def takers() -> dict[str, list[Endpoint]]:
    """The machines that are told of each kind of level; asked once for all clocks of a batch."""
    return {event: webhooks.takers(event) for event in ("clock.warned", "clock.breached", "clock.escalated")}


def reach(clock: Clock, at: datetime, told: dict[str, list[Endpoint]] | None = None) -> bool:
    """Bring `clock` up to `at`: end a pause that has lasted as long as it may, and record in order every level that was
    passed. False if there was nothing to record. Done before a pause or a stop as well, so that history does not
    depend on when a sweep ran. People are told by the next sweep, of the highest level; of the machines in `told`, or
    of all, each is told now of the highest level of a kind that it takes.
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
            work.insert(Untold(clock_id=clock.pk, level=passed[-1]))
            _tell_machines(clock, passed, at, takers() if told is None else told)
        return over or bool(passed)

    return in_unit_of_work(act)


def _event(level: int) -> str:
    return "clock.warned" if level < 100 else "clock.breached" if level == 100 else "clock.escalated"


def _tell_machines(clock: Clock, passed: list[int], at: datetime, told: dict[str, list[Endpoint]]) -> None:
    """Ids and times only. A clock is a line of its own: what is newer about it makes up for what was missed."""
    highest: dict[Endpoint, int] = {}
    for level in passed:
        highest |= dict.fromkeys(told[_event(level)], level)
    for endpoint, level in highest.items():
        about = {"id": str(clock.pk), "kind": clock.kind, "level": level, "due_at": instant(clock.due_at)}
        times = {"reached_at": instant(clock.instant_of(level)), "detected_at": instant(at)}
        payload = {"clock": about | times, "about": clock.about}
        webhooks.queue(
            _event(level), to=[endpoint], about=clock.record or clock, line=clock, payload=payload, actor=CLOCKS
        )
