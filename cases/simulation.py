"""What a draft of the matrix would have made of decisions that were taken: how many change, which way, and which.

The matrix is compared with the matrix: what it recommended then with what the draft recommends for the same findings.
The core is pure; `past` reads the decisions in one query.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, cast

from django.utils.translation import gettext as _

from aup.evaluation import BREACH, Evaluation, evaluate
from aup.matrix.table import Document, dimensions, ends_account, tiers
from cases.models import Decision
from cases.models.decision import STANDING

LIMIT = 50_000  # decisions in one simulation, the newest
CHUNK = 2_000


class Past(NamedTuple):
    """One breach that was decided, with what the matrix was told and answered."""

    ref: str
    group: str
    rule: str
    cited: Mapping[str, Any]  # `Rule.facts` as they were
    intent: str
    sensitivity: str
    severity: int
    recurrence: str
    factors: tuple[str, ...]
    tier: str  # recommended
    decided: str  # by people; an appeal may have made it milder since
    four_eyes: bool
    sanctions: list[Mapping[str, Any]]
    issued_at: datetime


class Shift(NamedTuple):
    """A decision for which the draft recommends another tier."""

    ref: str
    rule: str
    issued_at: datetime
    before: str
    after: str
    steps: int | None  # above 0 is harsher; None: the draft has no such tier as `before`

    @property
    def direction(self) -> str:
        return "other" if self.steps is None else "harsher" if self.steps > 0 else "milder"


@dataclass
class Outcome:
    """Counts and the decisions that change, in the order they were given."""

    tiers: list[str]  # of the draft
    taken: int = 0
    same: int = 0
    shifts: list[Shift] = field(default_factory=list)
    by_steps: Counter[int] = field(default_factory=Counter)
    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    groups: dict[str, Counter[str]] = field(default_factory=dict)
    unjudged: Counter[str] = field(default_factory=Counter)  # by reason
    departed: int = 0  # people had decided on another tier than the matrix recommended
    newly_ending: int = 0  # would close an account, and did not
    newly_seconded: int = 0  # would need a second person, and did not

    @property
    def judged(self) -> int:
        return self.taken - sum(self.unjudged.values())

    def count(self, direction: str) -> int:
        return sum(shift.direction == direction for shift in self.shifts)


def simulate(document: Document, rules: Mapping[str, Mapping[str, Any]], decisions: Iterable[Past]) -> Outcome:
    """`document` is the draft's matrix, `rules` the facts of its rules by code; a rule it no longer has is judged as it
    was cited. What the draft cannot grade is counted with the reason. Equal findings are evaluated once.
    """
    known = tiers(document)
    order = list(known)
    outcome = Outcome(order)
    answers: dict[Any, Evaluation | str] = {}
    for past in decisions:
        outcome.taken += 1
        outcome.departed += past.decided != past.tier
        key = (past.rule, past.intent, past.sensitivity, past.severity, past.recurrence, past.factors)
        if past.rule not in rules:
            key = (*key, tuple(sorted((name, str(value)) for name, value in past.cited.items())))  # type: ignore[assignment]
        if key not in answers:
            answers[key] = _answer(document, rules.get(past.rule, past.cited), past)
        answer = answers[key]
        if isinstance(answer, str):
            outcome.unjudged[answer] += 1
        else:
            _count(outcome, order, past, answer, ends_account(known[answer.tier]))
    return outcome


def _answer(document: Document, rule: Mapping[str, Any], past: Past) -> Evaluation | str:
    orders = dimensions(document)
    for name in ("intent", "sensitivity", "severity", "recurrence"):
        if getattr(past, name) not in orders[name]:
            return _("The draft does not know %(dimension)s %(value)s.") % {
                "dimension": name,
                "value": getattr(past, name),
            }
    try:
        answer = evaluate(
            document,
            rule,
            intent=past.intent,
            sensitivity=past.sensitivity,
            severity=past.severity,
            recurrence=past.recurrence,
            factors=past.factors,
        )
    except ValueError as error:
        return f"{past.rule}: {error}"
    if answer.outcome != BREACH:
        return _("The draft permits what %(rule)s did not.") % {"rule": past.rule}
    return answer


def _count(outcome: Outcome, order: list[str], past: Past, answer: Evaluation, ends: bool) -> None:
    group = outcome.groups.setdefault(past.group, Counter())
    outcome.pairs[past.tier, answer.tier] += 1
    outcome.newly_ending += ends and not ends_account({"sanctions": past.sanctions})
    outcome.newly_seconded += answer.four_eyes and not past.four_eyes
    if past.tier == answer.tier:
        outcome.same += 1
        group["same"] += 1
        return
    steps = order.index(answer.tier) - order.index(past.tier) if past.tier in order else None
    shift = Shift(past.ref, past.rule, past.issued_at, past.tier, answer.tier, steps)
    group[shift.direction] += 1
    if steps is not None:
        outcome.by_steps[steps] += 1
    outcome.shifts.append(shift)


def past(since: datetime) -> Iterator[Past]:
    """Breaches issued since then that stand, newest first: one query, read in chunks."""
    rows = (
        Decision.objects.filter(outcome=Decision.Outcome.BREACH, state__in=STANDING, issued_at__gte=since)
        .order_by("-issued_at", "-id")
        .values_list(
            "ref", "case__rule_group", "rule__code", "evaluation__inputs__rule", "intent", "sensitivity", "severity",
            "recurrence", "factors", "recommended_tier", "tier", "evaluation__four_eyes", "evaluation__sanctions",
            "issued_at",
        )[:LIMIT]
    )  # fmt: skip
    for row in rows.iterator(chunk_size=CHUNK):
        made = Past(*cast("tuple[Any, ...]", row))
        yield made._replace(factors=tuple(made.factors), cited=made.cited or {}, sanctions=made.sanctions or [])
