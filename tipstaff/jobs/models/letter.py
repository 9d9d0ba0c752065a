"""DeadLetter: a task that failed for good, until somebody retries or dismisses it. One row a task and arguments."""

from datetime import timedelta
from typing import Any, Self

from django.db import models, transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record, RefQuerySet
from tipstaff.workflow.operations import operation

REASON_LIMIT = 300
UNDER_WAY = timedelta(minutes=15)  # a retried task has ended by then, or its message was lost


class DeadLetterQuerySet(RefQuerySet["DeadLetter"]):
    def visible_to(self, person: Any) -> Self:
        return self if person.may(Permission.JOB_MANAGE) else self.none()

    def standing(self, standing: str) -> Self:
        """Those that stand as `DeadLetter.Standing` says."""
        retried = Q(retried_at__gt=F("last_failed_at"))
        return {
            DeadLetter.Standing.OPEN: self.filter(succeeded_at=None, dismissed_at=None).exclude(retried),
            DeadLetter.Standing.RETRIED: self.filter(retried, succeeded_at=None, dismissed_at=None),
            DeadLetter.Standing.SUCCEEDED: self.filter(succeeded_at__isnull=False),
            DeadLetter.Standing.DISMISSED: self.filter(dismissed_at__isnull=False),
        }[DeadLetter.Standing(standing)]

    def unsent(self) -> Self:
        """Retried by somebody, while the broker was away."""
        return self.filter(retried_at__isnull=False, sent_at=None, succeeded_at=None, dismissed_at=None)


def can_be_sent(letter: "DeadLetter", actor: Actor) -> str | None:
    if not letter.kept:
        return _("Its arguments were not kept, because they were no ids. Start it again where it was started.")
    if letter.standing == DeadLetter.Standing.SUCCEEDED:
        return _("The same task has succeeded since.")
    if letter.standing == DeadLetter.Standing.RETRIED and letter.retried_at and now() - letter.retried_at < UNDER_WAY:
        return _("It was retried a moment ago. Look again when it has ended.")
    return None


def not_over(letter: "DeadLetter", actor: Actor) -> str | None:
    if letter.standing == DeadLetter.Standing.DISMISSED:
        return _("It is dismissed already.")
    if letter.standing == DeadLetter.Standing.SUCCEEDED:
        return _("The same task has succeeded since.")
    return None


@references.register("letter")
class DeadLetter(Record):
    class Standing(models.TextChoices):
        """Computed from the times."""

        OPEN = "open", gettext_lazy("Needs somebody")
        RETRIED = "retried", gettext_lazy("Retried")
        SUCCEEDED = "succeeded", gettext_lazy("Succeeded since")
        DISMISSED = "dismissed", gettext_lazy("Dismissed")

    digest = models.CharField(max_length=64, unique=True, editable=False)
    task = models.CharField(max_length=200)
    arguments = models.JSONField(default=dict, help_text="`args` and `kwargs`: ids, numbers and words from our code.")
    kept = models.BooleanField(default=True, help_text="Whether the arguments could be kept.")
    queue = models.CharField(max_length=100, blank=True)
    first_failed_at = models.DateTimeField()
    last_failed_at = models.DateTimeField()
    times = models.PositiveBigIntegerField(default=1)
    error = models.CharField(max_length=120)
    said = models.CharField(max_length=500, blank=True, help_text="Where, and numbers; nothing that a person typed.")
    task_id = models.CharField(max_length=100, blank=True)
    request_id = models.CharField(max_length=100, blank=True)
    retried_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    succeeded_at = models.DateTimeField(null=True)
    dismissed_at = models.DateTimeField(null=True)
    dismissed_reason = models.CharField(max_length=REASON_LIMIT, blank=True)

    reference_field = "id"
    objects = DeadLetterQuerySet.as_manager()

    class Meta:
        ordering = ["-last_failed_at"]
        indexes = [
            models.Index(fields=["-last_failed_at"], name="letter_newest"),
            models.Index(fields=["task", "-last_failed_at"], name="letter_of_task"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(dismissed_at=None, dismissed_reason="")
                | (Q(dismissed_at__isnull=False) & ~Q(dismissed_reason="")),
                name="letter_dismissed_for_a_reason",
            ),
            models.CheckConstraint(condition=Q(succeeded_at=None) | Q(dismissed_at=None), name="letter_ended_one_way"),
            models.CheckConstraint(
                condition=Q(first_failed_at__lte=F("last_failed_at"), times__gte=1), name="letter_counts"
            ),
        ]

    def __str__(self) -> str:
        return self.task

    def get_absolute_url(self) -> str:
        return reverse("jobs:letter", args=[self.pk])

    @property
    def title(self) -> str:
        return self.task

    @property
    def standing(self) -> Standing:
        if self.dismissed_at is not None:
            return self.Standing.DISMISSED
        if self.succeeded_at is not None:
            return self.Standing.SUCCEEDED
        if self.retried_at is not None and self.retried_at > self.last_failed_at:
            return self.Standing.RETRIED
        return self.Standing.OPEN

    @operation(
        permission=Permission.JOB_MANAGE,
        guard=can_be_sent,
        label=gettext_lazy("Retry"),
        said=gettext_lazy("sent the task again"),
    )
    def retry(self, *, actor: Actor) -> None:
        """Send the same task with the same arguments. Success is noted; another failure is counted here."""
        from tipstaff.jobs import letters

        self.retried_at, self.sent_at = now(), None
        self.dismissed_at, self.dismissed_reason = None, ""
        transaction.on_commit(lambda: letters.send(self.pk))

    @operation(
        permission=Permission.JOB_MANAGE,
        guard=not_over,
        label=gettext_lazy("Dismiss"),
        said=gettext_lazy("dismissed the failed task"),
    )
    def dismiss(self, *, actor: Actor, reason: str) -> None:
        """Nothing is to be done about it. If it fails again it is open again."""
        self.dismissed_at, self.dismissed_reason = now(), reason[:REASON_LIMIT]
