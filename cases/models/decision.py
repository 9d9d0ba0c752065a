"""Decision: what is held to have happened, under which rule as it stood then, and what follows. Final once issued."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup.evaluation import BREACH, Evaluation, evaluate, recurrence_of
from aup.matrix.words import called
from aup.models import Rule
from cases import gateway, statement
from cases.models import approval, served
from cases.models.case import Case
from cases.models.hand import Hand
from cases.models.sanction import Sanction
from governance.models import Waiver
from governance.models.covering import WaiverQuerySet
from tipstaff.accounts.models import Token, User
from tipstaff.permissions import Permission
from tipstaff.sla import clocks
from tipstaff.sla.models import Clock
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import NextRef, Record, RefQuerySet
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused
from tipstaff.workflow.states import StateField

REASONS_LIMIT = 5000
REASONS_MINIMUM = 60  # characters: shorter is a rule's name, not a reason (DSA 17(4))
STANDING = ("issued", "upheld", "varied")


@dataclass(frozen=True)
class Recommendation:
    """What the matrix says about a decision, and which earlier decisions made it say so."""

    recurrence: str
    counted: list["Decision"]
    evaluation: Evaluation


class DecisionQuerySet(RefQuerySet["Decision"]):
    def visible_to(self, person: Any) -> Self:
        """A machine sees what was issued: a proposal is between people, and nothing may act on it."""
        if not person.may(Permission.CASE_VIEW):
            return self.none()
        return self.filter(issued_at__isnull=False) if isinstance(person, Token) else self

    def in_hands_of(self, person: User) -> Self:
        return self.filter(proposed_by=person)

    def waiting(self) -> Self:
        return self.filter(state__in=["proposed", "confirmed"])

    def counting(self, case: Case, conduct_at: datetime, *, days: int) -> Self:
        """Earlier breaches that make this one a recurrence: issued before it, within `days`, same account and rule
        group, standing, and not under appeal (DESIGN 4; a decision under appeal is shown and not counted).
        """
        return self.filter(
            case__subject=case.subject_id,
            case__rule_group=case.rule_group,
            outcome=Decision.Outcome.BREACH,
            state__in=STANDING,
            issued_at__lte=conduct_at,
            issued_at__gt=conduct_at - timedelta(days=days),
            contested_at=None,
        ).exclude(case=case)


@references.register("decision")
class Decision(Record):
    class State(models.TextChoices):
        PROPOSED = "proposed", gettext_lazy("Proposed")
        CONFIRMED = "confirmed", gettext_lazy("Confirmed")
        RETURNED = "returned", gettext_lazy("Returned")
        WITHDRAWN = "withdrawn", gettext_lazy("Withdrawn")
        ISSUED = "issued", gettext_lazy("Issued")
        UPHELD = "upheld", gettext_lazy("Upheld on appeal")
        VARIED = "varied", gettext_lazy("Varied on appeal")
        REVERSED = "reversed", gettext_lazy("Reversed on appeal")
        SUPERSEDED = "superseded", gettext_lazy("Replaced")

    class Outcome(models.TextChoices):
        BREACH = "breach", gettext_lazy("Breach")
        NO_BREACH = "no_breach", gettext_lazy("No breach")
        INSUFFICIENT_EVIDENCE = "insufficient_evidence", gettext_lazy("Not enough evidence")
        EXEMPT = "exempt", gettext_lazy("Exempt")
        SAFE_HARBOUR = "safe_harbour", gettext_lazy("Protected research")
        SUPPORT_ROUTING = "support_routing", gettext_lazy("Support offered")
        CORRECTED = "corrected", gettext_lazy("Corrected in time")
        SYSTEM_BEHAVIOUR = "system_behaviour", gettext_lazy("System behaviour")
        REFERRED = "referred", gettext_lazy("Referred")

    class Automation(models.TextChoices):
        NONE = "none", gettext_lazy("People only")
        PARTIAL = "partial", gettext_lazy("A person with automated help")

    ref = models.CharField(max_length=20, unique=True, db_default=NextRef("D"), editable=False)
    state = StateField(max_length=12, choices=State, default=State.PROPOSED)
    case = models.ForeignKey(Case, models.PROTECT, related_name="decisions")
    outcome = models.CharField(max_length=24, choices=Outcome)
    rule = models.ForeignKey(Rule, models.PROTECT, related_name="+", help_text="As it stood when the conduct happened.")
    conduct_at = models.DateTimeField()
    # Which values there are is the matrix's to say: that of the policy version cited.
    intent = models.CharField(max_length=20, blank=True)
    sensitivity = models.CharField(max_length=20, blank=True)
    severity = models.PositiveSmallIntegerField(null=True)
    recurrence = models.CharField(max_length=20, blank=True, editable=False)
    factors = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    evaluation = models.JSONField(null=True, editable=False, help_text="Inputs, matrix version and result.")
    recommended_tier = models.CharField(max_length=4, blank=True, editable=False)
    tier = models.CharField(max_length=4, blank=True)
    varied_tier = models.CharField(max_length=4, blank=True, editable=False, help_text="Set by an appeal: milder.")
    departure_reason = models.TextField(blank=True, max_length=2000)
    outside_waiver = models.TextField(
        blank=True, max_length=2000, help_text="Why the act was outside the waiver in force; needs a confirmer."
    )
    needs_confirmer = models.BooleanField(default=False, editable=False)
    reasons = models.TextField(max_length=REASONS_LIMIT)
    detection = models.CharField(max_length=12, choices=Automation, default=Automation.NONE)
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    proposed_part = models.CharField(max_length=20, default=Hand.Part.INVESTIGATED, editable=False)
    proposed_at = models.DateTimeField(default=now, editable=False)
    confirmed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    confirmed_part = models.CharField(max_length=20, null=True, editable=False)
    confirmed_at = models.DateTimeField(null=True)
    issued_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    issued_part = models.CharField(max_length=20, null=True, editable=False)
    issued_at = models.DateTimeField(null=True)
    returned_reason = models.TextField(blank=True, max_length=2000)
    contested_at = models.DateTimeField(null=True, help_text="Set while an appeal is open.")
    settled_at = models.DateTimeField(null=True, help_text="When an appeal ended in upheld, varied or reversed.")

    listed_with = ("case",)
    objects = DecisionQuerySet.as_manager()

    class Meta:
        ordering = ["-proposed_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(state__in=["proposed", "confirmed"]), name="decision_one_waiting"
            ),
            models.CheckConstraint(
                condition=~Q(outcome="breach")
                | (~Q(intent="") & ~Q(sensitivity="") & Q(severity__gte=1, severity__lte=4) & ~Q(tier="")),
                name="decision_breach_is_graded",
            ),
            models.CheckConstraint(condition=Q(outcome="breach") | Q(tier=""), name="decision_tier_only_for_breach"),
            models.CheckConstraint(
                condition=Q(tier=models.F("recommended_tier")) | ~Q(departure_reason=""),
                name="decision_departure_reason",
            ),
            models.CheckConstraint(condition=Q(proposed_part="investigated"), name="decision_proposed_part"),
            models.CheckConstraint(
                condition=Q(confirmed_by=None, confirmed_at=None, confirmed_part=None)
                | Q(
                    confirmed_by__isnull=False,
                    confirmed_at__isnull=False,
                    confirmed_part__isnull=False,  # a comparison with NULL would pass the check
                    confirmed_part="confirmed",
                ),
                name="decision_confirmed_part",
            ),
            models.CheckConstraint(
                condition=Q(issued_by=None, issued_at=None, issued_part=None)
                | Q(issued_by__isnull=False, issued_at__isnull=False, issued_part__isnull=False, issued_part="issued")
                | (
                    Q(
                        issued_by__isnull=False,
                        issued_at__isnull=False,
                        issued_part__isnull=False,
                        issued_part="investigated",
                    )
                    & (Q(outcome__in=approval.SELF_ISSUED) | Q(tier="T1"))
                ),
                name="decision_issued_part",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["proposed", "confirmed", "returned", "withdrawn"], issued_by=None)
                | Q(state__in=["issued", "upheld", "varied", "reversed", "superseded"], issued_by__isnull=False),
                name="decision_issued_has_issuer",
            ),
            models.CheckConstraint(
                condition=Q(issued_by=None) | Q(needs_confirmer=False) | Q(confirmed_by__isnull=False),
                name="decision_confirmed_before_issue",
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    def history_of(self) -> Record:
        return self.case

    @property
    def page_url(self) -> str:
        return reverse("cases:decision", args=[self.ref])

    @property
    def refers(self) -> bool:
        """Whether its rule makes referral to an authority compulsory."""
        return self.rule.legal_referral == Rule.Referral.MANDATORY

    def mail_settled(self, kind: str) -> None:
        if kind == statement.MAIL:
            clocks.stop(self, Clock.Kind.STATEMENT)

    @property
    def stands(self) -> bool:
        return self.state in STANDING

    @property
    def intent_words(self) -> str:
        return called(self.intent) if self.intent else ""

    @property
    def sensitivity_words(self) -> str:
        return called(self.sensitivity) if self.sensitivity else ""

    def counted(self) -> DecisionQuerySet:
        """The earlier breaches that make this one a recurrence, in the window of the matrix that applies."""
        days = self.rule.version.matrix.recurrence_window_days
        return Decision.objects.counting(self.case, self.conduct_at, days=days)

    def recommend(self) -> Recommendation:
        """The matrix's answer for these inputs now. Refused for inputs that the matrix does not know."""
        document = self.rule.version.matrix.document
        counted = list(self.counted())
        under_sanction = (
            Sanction.objects.filter(subject=self.case.subject_id)
            .decided()
            .restricting()
            .exclude(case=self.case)
            .exclude(decision__contested_at__isnull=False)
            .was_in_force(self.conduct_at)
            .exists()
        )
        recurrence = recurrence_of(document, len(counted), under_sanction)
        try:
            evaluation = evaluate(
                document,
                self.rule.facts,
                intent=self.intent,
                sensitivity=self.sensitivity,
                severity=int(self.severity or 0),
                recurrence=recurrence,
                factors=tuple(self.factors),
            )
        except ValueError as error:
            raise Refused(str(error)) from error
        return Recommendation(recurrence, counted, evaluation)

    @operation(
        creates=True,
        permission=Permission.DECISION_PROPOSE,
        guard=approval.may_propose,
        said=gettext_lazy("proposed a decision"),
    )
    def propose(self, *, actor: Actor) -> None:
        """Put a decision forward for somebody else to issue, pinned to the rule as it stood at the conduct."""
        self.case.put_forward(actor=actor)

    def complete(self, *, actor: Actor) -> None:
        """Check what is cited, grade a breach by the matrix, and write down the proposer's part."""
        self._check_citation()
        self._check_reasons()
        if self.outcome == self.Outcome.BREACH:
            self._grade()
        self.proposed_part = self.case.take_part(self.proposed_by, Hand.Part.INVESTIGATED)

    def _check_citation(self) -> None:
        if Rule.objects.cited(self.rule.code, self.conduct_at) != self.rule:
            raise Refused(_("A decision cites the rule as it was in force when the conduct happened; pick it again."))
        if self.rule.group.code != self.case.rule_group:
            raise Refused(_("This case is about another group of rules; open a case of its own for this one."))
        if self.conduct_at > now():
            raise Refused(_("The conduct cannot lie in the future."))
        if self.outcome == self.Outcome.BREACH and self.case.subject is None:
            raise Refused(_("Name the account first: there is no breach without somebody who did it."))

    def _check_reasons(self) -> None:
        if len(self.reasons.strip()) < REASONS_MINIMUM:
            raise Refused(
                _("Reasons of at least %(count)s characters: what happened, when, and why the rule applies.")
                % {"count": REASONS_MINIMUM}
            )

    def _grade(self) -> None:
        """Ask the matrix, and hold a tier other than its answer to a reason and a confirmer."""
        answer = self.recommend()
        if answer.evaluation.outcome != BREACH:
            raise Refused(_("The rule permits this, so it is no breach; choose another outcome."))
        self.recurrence, self.recommended_tier = answer.recurrence, answer.evaluation.tier
        self.evaluation = answer.evaluation.as_json()
        self.tier = self.tier or self.recommended_tier
        if not self.tier_document:
            raise Refused(_("“%(tier)s” is not a tier of the matrix that applies.") % {"tier": self.tier})
        departs = self.tier != self.recommended_tier
        if departs and not self.departure_reason.strip():
            raise Refused(
                _("The matrix recommends %(tier)s. Another tier needs a reason.") % {"tier": self.recommended_tier}
            )
        if refusal := approval.warning_missing(self) or self.waiver_in_the_way():
            raise Refused(refusal)
        self.departure_reason = self.departure_reason if departs else ""
        self.outside_waiver = self.outside_waiver.strip() if self.covering.exists() else ""
        four_eyes = self.tier_document["four_eyes"] or answer.evaluation.four_eyes
        self.needs_confirmer = departs or four_eyes or bool(self.outside_waiver)

    @property
    def covering(self) -> WaiverQuerySet:
        """The waivers in force at the conduct for this account and rule."""
        return Waiver.objects.covering(self.case.subject, self.rule, self.conduct_at)

    def waiver_in_the_way(self) -> str | None:
        """Why this is no breach: a waiver permitted the act, and nobody said that the act was outside it."""
        if self.outcome != self.Outcome.BREACH or self.outside_waiver.strip():
            return None
        if refs := ", ".join(waiver.ref for waiver in self.covering):
            return _("%(refs)s permits this; choose Exempt, or say why the act is outside its conditions.") % {
                "refs": refs
            }
        return None

    def _check_grading(self) -> None:
        """What earlier decisions made of this one may have changed since it was proposed (an appeal, another issue)."""
        if self.outcome != self.Outcome.BREACH:
            return
        if refusal := self.waiver_in_the_way():
            raise Refused(refusal)
        answer = self.recommend()
        if (answer.recurrence, answer.evaluation.tier) != (self.recurrence, self.recommended_tier):
            raise Refused(
                _("Earlier decisions changed since this was proposed, and the matrix now says %(tier)s: send it back.")
                % {"tier": answer.evaluation.tier}
            )

    @property
    def tier_document(self) -> dict[str, Any]:
        """The tier as the matrix in force at the conduct describes it; empty when there is none."""
        tiers = self.rule.version.matrix.document["tiers"]
        return next((tier for tier in tiers if tier["code"] == self.tier), {})

    @property
    def sanction_documents(self) -> list[dict[str, Any]]:
        return self._imposed_by(self.tier_document)

    def _imposed_by(self, tier: dict[str, Any]) -> list[dict[str, Any]]:
        """What `tier` imposes, and the referral that a rule makes mandatory whatever the tier."""
        imposed = list(tier.get("sanctions", []))
        if (self.evaluation or {}).get("adds_referral") and not any(s["type"] == "legal_referral" for s in imposed):
            imposed.append({"type": "legal_referral", "decided_by": "counsel"})
        return imposed

    @operation(
        source=State.PROPOSED,
        target=State.CONFIRMED,
        permission=Permission.DECISION_CONFIRM,
        guard=approval.may_confirm,
        label=gettext_lazy("Confirm"),
        said=gettext_lazy("confirmed the decision"),
    )
    def confirm(self, *, actor: User) -> None:
        """A second person, who neither investigated nor will issue it, agrees."""
        self.confirmed_by, self.confirmed_at = actor, now()
        self.confirmed_part = self.case.take_part(actor, Hand.Part.CONFIRMED)

    @operation(
        source=[State.PROPOSED, State.CONFIRMED],
        target=State.ISSUED,
        permission=Permission.DECISION_ISSUE,
        guard=approval.may_issue,
        label=gettext_lazy("Issue"),
        said=gettext_lazy("issued the decision"),
    )
    def issue(self, *, actor: User) -> None:
        """Make the decision final, put its sanctions in force and tell the subject why (DSA 17)."""
        self._check_grading()
        self.issued_by, self.issued_at = actor, now()
        part = Hand.Part.INVESTIGATED if actor == self.proposed_by else Hand.Part.ISSUED
        self.issued_part = self.case.take_part(actor, part)
        for measure in Sanction.objects.filter(interim__case__in=served.joined(self.case_id)).standing(self.issued_at):
            measure.give_way(actor=actor, decision=self)
        for document in self.sanction_documents:
            Sanction.of_tier(self, document, at=self.issued_at).impose(actor=actor)
        self.case.decide(actor=actor)
        if self.case.subject is not None:
            statement.give(self, to=self.case.subject, actor=actor)
        gateway.tell_decision(self, "issued", actor=actor)

    @operation(
        source=[State.PROPOSED, State.CONFIRMED],
        target=State.RETURNED,
        permission=Permission.DECISION_CONFIRM,
        guard=approval.not_the_proposer,
        label=gettext_lazy("Return with a reason"),
        said=gettext_lazy("sent the proposal back"),
    )
    def send_back(self, *, actor: Actor, reason: str) -> None:
        """Send the proposal back to the investigation, saying what is missing."""
        self.returned_reason = reason
        self.case.take_back(actor=actor)

    @operation(
        source=[State.PROPOSED, State.CONFIRMED],
        target=State.WITHDRAWN,
        permission=Permission.DECISION_PROPOSE,
        guard=approval.only_the_proposer,
        label=gettext_lazy("Withdraw the proposal"),
        said=gettext_lazy("withdrew the proposal"),
    )
    def withdraw(self, *, actor: Actor) -> None:
        """The proposer takes it back before it is issued."""
        self.case.take_back(actor=actor)

    @operation(
        source=[State.ISSUED, State.UPHELD, State.VARIED],
        permission=Permission.APPEAL_LODGE,
        said=gettext_lazy("contested the decision"),
    )
    def contest(self, *, actor: Actor) -> None:
        """An appeal is open: the decision is shown to others but not counted until it ends."""
        self.contested_at = now()

    @operation(
        source=[State.ISSUED, State.UPHELD, State.VARIED],
        permission=Permission.APPEAL_WITHDRAW,
        said=gettext_lazy("ended the contest of the decision"),
    )
    def uncontest(self, *, actor: Actor) -> None:
        """The appeal ended without looking at the decision."""
        self.contested_at = None

    @operation(
        source=[State.ISSUED, State.UPHELD, State.VARIED],
        target=State.UPHELD,
        permission=Permission.APPEAL_DECIDE,
        said=gettext_lazy("upheld the decision"),
    )
    def uphold(self, *, actor: Actor) -> None:
        """The decision stands."""
        self.contested_at, self.settled_at = None, now()
        gateway.tell_decision(self, "upheld", actor=actor)

    @operation(
        source=[State.ISSUED, State.UPHELD, State.VARIED],
        target=State.REVERSED,
        permission=Permission.APPEAL_DECIDE,
        said=gettext_lazy("reversed the decision"),
    )
    def reverse(self, *, actor: Actor, reason: str) -> None:
        """The decision falls: its sanctions end now, it counts for nothing, and the reporters are told."""
        self.contested_at, self.settled_at = None, now()
        for sanction in self.sanctions.filter(state=Sanction.State.ISSUED).order_by("id"):
            sanction.revoke(actor=actor, reason=reason)
        for report in self.case.reports.filter(state="answered").order_by("id"):
            report.tell_reversal(actor=actor)
        gateway.tell_decision(self, "reversed", actor=actor)

    @operation(
        source=[State.ISSUED, State.UPHELD, State.VARIED],
        target=State.VARIED,
        permission=Permission.APPEAL_DECIDE,
        said=gettext_lazy("made the decision milder"),
    )
    def vary(self, *, actor: Actor, tier: str, reason: str) -> None:
        """A milder tier takes the place of the one imposed; what was already served counts (no worse outcome)."""
        tiers = self.rule.version.matrix.tiers
        if tier not in self.milder_tiers:
            raise Refused(
                _("An appeal can only make the outcome milder; choose a tier below %(tier)s.") % {"tier": self.tier}
            )
        self.contested_at, self.settled_at, self.varied_tier = None, now(), tier
        for sanction in self.sanctions.filter(state=Sanction.State.ISSUED).order_by("id"):
            sanction.supersede(actor=actor, reason=reason)
        for document in self._imposed_by(tiers[tier]):
            Sanction.of_tier(self, document, at=self.issued_at or now()).impose(actor=actor)
        gateway.tell_decision(self, "varied", actor=actor)

    @property
    def milder_tiers(self) -> list[str]:
        """The codes of every tier lighter than the one that holds."""
        order = list(self.rule.version.matrix.tiers)
        return order[: order.index(self.effective_tier)] if self.effective_tier in order else []

    @property
    def effective_tier(self) -> str:
        return self.varied_tier or self.tier

    @property
    def ends_account(self) -> bool:
        """Whether it closes the account for good: whoever issues it types its reference first."""
        return any(document["type"] == Sanction.Kind.PERMANENT_TERMINATION for document in self.sanction_documents)

    @property
    def self_issued(self) -> bool:
        return self.outcome in approval.SELF_ISSUED or (self.lightest_warning and settings.SELF_ISSUE_T1)

    @property
    def lightest_warning(self) -> bool:
        """Whether it is T1, the lightest tier, and restricts nothing: its proposer may issue it if that is wished."""
        light = {document["type"] for document in self.sanction_documents} <= set(Sanction.WITHOUT_RESTRICTION)
        return self.tier == "T1" == next(iter(self.rule.version.matrix.tiers)) and light
