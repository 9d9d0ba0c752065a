"""Tick and Worker: when each periodic job last ran and how that went, and which workers are alive."""

from datetime import datetime, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from tipstaff.time import now

SEEN_EVERY = timedelta(seconds=10)  # how often a worker says that it is alive
SLACK = timedelta(seconds=5)
MOURNED = timedelta(hours=1)  # a dead worker whose queues others take is forgotten then: it was replaced


class Tick(models.Model):
    """One entry of the schedule. Only a run that did what was due counts as one: a job that fails looks dead."""

    name = models.CharField(max_length=60, primary_key=True)
    since = models.DateTimeField(default=now, help_text="From when it could have run.")
    begun_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True, help_text="The end of the last run that went well.")
    took = models.DurationField(null=True)
    count = models.PositiveBigIntegerField(null=True, help_text="How many it dealt with, where it says so.")
    failed = models.PositiveBigIntegerField(default=0, help_text="Those of its last run that it could not deal with.")
    failed_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=120, blank=True)

    def __str__(self) -> str:
        return self.name


class WorkerQuerySet(models.QuerySet["Worker"]):
    def running(self) -> "WorkerQuerySet":
        return self.filter(stopped_at=None)

    def alive(self, at: datetime) -> "WorkerQuerySet":
        return self.running().filter(seen_at__gte=at - 2 * SEEN_EVERY - SLACK)

    def dead(self, at: datetime) -> "WorkerQuerySet":
        """Those that neither said good-bye nor anything else for two intervals. Where others take all their queues,
        they count for an hour: whoever replaced them may have another name.
        """
        silent = self.running().filter(seen_at__lt=at - 2 * SEEN_EVERY - SLACK)
        taken = sorted({queue for queues in self.alive(at).values_list("queues", flat=True) for queue in queues})
        return silent.exclude(Q(queues__contained_by=taken) & Q(seen_at__lt=at - MOURNED))


class Worker(models.Model):
    """A worker process, by the name that it has in the logs."""

    name = models.CharField(max_length=200, primary_key=True)
    queues = ArrayField(models.CharField(max_length=60))
    started_at = models.DateTimeField(default=now)
    seen_at = models.DateTimeField(default=now)
    stopped_at = models.DateTimeField(null=True, help_text="When it said that it ends.")

    objects = WorkerQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name
