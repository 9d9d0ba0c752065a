"""Claim: somebody says that the act was research in good faith, themselves or by a letter that a colleague writes down.
While that is open nothing is decided about it that restricts the account, unless it is of the gravest kind; a person
with no part in the investigation accepts or refuses it, by what was done and not by whether it was announced.
"""

from datetime import datetime
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.models.case import Case
from cases.models.hand import Hand
from cases.models.stake import others
from tipstaff.accounts.models import User
from tipstaff.permissions import Permission
from tipstaff.time import latest_today, now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record, RefQuerySet
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused
from tipstaff.workflow.states import StateField

TEXT_LIMIT = 2000
GRAVEST = 4  # a decision of this severity waits for no claim (H7): a life may hang on it
REASONS_MINIMUM = 60  # characters: a refusal of protection is told to whom it concerns
UNDECIDED = ("open", "investigating", "awaiting_information", "proposed")


class ClaimQuerySet(RefQuerySet["Claim"]):
    def visible_to(self, person: Any) -> Self:
        return others(self, person) if person.may(Permission.CASE_VIEW) else self.none()

    def covering(self, case: Case, at: datetime) -> Self:
        """Those in `case` whose days take in conduct at `at`."""
        return self.filter(case=case, began_on__lte=at.date(), ended_on__gte=at.date())

    def waiting(self) -> Self:
        return self.filter(state="open")


def not_decided(claim: "Claim", actor: Actor) -> str | None:
    if claim.case.state not in UNDECIDED:
        return _("This case is decided; a claim is made before that, and after it in an appeal.")
    return None


def assessor(claim: "Claim", actor: Actor) -> str | None:
    """Somebody who neither wrote it down nor reported or investigated the case."""
    if refusal := not_decided(claim, actor):
        return refusal
    if actor == claim.entered_by:
        return _("You wrote this claim down; someone else assesses it.")
    return Hand.may_judge(claim.case, actor)


