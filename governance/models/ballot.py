"""Ballot: the committee votes on one matter, named by reference, on conditions fixed before. A vote is final."""

from datetime import datetime
from typing import Any, Protocol, Self, runtime_checkable

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.models.committee import Committee, Membership
from governance.quorum import Paper, Tally, count
from tipstaff.accounts.models import User
from tipstaff.notices import outbox
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import NextRef, Record, RefQuerySet
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused
from tipstaff.workflow.states import StateField

CONDITIONS_LIMIT = 20
CONDITION_LIMIT = 500
REASONS_LIMIT = 5000
REASONS_MINIMUM = 20  # characters: what a member owes the others is an argument


@runtime_checkable
class Matter(Protocol):
    """What a record offers so that a committee can vote on it."""

    @property
    def reference(self) -> str: ...

    def ballot_refusal(self, ballot: "Ballot", actor: Actor) -> str | None:
        """Why `actor` cannot open this ballot on it now, or None."""

    def barred(self) -> dict[User, str]:
        """Who may not vote on it, and why: who asked, who gains, who screened it (45 CFR 46.107(e))."""


class BallotQuerySet(RefQuerySet["Ballot"]):
    def visible_to(self, person: Any) -> Self:
        return self if person.may(Permission.COMMITTEE_VIEW) else self.none()

    def about(self, record: Record) -> Self:
        return self.filter(about=record.reference)

    def open_now(self) -> Self:
        return self.filter(state=Ballot.State.OPEN)

    def waiting_for(self, person: User, at: datetime) -> Self:
        """Open ballots in which `person` may vote at `at` and has not."""
        return (
            self.open_now()
            .filter(closes_at__gt=at)
            .filter(
                Q(committee__memberships__in=Membership.objects.seated(at).filter(person=person)),
                committee__memberships__seated_at__lte=models.F("opened_at"),
            )
            .exclude(parts__person=person)
        )


def may_be_opened(ballot: "Ballot", actor: Actor) -> str | None:
    matter = ballot.matter
    if not isinstance(matter, Matter):
        return _("There is nothing that a committee could vote on here.")
    if refusal := matter.ballot_refusal(ballot, actor):
        return refusal
    if not isinstance(actor, User) or not ballot.committee.seated(now()).filter(person=actor).exists():
        return _("Only somebody seated in the committee opens its ballots.")
    if lack := ballot.committee.lacking(now()):
        return _("The committee is not constituted, so it cannot vote. %(lack)s") % {"lack": " ".join(lack)}
    return None


def may_take_part(ballot: "Ballot", actor: Actor) -> str | None:
    """Why `actor` can neither vote nor recuse themselves; the key of BallotPart says the same."""
    if not isinstance(actor, User):
        return _("Only people vote.")
    if ballot.closes_at <= now():
        return _("The time to vote is over.")
    seats = ballot.committee.seated(now())
    seat = next((seat for seat in seats if seat.person_id == actor.pk), None)
    if seat is None:
        return _("Only members of the committee vote.")
    if seat.seated_at > ballot.opened_at:
        return _("You were seated after this ballot opened, so it goes on without you.")
    part = ballot.part_of(actor)
    if part is None:
        return None
    if part.part == BallotPart.Part.VOTED:
        return _("You voted already. A vote is not changed.")
    return _("You are recused from this ballot: %(reason)s") % {"reason": part.reasons}


def over(ballot: "Ballot", _actor: Actor) -> str | None:
    """Why the ballot cannot be closed yet: its time is not over, or there is no quorum."""
    tally = ballot.tally()
    if tally.missing:
        return _("There is no result yet. %(missing)s") % {"missing": " ".join(tally.missing)}
    if ballot.closes_at > now() and not tally.complete:
        return _("Voting goes on until %(until)s UTC, or until everybody has voted.") % {
            "until": f"{ballot.closes_at:%d.%m.%Y %H:%M}"
        }
    return None


