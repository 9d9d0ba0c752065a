"""Clocks: what is due when, and what happened when it was not. In force, due and breached are computed from rows."""

from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tipstaff.accounts.models import User
from tipstaff.permissions import Permission
from tipstaff.sla.models.calendar import CalendarEdition, hours_by
from tipstaff.sla.models.kinds import Kind
from tipstaff.sla.models.recalculation import Recalculation
from tipstaff.sla.models.target import Target
from tipstaff.sla.working_time import ALWAYS, WorkingTime
from tipstaff.time import now
from tipstaff.workflow import references, unit
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record
from tipstaff.workflow.operations import operation

LEVELS = (50, 75, 100, 150, 200)  # percent of the target; 100 is the breach
COMMENT_LIMIT = 2000
PAUSE_CAP = timedelta(days=14)  # of all pauses of one clock together, in its own calendar (K6)


PROMISED_AT = Coalesce("breached_at", "due_at")  # when it was missed first, or will be


def missed_in_sight(clock: "Clock", actor: Actor) -> str | None:
    if clock.breached_at is None:
        return _("This target was not missed.")
    if not references.find_many([clock.about], seen_by=actor):
        return _("Only who may see what a clock is about can say why it was late.")
    return None


class ClockQuerySet(models.QuerySet["Clock"]):
    def running(self) -> Self:
        return self.filter(stopped_at=None)

    def missed_and_open(self, at: datetime) -> Self:
        """Those whose promise was broken by `at`, seen by a sweep or not, while nobody has finished."""
        late = Q(breached_at__isnull=False) | Q(paused_at=None)
        return self.running().alias(promised_at=PROMISED_AT).filter(late, promised_at__lt=at)

    def due_between(self, at: datetime, until: datetime) -> Self:
        """Those that run and are due by `until`, and not missed at `at`."""
        due = self.running().alias(promised_at=PROMISED_AT).filter(promised_at__gte=at, promised_at__lte=until)
        return due.filter(paused_at=None)

    def standing_still(self) -> Self:
        return self.filter(paused_at__isnull=False)

    def to_explain(self) -> Self:
        """Missed, and nobody has said why (K10)."""
        return self.filter(breached_at__isnull=False, breach_reason="")

    def of_person(self, person: "User | str") -> Self:
        """About what is, or was, in the hands of `person`, or of whom an id names."""
        return self.filter(references.in_hands_of(person, "about"))

    def with_terms(self) -> Self:
        """With the target's row and the name of the calendar, which a page says beside a clock."""
        joined = self.select_related("matched", "calendar__calendar", "explained_by")
        return joined.defer("calendar__document", "calendar__days", "calendar__worked")

    def due_for_check(self, at: datetime) -> Self:
        """Those that passed a level by `at`, or paused for as long as a clock may."""
        return self.running().filter(next_check_at__lte=at)

    def about(self, record: Record) -> Self:
        return self.filter(about=record.reference)


