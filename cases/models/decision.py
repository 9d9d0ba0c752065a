"""Decision: what is held to have happened, under which rule as it stood then, and what follows. Final once issued."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup.matrix.words import called
from aup.models import Rule
from cases import gateway, putting_right, statement, wider
from cases.models import approval, check, finding, served
from cases.models.case import Case
from cases.models.contested import Contested
from cases.models.grading import Graded
from cases.models.grounds import Automation, Grounded
from cases.models.hand import Hand
from cases.models.measured import SCOPE_REASON_LIMIT
from cases.models.recurrence import STANDING, DecisionQuerySet
from cases.models.sanction import Sanction
from governance.models import ControlTask
from tipstaff.accounts.models import Subject, User
from tipstaff.permissions import Permission
from tipstaff.sla import clocks
from tipstaff.sla.models import Clock
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import NextRef, Record
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused
from tipstaff.workflow.states import StateField

REASONS_LIMIT = 5000
REASONS_MINIMUM = 60  # characters: shorter is a rule's name, not a reason (DSA 17(4))


@references.register("decision")
class Decision(Graded, Grounded, Contested, Record):
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

    Automation = Automation

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
    factor_notes = models.JSONField(default=dict, blank=True, help_text="By factor, what it rests on.")
    evaluation = models.JSONField(null=True, editable=False, help_text="Inputs, matrix version and result.")
    recommended_tier = models.CharField(max_length=4, blank=True, editable=False)
    tier = models.CharField(max_length=4, blank=True)
    varied_tier = models.CharField(max_length=4, blank=True, editable=False, help_text="Set by an appeal: milder.")
    departure_reason = models.TextField(blank=True, max_length=2000)
    outside_waiver = models.TextField(
        blank=True, max_length=2000, help_text="Why the act was outside the waiver in force; needs a confirmer."
    )
    scope = models.ForeignKey(
        Subject,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        help_text="The account that is limited, where that is a wider one than the case is about.",
    )
    scope_reason = models.TextField(blank=True, max_length=SCOPE_REASON_LIMIT)
    scope_typed = models.CharField(
        blank=True, max_length=120, help_text="The reference of the account that is limited, as somebody typed it."
    )
    days = models.JSONField(
        default=dict, blank=True, help_text="By kind of measure, where it is to last other days than its tier says."
    )
    left_out = ArrayField(
        models.CharField(max_length=24), default=list, blank=True, help_text="Kinds that the tier would impose."
    )
    needs_confirmer = models.BooleanField(default=False, editable=False)
    reasons = models.TextField(max_length=REASONS_LIMIT)
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
        indexes = [
            models.Index(
                fields=["rule", "-issued_at"], condition=Q(state__in=STANDING), name="decision_newest_of_rule"
            ),
            GinIndex(
                SearchVector("reasons", config="simple"), condition=Q(state__in=STANDING), name="decision_by_words"
            ),
        ]
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
                condition=Q(tier=models.F("recommended_tier"), days={}, left_out=[])
                | ~Q(departure_reason="") & Q(needs_confirmer=True),
                name="decision_departure_reason",
            ),
            models.CheckConstraint(
                condition=Q(outcome="breach") | Q(legal_ground=""), name="decision_law_only_for_breach"
            ),
            models.CheckConstraint(
                condition=Q(outcome="breach") | Q(factors=[], factor_notes={}), name="decision_factors_only_for_breach"
            ),
            models.CheckConstraint(
                condition=Q(scope=None, scope_reason="")
                | Q(scope__isnull=False, outcome="breach") & ~Q(scope_reason="") & ~Q(scope_typed=""),
                name="decision_wider_scope_has_a_reason",
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

    def weighing_refused(self, actor: Actor) -> str | None:
        """Why `actor` does not say what later reports change: it is for others, or for its proposer where they alone
        issue it.
        """
        if actor == self.proposed_by and self.self_issued and not self.needs_confirmer:
            return None
        return approval.not_the_proposer(self, actor)

    def notice_links(self, token: str) -> list[tuple[str, str]]:
        return putting_right.links(self, token)

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

    @operation(
        creates=True,
        permission=Permission.DECISION_PROPOSE,
        guard=approval.may_propose,
        said=gettext_lazy("proposed a decision"),
    )
    def propose(self, *, actor: Actor) -> None:
        """Put a decision forward for somebody else to issue, pinned to the rule as it stood at the conduct."""
        self.case.put_forward(actor=actor, breach_of=self.rule if self.outcome == self.Outcome.BREACH else None)

    def complete(self, *, actor: Actor) -> None:
        """Check what is cited, grade a breach by the matrix, and write down the proposer's part."""
        self._check_citation()
        self._check_reasons()
        self.ground()
        self.check_ground()
        if self.outcome == self.Outcome.BREACH:
            finding.refuse_breach_by_system(self)
            self.grade()
            check.refuse_unchecked(self)
        else:
            self.impose_nothing()
        self.proposed_part = self.case.take_part(self.proposed_by, Hand.Part.INVESTIGATED)

    def _check_citation(self) -> None:
        if Rule.objects.cited(self.rule.code, self.conduct_at) != self.rule:
            raise Refused(_("A decision cites the rule as it was in force when the conduct happened; pick it again."))
        if self.rule.group.code != self.case.rule_group:
            raise Refused(_("This case is about another group of rules; open a case of its own for this one."))
        if self.conduct_at > now():
            raise Refused(_("The conduct cannot lie in the future."))
        if self.case.subject is None and self.outcome in approval.OF_AN_ACCOUNT:
            raise Refused(
                _(
                    "This case is about what the system did, so nothing is held against an account or in its favour. "
                    "Where a person did it, merge it into a case about their account."
                ),
                field="outcome",
            )

    def _check_reasons(self) -> None:
        if len(self.reasons.strip()) < REASONS_MINIMUM:
            raise Refused(
                _("Reasons of at least %(count)s characters: what happened, when, and why the rule applies.")
                % {"count": REASONS_MINIMUM}
            )

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
        self.check_grading()
        self.issued_by, self.issued_at = actor, now()
        part = Hand.Part.INVESTIGATED if actor == self.proposed_by else Hand.Part.ISSUED
        self.issued_part = self.case.take_part(actor, part)
        for measure in Sanction.objects.filter(interim__case__in=served.joined(self.case_id)).standing(self.issued_at):
            measure.give_way(actor=actor, decision=self)
        for document in self.sanction_documents:
            Sanction.of_tier(self, document, at=self.issued_at).impose(actor=actor)
        self.case.decide(actor=actor, outcome=self.outcome)
        if self.case.subject is not None:
            putting_right.offer_all(self, actor=actor)
            statement.give(self, to=self.case.subject, actor=actor)
        if self.scope is not None:
            wider.tell(self, to=self.scope, actor=actor)
        if self.outcome == self.Outcome.SYSTEM_BEHAVIOUR:  # a system is mended, and nobody limited
            task = ControlTask(about=self.reference, rule=self.rule.code, severity=self.case.severity)
            task.system = self.case.system_in_use
            task.open(actor=actor)
        gateway.tell_decision(self, "issued", actor=actor)

    @operation(
        source=[State.PROPOSED, State.CONFIRMED],
        target=State.RETURNED,
        permission=Permission.DECISION_CONFIRM,
        guard=approval.not_the_proposer,
        label=gettext_lazy("Return with a reason"),
        said=gettext_lazy("sent the proposal back"),
    )
    def send_back(self, *, actor: User, reason: str) -> None:
        """Send the proposal back to the investigation, saying what is missing."""
        self.returned_reason = reason
        self.case.take_part(actor, Hand.Part.JUDGED)
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
