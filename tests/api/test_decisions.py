"""`GET /api/v1/decisions/`: what people decided, once it was issued, and whether it still stands."""

from datetime import timedelta
from urllib.parse import quote

import pytest

from tests import factories
from tests.api.callers import Caller
from tests.factories import person
from tipstaff.time import now


def test_an_issued_decision_is_told(caller: Caller) -> None:
    decision = factories.issued(case_columns={"about": factories.subject("acct_1")})
    told = caller.get(f"/decisions/{decision.ref}/").json()
    assert told["case"] == decision.case.ref
    assert told["subject"] == "acct_1"
    assert told["rule"] == {"code": "SP-03", "version": decision.rule.version.number}
    assert (told["outcome"], told["tier"], told["recommended_tier"], told["stands"]) == ("breach", "T3", "T3", True)
    assert (told["intent"], told["sensitivity"], told["severity"]) == ("negligent", "personal", 2)
    assert told["sanctions"] == [sanction.ref for sanction in decision.sanctions.order_by("ref")]
    assert told["available"] == []
    assert "reasons" not in told


@pytest.mark.parametrize("reached", ["proposed", "returned", "withdrawn"])
def test_what_was_not_issued_is_not_there(caller: Caller, reached: str) -> None:
    decision = factories.proposed()
    if reached == "returned":
        decision.send_back(actor=person("adjudicator"), reason="Say which posts.")
    if reached == "withdrawn":
        decision.withdraw(actor=person("reviewer"))
    assert caller.get("/decisions/").json()["results"] == []
    assert caller.get(f"/decisions/{decision.ref}/").status_code == 404
    assert caller.get(f"/decisions/?state={reached}").status_code == 400


def test_after_an_appeal_the_milder_tier_holds(caller: Caller) -> None:
    appeal = factories.taken_up()
    appeal.vary(actor=person("appeals"), reasons=factories.REASONS, tier="T1")
    told = caller.get(f"/decisions/{appeal.decision.ref}/").json()
    assert (told["state"], told["tier"], told["recommended_tier"], told["stands"]) == ("varied", "T1", "T3", True)
    assert told["settled_at"]


def test_a_reversed_one_does_not_stand(caller: Caller) -> None:
    appeal = factories.taken_up()
    assert caller.get(f"/decisions/{appeal.decision.ref}/").json()["contested_at"]
    appeal.reverse(actor=person("appeals"), reasons=factories.REASONS)
    told = caller.get(f"/decisions/{appeal.decision.ref}/").json()
    assert (told["state"], told["stands"], told["contested_at"]) == ("reversed", False, None)


def test_a_list_is_narrowed(caller: Caller) -> None:
    breach = factories.issued(case_columns={"about": factories.subject("acct_1")})
    none = factories.issued(outcome="no_breach", by="reviewer", case_columns={"code": "FR-01"})
    assert caller.refs("/decisions/") == [none.ref, breach.ref]
    assert caller.refs("/decisions/?outcome=no_breach") == [none.ref]
    assert caller.refs("/decisions/?subject=acct_1") == [breach.ref]
    assert caller.refs(f"/decisions/?case={none.case.ref}") == [none.ref]
    assert caller.refs("/decisions/?rule=SP-03") == [breach.ref]
    assert caller.refs("/decisions/?state=reversed") == []
    assert caller.refs("/decisions/?severity=2") == [breach.ref]
    assert caller.refs(f"/decisions/?since={quote((now() - timedelta(hours=1)).isoformat())}") == [none.ref, breach.ref]
    assert caller.refs(f"/decisions/?until={quote((now() - timedelta(hours=1)).isoformat())}") == []


def test_a_list_costs_the_same_for_one_and_for_many(caller: Caller) -> None:
    for many in (1, 3):
        for _turn in range(many):
            factories.issued()
        assert len(caller.queries("/decisions/")) == 3  # the token; decisions, sanctions
    assert len(caller.refs("/decisions/")) == 4
