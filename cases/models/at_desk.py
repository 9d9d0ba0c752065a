"""What the desk keeps for one person beside the records: drafts of what they type, and what they committed a moment ago
and may still take back. Neither is a record: the acts themselves are in the ledger.
"""

from datetime import datetime
from typing import Any, Self

from django.db import models

from cases.models.case import Case
from cases.models.decision import Decision
from tipstaff.accounts.models import User
from tipstaff.time import now

TEXT_LIMIT = 6000  # characters kept of one field; each form takes fewer
VALUES_LIMIT = 60  # of one field
FINDING = "finding-"


class Draft(models.Model):
    """What somebody typed into the forms of a case and did not commit: it outlives a reload, a lost claim, another
    browser. Deleted with the commit.
    """

    person = models.ForeignKey(User, models.PROTECT, related_name="+")
    case = models.ForeignKey(Case, models.PROTECT, related_name="drafts")
    typed = models.JSONField(default=dict, help_text="By the name of the field, what was in it.")
    saved_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "case"], name="draft_once")]

    def __str__(self) -> str:
        return f"{self.person}: {self.case}"

    @classmethod
    def keep(cls, person: User, case: Case, typed: dict[str, list[str]]) -> "Draft":
        """Write `typed` over what was kept: one draft of a case for each person, and the last save wins."""
        kept = {name: [value[:TEXT_LIMIT] for value in values[:VALUES_LIMIT]] for name, values in typed.items()}
        draft, _new = cls.objects.update_or_create(
            person=person, case=case, defaults={"typed": kept, "saved_at": now()}
        )
        return draft

    @classmethod
    def drop(cls, person: User, case: Case, *, finding: bool) -> None:
        """Forget the part that was committed: that of the finding, or that of the decision."""
        draft = cls.objects.filter(person=person, case=case).first()
        if draft is None:
            return
        rest = {name: value for name, value in draft.typed.items() if name.startswith(FINDING) != finding}
        if any(any(values) for values in rest.values()):
            draft.typed = rest
            draft.save(update_fields=["typed"])
        else:
            draft.delete()


class CommitmentQuerySet(models.QuerySet["Commitment"]):
    def over(self, at: datetime) -> Self:
        """Those that can no longer be taken back."""
        return self.filter(until__lte=at)


class Commitment(models.Model):
    """A decision that its proposer committed at the console, and until when they may take it back."""

    decision = models.OneToOneField(Decision, models.PROTECT, primary_key=True, related_name="commitment")
    person = models.ForeignKey(User, models.PROTECT, related_name="+")
    until = models.DateTimeField()
    issues = models.BooleanField(help_text="Whether its proposer issues it, as soon as that time is over.")
    opened_at = models.DateTimeField(null=True, help_text="When somebody else opened the proposal.")
    typed: Any = models.JSONField(default=dict, help_text="What was in the form: it comes back with the case.")

    objects = CommitmentQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["until"], name="commitment_until")]

    def __str__(self) -> str:
        return str(self.decision)
