"""What may differ from the matrix without a second person, and what may not, over findings drawn at random."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aup.evaluation import evaluate
from cases.models import Case, Decision
from tests import factories
from tests.cases.test_commit import typed
from tests.factories import person
from tipstaff.workflow.refused import Refused

pytestmark = pytest.mark.usefixtures("people")
LISTED = (
    "early-report", "prompt-repair", "confusing-notice", "acute-circumstances",
    "wide-harm", "vulnerable-victim", "profit", "concealment",
)  # fmt: skip
TIERS = [f"T{number}" for number in range(1, 10)]


@pytest.fixture
def case(people: dict) -> Case:
    return factories.claimed()


@given(
    intent=st.sampled_from(["inadvertent", "negligent", "deliberate"]),
    sensitivity=st.sampled_from(["public", "internal", "personal", "special_category"]),
    severity=st.sampled_from([1, 2, 3]),
    factors=st.lists(st.sampled_from(LISTED), max_size=4),
    tier=st.sampled_from(["", *TIERS]),
    days=st.dictionaries(
        st.sampled_from(["rate_limit", "feature_restriction", "temporary_suspension"]), st.integers(0, 40), max_size=2
    ),
    left_out=st.lists(st.sampled_from(["content_removal", "rate_limit", "feature_restriction"]), max_size=2),
    reason=st.sampled_from(["", "  ", "It stopped within the hour."]),
    noted=st.booleans(),
)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_beyond_the_listed_factors_without_a_confirmer(
    case: Case, factors: list[str], tier: str, days: dict[str, int], left_out: list[str], reason: str, noted: bool,
    **found: Any,
) -> None:  # fmt: skip
    decision = factories.draft(
        case, **found, factors=list(factors), tier=tier, days=dict(days), left_out=list(left_out),
        departure_reason=reason, factor_notes=dict.fromkeys(factors, "E-1") if noted else {},
    )  # fmt: skip
    try:
        decision.grade()
    except Refused:
        return
    document, rule = case.rule.version.matrix.document, case.rule.facts
    without = evaluate(document, rule, recurrence="first", **found)
    order = [one["code"] for one in document["tiers"]]
    assert len(set(decision.factors)) == len(decision.factors)  # none counts twice
    assert set(decision.factor_notes) == set(decision.factors)  # and each says what it rests on
    assert abs(order.index(decision.recommended_tier) - order.index(without.tier)) <= 1
    lines = {line["type"]: line for line in decision.sanction_documents}
    usual = {line["type"]: line for line in document["tiers"][order.index(decision.recommended_tier)]["sanctions"]}
    if lines != usual:  # something else is imposed than the matrix says, its factors counted in
        assert decision.needs_confirmer
        assert decision.departure_reason.strip()
    if decision.departs:
        assert decision.needs_confirmer
        guard = Decision.issue.operation.guard  # type: ignore[attr-defined]
        assert "confirm" in (guard(decision, person("head")) or "")


class TestFactors:
    def test_one_moves_the_tier_and_says_what_it_rests_on(self, case: Case) -> None:
        with pytest.raises(Refused, match="rests on") as refused:
            factories.draft(case, factors=["early-report"]).propose(actor=person("reviewer"))
        assert refused.value.field == "note_early-report"
        decision = factories.draft(case, factors=["early-report"], factor_notes={"early-report": "E-1", "profit": "x"})
        decision.propose(actor=person("reviewer"))
        assert (decision.tier, decision.needs_confirmer) == ("T2", False)
        assert decision.factor_notes == {"early-report": "E-1"}

    def test_twice_is_refused(self, case: Case) -> None:
        decision = factories.draft(case, factors=["profit", "profit"], factor_notes={"profit": "E-1"})
        with pytest.raises(Refused, match="named twice"):
            decision.propose(actor=person("reviewer"))

    def test_at_the_console(self, enter: Any, case: Case) -> None:
        factories.checked(case)
        browser, address = enter("reviewer"), f"/desk/cases/{case.ref}/propose/"
        answer = browser.post(address, typed(case, "breach", factors="profit"))
        assert list(answer.context["decision_form"].errors) == ["note_profit"]
        note = "ف" * 300
        browser.post(f"/desk/cases/{case.ref}/draft/", {"factors": "profit", "note_profit": note})
        assert note in browser.get(case.get_absolute_url()).content.decode()
        assert browser.post(address, typed(case, "breach", factors="profit", note_profit=note)).status_code == 302
        decision = Decision.objects.get()
        assert (decision.factors, decision.factor_notes) == (["profit"], {"profit": note})
        decision.issue(actor=person("senior"))
        page = enter("auditor").get(decision.page_url).content.decode()
        assert note in page
        assert "Sold or monetised the result" in page
