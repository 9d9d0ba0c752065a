"""Target: how long something may take. Rows of a table that is replaced as a whole; the first row that matches wins."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tipstaff.ledger.models import UUIDv7
from tipstaff.permissions import Permission
from tipstaff.sla.models.calendar import Calendar
from tipstaff.sla.models.kinds import Kind
from tipstaff.sla.spoken import spoken
from tipstaff.sla.working_time import ALWAYS, WorkingTime
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused

SEVERITIES = (4, 3, 2, 1)
ROWS_LIMIT = 150
AMOUNT_LIMIT = 5000
NORM_LIMIT = 200
REASON_LIMIT = 1000
TOLD = ("kind", "severity", "referral", "amount", "unit", "statutory", "norm")
# Nothing of these kinds may be without a date.
INDISPENSABLE = (
    Kind.TRIAGE, Kind.DECISION, Kind.APPEAL, Kind.WAIVER_RECEIPT, Kind.WAIVER, Kind.FEEDBACK,
)  # fmt: skip


class TargetTableQuerySet(models.QuerySet["TargetTable"]):
    def newest(self) -> "TargetTable":
        return self.order_by("-number")[0]


@references.register("targets")
class TargetTable(Record):
    """All targets from one change to the next. Never changed, by trigger."""

    number = models.PositiveIntegerField(unique=True)
    reason = models.CharField(max_length=REASON_LIMIT)
    adopted_at = models.DateTimeField()

    reference_field = "number"
    objects = TargetTableQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"Targets {self.number}"

    @property
    def title(self) -> str:
        return _("Targets %(number)s") % {"number": self.number}

    def get_absolute_url(self) -> str:
        return f"/clocks/targets/{self.number}/"

    def complete(self, *, actor: Actor) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('tables of targets', 0))")
        self.number, self.adopted_at = TargetTable.objects.newest().number + 1, now()

    @operation(creates=True, permission=Permission.CLOCK_SET, said=gettext_lazy("adopted a table of targets"))
    def adopt(self, *, actor: Actor, rows: list[dict[str, Any]], after: int) -> None:
        """Let clocks that start from now on count towards these. `rows` are mappings of a Target's own columns, in
        order; `calendar` is the id of one. `after` is the number of the table that this one was made from. Refused if
        another was adopted meanwhile, and where something indispensable would have no date.
        """
        if self.number != after + 1:
            raise Refused(_("Somebody else changed the targets meanwhile. Look at theirs, then make yours again."))
        targets = [Target.of(row, table=self, position=place) for place, row in enumerate(rows, 1)]
        if problem := first_problem(targets):
            raise Refused(problem)
        Target.objects.bulk_create(targets)


def problems(targets: "Iterable[Target]") -> Iterator[str]:
    """Sentences on what is wrong with a table as a whole."""
    rows = list(targets)
    if len(rows) > ROWS_LIMIT:
        yield _("A table holds at most %(count)s rows.") % {"count": ROWS_LIMIT}
    for place, row in enumerate(rows):
        if any(earlier.covers(row) for earlier in rows[:place]):
            yield _("Row %(number)s is never reached: an earlier row matches everything that it matches.") % {
                "number": place + 1
            }
    for kind in INDISPENSABLE:
        for severity in SEVERITIES:
            if first_match(rows, kind, severity) is None:
                yield _("Nothing says how long “%(kind)s” may take at severity %(severity)s.") % {
                    "kind": kind.label,
                    "severity": severity,
                }


def first_match(rows: "Iterable[Target]", kind: str, severity: int, *, referral: bool = False) -> "Target | None":
    """The row of a table, given in order, that says how long this may take; None where nothing does."""
    return next((row for row in rows if row.matches(kind, severity, referral=referral)), None)


def first_problem(targets: "Iterable[Target]") -> str | None:
    """What is wrong with a table, if anything is."""
    return next(problems(targets), None)


class TargetQuerySet(models.QuerySet["Target"]):
    def in_force(self) -> "TargetQuerySet":
        """The rows of the newest table, in order."""
        newest = TargetTable.objects.order_by("-number").values("pk")[:1]
        return self.filter(table=newest).order_by("position")


class Target(models.Model):
    """One row: what it is for, and how long that may take."""

    class Unit(models.TextChoices):
        MINUTES = "minutes", gettext_lazy("minutes")
        HOURS = "hours", gettext_lazy("hours")
        DAYS = "days", gettext_lazy("days")
        WORKING_DAYS = "working_days", gettext_lazy("working days")

    id = models.UUIDField(primary_key=True, db_default=UUIDv7(), editable=False)
    table = models.ForeignKey(TargetTable, models.PROTECT, related_name="targets")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=30, choices=Kind)
    severity = models.PositiveSmallIntegerField(null=True, help_text="None: any.")
    referral = models.BooleanField(null=True, help_text="Where the rule makes referral compulsory. None: either way.")
    amount = models.PositiveIntegerField()
    unit = models.CharField(max_length=12, choices=Unit)
    calendar = models.ForeignKey(Calendar, models.PROTECT, null=True, help_text="None: around the clock.")
    statutory = models.BooleanField(default=False, help_text="Never pauses.")
    norm = models.CharField(max_length=NORM_LIMIT, blank=True)

    objects = TargetQuerySet.as_manager()

    class Meta:
        ordering = ["table", "position"]
        constraints = [
            models.UniqueConstraint(fields=["table", "position"], name="target_place_once"),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="target_kind_known"),
            models.CheckConstraint(
                condition=Q(severity=None) | Q(severity__range=(1, 4)), name="target_severity_known"
            ),
            models.CheckConstraint(condition=Q(amount__range=(1, AMOUNT_LIMIT)), name="target_amount_in_range"),
            models.CheckConstraint(
                condition=Q(unit__in=("minutes", "hours")) | Q(unit="days", calendar=None)
                | Q(unit="working_days", calendar__isnull=False),
                name="target_unit_fits_its_calendar",
            ),
            models.CheckConstraint(
                condition=Q(statutory=False) | Q(calendar=None), name="target_statutory_never_rests"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.spoken}"

    @classmethod
    def of(cls, row: dict[str, Any], **columns: Any) -> "Target":
        """An unsaved target of a row as `TargetTable.adopt` takes it."""
        return cls(**{name: row[name] for name in TOLD if name in row}, calendar_id=row.get("calendar"), **columns)

    def matches(self, kind: str, severity: int, *, referral: bool) -> bool:
        return (
            self.kind == kind
            and self.severity in {None, severity}
            and (self.referral is None or self.referral == referral)
        )

    def covers(self, other: "Target") -> bool:
        """Whether this row matches whatever `other` matches."""
        return (
            self.kind == other.kind
            and self.severity in {None, other.severity}
            and (self.referral is None or self.referral == other.referral)
        )

    def length_from(self, at: datetime, hours: WorkingTime = ALWAYS) -> timedelta:
        """The target of a clock that starts at `at`, in the time of `hours`. Working days end when the last of them
        closes, and the day of the start is not counted (Regulation 1182/71, Article 3).
        """
        if self.unit == self.Unit.WORKING_DAYS:
            return hours.elapsed(at, hours.end_of_working_day(at, self.amount))
        return timedelta(**{self.unit: self.amount})

    @property
    def about(self) -> timedelta:
        """Roughly how long by the wall clock, to compare rows that count differently."""
        if self.unit == self.Unit.WORKING_DAYS:
            return timedelta(days=self.amount * 7 / 5)
        return timedelta(**{self.unit: self.amount})

    @property
    def told(self) -> dict[str, Any]:
        """As `TargetTable.adopt` takes it."""
        return {name: getattr(self, name) for name in TOLD} | {
            "calendar": str(self.calendar_id) if self.calendar_id else None
        }

    @property
    def spoken(self) -> str:
        """How long, in words."""
        return spoken(self.unit, self.amount)
