"""Which account a decision limits and for how long: the narrowest by default, a wider one with a reason and by name."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from cases.models import Case, Decision
from tests import factories
from tests.cases.test_commit import typed
from tests.factories import person
from tipstaff.accounts.models import Subject
from tipstaff.notices.models import Message, Notice
from tipstaff.workflow.refused import Refused

pytestmark = pytest.mark.usefixtures("people")
T5 = {"intent": "deliberate"}  # with personal data and severity 2


@pytest.fixture
def tree() -> list[Subject]:
    """A key, its workspace and its organisation."""
    organisation = factories.subject(kind="organisation", name="Kite & Söhne")
    workspace = factories.subject(kind="workspace", parent=organisation)
    return [factories.subject(kind="api_key", parent=workspace), workspace, organisation]


@pytest.fixture
def case(tree: list[Subject]) -> Case:
    return factories.claimed(about=tree[0])


def wider(to: Subject, **columns: Any) -> dict[str, Any]:
    return {"scope": to, "scope_reason": "New keys are made each night.", "scope_typed": to.external_id} | columns


def proposed(case: Case, **columns: Any) -> Decision:
    decision = factories.draft(case, **columns)
    decision.propose(actor=person("reviewer"))
    return decision


class TestScope:
    def test_the_account_of_the_case_unless_somebody_says_otherwise(self, case: Case, tree: list[Subject]) -> None:
        decision = proposed(case)
        decision.issue(actor=person("senior"))
        assert {one.subject for one in decision.sanctions.all()} == {tree[0]}
        assert not Notice.objects.filter(scope="wider").exists()

    def test_a_wider_one_bears_what_limits_and_its_holder_hears(self, case: Case, tree: list[Subject]) -> None:
        decision = proposed(case, **wider(tree[1]))
        assert not decision.needs_confirmer
        decision.issue(actor=person("senior"))
        borne = {one.kind: one.subject for one in decision.sanctions.all()}
        assert borne == {"warning": tree[0], "mandatory_training": tree[0], "rate_limit": tree[1]}
        told = Notice.objects.get(scope="wider")
        assert "New keys are made each night." in str(told.sections)
        assert factories.REASONS not in str(told.sections)  # which are about somebody else
        assert told.token in Message.objects.get(kind="measure_wider").text

    @pytest.mark.parametrize(
        ("columns", "field"),
        [
            ({"scope_reason": " "}, "scope_reason"),
            ({"scope_typed": ""}, "scope_typed"),
            ({"scope_typed": "acct_other"}, "scope_typed"),
        ],
    )
    def test_it_needs_a_reason_and_its_reference(
        self, case: Case, tree: list[Subject], columns: dict[str, str], field: str
    ) -> None:
        with pytest.raises(Refused) as refused:
            proposed(case, **wider(tree[2], **columns))
        assert refused.value.field == field

    def test_not_an_account_beside_or_below(self, case: Case, tree: list[Subject]) -> None:
        for other in (factories.subject(parent=tree[0]), factories.subject(parent=tree[1]), tree[0]):
            with pytest.raises(Refused, match="one that it hangs on"):
                proposed(case, **wider(other))

    def test_plain_sql_is_refused_as_well(self, case: Case, tree: list[Subject]) -> None:
        stranger, rows = factories.subject(), []
        rows.append(wider(tree[1], scope_typed="acct_other"))
        rows.append(wider(stranger))
        rows.append(wider(tree[1], scope_reason=""))
        rows.append({"days": {"rate_limit": 7}})
        rows.append({"left_out": ["rate_limit"], "departure_reason": "Because."})
        case.take_part(person("reviewer"), "investigated")  # type: ignore[arg-type]
        for row in rows:
            decision = factories.draft(case, tier="T3", recommended_tier="T3", recurrence="first", **row)
            with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
                decision.save(force_insert=True)
        factories.draft(case, tier="T3", recommended_tier="T3", **wider(tree[1])).save(force_insert=True)

    def test_a_whole_organisation_is_typed_even_where_the_case_is_about_it(self, tree: list[Subject]) -> None:
        case = factories.claimed(about=tree[2])
        with pytest.raises(Refused, match="as a whole"):
            proposed(case)
        assert proposed(case, scope_typed=tree[2].external_id.upper()).scope is None

    def test_but_not_where_nothing_limits_it(self, tree: list[Subject]) -> None:
        case = factories.claimed(about=tree[2])
        columns = {"intent": "inadvertent", "sensitivity": "public", "severity": 2}
        assert proposed(case, **columns).tier == "T1"

    def test_a_measure_on_a_wider_account_still_counts_as_this_one_s(self, case: Case, tree: list[Subject]) -> None:
        """And not against others under it."""
        decision = proposed(case, **wider(tree[1]))
        decision.issue(actor=person("senior"))
        at = decision.issued_at + timedelta(hours=2)
        for account, recurrence in ((tree[0], "persistent"), (factories.subject(parent=tree[1]), "first")):
            other = factories.case(about=account)
            assert factories.draft(other, conduct_at=at).recommend().recurrence == recurrence


class TestDuration:
    def test_other_days_depart(self, case: Case) -> None:
        for days in (7, 30):
            with pytest.raises(Refused, match="needs a reason"):
                proposed(case, days={"rate_limit": days})
        decision = proposed(case, days={"rate_limit": 7}, departure_reason="It stopped after an hour.")
        assert decision.needs_confirmer
        decision.confirm(actor=person("adjudicator"))
        decision.issue(actor=person("senior"))
        limit = decision.sanctions.get(kind="rate_limit")
        assert limit.ends_at - limit.starts_at == timedelta(days=7)

    def test_the_days_of_the_tier_are_no_departure(self, case: Case) -> None:
        decision = proposed(case, days={"rate_limit": 14, "temporary_suspension": 3})
        assert (decision.days, decision.departs, decision.needs_confirmer) == ({}, False, False)

    @pytest.mark.parametrize("days", [0, -1, 31])
    def test_no_longer_than_any_tier_gives(self, case: Case, days: int) -> None:
        with pytest.raises(Refused, match="from 1 to 30 days") as refused:
            proposed(case, days={"rate_limit": days}, departure_reason="Because of the harm.")
        assert refused.value.field == "days"

    def test_what_is_left_out_departs_and_something_stays(self, case: Case) -> None:
        reason = {"departure_reason": "Nothing of it is hosted by us."}
        with pytest.raises(Refused, match="lighter tier"):
            proposed(case, left_out=["rate_limit"], **reason)
        decision = proposed(case, **T5, left_out=["content_removal", "rate_limit"], **reason)
        assert decision.left_out == ["content_removal"]
        assert decision.needs_confirmer
        kinds = [document["type"] for document in decision.sanction_documents]
        assert kinds == ["temporary_suspension", "mandatory_training", "feature_restriction"]

    def test_an_appeal_makes_no_line_longer_than_it_was(self, case: Case, tree: list[Subject]) -> None:
        decision = proposed(
            case, **T5, **wider(tree[1]), days={"feature_restriction": 10}, departure_reason="A short one is enough."
        )
        decision.confirm(actor=person("adjudicator"))
        decision.issue(actor=person("head"))
        decision.vary(actor=factories.SYSTEM, tier="T4", reason="Milder.")
        now_in_force = decision.sanctions.filter(state="issued", kind="feature_restriction").get()
        assert now_in_force.ends_at - now_in_force.starts_at == timedelta(days=10)
        assert now_in_force.subject == tree[1]


class TestPage:
    def posted(self, enter: Any, case: Case, door: str = "propose", **columns: Any) -> Any:
        return enter("reviewer").post(f"/desk/cases/{case.ref}/{door}/", typed(case, "breach", **columns))

    def test_the_sentence_says_who_is_limited_until_when(self, enter: Any, case: Case, tree: list[Subject]) -> None:
        advice = self.posted(enter, case, "advice", scope=tree[1].external_id, days_rate_limit="5").content.decode()
        assert f"<bdi>{tree[1].external_id}</bdi>" in advice
        assert "depart from the matrix" in advice
        assert 'data-key="d"' in advice
        assert 'data-accept="tier"' in advice

    def test_it_is_refused_beside_the_field_and_what_was_typed_stays(
        self, enter: Any, case: Case, tree: list[Subject]
    ) -> None:
        answer = self.posted(enter, case, scope=tree[2].external_id, scope_reason="ا" * 300, scope_typed="org")
        assert answer.status_code == 409
        form = answer.context["decision_form"]
        assert list(form.errors) == ["scope_typed"]
        assert "ا" * 300 in answer.text
        assert 'data-key="o"' in answer.text
        answer = self.posted(enter, case, days_rate_limit="99", departure_reason="Because of the harm.")
        assert list(answer.context["decision_form"].errors) == ["days_rate_limit"]

    def test_an_account_that_is_not_above_is_no_choice(self, enter: Any, case: Case) -> None:
        answer = self.posted(enter, case, scope=factories.subject().external_id)
        assert answer.status_code == 422
        assert list(answer.context["decision_form"].errors) == ["scope"]

    def test_commits_what_was_chosen(self, enter: Any, case: Case, tree: list[Subject]) -> None:
        factories.checked(case)
        chosen = {"scope": tree[1].external_id, "scope_typed": tree[1].external_id, "days_rate_limit": "7"}
        reasons = {"scope_reason": "New keys each night.", "departure_reason": "It stopped after an hour."}
        self.posted(enter, case, **chosen, **reasons)
        decision = Decision.objects.get()
        assert (decision.scope, decision.days, decision.state) == (tree[1], {"rate_limit": 7}, "proposed")
        page = enter("adjudicator")
        page.post(f"/desk/decisions/{decision.ref}/verdict/", {"outcome": "breach", "tier": "T3", "reason": "x" * 30})
        shown = page.get(decision.page_url).content.decode()
        assert "New keys each night." in shown
        assert "departed from" in shown
