"""What must have been looked at before a breach is found, and what can be decided without."""

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from aup.checklists import points_of
from aup.models import PolicyVersion, RuleGroup
from cases.models import Case, Check, Decision
from cases.models.check import answers, open_points
from tests import factories
from tests.factories import person
from tipstaff.workflow.refused import NotPermitted, Refused


def ticked(case: Case, point: str = "volume", by: str = "reviewer", **columns: Any) -> Check:
    made = Check(case=case, point=point, by=person(by), **({"answer": Check.Answer.YES} | columns))
    made.tick(actor=person(by))
    return made


def breach(case: Case, **columns: Any) -> Decision:
    facts: dict[str, Any] = {"intent": "negligent", "sensitivity": "personal", "severity": case.severity}
    facts |= {"rule": case.rule, "conduct_at": case.opened_at, "reasons": factories.REASONS}
    return Decision(case=case, outcome="breach", proposed_by=person("reviewer"), **(facts | columns))


@pytest.fixture
def case(people: dict) -> Case:
    return factories.claimed()


class TestPoints:
    def test_every_group_has_three_to_six(self, people: dict) -> None:
        for group in RuleGroup.objects.all():
            points = points_of(group.code)
            assert 3 <= len(points) <= 6, group.code
            assert len({point.key for point in points}) == len(points)
            assert all(len(point.key) <= 20 and point.text.endswith(".") for point in points)

    def test_a_group_of_their_own_has_the_common_ones(self) -> None:
        assert [point.key for point in points_of("ZZ")] == ["account", "context", "exceptions"]


class TestProposing:
    def test_from_t3_on_each_point_has_to_be_answered(self, case: Case) -> None:
        with pytest.raises(Refused, match="Answer the checklist first"):
            breach(case).propose(actor=person("reviewer"))
        *most, last = open_points(case)
        for point in most:
            ticked(case, point.key)
        with pytest.raises(Refused, match=f"Open: {last.text}"):
            breach(case).propose(actor=person("reviewer"))
        ticked(case, last.key, answer="not_applicable", reason="One account, one person.")
        decision = breach(case)
        decision.propose(actor=person("reviewer"))
        assert decision.tier == "T3"

    def test_a_mild_breach_needs_none(self, people: dict) -> None:
        case = factories.claimed(severity=1)
        decision = breach(case, intent="inadvertent", sensitivity="public")
        decision.propose(actor=person("reviewer"))
        assert int(decision.tier[1]) < 3
        assert not case.checks.exists()

    @pytest.mark.parametrize("outcome", ["no_breach", "insufficient_evidence", "support_routing", "exempt"])
    def test_nothing_else_does(self, case: Case, outcome: str) -> None:
        facts: dict[str, Any] = {"intent": "", "sensitivity": "", "severity": None}
        decision = breach(case, **facts)
        decision.outcome = outcome
        decision.propose(actor=person("reviewer"))
        assert decision.state == "proposed"


class TestAnswers:
    def test_a_later_answer_takes_the_place_and_both_stand(self, case: Case) -> None:
        ticked(case, answer="not_applicable", reason="Not counted.")
        ticked(case)
        assert answers(case)["volume"].answer == "yes"
        assert case.checks.count() == 2

    def test_not_applicable_says_why(self, case: Case) -> None:
        with pytest.raises(Refused, match="Say why it does not apply"):
            ticked(case, answer="not_applicable", reason=" ")

    def test_no_such_point(self, case: Case) -> None:
        with pytest.raises(Refused, match="no such point"):
            ticked(case, "label")

    def test_only_by_who_holds_the_case(self, case: Case) -> None:
        with pytest.raises(Refused, match="is working on this case"):
            ticked(case, by="reviewer2")
        with pytest.raises(NotPermitted):
            ticked(case, by="adjudicator")

    def test_it_stays_as_it_is(self, case: Case) -> None:
        check = ticked(case)
        with pytest.raises(DatabaseError), transaction.atomic():
            Check.objects.filter(pk=check.pk).update(answer="not_applicable", reason="Oh.")


class TestPage:
    def test_answered_in_one_form(self, case: Case, enter: Any) -> None:
        browser, address = enter("reviewer"), case.get_absolute_url()
        assert "5 points are open" in browser.get(address).text
        facts = {"check-volume": "yes", "check-approval": "not_applicable", "check-approval-why": "ا" * 300}
        refused = browser.post(address + "checklist/", facts | {"check-approval-why": ""})
        assert refused.status_code == 422
        assert not case.checks.exists()
        for _turn in range(2):
            assert browser.post(address + "checklist/", facts).status_code == 302
        assert case.checks.count() == 2
        page = browser.get(address).text
        assert "3 points are open" in page
        assert "ا" * 300 in page

    def test_somebody_else_holds_it_by_now(self, case: Case, enter: Any) -> None:
        case.release(actor=person("reviewer"))
        case.claim(actor=person("reviewer2"))
        refused = enter("reviewer").post(
            f"{case.get_absolute_url()}checklist/", {"check-approval": "not_applicable", "check-approval-why": "Mine."}
        )
        assert refused.status_code == 409
        assert "Mine." in refused.text

    @pytest.mark.parametrize("mailbox", ["auditor", "adjudicator"])
    def test_others_read_it(self, case: Case, enter: Any, mailbox: str) -> None:
        ticked(case)
        browser, address = enter(mailbox), case.get_absolute_url()
        page = browser.get(address).text
        assert "4 points are open" in page
        assert "Answer the checklist" not in page
        assert browser.post(address + "checklist/", {}).status_code == 403

    def test_within_the_budget(self, case: Case, enter: Any) -> None:
        factories.evidence(case)
        factories.finding(case)
        factories.checked(case)
        browser = enter("reviewer")
        with CaptureQueriesContext(connection) as captured:
            assert "Every point was answered" in browser.get(case.get_absolute_url()).text
        assert len(captured.captured_queries) <= 14


def test_what_four_keys_propose_needs_no_checklist(people: dict) -> None:
    """The console offers the mildest grading; with it a first breach stays below T3 (tests/journeys/test_keys.py)."""
    case = factories.claimed(severity=2)
    decision = breach(case, intent="inadvertent", sensitivity="public")
    decision.propose(actor=person("reviewer"))
    assert decision.tier in ("T1", "T2")


def test_policy_editors_see_it_with_the_group(people: dict, enter: Any) -> None:
    version = PolicyVersion.objects.latest_by(factories.now())[0]
    page = enter("policy").get(f"/policy/versions/{version.ref}/text/").text
    assert "How much was sent, over which time" in page
