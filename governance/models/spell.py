"""What hangs on a waiver: the rules it suspends, the accounts it covers, and the spells in which it holds."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q

from aup.models import Rule
from tipstaff.accounts.models import Subject
from tipstaff.ledger.models import UUIDv7


class WaiverRule(models.Model):
    """A rule that a waiver suspends, as the version in force at submission says it. Fixed once submitted."""

    id = models.UUIDField(primary_key=True, db_default=UUIDv7(), editable=False)
    waiver = models.ForeignKey("governance.Waiver", models.PROTECT)
    rule = models.ForeignKey(Rule, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["waiver", "rule"], name="waiver_rule_once")]

    def __str__(self) -> str:
        return self.rule.code


class WaiverBeneficiary(models.Model):
    """An account that a waiver covers, with all that stands beneath it. Fixed once granted."""

    id = models.UUIDField(primary_key=True, db_default=UUIDv7(), editable=False)
    waiver = models.ForeignKey("governance.Waiver", models.PROTECT)
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["waiver", "subject"], name="waiver_beneficiary_once")]

    def __str__(self) -> str:
        return self.subject.external_id


class SpellQuerySet(models.QuerySet["Spell"]):
    def holding(self, at: datetime) -> Self:
        """The spells that hold at `at`: begun, and neither ended, lapsed nor cut by then."""
        return self.filter(
            Q(lapses_at=None) | Q(lapses_at__gt=at),
            Q(cut_at=None) | Q(cut_at__gt=at),
            begins_at__lte=at,
            ends_at__gt=at,
        )


class Spell(models.Model):
    """A stretch of time in which a waiver holds. Granting and reinstating begin one; suspending, revoking and recalling
    cut it; a missing statement lets it lapse. Whether a waiver holds at an instant, past or present, follows from these
    times alone: no job has to run for it to end.
    """

    id = models.UUIDField(primary_key=True, db_default=UUIDv7(), editable=False)
    waiver = models.ForeignKey("governance.Waiver", models.PROTECT, related_name="spells")
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField(help_text="The end that was granted; every spell has one.")
    lapses_at = models.DateTimeField(null=True, help_text="When it stops unless the holder states that it is kept.")
    cut_at = models.DateTimeField(null=True, help_text="When an act ended it early.")

    objects = SpellQuerySet.as_manager()

    class Meta:
        ordering = ["begins_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["waiver"], condition=Q(cut_at=None), name="spell_one_uncut"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("begins_at")), name="spell_ends_after_it_begins"),
        ]

    def __str__(self) -> str:
        return f"{self.begins_at} – {self.ends_at}"
