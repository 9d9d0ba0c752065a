"""Bytes that must not change: each file sealed under a key of its own, written once, verified, its reads recorded."""

from typing import Any, Self

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record, RefQuerySet
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import NotPermitted
from tipstaff.workflow.states import StateField

NAME_LIMIT = 255


def loose(file: "SealedFile", actor: Actor) -> str | None:
    return _("This file belongs to another matter already.") if file.matter else None


def not_sealed_away(file: "SealedFile", actor: Actor) -> str | None:
    """Material that the law lets few people see stays with the custodians, whoever works on the case."""
    if getattr(references.find(file.matter), "content_is_sealed", False) and not actor.may(Permission.FILE_UNSEAL):
        return _("This material is sealed. Work from labels, digests and what the finding says; a custodian holds it.")
    return None


class SealedFileQuerySet(RefQuerySet["SealedFile"]):
    def visible_to(self, person: Any) -> Self:
        return self.filter(state=SealedFile.State.SEALED) if person.may(Permission.FILE_READ) else self.none()

    def of(self, *records: Record) -> Self:
        """The sealed files that belong to `records`, oldest first."""
        return self.filter(matter__in=[record.reference for record in records], state=SealedFile.State.SEALED)


@references.register("file")
class SealedFile(Record):
    class State(models.TextChoices):
        RECEIVING = "receiving", gettext_lazy("Being received")
        SEALED = "sealed", gettext_lazy("Sealed")
        FAILED = "failed", gettext_lazy("Failed")

    state = StateField(max_length=12, choices=State, default=State.RECEIVING)
    matter = models.CharField(max_length=200, blank=True, db_index=True)
    name = models.CharField(max_length=NAME_LIMIT)
    declared_type = models.CharField(max_length=200, blank=True)
    sniffed_type = models.CharField(max_length=200, blank=True)
    size = models.BigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    sha512 = models.CharField(max_length=128, blank=True)
    wrapped_key = models.BinaryField(help_text="The file's age identity, encrypted under the vault key.")
    received_at = models.DateTimeField(default=now, editable=False)

    reference_field = "id"
    objects = SealedFileQuerySet.as_manager()

    class Meta:
        ordering = ["received_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="sealed")
                | (models.Q(size__isnull=False) & ~models.Q(sha256="") & ~models.Q(sha512="")),
                name="file_sealed_has_digests",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def title(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("vault:download", args=[self.pk])

    @operation(creates=True, permission=Permission.FILE_SEAL, said=gettext_lazy("began to receive a file"))
    def receive(self, *, actor: Actor) -> None:
        """Announce a file and commit its key before the first byte is stored."""

    @operation(
        source=State.RECEIVING, target=State.SEALED, permission=Permission.FILE_SEAL, said=gettext_lazy("sealed a file")
    )
    def seal(self, *, actor: Actor, size: int, sha256: str, sha512: str, sniffed_type: str) -> None:
        """The bytes are stored, read back and match these digests."""
        self.size, self.sha256, self.sha512, self.sniffed_type = size, sha256, sha512, sniffed_type

    @operation(
        source=State.RECEIVING,
        target=State.FAILED,
        permission=Permission.FILE_SEAL,
        said=gettext_lazy("failed to store a file"),
    )
    def fail(self, *, actor: Actor, reason: str) -> None:
        """The bytes could not be stored; nothing of them is kept."""

    @operation(source=State.SEALED, permission=Permission.FILE_SEAL, guard=loose, said=gettext_lazy("attached a file"))
    def attach(self, *, actor: Actor, to: Record) -> None:
        """Give the file to the matter it is evidence in. Once."""
        self.matter = to.reference

    @operation(
        source=State.SEALED, permission=Permission.FILE_READ, guard=not_sealed_away, said=gettext_lazy("read a file")
    )
    def read(self, *, actor: Actor, purpose: str) -> None:
        """Somebody is about to see the bytes. Committed before the first one is served. Refused to who may not see the
        matter that the file belongs to: members of the committee read what a waiver rests on, and nothing of a case.
        """
        if not self._in_sight_of(actor):
            raise NotPermitted(_("Your roles do not allow this."), permission=Permission.FILE_READ, about=self.stream)

    def _in_sight_of(self, actor: Actor) -> bool:
        if actor.may(Permission.FILE_UNSEAL):
            return True
        matter = references.find(self.matter)
        if matter is None:
            return actor.may(Permission.EVIDENCE_READ)
        known: Any = type(matter)._default_manager
        return known.visible_to(actor).filter(pk=matter.pk).exists()
