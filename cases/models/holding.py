"""Who holds a case, and how it changes hands: skipped with a reason, or passed on to a colleague."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import told
from cases.models.hand import Hand
from tipstaff.accounts.models import User
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused

if TYPE_CHECKING:
    from cases.models.case import Case

NOTE_LIMIT = 1000
REASON_LIMIT = 300
NEVER = timedelta(days=36525)


def free_to_claim(case: "Case", actor: Actor) -> str | None:
    if case.claimant and case.claimant != actor:
        return _("%(name)s claimed this case until %(time)s.") % {
            "name": case.claimant,
            "time": f"{case.claimed_until:%H:%M} UTC",
        }
    if (part := case.part_of(actor)) and part != Hand.Part.INVESTIGATED:
        return _("You %(part)s this case; someone else must investigate it.") % {"part": Hand.Part(part).label}
    return None


def claimed_by_actor(case: "Case", actor: Actor) -> str | None:
    if case.claimant == actor:
        return None
    if case.claimant:
        return _("%(name)s is working on this case.") % {"name": case.claimant}
    return _("Claim the case first, so that two people do not work on it at once.")


class Skip(models.Model):
    """Somebody looked at a case and left it to others: until `until` it is not offered to them again. For everybody
    else it stays where it stood.
    """

    class Reason(models.TextChoices):
        LANGUAGE = "language", gettext_lazy("It needs a language that I do not read.")
        EXPERTISE = "expertise", gettext_lazy("It needs knowledge that I do not have.")
        CLOSENESS = "closeness", gettext_lazy("I know somebody in it, or have a stake in it.")
        EVIDENCE = "evidence", gettext_lazy("Something is missing that others have to bring.")
        TIME = "time", gettext_lazy("My shift ends before I could finish it.")
        OTHER = "other", gettext_lazy("Another reason, said in the note.")

    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="skips")
    person = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    reason = models.CharField(max_length=20, choices=Reason)
    note = models.CharField(max_length=REASON_LIMIT, blank=True)
    skipped_at = models.DateTimeField(default=now, editable=False)
    until = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["person", "case", "until"], name="skip_by_person")]
        constraints = [
            models.CheckConstraint(condition=~models.Q(reason="other") | ~models.Q(note=""), name="skip_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.reason}"


class Passing(models.Model):
    """Somebody gave a case to a colleague, with a word about it."""

    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="passings")
    passed_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    to = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    note = models.CharField(max_length=NOTE_LIMIT)
    passed_at = models.DateTimeField(default=now, editable=False)

    def __str__(self) -> str:
        return f"{self.case_id} {self.to_id}"


def theirs_or_leads(case: "Case", actor: Actor) -> str | None:
    """Whoever holds the case passes it on; a lead also one that nobody holds."""
    if case.claimant is None and actor.may(Permission.CASE_LEAD):
        return None
    return claimed_by_actor(case, actor)


class Holding(models.Model):
    """The part of a case that says in whose hands it is."""

    claimed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    claimed_until = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    @operation(
        source=["open", "investigating"],
        permission=Permission.CASE_CLAIM,
        guard=free_to_claim,
        said=gettext_lazy("skipped the case"),
    )
    def skip(self: Any, *, actor: User, reason: str, note: str = "") -> None:
        """Leave the case to others, with a reason. It is not offered to the same person again for SKIP_HOURS, and to
        who is close to somebody in it never; who holds it gives it back with this. Refused a second time while the
        first still counts.
        """
        holds, at = self.claimant == actor, now()
        if not holds and self.skips.filter(person=actor, until__gt=at).exists():
            raise Refused(_("You skipped this case already; it is not offered to you for now."))
        if reason == Skip.Reason.OTHER and not note.strip():
            raise Refused(_("Say in the note why you skip it."))
        until = at + (NEVER if reason == Skip.Reason.CLOSENESS else timedelta(hours=settings.SKIP_HOURS))
        Skip.objects.create(case=self, person=actor, reason=reason, note=note.strip(), skipped_at=at, until=until)
        if holds:
            self.claimed_by = self.claimed_until = None

    @operation(
        source=["open", "investigating"],
        target="investigating",
        permission=Permission.CASE_CLAIM,
        guard=theirs_or_leads,
        label=gettext_lazy("Pass on"),
        said=gettext_lazy("passed the case on"),
    )
    def pass_on(self: Any, *, actor: User, to: User, note: str) -> None:
        """Put the case into a colleague's hands for PASS_MINUTES and tell them. Refused if they may not claim cases,
        or have another part in this one.
        """
        if to == actor or not to.is_active or not to.may(Permission.CASE_CLAIM):
            raise Refused(_("Choose a colleague who works on cases."))
        if (part := self.part_of(to)) and part != Hand.Part.INVESTIGATED:
            raise Refused(
                _("%(name)s %(part)s this case; someone else must investigate it.")
                % {"name": to, "part": Hand.Part(part).label}
            )
        self.claimed_by, self.claimed_until = to, now() + timedelta(minutes=settings.PASS_MINUTES)
        Passing.objects.create(case=self, passed_by=actor, to=to, note=note.strip(), passed_at=now())
        told.of_passing(self, to, actor)
