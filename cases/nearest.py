"""The earlier decisions nearest to a case, and how their tiers spread: what a proposal is held against (P17)."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVector, TrigramSimilarity
from django.db.models import Case as When_
from django.db.models import IntegerField, Value, When

from aup.models import Rule
from cases.models import Case, Decision
from cases.models.decision import STANDING

SHOWN = 5
NEWEST = 200  # of those under the same rule that are compared
BESIDE = 20  # of those under each other rule of the group
LIKE = 200  # of those with the same words, of whatever age
WORDS = 5  # by which they are looked for
COMPARED = 2000  # characters of what was found


@dataclass(frozen=True)
class Nearest:
    decisions: list[Decision]
    spread: list[tuple[str, int]]  # tier, or outcome where there is none, and how many of them

    @property
    def differs(self) -> bool:
        return len(self.spread) > 1


def nearest(case: Case, rule: Rule) -> Nearest:
    """Issued decisions that stand, the same rule first, then the likest in words. What is compared comes from two
    indexes: the newest under each rule of its group, and whatever has the same words, however old.
    """
    said = " ".join(case.findings.values_list("facts", flat=True)) or " ".join(
        case.reports.values_list("description", flat=True)[:3]
    )
    rules = dict(Rule.objects.filter(group__code=rule.group.code).values_list("pk", "code"))
    ids = _newest({pk: NEWEST if code == rule.code else BESIDE for pk, code in rules.items()}) | _with_words(said)
    same = When_(When(rule__code=rule.code, then=Value(0)), default=Value(1), output_field=IntegerField())
    found = (
        Decision.objects.filter(pk__in=ids, rule__in=rules)
        .exclude(case=case)
        .annotate(same=same, like=TrigramSimilarity("reasons", said[:COMPARED]))
    )
    decisions = list(found.select_related("case", "rule").order_by("same", "-like", "-issued_at")[:SHOWN])
    spread = Counter(one.effective_tier or str(one.get_outcome_display()) for one in decisions)
    return Nearest(decisions, sorted(spread.items()))


def _newest(rules: dict[Any, int]) -> set[Any]:
    """So many of the newest that stand under each of these rules: reads from the end of an index, in one query."""
    standing = Decision.objects.filter(state__in=STANDING)
    parts = [standing.filter(rule=pk).order_by("-issued_at").values_list("pk")[:many] for pk, many in rules.items()]
    return {pk for (pk,) in parts[0].union(*parts[1:]).order_by()} if parts else set()


def _with_words(said: str) -> set[Any]:
    """Those with one of the longest words of what was found, which are the rarest."""
    words = sorted(set(re.findall(r"\w{5,30}", said[:COMPARED].lower())), key=lambda word: (-len(word), word))[:WORDS]
    if not words:
        return set()
    query = reduce(or_, (SearchQuery(word, config="simple") for word in words))
    found = Decision.objects.filter(state__in=STANDING).annotate(words=SearchVector("reasons", config="simple"))
    return set(found.filter(words=query).order_by().values_list("pk", flat=True)[:LIKE])
