"""Starting and stopping clocks. How long something may take stands in the newest table of targets; the first row that
matches wins, and the clock keeps it together with the edition of the calendar it counts by.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from tipstaff.sla.levels import CLOCKS, reach
from tipstaff.sla.models import Clock, Kind, Target, TargetTable
from tipstaff.sla.models.calendar import Calendar, hours_by
from tipstaff.sla.models.target import first_match
from tipstaff.sla.working_time import ALWAYS
from tipstaff.time import now
from tipstaff.workflow.models import Record
from tipstaff.workflow.unit import UnitOfWork, in_unit_of_work, once


def target_for(kind: Kind, severity: int, *, referral: bool = False, table: TargetTable | None = None) -> Target | None:
    """The first row of `table`, or of the newest one, that matches; None where nothing of this kind has a date."""
    rows = Target.objects.filter(table=table).order_by("position") if table else Target.objects.in_force()
    return first_match(rows.filter(kind=kind).select_related("calendar"), kind, severity, referral=referral)


def aim_of(target: Target) -> dict[str, Any]:
    """What a clock keeps of a target: the ids of the row and of its calendar's edition."""
    return {"matched": str(target.pk), "calendar": str(target.calendar.current().pk) if target.calendar else None}


def usual_length(kind: Kind, severity: int) -> timedelta:
    """How long `kind` may take if it starts now; nothing where the table has no target for it."""
    target = target_for(kind, severity)
    if target is None:
        return timedelta()
    return target.length_from(now(), hours_by(target.calendar.current().pk) if target.calendar else ALWAYS)


def start(about: Record, kind: Kind, *, severity: int, referral: bool = False) -> Clock:
    """Start the clock `kind` about a record; its target and calendar are fixed from here on (K2). For kinds that no
    table can do without; others by `start_if_set`.
    """
    clock = start_if_set(about, kind, severity=severity, referral=referral)
    if clock is None:
        raise LookupError(f"No target for {kind} at severity {severity}.")
    return clock


def start_if_set(
    about: Record, kind: Kind, *, severity: int, referral: bool = False, since: datetime | None = None
) -> Clock | None:
    """Start the clock `kind` about a record if the table has a target for it. `since` is when what it counts from
    happened, where that was seen later.
    """
    target = once((Target, kind, severity, referral), lambda: target_for(kind, severity, referral=referral))
    if target is None:
        return None
    calendar, at = target.calendar, since or now()
    edition = once((Calendar, calendar.pk), calendar.current) if calendar else None
    clock = Clock(
        about=about.reference,
        about_stream=about.stream,
        kind=kind,
        severity=severity,
        referral=referral,
        matched=target,
        statutory=target.statutory,
        calendar=edition,
        started_at=at,
    )
    clock.target = target.length_from(at, clock.working_time)
    clock.record = about
    clock.start(actor=CLOCKS)
    return clock


def _running(work: UnitOfWork, about: Record) -> Iterator[Clock]:
    """The running clocks about a record, locked, each with it in hand."""
    for clock in Clock.objects.running().about(about).select_for_update(no_key=True):
        clock.record = about
        work.holds(clock)
        yield clock


def stop(about: Record, kind: Kind, *, cancelled: Clock.CancelReason | None = None) -> None:
    """Stop the running clock `kind`, if there is one; `cancelled` where nothing is owed any more (K9)."""

    def act(work: UnitOfWork) -> None:
        for clock in _running(work, about):
            if clock.kind == kind:
                reach(clock, now())
                clock.stop(actor=CLOCKS, cancelled=cancelled or "")

    in_unit_of_work(act)


def regrade(about: Record, kind: Kind, *, severity: int, referral: bool | None = None) -> datetime | None:
    """Give the running clock `kind` the target of another severity, and of `referral` where that is not None, from the
    table that it was started with; its new due time, or None if none runs or it stands still.
    """

    def act(work: UnitOfWork) -> datetime | None:
        clock = next((clock for clock in _running(work, about) if clock.kind == kind), None)
        if clock is None:
            return None
        reach(clock, now())
        table = TargetTable.objects.get(targets=clock.matched_id)
        asked = clock.referral if referral is None else referral
        if target := target_for(kind, severity, referral=asked, table=table):
            clock.regrade(actor=CLOCKS, severity=severity, referral=asked, **aim_of(target))
        return None if clock.paused_at else clock.due_at

    return in_unit_of_work(act)


def pause(about: Record, kind: Kind | None = None, *, reason: Clock.PauseReason, until: datetime | None = None) -> None:
    """Let every running clock about a record, or the one of `kind`, stand still, as far as it may, and no longer than
    `until`.
    """

    def act(work: UnitOfWork) -> None:
        for clock in _running(work, about):
            if clock.paused_at is None and kind in {None, clock.kind}:
                reach(clock, now())
                clock.pause(actor=CLOCKS, reason=reason, **({"until": until} if until else {}))

    in_unit_of_work(act)


def resume(about: Record, kind: Kind | None = None) -> datetime | None:
    """Let the paused clocks about a record run again; when the one of `kind` is due now, or None if none runs."""

    def act(work: UnitOfWork) -> datetime | None:
        due_at = None
        for clock in _running(work, about):
            if clock.paused_at is not None:
                clock.resume(actor=CLOCKS)
            due_at = clock.due_at if clock.kind == kind else due_at
        return due_at

    return in_unit_of_work(act)
