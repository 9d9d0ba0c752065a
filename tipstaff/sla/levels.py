"""What happens when a clock passes a level: it is recorded once with its true time, and who hears of it."""

from datetime import datetime

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


def reach(clock: Clock, at: datetime) -> bool:
    """Bring `clock` up to `at`: end a pause that has lasted as long as it may, and record in order every level that was
    passed. False if there was nothing to record. Done before a pause or a stop as well, so that history does not
    depend on when a sweep ran. People are told by the next sweep, of the highest level.
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
        return over or bool(passed)

    return in_unit_of_work(act)
