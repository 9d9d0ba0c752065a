"""`GET /api/v1/cases/`: where each case stands, and nothing that somebody wrote."""

from datetime import timedelta
from urllib.parse import quote

import pytest

from tests import factories
from tests.api.callers import Caller
from tipstaff.time import moved_to, now


def test_a_case_is_told_in_references(caller: Caller) -> None:
    decision = factories.issued(case_columns={"about": factories.subject("acct_1")})
    case = decision.case
    told = caller.get(f"/cases/{case.ref}/").json()
    assert told == {
        "ref": case.ref,
        "state": "decided",
        "behaviour": "human",
        "subject": "acct_1",
        "system": None,
        "rule": {"code": "SP-03", "version": case.rule.version.number},
        "rule_group": "SP",
        "severity": 2,
        "opened_at": told["opened_at"],
        "due_at": None,
        "decided_at": told["decided_at"],
        "report_count": 1,
        "decisions": [decision.ref],
        "sanctions": [sanction.ref for sanction in decision.sanctions.order_by("ref")],
        "available": [],
    }
    assert told["opened_at"].endswith("Z")
    assert caller.get("/cases/").json()["results"] == [told]


def test_a_proposal_is_not_told(caller: Caller) -> None:
    decision = factories.proposed()
    assert caller.get(f"/cases/{decision.case.ref}/").json()["decisions"] == []


def test_every_report_counts(caller: Caller) -> None:
    account = factories.subject()
    for _turn in range(3):
        case = factories.case(about=account)
    assert caller.get(f"/cases/{case.ref}/").json()["report_count"] == 3


def test_a_list_is_narrowed(caller: Caller) -> None:
    one = factories.case(about=factories.subject("acct_1"), severity=3)
    other = factories.claimed(code="FR-01", severity=4)
    assert caller.refs("/cases/") == [other.ref, one.ref]
    assert caller.refs("/cases/?state=open") == [one.ref]
    assert caller.refs("/cases/?state=open&state=investigating") == [other.ref, one.ref]
    assert caller.refs("/cases/?subject=acct_1") == [one.ref]
    assert caller.refs("/cases/?severity=4") == [other.ref]
    assert caller.refs("/cases/?rule=SP-03&severity=3") == [one.ref]
    assert caller.refs("/cases/?rule=fr-01") == [other.ref]
    assert caller.refs("/cases/?behaviour=system") == []


def test_an_account_that_nobody_heard_of_has_no_case(caller: Caller) -> None:
    factories.case()
    assert caller.refs("/cases/?subject=acct_unheard_of") == []


def test_since_and_until(caller: Caller) -> None:
    early = factories.case()
    with moved_to(now() + timedelta(days=2)):
        late = factories.case()
        between = quote((now() - timedelta(days=1)).isoformat())
        assert caller.refs(f"/cases/?since={between}") == [late.ref]
        assert caller.refs(f"/cases/?until={between}") == [early.ref]


def test_pages_run_through_a_narrowed_list(caller: Caller) -> None:
    refs = [factories.case(severity=3).ref for _ in range(5)]
    factories.case(severity=1)
    page, seen = caller.get("/cases/?severity=3&page_size=2").json(), []
    while True:
        seen += [case["ref"] for case in page["results"]]
        if not page["next"]:
            break
        page = caller.get(page["next"].partition("/api/v1")[2]).json()
    assert seen == refs[::-1]


def test_a_list_costs_the_same_for_one_and_for_many(caller: Caller) -> None:
    for many in (1, 3):
        for _turn in range(many):
            factories.issued()
        assert len(caller.queries("/cases/")) == 4  # the token; cases, decisions, sanctions
    assert len(caller.refs("/cases/")) == 4


@pytest.mark.parametrize("scope", ["report:view", "sanction:acknowledge", "appeal:view", "subject:view"])
def test_another_scope_does_not_open_them(people: dict, scope: str) -> None:
    case = factories.case()
    for path in ("/cases/", f"/cases/{case.ref}/", "/decisions/"):
        assert Caller([scope]).get(path).status_code == 403


def test_one_that_is_not_there_is_404(caller: Caller) -> None:
    for ref in ("C-ZZZZ", "D-0001", "C-%00", "c-0001", "C-" + "9" * 40):
        answer = caller.get(f"/cases/{ref}/")
        assert answer.status_code == 404, ref
