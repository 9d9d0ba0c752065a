"""Check: a point of the checklist of a case's rules, answered by somebody. A later answer to the same point takes its
place; both stay written down.
"""

from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup.checklists import Point, points_of
from cases.models.case import Case
from cases.models.evidence import case_claimed
from cases.models.hand import Hand
from cases.models.stake import others
from tipstaff.accounts.models import User
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record, RefQuerySet
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused

if TYPE_CHECKING:
    from cases.models.decision import Decision

REASON_LIMIT = 300


class CheckQuerySet(RefQuerySet["Check"]):
    def visible_to(self, person: Any) -> Self:
        return others(self, person) if person.may(Permission.CASE_VIEW) else self.none()


@references.register("check")
class Check(Record):
    class Answer(models.TextChoices):
        YES = "yes", gettext_lazy("Looked at")
        NOT_APPLICABLE = "not_applicable", gettext_lazy("Does not apply")

    case = models.ForeignKey(Case, models.PROTECT, related_name="checks", db_index=False)
    point = models.CharField(max_length=20)
    text = models.CharField(max_length=300, editable=False, help_text="The point as it read then.")
    answer = models.CharField(max_length=16, choices=Answer)
    reason = models.CharField(max_length=REASON_LIMIT, blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(default=now, editable=False)

    reference_field = "id"
    objects = CheckQuerySet.as_manager()

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["case", "at"], name="check_of_case")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(answer="not_applicable") | ~Q(reason=""), name="check_says_why_not_applicable"
            ),
            models.CheckConstraint(condition=Q(answer__in=["yes", "not_applicable"]), name="check_answered"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return f"{self.get_answer_display()}: {self.text}"

    def history_of(self) -> Record:
        return self.case

    def complete(self, *, actor: Actor) -> None:
        point = next((point for point in points_of(self.case.rule_group) if point.key == self.point), None)
        if point is None:
            raise Refused(_("The checklist of this case has no such point."))
        self.text, self.reason, self.at = point.text, self.reason.strip(), now()
        if self.answer == self.Answer.NOT_APPLICABLE and not self.reason:
            raise Refused(_("Say why it does not apply: %(point)s") % {"point": point.text})
        self.case.take_part(self.by, Hand.Part.INVESTIGATED)

    @operation(
        creates=True,
        permission=Permission.CASE_INVESTIGATE,
        guard=case_claimed,
        said=gettext_lazy("answered a point of the checklist"),
    )
    def tick(self, *, actor: User) -> None:
        """Say that a point was looked at, or why it does not apply. Whoever does that investigates."""


def answers(case: Case) -> dict[str, Check]:
    """The newest answer to each point."""
    return {check.point: check for check in case.checks.select_related("by")}


def open_points(case: Case, known: dict[str, Check] | None = None) -> list[Point]:
    known = answers(case) if known is None else known
    return [point for point in points_of(case.rule_group) if point.key not in known]


def refuse_unchecked(decision: "Decision") -> None:
    """Refuse to propose a breach of a tier that restricts the account while points of the checklist are open."""
    if decision.outcome != "breach" or not decision.tier_restricts:
        return
    missing = open_points(decision.case)
    if missing:
        raise Refused(
            _("Answer the checklist first: before an account is restricted each point is looked at. Open: %(points)s")
            % {"points": " ".join(point.text for point in missing)}
        )
