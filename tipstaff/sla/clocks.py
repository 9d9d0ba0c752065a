"""Starting and stopping clocks, and the default targets by severity (1 low to 4 critical), around the clock but for
those that count working days.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from tipstaff.sla.levels import CLOCKS, reach
from tipstaff.sla.models import Clock
from tipstaff.sla.working_time import WEEKDAYS, WorkingTime
from tipstaff.time import now
from tipstaff.workflow.models import Record
from tipstaff.workflow.unit import UnitOfWork, in_unit_of_work

# Kinds whose time is counted in working days, by their calendar; all others run around the clock.
CALENDARS: dict[str, WorkingTime] = {Clock.Kind.FEEDBACK: WEEKDAYS}
# Severity 4 to 1. Norms: NetzDG 3(2) for decisions (24 h, 7 d), TCO 3(3) for triage, DSA 20 for appeals.
TARGETS: dict[str, dict[int, timedelta]] = {
    Clock.Kind.TRIAGE: {4: timedelta(hours=1), 3: timedelta(days=1), 2: timedelta(days=2), 1: timedelta(days=5)},
    Clock.Kind.DECISION: {4: timedelta(hours=24), 3: timedelta(days=7), 2: timedelta(days=14), 1: timedelta(days=30)},
    Clock.Kind.APPEAL: {4: timedelta(days=3), 3: timedelta(days=14), 2: timedelta(days=14), 1: timedelta(days=30)},
    Clock.Kind.WAIVER_RECEIPT: dict.fromkeys((4, 3, 2, 1), timedelta(days=2)),
    Clock.Kind.WAIVER: dict.fromkeys((4, 3, 2, 1), timedelta(days=30)),
    Clock.Kind.FEEDBACK: dict.fromkeys((4, 3, 2, 1), timedelta(days=10)),
}


def start(about: Record, kind: Clock.Kind, *, severity: int) -> Clock:
    """Start the clock `kind` about a record; its target and calendar are fixed from here on (K2)."""
    clock = Clock(
        about=about.reference,
        about_stream=about.stream,
        kind=kind,
        severity=severity,
        target=TARGETS[kind][severity],
        calendar=CALENDARS[kind].document() if kind in CALENDARS else None,
        started_at=now(),
    )
    clock.record = about
    clock.start(actor=CLOCKS)
    return clock


def _running(work: UnitOfWork, about: Record) -> Iterator[Clock]:
    """The running clocks about a record, locked, each with it in hand."""
    for clock in Clock.objects.running().about(about).select_for_update(no_key=True):
        clock.record = about
        work.locked.append(clock)
        yield clock


def stop(about: Record, kind: Clock.Kind, *, cancelled: bool = False) -> None:
    """Stop the running clock `kind`, if there is one."""

    def act(work: UnitOfWork) -> None:
        for clock in _running(work, about):
            if clock.kind == kind:
                reach(clock, now())
                clock.stop(actor=CLOCKS, cancelled=cancelled)

    in_unit_of_work(act)


def regrade(about: Record, kind: Clock.Kind, *, severity: int) -> datetime | None:
    """Give the running clock `kind` the target of another severity; its new due time, or None if none runs."""

    def act(work: UnitOfWork) -> datetime | None:
        clock = next((clock for clock in _running(work, about) if clock.kind == kind), None)
        if clock is None:
            return None
        reach(clock, now())
        clock.regrade(actor=CLOCKS, severity=severity, target=TARGETS[kind][severity])
        return clock.due_at

    return in_unit_of_work(act)


def pause(about: Record, *, reason: Clock.PauseReason) -> None:
    """Let every running clock about a record stand still, as far as it may."""

    def act(work: UnitOfWork) -> None:
        for clock in _running(work, about):
            if clock.paused_at is None:
                reach(clock, now())
                clock.pause(actor=CLOCKS, reason=reason)

    in_unit_of_work(act)


def resume(about: Record, kind: Clock.Kind | None = None) -> datetime | None:
    """Let the paused clocks about a record run again; when the one of `kind` is due now, or None if none runs."""

    def act(work: UnitOfWork) -> datetime | None:
        due_at = None
        for clock in _running(work, about):
            if clock.paused_at is not None:
                clock.resume(actor=CLOCKS)
            due_at = clock.due_at if clock.kind == kind else due_at
        return due_at

    return in_unit_of_work(act)
