"""Who holds a case, and how it changes hands: skipped with a reason, or passed on to a colleague."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import told
from cases.models.care import is_spared
from cases.models.hand import Hand
from cases.models.stake import stake_of
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
AHEAD = timedelta(seconds=60)  # a case that was fetched ahead waits for its reader this long


def free_to_claim(case: "Case", actor: Actor) -> str | None:
    if not case.is_held_by(actor) and case.claimant:
        return _("%(name)s claimed this case until %(time)s.") % {
            "name": case.claimant,
            "time": f"{case.claimed_until:%H:%M} UTC",
        }
    if (part := case.part_of(actor)) and part != Hand.Part.INVESTIGATED:
        return _("You %(part)s this case; someone else must investigate it.") % {"part": Hand.Part(part).label}
    return None


def claimed_by_actor(case: "Case", actor: Actor) -> str | None:
    if case.is_held_by(actor):
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
    """Somebody gave a case to a colleague, with a word about it; with a `reason`, to somebody who leads the work."""

    class Reason(models.TextChoices):
        POWERS = "powers", gettext_lazy("It needs powers that I do not have.")
        RULE = "rule", gettext_lazy("The rule does not say what applies.")
        FIRST = "first", gettext_lazy("Nothing like it was decided before.")
        DANGER = "danger", gettext_lazy("Somebody may be in danger.")
        OTHER = "other", gettext_lazy("Another reason, said in the note.")

    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="passings")
    passed_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    to = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    reason = models.CharField(max_length=20, choices=Reason, blank=True, help_text="Why it was escalated.")
    note = models.CharField(max_length=NOTE_LIMIT)
    passed_at = models.DateTimeField(default=now, editable=False)

    def __str__(self) -> str:
        return f"{self.case_id} {self.to_id}"


def theirs_or_leads(case: "Case", actor: Actor) -> str | None:
    """Whoever holds the case passes it on; a lead also one that nobody holds."""
    if case.claimant is None and actor.may(Permission.CASE_LEAD):
        return None
    return claimed_by_actor(case, actor)


def theirs_to_escalate(case: "Case", actor: Actor) -> str | None:
    """Whoever holds the case, unless there is nobody above them who leads the work."""
    if actor.may(Permission.CASE_LEAD):
        return _("You lead this work yourself: decide what becomes of the case, or pass it on.")
    return claimed_by_actor(case, actor)


class Holding(models.Model):
    """The part of a case that says in whose hands it is."""

    claimed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    claimed_until = models.DateTimeField(null=True)
    claimed_ahead = models.BooleanField(default=False, help_text="Nobody has seen it yet: it was fetched ahead.")

    class Meta:
        abstract = True

    def hold(self, by: User, span: timedelta, *, ahead: bool = False) -> None:
        """Put the case into somebody's hands; what calls this is the operation."""
        self.claimed_by, self.claimed_until, self.claimed_ahead = by, now() + span, ahead

    def let_go(self) -> None:
        self.claimed_by, self.claimed_until, self.claimed_ahead = None, None, False

    @operation(
        source=["open", "investigating"],
        target="investigating",
        permission=Permission.CASE_CLAIM,
        guard=free_to_claim,
        said=gettext_lazy("claimed the case"),
    )
    def claim(self: Any, *, actor: User) -> None:
        """Hold the case for a while, so that nobody else works on it. Claiming again holds it longer."""
        self.hold(actor, timedelta(minutes=settings.CLAIM_MINUTES))

    @operation(
        source=["open", "investigating"],
        target="investigating",
        permission=Permission.CASE_CLAIM,
        guard=free_to_claim,
        said=gettext_lazy("had the case fetched ahead"),
    )
    def fetch_ahead(self: Any, *, actor: User) -> None:
        """Hold the case for a minute while its reader finishes the one before. It is theirs when they come to it, and
        goes back to the queue by itself when they do not.
        """
        self.hold(actor, AHEAD, ahead=True)

    @operation(
        source="investigating",
        permission=Permission.CASE_CLAIM,
        guard=claimed_by_actor,
        said=gettext_lazy("gave the case back"),
        despite_stake=True,
    )
    def release(self: Any, *, actor: Actor) -> None:
        """Give the case back to the queue."""
        self.let_go()

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
        holds, at = self.is_held_by(actor), now()
        if not holds and self.skips.filter(person=actor, until__gt=at).exists():
            raise Refused(_("You skipped this case already; it is not offered to you for now."))
        if reason == Skip.Reason.OTHER and not note.strip():
            raise Refused(_("Say in the note why you skip it."))
        until = at + (NEVER if reason == Skip.Reason.CLOSENESS else timedelta(hours=settings.SKIP_HOURS))
        Skip.objects.create(case=self, person=actor, reason=reason, note=note.strip(), skipped_at=at, until=until)
        if reason == Skip.Reason.CLOSENESS:
            self.stay_out(actor, note.strip() or str(Skip.Reason.CLOSENESS.label))
        if holds:
            self.let_go()

    def stay_out(self: Any, person: User, reason: str) -> None:
        """Declare a conflict of `person` in the act under way, unless they declared one before."""
        conflict = self._meta.get_field("conflicts").related_model(case=self, person=person, reason=reason)
        if not self.conflicts.filter(person=person).exists():
            conflict.declare(actor=person)

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
        self.put_into_hands(to, actor, note)
        told.of_passing(self, to, actor)

    @operation(
        source="investigating",
        permission=Permission.CASE_CLAIM,
        guard=theirs_to_escalate,
        said=gettext_lazy("escalated the case"),
    )
    def escalate(self: Any, *, actor: User, to: User, reason: str, note: str) -> None:
        """Put the case into the hands of somebody who leads the work, by name, for PASS_MINUTES, and tell them why. It
        stays as severe as it is. Refused if they have another part in it.
        """
        if not to.is_active or not (to.may(Permission.CASE_LEAD) and to.may(Permission.CASE_CLAIM)):
            raise Refused(_("Choose somebody who leads this work."))
        if reason not in Passing.Reason.values or not note.strip():
            raise Refused(_("Say why, and what they should know."))
        self.put_into_hands(to, actor, note, reason)
        told.of_escalation(self, to, actor, Passing.Reason(reason))

    def put_into_hands(self: Any, to: User, by: User, note: str, reason: str = "") -> None:
        """Refused for who has another part in the case, declared a conflict, or is to be spared it."""
        part = self.part_of(to)
        kept_from = (part and part != Hand.Part.INVESTIGATED) or stake_of(self, to) or is_spared(to, self, now())
        if kept_from:  # which of these it is concerns nobody else
            raise Refused(_("%(name)s cannot take this case now; choose another colleague.") % {"name": to})
        self.hold(to, timedelta(minutes=settings.PASS_MINUTES))
        Passing.objects.create(case=self, passed_by=by, to=to, reason=reason, note=note.strip(), passed_at=now())
