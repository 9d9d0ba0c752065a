"""The clocks of a case: the decision, the question whether the account must be limited meanwhile, and the notice to the
authority where the rule makes referral compulsory.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from tipstaff.sla import clocks
from tipstaff.sla.models import Clock

if TYPE_CHECKING:
    from cases.models.case import Case

Kind = Clock.Kind
BESIDE = (Kind.INTERIM, Kind.AUTHORITY)  # run beside that of the decision, and wait for nobody's answer


def begin(case: "Case") -> datetime:
    """Start the clocks of a case that opens; when its decision is due."""
    clock = clocks.start(case, Kind.DECISION, severity=case.severity, referral=case.refers)
    if case.subject is not None:
        clocks.start_if_set(case, Kind.INTERIM, severity=case.severity, referral=case.refers)
    if case.refers:
        clocks.start_if_set(case, Kind.AUTHORITY, severity=case.severity, referral=True)
    return clock.due_at


def regrade(case: "Case") -> datetime | None:
    """Give each clock the target of the severity that the case has by now; when its decision is due. A case that was
    too light for the question of an interim measure, and is no longer, gets its clock now.
    """
    for kind in BESIDE:
        clocks.regrade(case, kind, severity=case.severity)
    if case.subject is not None and not Clock.objects.about(case).filter(kind=Kind.INTERIM).exists():
        clocks.start_if_set(case, Kind.INTERIM, severity=case.severity, referral=case.refers)
    return clocks.regrade(case, Kind.DECISION, severity=case.severity)


def refer(case: "Case", *, since: datetime | None) -> datetime | None:
    """Referral became compulsory: the clocks that run get the targets that ask for it, and that of the notice to the
    authority counts from `since` or now; when the decision is due.
    """
    clocks.regrade(case, Kind.INTERIM, severity=case.severity, referral=True)
    clocks.start_if_set(case, Kind.AUTHORITY, severity=case.severity, referral=True, since=since)
    return clocks.regrade(case, Kind.DECISION, severity=case.severity, referral=True)


def owed_since(case: "Case") -> datetime | None:
    """Since when an authority is owed its notice: by the clock of that, where one runs; None if none is owed."""
    if not case.owes_notice():
        return None
    running = Clock.objects.running().about(case).filter(kind=Kind.AUTHORITY)
    return running.values_list("started_at", flat=True).first() or case.opened_at


def end(case: "Case") -> None:
    """A decision was issued, so nothing is to be done before one. An authority is still owed its notice."""
    for kind in (Kind.DECISION, Kind.INTERIM):
        clocks.stop(case, kind)


def call_off(case: "Case") -> None:
    """The case went into another, where these are owed."""
    for kind in (Kind.DECISION, *BESIDE):
        clocks.stop(case, kind, cancelled=Clock.CancelReason.MERGED)