@references.register("claim")
class Claim(Record):
    class State(models.TextChoices):
        OPEN = "open", gettext_lazy("Open")
        ACCEPTED = "accepted", gettext_lazy("Accepted")
        REFUSED = "refused", gettext_lazy("Refused")
        WITHDRAWN = "withdrawn", gettext_lazy("Withdrawn")

    class By(models.TextChoices):
        ACCOUNT_HOLDER = "account_holder", gettext_lazy("The account holder")
        OPERATOR = "operator", gettext_lazy("Whoever operates the account")
        COLLEAGUE = "colleague", gettext_lazy("Ourselves, from what stands in the case")

    class Limit(models.TextChoices):
        """What is never research in good faith, whatever its aim (H9). The public page lists them."""

        HARM = "harm", gettext_lazy("Real harm to people who can be identified")
        CHILDREN = "children", gettext_lazy("Making sexual material of children")
        SALE = "sale", gettext_lazy("Selling access or what was found")
        EXTORTION = "extortion", gettext_lazy("Threats or demands for what was found")

    state = StateField(max_length=12, choices=State, default=State.OPEN)
    case = models.ForeignKey(Case, models.PROTECT, related_name="claims")
    made_by = models.CharField(gettext_lazy("who claims it"), max_length=20, choices=By)
    scope = models.TextField(gettext_lazy("what was tested, and why"), max_length=TEXT_LIMIT)
    disclosed = models.TextField(gettext_lazy("what was told to whom, and when"), max_length=TEXT_LIMIT)
    hearing = models.OneToOneField(
        "cases.Hearing", models.PROTECT, null=True, editable=False, help_text="In whose answer it was claimed."
    )
    began_on = models.DateField(gettext_lazy("first day"))
    ended_on = models.DateField(gettext_lazy("last day"))
    entered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", help_text="Who wrote it down.")
    entered_at = models.DateTimeField(default=now, editable=False)
    limits = ArrayField(models.CharField(max_length=12, choices=Limit), default=list, blank=True)
    reasons = models.TextField(blank=True, max_length=TEXT_LIMIT)
    assessed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    assessed_at = models.DateTimeField(null=True)

    reference_field = "id"
    listed_with = ("case",)
    objects = ClaimQuerySet.as_manager()

    class Meta:
        ordering = ["entered_at"]
        indexes = [models.Index(fields=["entered_at"], condition=Q(state="open"), name="claim_open")]
        constraints = [
            models.CheckConstraint(condition=Q(ended_on__gte=F("began_on")), name="claim_ends_after_it_began"),
            models.CheckConstraint(
                condition=Q(state__in=["open", "withdrawn"], assessed_by=None, assessed_at=None)
                | Q(state__in=["accepted", "refused"], assessed_by__isnull=False, assessed_at__isnull=False)
                & ~Q(reasons=""),
                name="claim_assessed_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(assessed_by=None) | ~Q(assessed_by=F("entered_by")), name="claim_assessed_by_another"
            ),
            models.CheckConstraint(condition=~Q(state="accepted") | Q(limits=[]), name="claim_accepted_within_limits"),
            models.CheckConstraint(
                condition=Q(hearing=None, entered_by__isnull=False)
                | Q(hearing__isnull=False, entered_by=None, made_by="account_holder"),
                name="claim_written_down_or_answered",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return _("Claim of research in %(case)s") % {"case": self.case.ref}

    @property
    def limit_words(self) -> list[str]:
        return [str(self.Limit(name).label) for name in self.limits]

    def history_of(self) -> Record:
        return self.case

    def get_absolute_url(self) -> str:
        return f"{self.case.get_absolute_url()}#claims"

    def complete(self, *, actor: Actor) -> None:
        self.entered_at = now()
        if self.ended_on < self.began_on:
            raise Refused(_("The last day comes before the first."), field="ended_on")
        if self.began_on > latest_today():
            raise Refused(_("It begins in the future, so it covers nothing that was reported."), field="began_on")

    @operation(
        creates=True,
        permission=Permission.CASE_INVESTIGATE,
        guard=not_decided,
        said=gettext_lazy("wrote down a claim of research in good faith"),
    )
    def enter(self, *, actor: User) -> None:
        """Write down that the act is claimed to have been research. No announcement beforehand is needed (H5)."""

    @operation(
        creates=True,
        permission=Permission.HEARING_ANSWER,
        guard=not_decided,
        said=gettext_lazy("claimed that it was research in good faith"),
    )
    def make(self, *, actor: Actor) -> None:
        """The account holder claims it, in the answer to a question before the decision."""

    @operation(
        source=State.OPEN,
        target=State.ACCEPTED,
        permission=Permission.DECISION_CONFIRM,
        guard=assessor,
        label=gettext_lazy("Accept"),
        said=gettext_lazy("accepted a claim of research"),
    )
    def accept(self, *, actor: User, reasons: str) -> None:
        """It was research in good faith: the act is no breach, and the case ends as protected research."""
        self._assess(actor, reasons, [])

    @operation(
        source=State.OPEN,
        target=State.REFUSED,
        permission=Permission.DECISION_CONFIRM,
        guard=assessor,
        label=gettext_lazy("Refuse"),
        said=gettext_lazy("refused a claim of research"),
    )
    def refuse(self, *, actor: User, reasons: str, limits: list[str]) -> None:
        """It was not, by what was done. The reasons go into the notice, and can be appealed with the decision."""
        self._assess(actor, reasons, limits)

    @operation(
        source=State.OPEN,
        target=State.WITHDRAWN,
        permission=Permission.CASE_INVESTIGATE,
        guard=not_decided,
        label=gettext_lazy("Withdraw"),
        said=gettext_lazy("withdrew a claim of research"),
    )
    def withdraw(self, *, actor: User, reasons: str) -> None:
        """Whoever made it upholds it no longer."""
        self.reasons = reasons.strip()
        if not self.reasons:
            raise Refused(_("Say who withdrew it, and how you know."), field="reasons")

    def _assess(self, actor: User, reasons: str, limits: list[str]) -> None:
        self.reasons, self.limits = reasons.strip(), sorted(set(limits))
        self.assessed_by, self.assessed_at = actor, now()
        self.case.take_part(actor, Hand.Part.JUDGED)
        if len(self.reasons) < REASONS_MINIMUM:
            raise Refused(
                _("Reasons of at least %(count)s characters: what was done, and how that meets the conditions.")
                % {"count": REASONS_MINIMUM},
                field="reasons",
            )


def in_the_way(case: Case, conduct_at: datetime, severity: int, *, restricts: bool) -> str | None:
    """Why no breach can be decided of a tier that `restricts` the account or not: a claim of the act is open or
    accepted. An open one holds nothing back that is of the gravest kind. A trigger says the same.
    """
    day = conduct_at.date()  # asked of all claims of the case, which a list of decisions has read already
    states = {claim.state for claim in case.claims.all() if claim.began_on <= day <= claim.ended_on}
    if Claim.State.ACCEPTED in states:
        return _("This was accepted as research in good faith; choose Protected research.")
    if Claim.State.OPEN in states and restricts and severity < GRAVEST:
        return _("Research in good faith is claimed for this; somebody assesses that before the account is restricted.")
    return None
