"""Release: one version of a system that went out, with what was known about it. Rows are added and never changed."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from aup.models import PolicyVersion
from tipstaff.ledger.models import UUIDv7
from tipstaff.time import now


class Release(models.Model):
    """Made by `AISystem.release`, whose event tells it whole."""

    id = models.UUIDField(primary_key=True, db_default=UUIDv7(), editable=False)
    system = models.ForeignKey("governance.AISystem", models.PROTECT, related_name="releases")
    name = models.CharField(max_length=60)
    released_on = models.DateField()
    policy_version = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="+")
    risks = models.TextField()
    testing = models.TextField()
    biases = models.TextField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-released_on", "-recorded_at"]
        constraints = [
            models.UniqueConstraint(fields=["system", "name"], name="release_name_once_per_system"),
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(risks="") & ~Q(testing="") & ~Q(biases=""), name="release_says_it_all"
            ),
        ]

    def __str__(self) -> str:
        return self.name
