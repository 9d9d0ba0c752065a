"""Remediation: what an account holder can do to put a breach right, and what comes of it. It can only make things
better: whoever lets it lapse, or does not pass, bears what was decided and no more. Lapsed follows from stored times.
"""

from datetime import datetime, timedelta
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup import training
from cases import putting_right
from cases.models import remedying
from cases.models.case import Case
from cases.models.decision import STANDING, Decision
from cases.models.hand import Hand
from cases.models.stake import others, own
from tipstaff.accounts.models import Subject, User
from tipstaff.permissions import Permission
from tipstaff.sla import clocks
from tipstaff.sla.models import Clock
from tipstaff.time import now
from tipstaff.vault.models import SealedFile
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record, RefQuerySet
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused
from tipstaff.workflow.states import StateField

TEXT_LIMIT = 5000
NAME_LIMIT = 120
REASONS_MINIMUM = 60
PAUSE = timedelta(minutes=5)  # between two attempts at the check: time to read why


class RemediationQuerySet(RefQuerySet["Remediation"]):
    def visible_to(self, person: Any) -> Self:
        sees = person.may(Permission.CASE_VIEW) or person.may(Permission.SANCTION_ACKNOWLEDGE)
        return others(self, person) if sees else self.none()

    def about_own(self, person: Any) -> Self:
        return own(self, person)

    def under_way(self) -> Self:
        return self.filter(state__in=remedying.UNDER_WAY)

    def to_assess(self) -> Self:
        """Handed in, and waiting for somebody with no part in the case."""
        return self.filter(state="in_progress", handed_in_at__isnull=False, decision__state__in=STANDING)

    def standing(self, word: str, at: datetime) -> Self:
        """Those that stand so at `at`, as `Remediation.standing` says of one."""
        over = Q(state__in=remedying.UNDER_WAY) & (
            ~Q(decision__state__in=STANDING) | Q(handed_in_at=None, due_at__lte=at)
        )
        return self.filter(over | Q(state="lapsed")) if word == "lapsed" else self.filter(state=word).exclude(over)


