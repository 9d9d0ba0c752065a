"""QueueFilter: a part of the queue that somebody works on, kept by name. A preference of one person, not a record."""

from django.db import models
from django.db.models import Q

from tipstaff.accounts.models import User

FILTERS_LIMIT = 20


class QueueFilter(models.Model):
    person = models.ForeignKey(User, models.PROTECT, related_name="queue_filters")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=300, help_text="As it stands in the address of the queue.")
    is_default = models.BooleanField(default=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["person", "name"], name="queue_filter_name"),
            models.UniqueConstraint(fields=["person"], condition=Q(is_default=True), name="queue_filter_default"),
        ]

    def __str__(self) -> str:
        return self.name
