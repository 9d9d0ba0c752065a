"""Verdict: what somebody would decide, written down before they see what was proposed. Who confirms or issues gives one
first, so that a second pair of eyes is one; whether the two agree is shown and counted afterwards.
"""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.models import approval
from cases.models.decision import Decision
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

REASON_LIMIT = 1000
REASON_MINIMUM = 20
COUNTED = 200  # of the latest verdicts, whose agreement is told


class VerdictQuerySet(RefQuerySet["Verdict"]):
    def visible_to(self, person: Any) -> Self:
        return others(self, person, "decision__case__subject") if person.may(Permission.CASE_VIEW) else self.none()

    def agreeing(self) -> Self:
        return self.filter(outcome=F("decision__outcome"), tier=F("decision__tier"))


def may_give(verdict: "Verdict", actor: Actor) -> str | None:
    decision = verdict.decision
    if decision.state not in ("proposed", "confirmed"):
        return _("%(decision)s waits for nobody any more.") % {"decision": decision.ref}
    if actor == decision.proposed_by:
        return _("You proposed this decision.")
    if refusal := Hand.may_judge(decision.case, actor):
        return refusal
    if isinstance(actor, User) and given(decision, actor):
        return _("You gave your verdict already.")
    return None


def given(decision: Decision, person: User) -> bool:
    return Verdict.objects.filter(decision=decision, person=person).exists()


def hidden_from(person: User, *decisions: Decision) -> set[Any]:
    """The keys of those of `decisions` that this person may confirm or issue and has given no verdict on yet: what was
    proposed is kept from them. One query, and none for who decides nothing.
    """
    if not settings.OWN_VERDICT_FIRST or not person.may(Permission.DECISION_CONFIRM):
        return set()
    waiting = [one for one in decisions if one.state in ("proposed", "confirmed") and one.proposed_by_id != person.pk]
    waiting = [one for one in waiting if approval.someone_else(one, person) is None]
    if not waiting:
        return set()
    known = Verdict.objects.filter(decision__in=waiting, person=person).values_list("decision", flat=True)
    return {one.pk for one in waiting} - set(known)


@references.register("verdict")
class Verdict(Record):
    decision = models.ForeignKey(Decision, models.PROTECT, related_name="verdicts")
    person = models.ForeignKey(User, models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=24, choices=Decision.Outcome)
    tier = models.CharField(max_length=4, blank=True)
    reason = models.TextField(max_length=REASON_LIMIT)
    given_at = models.DateTimeField(default=now, editable=False)

    reference_field = "id"
    objects = VerdictQuerySet.as_manager()

    class Meta:
        ordering = ["given_at"]
        constraints = [
            models.UniqueConstraint(fields=["decision", "person"], name="verdict_once"),
            models.CheckConstraint(
                condition=Q(outcome="breach") & ~Q(tier="") | ~Q(outcome="breach") & Q(tier=""),
                name="verdict_tier_only_for_breach",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return _("Verdict on %(decision)s") % {"decision": self.decision.ref}

    def history_of(self) -> Record:
        return self.decision.case

    @property
    def agrees(self) -> bool:
        return (self.outcome, self.tier) == (self.decision.outcome, self.decision.tier)

    def complete(self, *, actor: Actor) -> None:
        self.given_at, self.reason = now(), self.reason.strip()
        if len(self.reason) < REASON_MINIMUM:
            raise Refused(_("Say in a sentence why: at least %(count)s characters.") % {"count": REASON_MINIMUM})
        if self.outcome == Decision.Outcome.BREACH and self.tier not in self.decision.rule.version.matrix.tiers:
            raise Refused(_("Choose the tier that you would impose."))
        self.decision.case.take_part(self.person, Hand.Part.JUDGED)

    @operation(
        creates=True,
        permission=Permission.DECISION_CONFIRM,
        guard=may_give,
        said=gettext_lazy("gave their own verdict"),
    )
    def pronounce(self, *, actor: User) -> None:
        """Say what one would decide. It is not changed later; what was proposed is shown from now on."""


def agreement() -> tuple[int, int]:
    """Of the latest verdicts on issued decisions, how many said what was proposed, and how many there are."""
    latest = Verdict.objects.filter(decision__issued_at__isnull=False).order_by("-given_at")[:COUNTED]
    rows = list(latest.values_list("outcome", "tier", "decision__outcome", "decision__tier"))
    return sum(row[:2] == row[2:] for row in rows), len(rows)
