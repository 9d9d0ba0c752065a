"""Untold: a level that people are still to be told of. The row is the job."""

from django.db import models

from tipstaff.sla.models.clock import Clock


class Untold(models.Model):
    """Written with the level and removed by what queues the mail, so that whoever is killed between the two leaves
    nobody uninformed.
    """

    clock = models.ForeignKey(Clock, models.PROTECT, db_index=False, related_name="+")
    level = models.PositiveSmallIntegerField()

    def __str__(self) -> str:
        return f"{self.level} %"
