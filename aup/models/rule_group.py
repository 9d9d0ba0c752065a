"""RuleGroup: a family of rules within a version. Recurrence is counted within it."""

from django.db import models

from aup.checklists import Point, points_of
from aup.schema import GROUP_KEYS
from tipstaff.ledger.models import UUIDv7


class RuleGroup(models.Model):
    id = models.UUIDField(primary_key=True, db_default=UUIDv7(), editable=False)
    version = models.ForeignKey("aup.PolicyVersion", models.PROTECT, related_name="groups", db_index=False)
    code = models.CharField(max_length=10)
    title = models.CharField(max_length=200)
    description = models.TextField()
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["version", "code"], name="rule_group_code_once_per_version")]

    def __str__(self) -> str:
        return self.title

    @property
    def checklist(self) -> list[Point]:
        """What is looked at before a breach of its rules is found."""
        return points_of(self.code)

    @property
    def document(self) -> dict[str, str]:
        """The group as a taxonomy writes it, without its rules."""
        return {key: getattr(self, key) for key in GROUP_KEYS}
