"""Reminder: that an ending was told of. It decides nothing: what has ended follows from stored times alone."""

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy

from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record
from tipstaff.workflow.operations import operation

if TYPE_CHECKING:
    from datetime import datetime

KIND_LIMIT = 40


@references.register("reminder")
class Reminder(Record):
    """One thing told about one ending. The key makes each be told once, whatever sweeps run beside each other."""

    about = models.CharField(max_length=200)
    about_stream = models.CharField(max_length=200)
    kind = models.CharField(max_length=KIND_LIMIT)
    ends_at = models.DateTimeField(help_text="When it ends, ended, or was to be answered.")
    told_at = models.DateTimeField(default=now, help_text="Later than it could have been if no worker ran.")

    reference_field = "id"

    class Meta:
        ordering = ["told_at", "id"]
        constraints = [models.UniqueConstraint(fields=["about", "kind", "ends_at"], name="reminder_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.about}"

    @classmethod
    def of(cls, record: Record, kind: str, ends_at: "datetime") -> "Reminder":
        """An unsaved one about `record`, for one of the operations below."""
        return cls(about=record.reference, about_stream=record.stream, kind=kind, ends_at=ends_at, told_at=now())

    @property
    def title(self) -> str:
        return str(self)

    @property
    def stream(self) -> str:
        return self.about_stream

    @operation(creates=True, permission=Permission.NOTICE_SEND, said=gettext_lazy("reminded those concerned"))
    def remind(self, *, actor: Actor) -> None:
        """Something ends soon, or waits for an answer."""

    @operation(
        creates=True, permission=Permission.NOTICE_SEND, said=gettext_lazy("told those concerned of what had ended")
    )
    def tell(self, *, actor: Actor) -> None:
        """Something ended by itself."""

    @operation(
        creates=True, permission=Permission.NOTICE_SEND, said=gettext_lazy("noted that a claim had ended without work")
    )
    def note(self, *, actor: Actor, holder: Record) -> None:
        """Something that `holder` had taken went back because nothing was done with it."""
