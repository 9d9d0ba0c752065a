"""Progress: how far a long task is, for whoever started it. Written by tipstaff/jobs/progress.py."""

from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tipstaff.ledger.models import UUIDv7
from tipstaff.permissions import Permission
from tipstaff.time import now

STALLED_AFTER = timedelta(minutes=2)  # without a step; longer than any single step of ours may take
WORDS_LIMIT = 200


class ProgressQuerySet(models.QuerySet["Progress"]):
    def visible_to(self, person: Any) -> Self:
        """Everything to administrators; to everybody else what they started themselves."""
        return self if person.may(Permission.JOB_MANAGE) else self.filter(person=person.pk)

    def unfinished(self) -> Self:
        return self.filter(finished_at=None)


class Progress(models.Model):
    """One long task. The row outlives the process: whoever does the task next goes on from it."""

    class Course(models.TextChoices):
        """How it stands, computed from the times."""

        WAITING = "waiting", gettext_lazy("Waiting for a worker")
        RUNNING = "running", gettext_lazy("Under way")
        STALLED = "stalled", gettext_lazy("Stalled")
        DONE = "done", gettext_lazy("Done")
        FAILED = "failed", gettext_lazy("Failed")

    id = models.UUIDField(primary_key=True, db_default=UUIDv7(), editable=False)
    key = models.CharField(
        max_length=60, unique=True, help_text="The id of the task: a repeated delivery goes on here."
    )
    what = models.CharField(max_length=WORDS_LIMIT, help_text="In English, as the catalogues know it.")
    about = models.CharField(max_length=200, blank=True, help_text="The reference of what it is done to.")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    total = models.PositiveBigIntegerField(null=True)
    done = models.PositiveBigIntegerField(default=0)
    said = models.CharField(max_length=WORDS_LIMIT, blank=True, help_text="What it does now, in English.")
    error = models.CharField(max_length=120, blank=True, help_text="The kind of error; never its message.")
    task = models.CharField(max_length=120, blank=True)
    arguments = models.JSONField(default=dict, help_text="`args` and `kwargs` of the task, ids only.")
    request_id = models.CharField(max_length=80, blank=True)
    tries = models.PositiveIntegerField(default=0, help_text="Begun since it last got any further.")
    asked_at = models.DateTimeField(default=now)
    sent_at = models.DateTimeField(default=now)
    started_at = models.DateTimeField(null=True)
    moved_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True)

    objects = ProgressQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at"]
        indexes = [
            models.Index(fields=["moved_at"], condition=Q(finished_at=None), name="progress_unfinished"),
            models.Index(fields=["person", "-id"], name="progress_of_person"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(error="") | Q(finished_at__isnull=False), name="progress_failed_is_finished"
            ),
            models.CheckConstraint(condition=Q(total=None) | Q(done__lte=F("total")), name="progress_no_more_than_all"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("jobs:progress", args=[self.pk])

    @property
    def title(self) -> str:
        return _(self.what)

    @property
    def doing(self) -> str:
        """What it does now, in the reader's language."""
        return _(self.said) if self.said else ""

    @property
    def course(self) -> Course:
        if self.finished_at is not None:
            return self.Course.FAILED if self.error else self.Course.DONE
        if now() - self.moved_at > STALLED_AFTER:
            return self.Course.STALLED
        return self.Course.WAITING if self.started_at is None else self.Course.RUNNING

    @property
    def moves(self) -> bool:
        """Whether looking again will show something else."""
        return self.finished_at is None

    @property
    def percent(self) -> int | None:
        """None where nobody knows how much there is. 100 is said of what is finished only."""
        if self.total is None:
            return None
        if self.finished_at is not None and not self.error:
            return 100
        return min(self.done * 100 // self.total, 99) if self.total else 0
