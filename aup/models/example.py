"""Example: one allowed or prohibited act that shows where a rule begins."""

from django.db import models
from django.utils.translation import gettext_lazy

from tipstaff.ledger.models import UUIDv7


class Example(models.Model):
    class Kind(models.TextChoices):
        ALLOWED = "allowed", gettext_lazy("Allowed")
        PROHIBITED = "prohibited", gettext_lazy("Prohibited")

    id = models.UUIDField(primary_key=True, db_default=UUIDv7(), editable=False)
    rule = models.ForeignKey("aup.Rule", models.PROTECT, related_name="examples", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind)
    text = models.TextField()
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["rule_id", "kind", "position"]
        constraints = [
            models.UniqueConstraint(fields=["rule", "kind", "position"], name="example_position_once"),
            models.CheckConstraint(condition=models.Q(kind__in=["allowed", "prohibited"]), name="example_kind_known"),
        ]

    def __str__(self) -> str:
        return self.text
