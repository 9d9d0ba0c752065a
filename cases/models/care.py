"""Care for people who look at harm: how much each saw in a shift, and what they would rather not be offered. Both are
private to the person: no event is written of them, and others see sums over several people only.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Count, Sum

from tipstaff.accounts.models import User
from tipstaff.time import now

if TYPE_CHECKING:
    from cases.models.case import Case

# What lifting a veil costs, by what is shown: text, a grey picture, the picture as it is. A hard case costs double.
POINTS = {"lines": 2, "grey": 3, "plain": 6}
PEOPLE_AT_LEAST = 5  # fewer are not summed up: it could be read who they are
SUMMED_DAYS = 7


class Exposure(models.Model):
    """One showing of veiled content to one person."""

    person = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    rule_group = models.CharField(max_length=10)
    kind = models.CharField(max_length=20)
    points = models.PositiveSmallIntegerField()
    shown_at = models.DateTimeField(default=now)

    class Meta:
        indexes = [models.Index(fields=["person", "shown_at"], name="exposure_by_person")]

    def __str__(self) -> str:
        return f"{self.kind} {self.points}"


class OptOut(models.Model):
    """A group of rules that somebody is not offered cases of. No reason is asked."""

    person = models.ForeignKey(User, models.PROTECT, related_name="opt_outs")
    rule_group = models.CharField(max_length=10)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "rule_group"], name="opt_out_once")]

    def __str__(self) -> str:
        return self.rule_group


def count_showing(person: User, case: "Case", kind: str) -> None:
    points = POINTS.get(kind, 1) * (2 if case.needs_care else 1)
    Exposure.objects.create(person=person, rule_group=case.rule_group, kind=kind, points=points, shown_at=now())


def points_of(person: User, at: datetime) -> int:
    """What they were shown within the length of a shift before `at`."""
    since = at - timedelta(hours=settings.SHIFT_HOURS)
    rows = Exposure.objects.filter(person=person, shown_at__gt=since, shown_at__lte=at)
    return rows.aggregate(points=Sum("points"))["points"] or 0


def budget_spent(person: User, at: datetime) -> bool:
    return points_of(person, at) >= settings.EXPOSURE_BUDGET


def is_spared(person: User, case: "Case", at: datetime) -> bool:
    """Whether they opted out of its group of rules, or saw enough of what is hard in this shift."""
    if OptOut.objects.filter(person=person, rule_group=case.rule_group).exists():
        return True
    return case.needs_care and budget_spent(person, at)


def sums(at: datetime) -> list[dict[str, Any]]:
    """By group of rules, what at least PEOPLE_AT_LEAST people together were shown in the last days."""
    rows = Exposure.objects.filter(shown_at__gt=at - timedelta(days=SUMMED_DAYS), shown_at__lte=at)
    grouped = rows.values("rule_group").annotate(people=Count("person", distinct=True), points=Sum("points"))
    return [dict(row) for row in grouped.filter(people__gte=PEOPLE_AT_LEAST).order_by("-points")]