@references.register("ballot")
class Ballot(Record):
    class State(models.TextChoices):
        OPEN = "open", gettext_lazy("Voting")
        CLOSED = "closed", gettext_lazy("Closed")
        CALLED_OFF = "called_off", gettext_lazy("Called off")

    class Choice(models.TextChoices):
        GRANT = "grant", gettext_lazy("Grant")
        REFUSE = "refuse", gettext_lazy("Refuse")
        ABSTAIN = "abstain", gettext_lazy("Abstain")

    class Outcome(models.TextChoices):
        GRANTED = "granted", gettext_lazy("Granted")
        REFUSED = "refused", gettext_lazy("Refused")

    ref = models.CharField(max_length=20, unique=True, db_default=NextRef("B"), editable=False)
    state = StateField(max_length=12, choices=State, default=State.OPEN)
    about = models.CharField(max_length=200, db_index=True)
    about_stream = models.CharField(max_length=200)
    committee = models.ForeignKey(Committee, models.PROTECT, related_name="ballots")
    conditions = ArrayField(models.CharField(max_length=CONDITION_LIMIT), default=list, blank=True)
    until = models.DateField(null=True, help_text="The last day of what would be granted, where it has one.")
    opened_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(default=now, editable=False)
    closes_at = models.DateTimeField()
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=8, choices=Outcome, blank=True)

    objects = BallotQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(fields=["about"], condition=Q(state="open"), name="ballot_one_open_about"),
            models.CheckConstraint(
                condition=Q(closes_at__gt=models.F("opened_at")), name="ballot_closes_after_opening"
            ),
            models.CheckConstraint(
                condition=(Q(state="open", closed_by=None, closed_at=None) & Q(outcome=""))
                | (Q(state="closed", closed_by__isnull=False, closed_at__isnull=False) & ~Q(outcome=""))
                | (Q(state="called_off", closed_at__isnull=False) & Q(outcome="")),
                name="ballot_closed_has_outcome",
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def title(self) -> str:
        return _("The ballot on %(about)s") % {"about": self.about.partition(":")[2]}

    @property
    def stream(self) -> str:
        return self.about_stream

    def history_of(self) -> Record:
        """Its matter, which is locked before it: nobody takes back what is being voted on unseen."""
        return self.matter or self

    @classmethod
    def on(cls, record: Record, **columns: Any) -> "Ballot":
        """An unsaved ballot on `record`."""
        made = cls(about=record.reference, about_stream=record.stream, **columns)
        made.matter = record
        return made

    @cached_property
    def matter(self) -> Any:
        """The record that is voted on, a `Matter`; None if it is gone."""
        return references.find(self.about)

    @property
    def about_waiver(self) -> str:
        """The reference of the waiver that is voted on; "" when it is something else."""
        prefix, _colon, ref = self.about.partition(":")
        return ref if prefix == "waiver" else ""

    def part_of(self, person: User) -> "BallotPart | None":
        return next((part for part in self.parts.all() if part.person_id == person.pk), None)

    def electorate(self) -> list[tuple[Membership, "BallotPart | None"]]:
        """Everybody who was seated when it opened and is still, or voted before leaving, with the part they took."""
        parts = {part.person_id: part for part in self.parts.select_related("person")}
        return [
            (seat, part)
            for seat in self.committee.seated(self.opened_at)
            if (part := parts.get(seat.person_id)) or seat.left_at is None
        ]

    def tally(self) -> Tally:
        """The ballots counted: N is everybody seated and not recused."""
        papers = [
            Paper(seat.seat_held, part.choice if part else "")
            for seat, part in self.electorate()
            if part is None or part.part == BallotPart.Part.VOTED
        ]
        return count(papers)

    def complete(self, *, actor: Actor) -> None:
        """Hold what is proposed to its limits."""
        if self.closes_at <= now():
            raise Refused(_("Choose a closing time in the future."))
        self.conditions = [condition.strip() for condition in self.conditions if condition.strip()]
        if len(self.conditions) > CONDITIONS_LIMIT:
            raise Refused(_("Set at most %(count)s conditions.") % {"count": CONDITIONS_LIMIT})

    @operation(
        creates=True, permission=Permission.BALLOT_OPEN, guard=may_be_opened, said=gettext_lazy("opened a ballot")
    )
    def open(self, *, actor: Actor) -> None:
        """Put the matter to the vote on fixed conditions. Who has a part in it is recused from the start."""
        for person, reason in self.matter.barred().items():
            BallotPart.objects.create(ballot=self, person=person, part=BallotPart.Part.BARRED, reasons=reason)
        for seat, part in self.electorate():
            if part is None:
                self._tell(seat.person, actor)

    def _tell(self, person: User, actor: Actor) -> None:
        outbox.queue(
            "ballot_opened",
            to=person.email,
            about=self,
            actor=actor,
            link=self.get_absolute_url(),
            matter=self.matter,
            person=person,
        )

    @operation(
        source=State.OPEN,
        permission=Permission.BALLOT_CAST,
        guard=may_take_part,
        label=gettext_lazy("Cast vote"),
        said=gettext_lazy("voted"),
    )
    def vote(self, *, actor: User, choice: str, reasons: str) -> None:
        """Cast one vote, with reasons, once. The choice is not shown to members who have not voted yet."""
        if choice not in self.Choice.values:
            raise Refused(_("Choose grant, refuse or abstain."))
        if len(reasons.strip()) < REASONS_MINIMUM:
            raise Refused(_("Give your reasons, in at least %(count)s characters.") % {"count": REASONS_MINIMUM})
        BallotPart.objects.create(
            ballot=self, person=actor, part=BallotPart.Part.VOTED, choice=choice, reasons=reasons.strip()
        )

    @operation(
        source=State.OPEN,
        permission=Permission.BALLOT_CAST,
        guard=may_take_part,
        label=gettext_lazy("Recuse myself"),
        said=gettext_lazy("recused themselves from the ballot"),
    )
    def recuse(self, *, actor: User, reason: str) -> None:
        """Take no part, and say why. Whoever is recused does not count towards the quorum (45 CFR 46.107(e))."""
        if not reason.strip():
            raise Refused(_("Say why you take no part."))
        BallotPart.objects.create(
            ballot=self, person=actor, part=BallotPart.Part.RECUSED, choice="", reasons=reason.strip()
        )

    @operation(
        source=State.OPEN,
        target=State.CLOSED,
        permission=Permission.BALLOT_OPEN,
        guard=over,
        said=gettext_lazy("closed the ballot"),
    )
    def close(self, *, actor: User) -> None:
        """End the vote with a result. Done from the matter, which acts on it in the same transaction."""
        self.closed_by, self.closed_at = actor, now()
        self.outcome = self.Outcome.GRANTED if self.tally().granted else self.Outcome.REFUSED

    @operation(
        source=State.OPEN,
        target=State.CALLED_OFF,
        permission=Permission.BALLOT_OPEN,
        label=gettext_lazy("Call the ballot off"),
        said=gettext_lazy("called the ballot off"),
    )
    def call_off(self, *, actor: Actor, reason: str) -> None:
        """End the vote without a result: no quorum came together, or the request is changed or taken back."""
        if not reason.strip():
            raise Refused(_("Say why the ballot is called off."))
        self.closed_at = now()


class BallotPart(models.Model):
    """What somebody did in a ballot. The primary key allows one person one part: who is recused, by themselves or
    because of another part in the matter, cannot vote, and nobody votes twice. Rows are only ever added.
    """

    class Part(models.TextChoices):
        VOTED = "voted", gettext_lazy("Voted")
        RECUSED = "recused", gettext_lazy("Recused themselves")
        BARRED = "barred", gettext_lazy("Recused by rule")

    pk = models.CompositePrimaryKey("ballot_id", "person_id")
    ballot = models.ForeignKey(Ballot, models.PROTECT, related_name="parts")
    person = models.ForeignKey(User, models.PROTECT, related_name="+")
    part = models.CharField(max_length=8, choices=Part)
    choice = models.CharField(max_length=8, choices=Ballot.Choice, blank=True)
    reasons = models.TextField(max_length=REASONS_LIMIT)
    taken_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["taken_at"]
        constraints = [
            models.CheckConstraint(
                condition=(Q(part="voted") & Q(choice__in=["grant", "refuse", "abstain"]))
                | (Q(part__in=["recused", "barred"]) & Q(choice="")),
                name="ballot_part_votes_or_is_recused",
            ),
            models.CheckConstraint(condition=~Q(reasons=""), name="ballot_part_has_reasons"),
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.get_part_display()}"
