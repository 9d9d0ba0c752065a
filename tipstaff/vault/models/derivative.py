"""What was made of a sealed file so that it can be read: always naming it, and how it was made."""

from datetime import timedelta
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.vault.models.file import SealedFile
from tipstaff.vault.models.people import person_column, person_only
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record, RefQuerySet
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import NotPermitted

REASON_LIMIT = 300
SHOWN_FOR = timedelta(minutes=2)  # how long an act of showing lasts; then the veil is back


def as_the_original(derivative: "Derivative", actor: Actor) -> str | None:
    """Whoever may not read the original now may not look at what was made of it either."""
    if derivative.file is None:
        return _("Nothing could be made of this file that could be shown.")
    return SealedFile.read.operation.refusal(derivative.parent, actor)  # type: ignore[attr-defined]


def original_is_there(derivative: "Derivative", _actor: Actor) -> str | None:
    """The original is locked by now: of one that was disposed of meanwhile nothing is kept."""
    sealed = derivative.parent.state == SealedFile.State.SEALED
    return None if sealed else _("There are no bytes of this file any more, so nothing is made of it.")


def may_redact(derivative: "Derivative", actor: Actor) -> str | None:
    return person_only(actor) or SealedFile.read.operation.refusal(derivative.parent, actor)  # type: ignore[attr-defined]


class DerivativeQuerySet(RefQuerySet["Derivative"]):
    def visible_to(self, person: Any) -> Self:
        """What became of files; whether it may be looked at is asked with the file's matter, in `view`."""
        return self.exclude(file=None) if person.may(Permission.FILE_READ) else self.none()

    def first_of(self, kind: str) -> "Derivative | None":
        return next((one for one in self if one.kind == kind and one.file_id), None)


@references.register("derivative")
class Derivative(Record):
    class Kind(models.TextChoices):
        VEILED = "veiled", gettext_lazy("Blurred and grey")
        GREY = "grey", gettext_lazy("In grey")
        PLAIN = "plain", gettext_lazy("In colour")
        LINES = "lines", gettext_lazy("Text in turns and lines")
        REDACTION = "redaction", gettext_lazy("Redaction")
        NONE = "none", gettext_lazy("Nothing to show")

    class Problem(models.TextChoices):
        """Why there is nothing to show, each a sentence."""

        NO_VIEWER = (
            "no_viewer",
            gettext_lazy("Files of this type are not shown here. Download the original to read it."),
        )
        AUDIO = "audio", gettext_lazy("Sound is not played here. Download the original to listen to it.")
        NO_FFMPEG = "no_ffmpeg", gettext_lazy("Stills of a video need ffmpeg, which is not installed on this server.")
        DAMAGED = "damaged", gettext_lazy("The file is broken or is not what it says it is, so nothing could be drawn.")
        TOO_LARGE = "too_large", gettext_lazy("The picture has more pixels than we open, so nothing was drawn.")
        TOO_LONG = "too_long", gettext_lazy("Reading it took longer than we allow, so it was stopped.")
        BROKE_OFF = "broke_off", gettext_lazy("The reader broke off at this file, so nothing is shown of it.")

    parent = models.ForeignKey(SealedFile, models.PROTECT, related_name="derivatives")
    file = models.OneToOneField(SealedFile, models.PROTECT, null=True, related_name="derived")
    kind = models.CharField(max_length=10, choices=Kind)
    position = models.PositiveSmallIntegerField(
        default=0, help_text="Of a still in its video, of a redaction in its file."
    )
    problem = models.CharField(max_length=10, choices=Problem, blank=True)
    tool = models.CharField(max_length=100, blank=True, help_text="What made it, with its version.")
    params = models.JSONField(default=dict, help_text="With which settings, and what it found.")
    root = models.CharField(max_length=64, blank=True, help_text="RFC 6962 root over the salted lines, in hex.")
    salt = models.BinaryField(null=True, help_text="Of the line tree; without it no line can be proven or guessed.")
    reason = models.CharField(gettext_lazy("reason"), max_length=REASON_LIMIT, blank=True)
    made_by, made_at = person_column(), models.DateTimeField(default=now, editable=False)

    reference_field = "id"
    objects = DerivativeQuerySet.as_manager()

    class Meta:
        ordering = ["parent", "kind", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["parent", "kind", "position"], condition=Q(file__isnull=False), name="derivative_once"
            ),
            models.CheckConstraint(
                condition=Q(kind="none", file__isnull=True) & ~Q(problem="")
                | ~Q(kind="none") & Q(file__isnull=False, problem=""),
                name="derivative_is_there_or_says_why",
            ),
            models.CheckConstraint(
                condition=~Q(kind="redaction") | Q(made_by__isnull=False) & ~Q(reason=""),
                name="derivative_redaction_has_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()

    @property
    def title(self) -> str:
        return str(self.get_kind_display())

    def complete(self, *, actor: Actor) -> None:
        """Number a redaction; the original is locked, so no two get the same number."""
        if self.kind == self.Kind.REDACTION:
            earlier = Derivative.objects.filter(parent=self.parent, kind=self.kind)
            self.position = (earlier.aggregate(last=models.Max("position"))["last"] or 0) + 1

    def lock(self) -> None:
        """It never changes, so the lock on the original is enough."""

    def history_of(self) -> Record:
        """One custody log: what was made of a file and who looked at it stands in the file's own."""
        return self.parent

    def _attach(self, actor: Actor) -> None:
        if self.file is not None:  # the constraint sees to it that it is there
            self.file.attach(actor=actor, to=self.parent)

    @operation(
        creates=True,
        permission=Permission.FILE_SEAL,
        guard=original_is_there,
        said=gettext_lazy("made a version to read"),
    )
    def make(self, *, actor: Actor) -> None:
        """Keep what a tool made of the original; it belongs to the original, and goes with it."""
        self._attach(actor)

    @operation(creates=True, permission=Permission.FILE_SEAL, said=gettext_lazy("found nothing to show in a file"))
    def give_up(self, *, actor: Actor) -> None:
        """Say why nothing can be shown, so that nobody waits for it."""

    @operation(
        creates=True,
        permission=Permission.FILE_REDACT,
        guard=may_redact,
        said=gettext_lazy("redacted a copy of a file"),
    )
    def redact(self, *, actor: Actor) -> None:
        """Keep a copy in which regions are hidden, with what they are and why. The original stays as it is."""
        refuse_out_of_sight(self.parent, actor)
        self._attach(actor)

    @operation(permission=Permission.FILE_READ, guard=as_the_original, said=gettext_lazy("looked at a file"))
    def view(self, *, actor: Actor, purpose: str, part: str) -> None:
        """Somebody is about to see it. Committed before the first byte is served; if it cannot be, nothing is."""
        refuse_out_of_sight(self.parent, actor)

    @operation(permission=Permission.FILE_DISPOSE, said=gettext_lazy("erased a version to read"))
    def erase(self, *, actor: Actor, disposal: str) -> None:
        """The original is disposed of: so is this, and the salt without which its line tree tells nobody anything."""
        self.salt = None
        if self.file is not None and self.file.state == SealedFile.State.SEALED:
            self.file.dispose(actor=actor, disposal=disposal, sha256=self.file.sha256, size=self.file.size)


def refuse_out_of_sight(file: SealedFile, actor: Actor) -> None:
    if not file.in_sight_of(actor):
        raise NotPermitted(_("Your roles do not allow this."), permission=Permission.FILE_READ, about=file.stream)