@references.register("remediation")
class Remediation(Record):
    class State(models.TextChoices):
        OFFERED = "offered", gettext_lazy("Offered")
        ACCEPTED = "accepted", gettext_lazy("Accepted")
        IN_PROGRESS = "in_progress", gettext_lazy("Under way")
        PASSED = "passed", gettext_lazy("Passed")
        FAILED = "failed", gettext_lazy("Not passed")
        LAPSED = "lapsed", gettext_lazy("Lapsed")

    class Kind(models.TextChoices):
        TRAINING = "training", gettext_lazy("Course about the rule")
        CERTIFICATION = "certification", gettext_lazy("Signed plan")
        RE_EVALUATION = "re_evaluation", gettext_lazy("Fresh review")

    state = StateField(max_length=12, choices=State, default=State.OFFERED)
    decision = models.ForeignKey(Decision, models.PROTECT, related_name="remediations", db_index=False)
    case = models.ForeignKey(Case, models.PROTECT, related_name="remediations", editable=False)
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="remediations", editable=False)
    kind = models.CharField(max_length=14, choices=Kind)
    offered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", help_text="Empty: by the matrix.")
    offered_because = models.CharField(max_length=300, blank=True)
    offered_at = models.DateTimeField(default=now, editable=False)
    opens_at = models.DateTimeField(help_text="Until then the account cools off.")
    due_at = models.DateTimeField(null=True, help_text="Empty: it does not lapse.")
    accepted_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    answers = models.JSONField(default=dict, help_text="Of the last attempt at the check.")
    tried_at = models.DateTimeField(null=True)
    signatory = models.CharField(max_length=NAME_LIMIT, blank=True)
    position = models.CharField(max_length=NAME_LIMIT, blank=True)
    statements = ArrayField(models.CharField(max_length=300), default=list, blank=True)
    text = models.TextField(blank=True, max_length=TEXT_LIMIT)
    handed_in_at = models.DateTimeField(null=True)
    assessed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    assessed_part = models.CharField(max_length=20, null=True, editable=False)
    reasons = models.TextField(blank=True, max_length=TEXT_LIMIT)
    settled_at = models.DateTimeField(null=True)
    clears = models.BooleanField(default=False, help_text="The decision counts no more as an earlier breach.")

    reference_field = "id"
    listed_with = ("decision",)
    objects = RemediationQuerySet.as_manager()

    class Meta:
        ordering = ["offered_at", "id"]
        indexes = [
            models.Index(fields=["decision"], name="remediation_by_decision"),
            models.Index(fields=["handed_in_at", "id"], condition=Q(state="in_progress"), name="remediation_to_assess"),
            models.Index(fields=["due_at"], condition=Q(state__in=remedying.UNDER_WAY), name="remediation_ending"),
            models.Index(fields=["subject", "settled_at"], condition=Q(clears=True), name="remediation_clearing"),
            models.Index(fields=["state", "-id"], name="remediation_by_state"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["decision", "kind"],
                condition=Q(state__in=[*remedying.UNDER_WAY, "passed"]),
                name="remediation_once_per_decision",
            ),
            models.CheckConstraint(
                condition=Q(assessed_by=None, assessed_part=None)
                | Q(assessed_by__isnull=False, assessed_part__isnull=False, assessed_part="assessed"),
                name="remediation_assessed_part",
            ),
            models.CheckConstraint(
                condition=Q(state__in=remedying.UNDER_WAY, settled_at=None)
                | ~Q(state__in=remedying.UNDER_WAY) & Q(settled_at__isnull=False),
                name="remediation_settled_at",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["passed", "failed"])
                | Q(kind="training", state="passed")
                | ~Q(kind="training") & Q(assessed_by__isnull=False, handed_in_at__isnull=False) & ~Q(reasons=""),
                name="remediation_assessed_with_reasons",
            ),
            models.CheckConstraint(
                condition=Q(clears=False) | Q(kind="training", state="passed"), name="remediation_clears_when_passed"
            ),
            models.CheckConstraint(
                condition=Q(offered_by=None, offered_because="") | Q(offered_by__isnull=False) & ~Q(offered_because=""),
                name="remediation_offered_because",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return _("%(what)s for %(decision)s") % {"what": self.get_kind_display(), "decision": self.decision.ref}

    def history_of(self) -> Record:
        return self.case

    def get_absolute_url(self) -> str:
        return reverse("cases:remediation", args=[self.pk])

    # --- as a matter of files ---
    @property
    def files(self) -> Any:
        return SealedFile.objects.of(self)

    @property
    def content_is_sealed(self) -> bool:
        return self.case.content_is_sealed

    def held_with(self) -> list[str]:
        return [self.case.reference, *self.case.held_with()]

    @property
    def at_rest_since(self) -> datetime | None:
        return self.case.at_rest_since

    # --- how it stands ---
    def standing(self, at: datetime) -> str:
        """Its state, or lapsed where its time is over or its decision fell. What was handed in waits for us."""
        if self.state not in remedying.UNDER_WAY:
            return str(self.state)
        over = self.handed_in_at is None and self.due_at is not None and self.due_at <= at
        return str(self.State.LAPSED if over or not self.decision.stands else self.state)

    @property
    def stands(self) -> str:
        """The same now, in words."""
        return str(self.State(self.standing(now())).label)

    @property
    def stand(self) -> str:
        return self.standing(now())

    @property
    def again_at(self) -> datetime | None:
        """When the check can be taken again."""
        return self.tried_at + PAUSE if self.tried_at and self.state == self.State.IN_PROGRESS else None

    @property
    def basis(self) -> str:
        """What the tier that holds says of it, such as required or offered; "" where a person offered it."""
        if self.offered_by_id:
            return ""
        return str(putting_right.asked_by(self.decision).get(self.kind, ""))

    def questions(self, course: training.Course, attempt: int) -> list[training.Question]:
        return course.check(f"{self.pk}:{attempt}")

    def complete(self, *, actor: Actor) -> None:
        self.offered_at = now()
        if self.decision.case.subject is None:
            raise Refused(_("There is no account behind this case, so nobody is to be told."))
        self.case, self.subject = self.decision.case, self.decision.case.subject
        self.offered_because = self.offered_because.strip()
        for earlier in Remediation.objects.filter(decision=self.decision_id, kind=self.kind).under_way():
            earlier.lapse(actor=actor)  # its time is over; only that was not written down yet
        self.opens_at, self.due_at = putting_right.times(self.decision, self.kind, at=self.offered_at)

    # --- acts ---
    @operation(
        creates=True,
        permission=Permission.REMEDIATION_OFFER,
        guard=remedying.may_offer,
        said=gettext_lazy("offered the account holder a way to put it right"),
    )
    def offer(self, *, actor: Actor) -> None:
        """Offer it: with the decision, as the matrix says, or later by a person with a reason."""
        severity = self.decision.severity or 1
        usual = clocks.usual_length(Clock.Kind.TRAINING, severity)
        if self.kind == self.Kind.TRAINING and (self.due_at is None or self.due_at <= self.offered_at + usual):
            clock = clocks.start_if_set(self, Clock.Kind.TRAINING, severity=severity)
            self.due_at = clock.due_at if clock else self.due_at
        if self.offered_by_id:
            putting_right.tell(self, "remediation_offered", actor=actor)

    @operation(
        source=State.OFFERED,
        target=State.ACCEPTED,
        permission=Permission.REMEDIATION_TAKE,
        guard=remedying.can_go_on,
        label=gettext_lazy("Begin"),
        said=gettext_lazy("accepted a way to put it right"),
    )
    def accept(self, *, actor: Actor) -> None:
        """The account holder wants to do it. It admits nothing, and takes no right to appeal away."""
        self.accepted_at = now()

    @operation(
        source=[State.ACCEPTED, State.IN_PROGRESS],
        target=State.IN_PROGRESS,
        permission=Permission.REMEDIATION_TAKE,
        guard=remedying.can_try,
        said=gettext_lazy("took the check of the course without passing"),
    )
    def attempt(self, *, actor: Actor, right: int, of: int, answers: dict[str, str]) -> None:
        """Below the mark. It can be taken again as often as wanted, with a pause to read why."""
        self._tried(answers)

    @operation(
        source=[State.ACCEPTED, State.IN_PROGRESS],
        target=State.PASSED,
        permission=Permission.REMEDIATION_TAKE,
        guard=remedying.can_try,
        said=gettext_lazy("passed the check of the course"),
    )
    def finish(self, *, actor: Actor, right: int, of: int, answers: dict[str, str]) -> None:
        """At the mark or above: what it promised happens now, without anybody's word."""
        if not training.passes(right, of):
            raise Refused(_("This is below the mark."))
        self._tried(answers)
        self._settle(actor)
        self.clears = putting_right.clears(self)

    @operation(
        source=[State.ACCEPTED],
        target=State.IN_PROGRESS,
        permission=Permission.REMEDIATION_TAKE,
        guard=remedying.can_hand_in,
        said=gettext_lazy("handed in what was asked"),
    )
    def hand_in(self, *, actor: Actor, files: list[SealedFile], **typed: Any) -> None:
        """Hand in the plan or the request, with files. From here it waits for us and lapses no more."""
        for sealed in files:
            sealed.give_to(self, actor=actor)
        for name in ("signatory", "position", "statements", "text"):
            setattr(self, name, typed.get(name) or getattr(self, name))
        self.handed_in_at = now()
        clocks.start_if_set(self, Clock.Kind.TRAINING, severity=self.decision.severity or 1)
        putting_right.tell(self, "remediation_received", actor=actor)

    @operation(
        source=State.IN_PROGRESS,
        target=State.PASSED,
        permission=Permission.REMEDIATION_ASSESS,
        guard=remedying.may_assess,
        label=gettext_lazy("Pass"),
        said=gettext_lazy("found that it was put right"),
    )
    def pass_assessment(self, *, actor: User, reasons: str) -> None:
        """Enough was done: the measures end or become shorter with this transaction."""
        self._assess(actor, reasons)

    @operation(
        source=State.IN_PROGRESS,
        target=State.FAILED,
        permission=Permission.REMEDIATION_ASSESS,
        guard=remedying.may_assess,
        label=gettext_lazy("Do not pass"),
        said=gettext_lazy("found that it was not put right"),
    )
    def fail_assessment(self, *, actor: User, reasons: str) -> None:
        """Not enough was done. What was decided stays as it is, and nothing is added."""
        self._assess(actor, reasons, passed=False)

    @operation(
        source=[State.OFFERED, State.ACCEPTED, State.IN_PROGRESS],
        target=State.LAPSED,
        permission=Permission.REMEDIATION_OFFER,
        guard=remedying.is_over,
        said=gettext_lazy("wrote down that a way to put it right lapsed"),
    )
    def lapse(self, *, actor: Actor) -> None:
        """Write down what the times say already. Nothing follows from it."""
        self.settled_at = now()
        clocks.stop(self, Clock.Kind.TRAINING, cancelled=Clock.CancelReason.ENDED)

    @operation(
        source=[State.OFFERED, State.ACCEPTED, State.IN_PROGRESS],
        target=State.LAPSED,
        permission=Permission.APPEAL_DECIDE,
        said=gettext_lazy("called off a way to put it right"),
    )
    def call_off(self, *, actor: Actor) -> None:
        """The decision falls, so nothing is asked of anybody any more."""
        self.settled_at = now()
        clocks.stop(self, Clock.Kind.TRAINING, cancelled=Clock.CancelReason.ENDED)

    def _tried(self, answers: dict[str, str]) -> None:
        self.attempts, self.answers, self.tried_at = self.attempts + 1, answers, now()

    def _assess(self, actor: User, reasons: str, *, passed: bool = True) -> None:
        self.reasons = reasons.strip()
        if len(self.reasons) < REASONS_MINIMUM:
            raise Refused(
                _("Write at least %(count)s characters: the person has waited for an answer.")
                % {"count": REASONS_MINIMUM}
            )
        self.assessed_by = actor
        self.assessed_part = self.case.take_part(actor, Hand.Part.ASSESSED)
        self._settle(actor, passed=passed)

    def _settle(self, actor: Actor, *, passed: bool = True) -> None:
        self.settled_at = now()
        clocks.stop(self, Clock.Kind.TRAINING)
        effects = putting_right.carry_out(self, actor=actor) if passed else []
        putting_right.tell(self, "remediation_settled", actor=actor, passed=passed, effects=effects)
