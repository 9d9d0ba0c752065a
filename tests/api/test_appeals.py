"""`GET /api/v1/appeals/`: who contested what, and how that ended; what was written stays between the two sides."""

from datetime import timedelta
from urllib.parse import quote

from appeals.models import Appeal
from tests import factories
from tests.api.callers import Caller
from tests.factories import person
from tipstaff.time import now
from tipstaff.workflow.actors import LinkHolder


def against_declining() -> Appeal:
    report = factories.report()
    report.decline(actor=person("lead"), reason="insufficient", note="Nothing to go on.")
    appeal = Appeal(report=report, ground=Appeal.Ground.OTHER, text="There is.")
    appeal.lodge(actor=LinkHolder("reporter", report.reference), files=[])
    return appeal


def test_an_appeal_is_told(caller: Caller) -> None:
    appeal = factories.taken_up(factories.issued(case_columns={"about": factories.subject("acct_1")}))
    told = caller.get(f"/appeals/{appeal.ref}/").json()
    assert (told["state"], told["ground"]) == ("under_review", "context")
    assert (told["decision"], told["case"], told["subject"]) == (appeal.decision.ref, appeal.case.ref, "acct_1")
    assert told["report"] is None
    assert told["taken_up_at"]
    assert told["due_at"]
    assert told["available"] == []


def test_one_against_declining_a_report(caller: Caller) -> None:
    appeal = against_declining()
    told = caller.get(f"/appeals/{appeal.ref}/").json()
    assert (told["decision"], told["case"], told["subject"], told["report"]) == (None, None, None, appeal.report.ref)


def test_a_list_is_narrowed(caller: Caller) -> None:
    first = factories.lodged(factories.issued(case_columns={"about": factories.subject("acct_1")}))
    second = against_declining()
    assert caller.refs("/appeals/") == [second.ref, first.ref]
    assert caller.refs("/appeals/?state=lodged&ground=other") == [second.ref]
    assert caller.refs("/appeals/?subject=acct_1") == [first.ref]
    assert caller.refs(f"/appeals/?decision={first.decision.ref}") == [first.ref]
    assert caller.refs(f"/appeals/?report={second.report.ref}") == [second.ref]
    assert caller.refs(f"/appeals/?case={first.case.ref}") == [first.ref]
    assert caller.refs("/appeals/?state=upheld") == []
    assert caller.refs(f"/appeals/?until={quote((now() - timedelta(hours=1)).isoformat())}") == []


def test_a_list_costs_the_same_for_one_and_for_many(caller: Caller) -> None:
    against_declining()
    for many in (1, 2):
        for _turn in range(many):
            factories.lodged()
        assert len(caller.queries("/appeals/")) == 2  # the token; appeals
    assert len(caller.refs("/appeals/")) == 4


def test_they_need_their_own_scope(people: dict) -> None:
    appeal = factories.lodged()
    for path in ("/appeals/", f"/appeals/{appeal.ref}/"):
        assert Caller(["case:view"]).get(path).status_code == 403
        assert Caller(["appeal:view"]).get(path).status_code == 200
