"""Evidence: a sealed file and what it is, numbered within its case."""

from typing import Any

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.models.case import Case
from cases.models.hand import Hand
from cases.models.holding import claimed_by_actor
from tipstaff.accounts.models import User
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.vault.models import SealedFile
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record
from tipstaff.workflow.operations import operation


def case_claimed(record: Any, actor: Actor) -> str | None:
    """Shared by everything that only the investigator may add to a case."""
    if record.case.state != Case.State.INVESTIGATING:
        return _("This case is not being investigated now, so nothing can be added to it.")
    return claimed_by_actor(record.case, actor)


def may_be_added(exhibit: "Evidence", actor: Actor) -> str | None:
    """One exhibit for the same bytes: the case is locked, so of two at once the second is told of the first."""
    if reason := case_claimed(exhibit, actor):
        return reason
    if known := exhibit.case.evidence.filter(file__sha256=exhibit.file.sha256).first():
        return _("These bytes are in the case already, as %(exhibit)s. Nothing was added a second time.") % {
            "exhibit": known
        }
    return None


@references.register("evidence")
class Evidence(Record):
    class Kind(models.TextChoices):
        TRANSCRIPT = "transcript", gettext_lazy("Transcript")
        IMAGE = "image", gettext_lazy("Image")
        AUDIO = "audio", gettext_lazy("Audio")
        VIDEO = "video", gettext_lazy("Video")
        DOCUMENT = "document", gettext_lazy("Document")
        LOG = "log", gettext_lazy("Log")
        REQUEST_RECORD = "request_record", gettext_lazy("Request record")
        SIGNAL = "signal", gettext_lazy("Signal")

    case = models.ForeignKey(Case, models.PROTECT, related_name="evidence")
    exhibit = models.PositiveIntegerField(editable=False)
    kind = models.CharField(max_length=20, choices=Kind)
    label = models.CharField(gettext_lazy("what it shows"), max_length=200)
    source = models.CharField(gettext_lazy("where it comes from"), max_length=200)
    file = models.ForeignKey(SealedFile, models.PROTECT, related_name="+")
    added_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", help_text="Nobody of ours: it came by a signed link."
    )
    added_at = models.DateTimeField(default=now, editable=False)

    reference_field = "id"

    class Meta:
        ordering = ["case", "exhibit"]
        constraints = [models.UniqueConstraint(fields=["case", "exhibit"], name="evidence_exhibit_once")]
        indexes = [models.Index(fields=["-added_at"], name="evidence_newest")]

    def __str__(self) -> str:
        return f"E-{self.exhibit}"

    @property
    def title(self) -> str:
        return f"E-{self.exhibit} {self.label}"

    def get_absolute_url(self) -> str:
        return reverse("cases:exhibit", args=[self.case.ref, self.exhibit])

    def history_of(self) -> Record:
        return self.case

    def complete(self, *, actor: Actor) -> None:
        """Number the exhibit; the case is locked, so no two get the same number. Whoever adds one investigates."""
        if self.added_by is not None:
            self.case.take_part(self.added_by, Hand.Part.INVESTIGATED)
        last = Evidence.objects.filter(case=self.case).aggregate(last=models.Max("exhibit"))["last"]
        self.exhibit = (last or 0) + 1

    @classmethod
    def of_answer(cls, case: Case, file: SealedFile, *, words: bool) -> "Evidence":
        """Unsaved: what the account holder wrote, or a file that they sent along."""
        kind = cls.Kind.TRANSCRIPT if words else cls.Kind.DOCUMENT
        with translation.override(settings.LANGUAGE_CODE):  # for the desk, whatever the link speaks
            label = _("What the account holder answered") if words else _("Sent by the account holder with the answer")
            source = _("the account holder, by signed link")
        return cls(case=case, kind=kind, label=label, source=source, file=file)

    @operation(
        creates=True, permission=Permission.CASE_INVESTIGATE, guard=may_be_added, said=gettext_lazy("added evidence")
    )
    def add(self, *, actor: Actor) -> None:
        """Put a sealed file before whoever decides."""
        if not self.file.matter:
            self.file = self.file.give_to(self.case, actor=actor)

    @operation(creates=True, permission=Permission.HEARING_ANSWER, said=gettext_lazy("sent evidence with an answer"))
    def take_in(self, *, actor: Actor) -> None:
        """Seal what the account holder sent into the case. It is theirs: nobody of ours has a part through it."""
        self.added_at = now()
        self.file = self.file.give_to(self.case, actor=actor)
