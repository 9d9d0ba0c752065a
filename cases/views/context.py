"""What stands beside a case: the account and what it hangs on, and what was decided before and whether it counts. The
page has a budget of queries (DESIGN 8), so what can be had with the row of the case is, and the rest waits until
somebody looks there.
"""

from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Prefetch, Q, Subquery, Value, prefetch_related_objects
from django.db.models.functions import Concat
from django.shortcuts import get_object_or_404

from cases.hand_over_forms import latest_passing
from cases.models import Case, Decision, Draft, Hand
from cases.models.queue import CaseQuerySet
from cases.models.recurrence import Before, standings
from cases.panels import there
from governance.models import Waiver
from tipstaff.access import StaffRequest
from tipstaff.accounts.models import Subject
from tipstaff.vault.models import LegalHold

BEFORE = 20  # earlier decisions shown
NEAR = 12  # other open cases shown
ABOVE = ["subject" + "__parent" * level for level in range(6)]  # as many as there are kinds of account


def fetch(request: StaffRequest, ref: str) -> Case:
    """The case with all that its page says of it in one row, `held` (by a legal hold) and what this person `typed`
    into its forms among it.
    """
    on = [Concat(Value("case:"), OuterRef("ref"))]
    on += [Concat(Value("subject:"), OuterRef(f"{account}__external_id")) for account in ABOVE]
    held = Exists(LegalHold.objects.standing().filter(on__in=on))
    typed = Subquery(Draft.objects.filter(case=OuterRef("pk"), person=request.user).values("typed")[:1])
    cases = with_around(request).select_related(ABOVE[-1], "system", "merged_into")
    return get_object_or_404(cases.annotate(held=held, passed=latest_passing(), typed=typed, **there()), ref=ref)


def fetch_to_act(request: StaffRequest, ref: str) -> Case:
    """The case with what an act on it looks at, and nothing that only its page shows."""
    return get_object_or_404(with_around(request).select_related("subject", "system"), ref=ref)


def with_around(request: StaffRequest) -> CaseQuerySet:
    return Case.objects.visible_to(request.user).select_related("rule__group", "rule__version__matrix", "claimed_by")


def with_hands(case: Case) -> Case:
    """Who had a part in it, read once: for a page. An act asks again under its lock."""
    prefetch_related_objects([case], Prefetch("hands", Hand.objects.select_related("person")))
    return case


def context_of(case: Case, before: list[Before], conduct_at: datetime) -> dict[str, Any]:
    return {
        "tree": tree_of(case.subject),
        "earlier": before,
        "covering": list(Waiver.objects.covering(case.subject, case.rule, conduct_at)),
    }


def tree_of(subject: Subject | None) -> list[Subject]:
    """The account and those that it hangs on, widest first."""
    chain: list[Subject] = []
    while subject is not None:
        chain.insert(0, subject)
        subject = subject.parent
    return chain


def decisions_of(case: Case, conduct_at: datetime) -> tuple[list[Decision], list[Before]]:
    """The decisions of the case, newest first, and what was decided about its account before, in one query. Which of
    that counts is said as the matrix counts, and why the rest does not. No query where the row of the case says that
    there is nothing.
    """
    if case.subject is not None and not getattr(case, "has_decisions", True):
        return [], []
    mine = Q(case=case) if case.subject is None else Q(case__subject=case.subject)
    found = Decision.objects.filter(mine).filter(Q(case=case) | Q(issued_at__isnull=False)).annotate(own=Q(case=case))
    found = found.with_notice().select_related("case", "rule__version", "proposed_by", "confirmed_by", "issued_by")
    own: list[Decision] = []
    before: list[Decision] = []
    for decision in found.order_by("-own", F("issued_at").desc(nulls_first=True), "-proposed_at")[:BEFORE]:
        if decision.case_id != case.pk:
            before.append(decision)
            continue
        decision.case = case
        if decision.rule_id == case.rule_id:
            decision.rule = case.rule  # its matrix is known
        own.append(decision)
    days = case.rule.version.matrix.recurrence_window_days
    own.sort(key=lambda decision: decision.proposed_at, reverse=True)
    return own, standings(case, before, conduct_at, days=days)


def earlier_of(decision: Decision) -> list[Before]:
    """The same for the page of a decision: to its own conduct."""
    case = decision.case
    if case.subject is None or decision.outcome != Decision.Outcome.BREACH:
        return []
    found = Decision.objects.filter(case__subject=case.subject, issued_at__isnull=False).exclude(case=case)
    found = found.with_notice().select_related("case", "rule").order_by("-issued_at")[:BEFORE]
    days = decision.rule.version.matrix.recurrence_window_days
    return standings(case, found, decision.conduct_at, days=days)


def near_cases(case: Case) -> list[Case]:
    """Other open cases of the account, of those beneath it, and of those that hang on the same account; where no
    account did it, those about what systems did under the same rules.
    """
    subject = case.subject
    if subject is None:
        near = Q(subject=None, rule_group=case.rule_group)
    else:
        near = Q(subject=subject) | Q(subject__parent=subject)
    if subject is not None and subject.parent_id:
        near |= Q(subject=subject.parent_id) | Q(subject__parent=subject.parent_id)
    found = Case.objects.open_now().filter(near).exclude(pk=case.pk)
    return list(found.select_related("subject", "rule", "claimed_by").order_by("-severity", "-opened_at")[:NEAR])
