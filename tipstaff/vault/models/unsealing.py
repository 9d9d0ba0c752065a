"""Unsealing: who may open one sealed file for a few hours, because somebody in another role said yes."""

from datetime import datetime, timedelta
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.vault.models.file import SealedFile
from tipstaff.vault.models.people import person_column, person_only
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import NextRef, Record, RefQuerySet
from tipstaff.workflow.operations import operation
from tipstaff.workflow.states import StateField

REASON_LIMIT = 2000
LASTS = timedelta(hours=4)


class UnsealingQuerySet(RefQuerySet["Unsealing"]):
    def visible_to(self, person: Any) -> Self:
        """For custodians all but those about their own account; for others what they asked for."""
        known = self.exclude(references.about_own(person, "file__matter"))
        return known if person.may(Permission.CUSTODY_VIEW) else known.filter(asked_by=person)

    def standing(self, at: datetime) -> Self:
        return self.filter(state=Unsealing.State.GRANTED, ends_at__gt=at)


def is_sealed_away(unsealing: "Unsealing", actor: Actor) -> str | None:
    if reason := person_only(actor):
        return reason
    if not unsealing.file.content_is_sealed:
        return _("This file is not sealed away; open it as usual.")
    asked = Unsealing.objects.filter(file=unsealing.file, asked_by=getattr(actor, "pk", None))
    if asked.filter(state=Unsealing.State.ASKED).exists():
        return _("You asked for it already; a custodian answers.")
    return None


def in_another_role(unsealing: "Unsealing", actor: Actor) -> str | None:
    """Two people in two roles: who asks has no part in the answer."""
    if reason := person_only(actor):
        return reason
    if getattr(actor, "pk", None) == unsealing.asked_by_id:
        return _("You asked for it; somebody else answers.")
    if not set(getattr(actor, "roles", ())) - set(unsealing.asked_by.roles):
        return _("You have the same role as who asked; somebody in another one answers.")
    return None


@references.register("unsealing")
class Unsealing(Record):
    class State(models.TextChoices):
        ASKED = "asked", gettext_lazy("Asked for")
        GRANTED = "granted", gettext_lazy("Granted")
        REFUSED = "refused", gettext_lazy("Refused")

    ref = models.CharField(max_length=20, unique=True, db_default=NextRef("U"), editable=False)
    state = StateField(max_length=10, choices=State, default=State.ASKED, editable=False)
    file = models.ForeignKey(SealedFile, models.PROTECT, related_name="unsealings")
    reason = models.TextField(gettext_lazy("What do you need it for?"), max_length=REASON_LIMIT)
    asked_by, asked_at = person_column(), models.DateTimeField(default=now, editable=False)
    answer = models.TextField(max_length=REASON_LIMIT, blank=True, editable=False)
    answered_by, answered_at = person_column(), models.DateTimeField(null=True, editable=False)
    ends_at = models.DateTimeField(null=True, editable=False)

    objects = UnsealingQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="asked", answered_by__isnull=True, ends_at__isnull=True)
                | Q(state="granted", answered_by__isnull=False, ends_at__isnull=False)
                | Q(state="refused", answered_by__isnull=False, ends_at__isnull=True),
                name="unsealing_answered",
            ),
            models.CheckConstraint(
                condition=Q(answered_by__isnull=True) | ~Q(answered_by=models.F("asked_by")),
                name="unsealing_answered_by_another",
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    def get_absolute_url(self) -> str:
        return reverse("vault:file", args=[self.file_id])

    def history_of(self) -> Record:
        return self.file

    def stands(self, at: datetime) -> bool:
        return self.state == self.State.GRANTED and self.ends_at is not None and self.ends_at > at

    @operation(
        creates=True,
        permission=Permission.FILE_READ,
        guard=is_sealed_away,
        said=gettext_lazy("asked to have a file unsealed"),
    )
    def ask(self, *, actor: Any) -> None:
        """Say what sealed material is needed for."""
        self.asked_by, self.asked_at = actor, now()

    @operation(
        source=State.ASKED,
        target=State.GRANTED,
        permission=Permission.FILE_UNSEAL,
        guard=in_another_role,
        label=gettext_lazy("Unseal it for four hours"),
        said=gettext_lazy("unsealed a file for four hours"),
    )
    def grant(self, *, actor: Any) -> None:
        """Let the one who asked open it, and nobody else, until the time is over."""
        self.answered_by, self.answered_at, self.ends_at = actor, now(), now() + LASTS

    @operation(
        source=State.ASKED,
        target=State.REFUSED,
        permission=Permission.FILE_UNSEAL,
        guard=in_another_role,
        said=gettext_lazy("refused to unseal a file"),
    )
    def refuse(self, *, actor: Any, reason: str) -> None:
        """Say why the material stays sealed."""
        self.answered_by, self.answered_at, self.answer = actor, now(), reason
