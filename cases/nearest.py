"""The earlier decisions nearest to a case, and how their tiers spread: what a proposal is held against (P17)."""

from collections import Counter
from dataclasses import dataclass

from django.contrib.postgres.search import TrigramSimilarity
from django.db.models import Case as When_
from django.db.models import IntegerField, Value, When

from aup.models import Rule
from cases.models import Case, Decision
from cases.models.decision import STANDING

SHOWN = 5
LOOKED_AT = 300  # of the newest under the same group of rules; what is older says little about today
COMPARED = 2000  # characters of what was found


@dataclass(frozen=True)
class Nearest:
    decisions: list[Decision]
    spread: list[tuple[str, int]]  # tier, or outcome where there is none, and how many of them

    @property
    def differs(self) -> bool:
        return len(self.spread) > 1


def nearest(case: Case, rule: Rule) -> Nearest:
    """Issued decisions that stand, the same rule first, then the likest in words. Two queries, whatever lies in the
    archive: only the newest of the group are compared.
    """
    said = " ".join(case.findings.values_list("facts", flat=True)) or " ".join(
        case.reports.values_list("description", flat=True)[:3]
    )
    newest = Decision.objects.filter(rule__group__code=rule.group.code, state__in=STANDING).exclude(case=case)
    ids = list(newest.order_by("-issued_at").values_list("pk", flat=True)[:LOOKED_AT])
    same = When_(When(rule__code=rule.code, then=Value(0)), default=Value(1), output_field=IntegerField())
    found = Decision.objects.filter(pk__in=ids).annotate(same=same, like=TrigramSimilarity("reasons", said[:COMPARED]))
    decisions = list(found.select_related("case", "rule").order_by("same", "-like", "-issued_at")[:SHOWN])
    spread = Counter(one.effective_tier or str(one.get_outcome_display()) for one in decisions)
    return Nearest(decisions, sorted(spread.items()))
