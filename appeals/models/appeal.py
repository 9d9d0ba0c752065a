"""Appeal: the person affected, or a reporter whom we turned away or told of no breach, contests what we did. Someone
with no part decides.
"""

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appeals import answers
from appeals.models.hearing import (
    free_to_hear,
    has_something_to_stay,
    its_reviewer,
    its_reviewer_but_of_answer,
    its_reviewer_of_case,
    its_reviewer_of_decision,
    may_be_contested,
    no_other_part,
)
from cases.models import Case, Decision, Hand, Report, Sanction
from cases.models.answering import SPENT
from cases.models.recurrence import STANDING
from cases.models.stake import others, own
from cases.models.staying import CAN_STAND_STILL
from cases.statement import appeal_closes_at
from tipstaff.accounts.models import User
from tipstaff.permissions import Permission
from tipstaff.sla import clocks
from tipstaff.sla.models import Clock
from tipstaff.time import now
from tipstaff.vault.models import SealedFile
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import NextRef, Record, RefQuerySet
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused
from tipstaff.workflow.states import StateField

TEXT_LIMIT = 5000
REASONS_MINIMUM = 60


class AppealQuerySet(RefQuerySet["Appeal"]):
    def visible_to(self, person: Any) -> Self:
        """Whoever may see appeals, without those against decisions about their own account."""
        return others(self, person) if person.may(Permission.APPEAL_VIEW) else self.none()

    def about_own(self, person: Any) -> Self:
        return own(self, person)

    def in_hands_of(self, person: User) -> Self:
        return self.filter(reviewer=person)

    def open_now(self) -> Self:
        return self.filter(state__in=["lodged", "under_review"])