@references.register("clock")
class Clock(Record):
    """One promise about one record. Target and hours are what they were when the clock started (K2)."""

    Kind = Kind

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

    class CancelReason(models.TextChoices):
        """Why nothing was owed any more."""

        MERGED = "merged", gettext_lazy("merged into another")
        WITHDRAWN = "withdrawn", gettext_lazy("withdrawn")
        UNHEARD = "unheard", gettext_lazy("not heard")
        ENDED = "ended", gettext_lazy("ended without it")

    class BreachReason(models.TextChoices):
        """Why a target was missed, as whoever was late says (K10)."""

        VOLUME = "volume", gettext_lazy("More came in than we could work through")
        STAFFING = "staffing", gettext_lazy("People were missing")
        COMPLEXITY = "complexity", gettext_lazy("The matter was hard")
        LANGUAGE = "language", gettext_lazy("Nobody could read the language")
        EVIDENCE = "evidence", gettext_lazy("Evidence came late")
        OUTSIDE = "outside", gettext_lazy("Somebody outside was late")
        OVERSIGHT = "oversight", gettext_lazy("It was overlooked")
        OUTAGE = "outage", gettext_lazy("A system was down")
        WRONG_TARGET = "wrong_target", gettext_lazy("The target does not fit the matter")

    about = models.CharField(max_length=200, db_index=True)
    about_stream = models.CharField(max_length=200)
    kind = models.CharField(max_length=30, choices=Kind)
    severity = models.PositiveSmallIntegerField()
    referral = models.BooleanField(default=False, help_text="Whether the rule makes referral compulsory.")
    matched = models.ForeignKey(Target, models.PROTECT, help_text="The row that said how long.")
    statutory = models.BooleanField(default=False, help_text="Never pauses, and runs around the clock.")
    target = models.DurationField(help_text="In working time, where there is a calendar.")
    calendar = models.ForeignKey(
        CalendarEdition, models.PROTECT, null=True, help_text="As it was at the start; none: around the clock."
    )
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    next_check_at = models.DateTimeField(null=True)
    level = models.PositiveSmallIntegerField(default=0)
    paused_at = models.DateTimeField(null=True)
    pause_reason = models.CharField(max_length=40, choices=PauseReason, blank=True)
    pause_until = models.DateTimeField(null=True, help_text="When this pause is over, whether or not somebody answers.")
    pauses = models.JSONField(default=list, help_text="Those that are over: from when to when.")
    paused = models.DurationField(default=timedelta, help_text="In all, in its calendar.")
    breached_at = models.DateTimeField(null=True, help_text="When it was due, not when that was seen.")
    detected_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=12, choices=Outcome, blank=True)
    cancelled_because = models.CharField(max_length=12, choices=CancelReason, blank=True)
    elapsed = models.DurationField(null=True)
    difference = models.DurationField(null=True, help_text="Elapsed less target: below nothing where time was left.")
    breach_reason = models.CharField(max_length=20, choices=BreachReason, blank=True)
    breach_comment = models.TextField(max_length=COMMENT_LIMIT, blank=True)
    explained_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    explained_at = models.DateTimeField(null=True)

    reference_field = "id"
    record: Record | None = None  # what it is about, where whoever moves it has that in memory
    objects = ClockQuerySet.as_manager()

    class Meta:
        ordering = ["started_at"]
        indexes = [
            models.Index(fields=["next_check_at", "id"], condition=Q(stopped_at=None), name="clock_due"),
            models.Index(fields=["due_at", "id"], condition=Q(stopped_at=None, level__gt=0), name="clock_told"),
            models.Index(PROMISED_AT, "id", condition=Q(stopped_at=None), name="clock_open_by_promise"),
            models.Index(fields=["paused_at", "id"], condition=Q(paused_at__isnull=False), name="clock_still"),
            models.Index(fields=["breached_at", "id"], condition=Q(breached_at__isnull=False), name="clock_missed"),
            models.Index(
                fields=["stopped_at"],
                include=["kind", "severity", "referral", "outcome", "elapsed", "breached_at"],
                condition=Q(stopped_at__isnull=False),
                name="clock_stopped",
            ),
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
                condition=Q(stopped_at=None, outcome="", elapsed=None, difference=None)
                | (Q(stopped_at__isnull=False, difference=F("elapsed") - F("target")) & ~Q(outcome="")),
                name="clock_stopped_is_whole",
            ),
            models.CheckConstraint(
                condition=(Q(outcome="cancelled") & ~Q(cancelled_because=""))
                | (~Q(outcome="cancelled") & Q(cancelled_because="")),
                name="clock_cancelled_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(statutory=False) | Q(paused_at=None, paused=timedelta(), calendar=None),
                name="clock_statutory_never_rests",
            ),
            models.CheckConstraint(
                condition=Q(breach_reason="", explained_by=None, explained_at=None)
                | (
                    Q(breached_at__isnull=False, explained_by__isnull=False, explained_at__isnull=False)
                    & ~Q(breach_reason="")
                ),
                name="clock_only_a_breach_is_explained",
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
    def about_name(self) -> str:
        """What it is about as people call it, without looking that up: `C-0412`."""
        return self.about.partition(":")[2]

    @property
    def stream(self) -> str:
        return self.about_stream

    @property
    def working_time(self) -> WorkingTime:
        return ALWAYS if self.calendar_id is None else hours_by(self.calendar_id)

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
        cap = self.working_time.advance(self.paused_at, PAUSE_CAP - self.paused)
        return min(cap, self.pause_until) if self.pause_until else cap

    def _end_pause(self, at: datetime) -> None:
        """Run again from `at`, or from the end of what it may pause if that is earlier."""
        if self.paused_at is None:
            return
        until = min(at, self.pause_ends_by() or at)
        self.pauses = [*self.pauses, [self.paused_at.isoformat(), until.isoformat()]]
        self.paused_at, self.pause_reason, self.pause_until = None, "", None
        self.paused = self._rested(self.working_time)

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
    def pause(self, *, actor: Actor, reason: str, until: datetime | None = None) -> None:
        """Stop counting while somebody else has to answer, until PAUSE_CAP is used up, or `until` if that is sooner.
        What the law sets goes on.
        """
        if self.paused_at is None and self.paused < PAUSE_CAP and not self.statutory:
            self.paused_at, self.pause_reason, self.pause_until = now(), self.PauseReason(reason), until
        self._tell_record()

    @operation(permission=Permission.CLOCK_RUN, said=gettext_lazy("resumed a clock"))
    def resume(self, *, actor: Actor) -> None:
        """Count again; the due time moves by the length of the pause. One that lasted too long ended by itself."""
        self._end_pause(now())
        self.due_at = self.instant_of(100)
        self._tell_record()

    @operation(permission=Permission.CLOCK_RUN, said=gettext_lazy("gave a clock another target"))
    def regrade(self, *, actor: Actor, severity: int, referral: bool, matched: str, calendar: str | None) -> None:
        """Count towards the target of another severity, or of a compulsory referral, from now on. Elapsed time, pauses
        and levels already reached stay (K4). `matched` and `calendar` are ids: of the target's row, and of the edition
        it counts by.
        """
        self.severity, self.referral = severity, referral
        self._aim(matched, calendar)

    @operation(permission=Permission.CLOCK_SET, said=gettext_lazy("recalculated a clock"))
    def recalculate(self, *, actor: Actor, matched: str, calendar: str | None, ordered: Recalculation) -> None:
        """Count towards what the table and its calendar say by now, from the same start (K2: an act of its own, that
        somebody `ordered`). What was reached and missed stays.
        """
        self._aim(matched, calendar)

    def _aim(self, matched: str, calendar: str | None) -> None:
        self.matched = Target.objects.get(pk=matched)
        self.calendar_id = UUID(calendar) if calendar else None
        self.target = self.matched.length_from(self.started_at, self.working_time)
        self.statutory = self.matched.statutory
        if self.statutory:
            self.paused_at, self.pause_reason, self.pause_until, self.pauses = None, "", None, []
        self.paused = self._rested(self.working_time)
        self.due_at = self.instant_of(100)
        self._tell_record()

    def due_under(self, target: Target, hours: WorkingTime) -> datetime:
        """When it would be due if it counted towards `target` in `hours`. Nothing is changed."""
        rested = timedelta() if target.statutory else self._rested(hours)
        return hours.advance(self.started_at, target.length_from(self.started_at, hours) + rested)

    def _rested(self, hours: WorkingTime) -> timedelta:
        """How long the pauses that are over lasted, in the clock's own calendar (K3)."""
        spells = ((datetime.fromisoformat(since), datetime.fromisoformat(until)) for since, until in self.pauses)
        return sum((hours.elapsed(since, until) for since, until in spells), timedelta())

    @operation(permission=Permission.CLOCK_RUN, said=gettext_lazy("stopped a clock"))
    def stop(self, *, actor: Actor, cancelled: str = "") -> None:
        """End the clock and write down elapsed time, its difference from the target, and the outcome. Late is late,
        whether or not a sweep had seen it; what is cancelled owes nothing any more, for one of CancelReason.
        """
        at = now()
        self.stopped_at = at
        self._end_pause(at)
        self.elapsed = max(self.working_time.elapsed(self.started_at, at) - self.paused, timedelta())
        if self.breached_at is None and self.elapsed > self.target and not cancelled:
            self.breached_at, self.detected_at, self.level = self.instant_of(100), at, max(self.level, 100)
        late = self.breached_at is not None
        self.difference, self.cancelled_because = self.elapsed - self.target, cancelled
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

    @operation(
        permission=Permission.CLOCK_EXPLAIN, guard=missed_in_sight, said=gettext_lazy("said why a target was missed")
    )
    def explain(self, *, actor: User, reason: str, comment: str = "") -> None:
        """Say why it was late: one of BreachReason, and a sentence. It can be said again; the history keeps both."""
        self.breach_reason, self.breach_comment = self.BreachReason(reason), comment
        self.explained_by, self.explained_at = actor, now()

    def _reach(self, actor: Actor, level: int, reached_at: datetime) -> None:
        unit.insert(ClockAlert(clock_id=self.pk, level=level, reached_at=reached_at, detected_at=now()))
        self.level = level


class ClockAlert(models.Model):
    """A level that a clock reached. The key makes each fire once, whatever sweeps run beside each other."""

    pk = models.CompositePrimaryKey("clock_id", "level")
    clock = models.ForeignKey(Clock, models.PROTECT, related_name="alerts")
    level = models.PositiveSmallIntegerField()
    reached_at = models.DateTimeField()
    detected_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.level} %"
