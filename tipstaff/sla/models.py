"""Clocks: what is due when, and what happened when it was not. In force, due and breached are computed from rows."""

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy

from tipstaff.permissions import Permission
from tipstaff.sla.working_time import ALWAYS, WorkingTime
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record
from tipstaff.workflow.operations import operation

LEVELS = (50, 75, 100, 150, 200)  # percent of the target; 100 is the breach
PAUSE_CAP = timedelta(days=14)  # of all pauses of one clock together, in its own calendar (K6)


class ClockQuerySet(models.QuerySet["Clock"]):
    def running(self) -> Self:
        return self.filter(stopped_at=None)

    def due_for_check(self, at: datetime) -> Self:
        """Those that passed a level by `at`, or paused for as long as a clock may."""
        return self.running().filter(next_check_at__lte=at)

    def about(self, record: Record) -> Self:
        return self.filter(about=record.reference)


@references.register("clock")
class Clock(Record):
    """One promise about one record. Time runs around the clock; the target is what it was when the clock started."""

    class Kind(models.TextChoices):
        TRIAGE = "triage", gettext_lazy("Triage")
        DECISION = "decision", gettext_lazy("Decision")
        APPEAL = "appeal", gettext_lazy("Appeal decision")
        WAIVER_RECEIPT = "waiver_receipt", gettext_lazy("Waiver taken up")
        WAIVER = "waiver", gettext_lazy("Waiver decision")
        FEEDBACK = "feedback", gettext_lazy("Feedback answer")

    class PauseReason(models.TextChoices):
        """Only somebody else's turn makes time stand still (K6); waiting for ourselves does not."""

        REPORTER = "reporter", gettext_lazy("waiting for the reporter")
        ACCOUNT_HOLDER = "account_holder", gettext_lazy("waiting for the account holder")
        APPLICANT = "applicant", gettext_lazy("waiting for the applicant")
        OUTSIDE = "outside", gettext_lazy("waiting for somebody outside")

    class Outcome(models.TextChoices):
        MET = "met", gettext_lazy("Met")
        BREACHED = "breached", gettext_lazy("Breached")
        CANCELLED = "cancelled", gettext_lazy("Cancelled")

    about = models.CharField(max_length=200, db_index=True)
    about_stream = models.CharField(max_length=200)
    kind = models.CharField(max_length=30, choices=Kind)
    severity = models.PositiveSmallIntegerField()
    target = models.DurationField(help_text="In working time, where there is a calendar.")
    calendar = models.JSONField(null=True, help_text="As it was at the start; none: around the clock.")
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    next_check_at = models.DateTimeField(null=True)
    level = models.PositiveSmallIntegerField(default=0)
    paused_at = models.DateTimeField(null=True)
    pause_reason = models.CharField(max_length=40, choices=PauseReason, blank=True)
    paused = models.DurationField(default=timedelta)
    breached_at = models.DateTimeField(null=True, help_text="When it was due, not when that was seen.")
    detected_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=12, choices=Outcome, blank=True)
    elapsed = models.DurationField(null=True)

    reference_field = "id"
    record: Record | None = None  # what it is about, where whoever moves it has that in memory
    objects = ClockQuerySet.as_manager()

    class Meta:
        ordering = ["started_at"]
        indexes = [
            models.Index(fields=["next_check_at"], condition=Q(stopped_at=None), name="clock_due"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(paused_at=None, pause_reason="")
                | Q(
                    paused_at__isnull=False,
                    pause_reason__in=["reporter", "account_holder", "applicant", "outside"],
                    stopped_at=None,
                ),
                name="clock_paused_for_a_reason",
            ),
            models.UniqueConstraint(fields=["about", "kind"], condition=Q(stopped_at=None), name="clock_one_running"),
            models.CheckConstraint(
                condition=Q(stopped_at=None, outcome="", elapsed=None)
                | (Q(stopped_at__isnull=False, elapsed__isnull=False) & ~Q(outcome="")),
                name="clock_stopped_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(breached_at=None, detected_at=None)
                | Q(breached_at__isnull=False, detected_at__isnull=False),
                name="clock_breach_has_both_times",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.about}"

    @property
    def title(self) -> str:
        return str(self)

    @property
    def stream(self) -> str:
        return self.about_stream

    @cached_property
    def working_time(self) -> WorkingTime:
        return ALWAYS if self.calendar is None else WorkingTime.read(self.calendar)

    def instant_of(self, level: int) -> datetime:
        """When `level` percent of the target are used up, if nothing pauses the clock from now on."""
        return self.working_time.advance(self.started_at, self.target * level / 100 + self.paused)

    def levels_passed(self, at: datetime) -> list[int]:
        """The levels passed before `at` that were not recorded yet, in order. Time stands still during a pause."""
        until = min(at, self.paused_at) if self.paused_at else at
        return [level for level in LEVELS if level > self.level and self.instant_of(level) < until]

    def pause_ends_by(self) -> datetime | None:
        """When the clock runs again whether or not somebody answered; None where it is not paused."""
        if self.paused_at is None:
            return None
        return self.working_time.advance(self.paused_at, PAUSE_CAP - self.paused)

    def _paused_until(self, at: datetime) -> timedelta:
        """How long it paused in all if it runs again from `at`, or from the end of what it may pause."""
        if self.paused_at is None:
            return self.paused
        return min(self.paused + self.working_time.elapsed(self.paused_at, at), PAUSE_CAP)

    def settle(self) -> None:
        """Whatever else changed, the due time and the next check follow from the other columns."""
        self.due_at = self.instant_of(100)
        levels = (self.instant_of(level) for level in LEVELS if level > self.level)
        self.next_check_at = self.pause_ends_by() or next(levels, None)

    def _tell_record(self) -> None:
        """Let the record keep its copy of the due time, if it is of a kind that keeps one."""
        kind = references.registered().get(self.about.partition(":")[0])
        if kind is None or kind.clock_moved is Record.clock_moved:
            return
        record = self.record or references.find(self.about)
        if record is not None:
            record.clock_moved(self)

    @operation(creates=True, permission=Permission.CLOCK_RUN, said=gettext_lazy("started a clock"))
    def start(self, *, actor: Actor) -> None:
        """Begin to count towards the target."""
        self._tell_record()

    @operation(permission=Permission.CLOCK_RUN, said=gettext_lazy("paused a clock"))
    def pause(self, *, actor: Actor, reason: str) -> None:
        """Stop counting while somebody else has to answer, until PAUSE_CAP is used up."""
        if self.paused_at is None and self.paused < PAUSE_CAP:
            self.paused_at, self.pause_reason = now(), self.PauseReason(reason)
        self._tell_record()

    @operation(permission=Permission.CLOCK_RUN, said=gettext_lazy("resumed a clock"))
    def resume(self, *, actor: Actor) -> None:
        """Count again; the due time moves by the length of the pause. One that lasted too long ended by itself."""
        if self.paused_at is not None:
            self.paused = self._paused_until(now())  # in the same calendar (K3)
            self.paused_at, self.pause_reason = None, ""
            self.due_at = self.instant_of(100)
        self._tell_record()

    @operation(permission=Permission.CLOCK_RUN, said=gettext_lazy("gave a clock another target"))
    def regrade(self, *, actor: Actor, severity: int, target: timedelta) -> None:
        """Count towards another target from now on; elapsed time, pauses and levels already reached stay (K4)."""
        self.severity, self.target = severity, target
        self.due_at = self.instant_of(100)
        self._tell_record()

    @operation(permission=Permission.CLOCK_RUN, said=gettext_lazy("stopped a clock"))
    def stop(self, *, actor: Actor, cancelled: bool = False) -> None:
        """End the clock and write down elapsed time and outcome. Late is late, whether or not a sweep had seen it."""
        at = now()
        self.stopped_at, self.paused = at, self._paused_until(at)
        self.paused_at, self.pause_reason = None, ""
        self.elapsed = max(self.working_time.elapsed(self.started_at, at) - self.paused, timedelta())
        if self.breached_at is None and at > self.instant_of(100) and not cancelled:
            self.breached_at, self.detected_at, self.level = self.instant_of(100), at, max(self.level, 100)
        late = self.breached_at is not None
        self.outcome = self.Outcome.CANCELLED if cancelled else self.Outcome.BREACHED if late else self.Outcome.MET
        self._tell_record()

    @operation(permission=Permission.CLOCK_RUN, said=gettext_lazy("warned that time is running out"))
    def warn(self, *, actor: Actor, level: int, reached_at: datetime) -> None:
        """Half or three quarters of the time are used up."""
        self._reach(actor, level, reached_at)

    @operation(permission=Permission.CLOCK_RUN, said=gettext_lazy("recorded that a target was missed"))
    def breach(self, *, actor: Actor, level: int, reached_at: datetime) -> None:
        """The promise was not kept. `reached_at` is when it was due; detection is recorded beside it."""
        self.breached_at, self.detected_at = reached_at, now()
        self._reach(actor, level, reached_at)

    @operation(permission=Permission.CLOCK_RUN, said=gettext_lazy("escalated a missed target"))
    def escalate(self, *, actor: Actor, level: int, reached_at: datetime) -> None:
        """The promise is broken by half its length or more; the next person up is told."""
        self._reach(actor, level, reached_at)

    def _reach(self, actor: Actor, level: int, reached_at: datetime) -> None:
        ClockAlert.objects.create(clock=self, level=level, reached_at=reached_at, detected_at=now())
        self.level = level
        self._tell_record()


class ClockAlert(models.Model):
    """A level that a clock reached. The key makes each fire once, whatever sweeps run beside each other."""

    pk = models.CompositePrimaryKey("clock_id", "level")
    clock = models.ForeignKey(Clock, models.PROTECT, related_name="alerts")
    level = models.PositiveSmallIntegerField()
    reached_at = models.DateTimeField()
    detected_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.level} %"


class Heartbeat(models.Model):
    """When a periodic job last ran; `/readyz` and the operator look here."""

    name = models.CharField(max_length=60, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

    @classmethod
    def beat(cls, name: str) -> None:
        """Say that the job `name` ran now."""
        Heartbeat.objects.bulk_create(
            [Heartbeat(name=name, at=now())], update_conflicts=True, unique_fields=["name"], update_fields=["at"]
        )