@references.register("appeal")
class Appeal(Record):
    class State(models.TextChoices):
        LODGED = "lodged", gettext_lazy("Lodged")
        INADMISSIBLE = "inadmissible", gettext_lazy("Not admitted")
        UNDER_REVIEW = "under_review", gettext_lazy("Under review")
        UPHELD = "upheld", gettext_lazy("Decision upheld")
        VARIED = "varied", gettext_lazy("Decision made milder")
        REVERSED = "reversed", gettext_lazy("Decision reversed")
        REMANDED = "remanded", gettext_lazy("Sent back for a new decision")
        WITHDRAWN = "withdrawn", gettext_lazy("Withdrawn")

    class Ground(models.TextChoices):
        NOT_ME = "not_me", gettext_lazy("It was not me, or my account was taken over")
        CONTEXT = "context", gettext_lazy("Something important was left out")
        RULE = "rule", gettext_lazy("The rule does not apply to what I did")
        TOO_HARSH = "too_harsh", gettext_lazy("The measure is too harsh")
        OTHER = "other", gettext_lazy("Something else")

    class Inadmissible(models.TextChoices):
        NO_STANDING = "no_standing", gettext_lazy("The appeal does not come from the person affected.")
        OUT_OF_TIME = "out_of_time", gettext_lazy("The appeal came after the time allowed.")
        DUPLICATE = "duplicate", gettext_lazy("The same appeal was heard already.")

    ref = models.CharField(max_length=20, unique=True, db_default=NextRef("A"), editable=False)
    state = StateField(max_length=16, choices=State, default=State.LODGED)
    decision = models.ForeignKey(Decision, models.PROTECT, null=True, related_name="appeals")
    report = models.ForeignKey(Report, models.PROTECT, null=True, related_name="appeals")
    case = models.ForeignKey(Case, models.PROTECT, null=True, related_name="appeals", editable=False)
    ground = models.CharField(max_length=12, choices=Ground)
    text = models.TextField(max_length=TEXT_LIMIT)
    contact = models.EmailField(blank=True)
    language = models.CharField(max_length=10, default="en")
    lodged_at = models.DateTimeField(default=now, editable=False)
    reviewer = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    reviewed_part = models.CharField(max_length=20, null=True, editable=False)
    taken_up_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    reasons = models.TextField(blank=True)
    inadmissible_reason = models.CharField(max_length=12, choices=Inadmissible, blank=True)
    due_at = models.DateTimeField(null=True)

    owner_field = "reviewer"
    objects = AppealQuerySet.as_manager()

    class Meta:
        ordering = ["lodged_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(decision__isnull=False, report=None, case__isnull=False)
                | Q(decision=None, report__isnull=False),
                name="appeal_of_exactly_one",
            ),
            models.UniqueConstraint(
                fields=["decision"],
                condition=~Q(state__in=["inadmissible", "withdrawn"]),
                name="appeal_once_per_decision",
            ),
            models.UniqueConstraint(
                fields=["report"],
                condition=~Q(state__in=SPENT),
                name="appeal_once_per_report",
            ),
            models.CheckConstraint(
                condition=Q(reviewer=None, taken_up_at=None) | Q(reviewer__isnull=False, taken_up_at__isnull=False),
                name="appeal_taken_up_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(case=None)
                | Q(reviewer=None)
                | Q(reviewed_part__isnull=False, reviewed_part="reviewed_appeal"),
                name="appeal_reviewed_part",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["upheld", "varied", "reversed", "remanded"])
                | (Q(reviewer__isnull=False, decided_at__isnull=False) & ~Q(reasons="")),
                name="appeal_decided_has_reasons",
            ),
            models.CheckConstraint(
                condition=~Q(state="inadmissible") | ~Q(inadmissible_reason=""), name="appeal_inadmissible_reason"
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    @classmethod
    def of_report(cls, report: Report, **columns: Any) -> "Appeal":
        """An unsaved appeal of whoever reported: against declining it, or against what its case came to."""
        case = None if report.state == Report.State.DECLINED else report.case
        return cls(report=report, case=case, **columns)

    @property
    def is_of_answer(self) -> bool:
        """Whether a reporter contests what they were told of a case that was decided."""
        return self.decision is None and self.case is not None

    @property
    def decision_at_issue(self) -> Decision | None:
        """The decision contested; where a reporter contests the answer, the one that stands in the case."""
        if self.decision or self.case is None:
            return self.decision
        near = "rule__version__matrix", "rule__group", "proposed_by", "issued_by"
        return self.case.decisions.filter(state__in=STANDING).select_related(*near).order_by("issued_at").last()

    def get_absolute_url(self) -> str:
        return reverse("appeals:appeal", args=[self.ref])

    def history_of(self) -> Record:
        return self.case or self.report or self

    @property
    def files(self) -> Any:
        return SealedFile.objects.of(self)

    @property
    def severity(self) -> int:
        if self.decision:
            return self.decision.severity or self.decision.case.severity
        return self.report.severity if self.report else 2

    @property
    def refers(self) -> bool:
        """Whether the rule at issue makes referral to an authority compulsory."""
        if self.decision:
            return self.decision.refers
        return self.report.refers if self.report else False

    @property
    def content_is_sealed(self) -> bool:
        return any(above.content_is_sealed for above in (self.case, self.report) if above)

    def held_with(self) -> list[str]:
        above = self.case or self.report
        return [above.reference, *above.held_with()] if above else []

    @property
    def at_rest_since(self) -> datetime | None:
        """An appeal rests with its case, or with the report that led to none."""
        if self.case:
            return self.case.at_rest_since
        ends = [self.decided_at, self.report.at_rest_since if self.report else None]
        return None if None in ends else max(end for end in ends if end)

    @property
    def milder_tiers(self) -> list[dict[str, Any]]:
        """The tiers that could take the place of the one imposed: every lower one, down to the rule's minimum."""
        if self.decision is None or not self.decision.tier:
            return []
        tiers = self.decision.rule.version.matrix.tiers
        floor = list(tiers).index(minimum) if (minimum := self.decision.rule.minimum_tier) in tiers else 0
        milder = set(self.decision.milder_tiers)
        return [tier for place, (code, tier) in enumerate(tiers.items()) if place >= floor and code in milder]

    def mail_settled(self, kind: str) -> None:
        if kind == answers.RECEIPT:
            clocks.stop(self, Clock.Kind.APPEAL_RECEIPT)

    def clock_moved(self, clock: Clock) -> None:
        if clock.kind != Clock.Kind.APPEAL:
            return
        due_at = None if clock.stopped_at or clock.paused_at else clock.due_at
        type(self).objects.filter(pk=self.pk).exclude(due_at=due_at).update(due_at=due_at)

    @operation(creates=True, permission=Permission.APPEAL_LODGE, guard=may_be_contested, said=gettext_lazy("appealed"))
    def lodge(self, *, actor: Actor, files: list[SealedFile]) -> None:
        """Take the appeal in, with its files; it is free and needs no account (DSA 20(1), (3))."""
        for sealed in files:
            sealed.give_to(self, actor=actor)
        if contested := self._contested:
            contested.contest(actor=actor)
        self.due_at = clocks.start(self, Clock.Kind.APPEAL, severity=self.severity, referral=self.refers).due_at
        if answers.confirm_receipt(self, actor=actor):
            clocks.start_if_set(self, Clock.Kind.APPEAL_RECEIPT, severity=self.severity, referral=self.refers)

    @operation(
        source=[State.LODGED, State.UNDER_REVIEW],
        target=State.UNDER_REVIEW,
        permission=Permission.APPEAL_DECIDE,
        guard=free_to_hear,
        label=gettext_lazy("Take up"),
        said=gettext_lazy("took up the appeal"),
    )
    def take_up(self, *, actor: User) -> None:
        """Hear the appeal. Only for somebody with no other part in the case; the Hand table says the same by key. One
        that lies with somebody who has left, or who left it untouched, goes over.
        """
        self._hear(actor)

    def _hear(self, actor: User) -> None:
        self.reviewer, self.taken_up_at = actor, now()
        if self.case:
            self.reviewed_part = self.case.take_part(actor, Hand.Part.REVIEWED_APPEAL)

    def _came_late(self) -> bool:
        closes = appeal_closes_at(self.decision) if self.decision else None
        return closes is not None and self.lodged_at > closes

    @operation(
        source=State.LODGED,
        target=State.INADMISSIBLE,
        permission=Permission.APPEAL_DECIDE,
        guard=no_other_part,
        said=gettext_lazy("did not admit the appeal"),
    )
    def declare_inadmissible(self, *, actor: User, reason: str) -> None:
        """Do not hear it, for one of three reasons only; the person is told which."""
        if reason == self.Inadmissible.OUT_OF_TIME and not self._came_late():
            raise Refused(_("The appeal came in time."))
        self.inadmissible_reason = reason
        self._hear(actor)
        if contested := self._contested:
            contested.uncontest(actor=actor)
        self._end(actor, self.State.INADMISSIBLE)

    @operation(
        source=State.UNDER_REVIEW,
        permission=Permission.APPEAL_DECIDE,
        guard=has_something_to_stay,
        label=gettext_lazy("Let the measures stand still"),
        said=gettext_lazy("let the measures stand still until the appeal is decided"),
    )
    def stay(self, *, actor: Actor, reason: str) -> None:
        """Stop what limits the account until the appeal ends; its time is frozen (A14)."""
        for sanction in self.stayable:
            sanction.stay(actor=actor, reason=reason)

    @property
    def stayable(self) -> list[Sanction]:
        """The measures that limit the account and could stand still while this is heard."""
        if self.decision is None:
            return []
        rows = self.decision.sanctions.standing(now()).filter(kind__in=CAN_STAND_STILL, stayed_at=None)
        return list(rows.order_by("id"))

    @operation(
        source=State.UNDER_REVIEW,
        target=State.UPHELD,
        permission=Permission.APPEAL_DECIDE,
        guard=its_reviewer,
        said=gettext_lazy("rejected the appeal: the decision stands"),
    )
    def uphold(self, *, actor: Actor, reasons: str) -> None:
        """What we did was right; say why for each thing the person said."""
        self.reasons = reasons
        if self.decision:
            self.decision.uphold(actor=actor)
        elif self.report and self.is_of_answer:
            self.report.uncontest(actor=actor)
        self._end(actor, self.State.UPHELD)

    @operation(
        source=State.UNDER_REVIEW,
        target=State.REVERSED,
        permission=Permission.APPEAL_DECIDE,
        guard=its_reviewer_but_of_answer,
        said=gettext_lazy("granted the appeal"),
    )
    def reverse(self, *, actor: Actor, reasons: str) -> None:
        """What we did was wrong: the measures end with this transaction and everybody is told."""
        self.reasons = reasons
        if self.decision:
            self.decision.reverse(actor=actor, reason=f"{self.ref}: reversed on appeal")
        elif self.report:
            self.report.reinstate(actor=actor)
        self._end(actor, self.State.REVERSED)

    @operation(
        source=State.UNDER_REVIEW,
        target=State.VARIED,
        permission=Permission.APPEAL_DECIDE,
        guard=its_reviewer_of_decision,
        said=gettext_lazy("granted the appeal in part"),
    )
    def vary(self, *, actor: Actor, reasons: str, tier: str) -> None:
        """The breach stands, the measure was too harsh: a milder tier takes its place (no worse outcome)."""
        self.reasons = reasons
        if self.decision is not None:  # as the guard made sure
            self.decision.vary(actor=actor, tier=tier, reason=f"{self.ref}: made milder on appeal")
        self._end(actor, self.State.VARIED)

    @operation(
        source=State.UNDER_REVIEW,
        target=State.REMANDED,
        permission=Permission.APPEAL_DECIDE,
        guard=its_reviewer_of_case,
        said=gettext_lazy("granted the appeal and sent the case back"),
    )
    def remand(self, *, actor: Actor, reasons: str) -> None:
        """It cannot be upheld as it is: the decision falls and the case is investigated again."""
        self.reasons = reasons
        if decision := self.decision_at_issue:  # none where another reporter's appeal sent it back before
            decision.reverse(actor=actor, reason=f"{self.ref}: sent back on appeal")
            decision.case.reopen(actor=actor, reason=reasons)
        if self.report and self.is_of_answer:
            self.report.uncontest(actor=actor)
        self._end(actor, self.State.REMANDED)

    @operation(
        source=[State.LODGED, State.UNDER_REVIEW],
        target=State.WITHDRAWN,
        permission=Permission.APPEAL_WITHDRAW,
        said=gettext_lazy("withdrew the appeal"),
    )
    def withdraw(self, *, actor: Actor) -> None:
        """The person takes the appeal back; the decision stands as it was."""
        if contested := self._contested:
            contested.uncontest(actor=actor)
        self._end(actor, self.State.WITHDRAWN)

    @property
    def _contested(self) -> Decision | Report | None:
        """What is marked as contested while this is open: the decision, or what the reporter was told. A declined
        report is not: nothing waits for it.
        """
        return self.decision or (self.report if self.is_of_answer else None)

    def _end(self, actor: Actor, outcome: State) -> None:
        self.decided_at, self.due_at = now(), None
        heard = outcome not in (self.State.INADMISSIBLE, self.State.WITHDRAWN)
        clocks.stop(self, Clock.Kind.APPEAL, cancelled=None if heard else Clock.CancelReason.UNHEARD)
        if outcome != self.State.WITHDRAWN:
            answers.give(self, outcome=outcome, actor=actor)
