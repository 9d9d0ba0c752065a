"""Many reports, one case: one decision answers them all; what turns out to be another matter is split off."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.models import Case, Report
from cases.models.report import hashed_code
from tests import factories
from tests.cases.test_pages import queries_of
from tests.factories import person
from tipstaff.ledger.models import Event
from tipstaff.notices.models import Message
from tipstaff.time import now
from tipstaff.workflow.refused import NotPermitted, Refused


def with_reports(many: int) -> Case:
    """A case with `many` accepted reports, of which all but the first two were copied by hand."""
    about = factories.subject()
    case = factories.case(about=about, severity=2)
    assert factories.case(about=about, severity=2) == case
    Report.objects.bulk_create(
        Report(
            state="accepted",
            case=case,
            rule=case.rule,
            description="Four hundred posts in one night.",
            good_faith=True,
            contact=f"r{number}@people.example",
            receipt_hash=hashed_code(str(uuid4())),
            triaged_by=person("lead"),
            triaged_at=now(),
        )
        for number in range(many - 2)
    )
    return case


def test_five_hundred_identical_reports_are_one_case_one_decision_and_five_hundred_answers(enter) -> None:
    case = with_reports(500)
    desk = enter("reviewer")
    page = desk.get(case.get_absolute_url())
    assert len(page.context["reports"]) == 50
    assert page.context["reports"][0].many == 500
    assert queries_of(desk, case.get_absolute_url()) <= 22
    assert "All 500 reports" in page.content.decode()
    assert queries_of(desk, f"{case.get_absolute_url()}reports/?page=10") <= 14
    case.claim(actor=person("reviewer"))
    decision = factories.draft(case)
    decision.propose(actor=person("reviewer"))
    with CaptureQueriesContext(connection) as captured:
        decision.issue(actor=person("senior"))
    assert case.reports.filter(state="answered").count() == 500
    assert Message.objects.filter(kind="report_answered").count() == 500
    assert len(captured) <= MOST


MOST = 500 * 4 + 60  # queries: four for each answer


class TestSplit:
    def test_chosen_reports_go_into_a_case_of_their_own(self, people: dict, enter) -> None:
        case = with_reports(3)
        going = case.reports.order_by("id").last()
        other = factories.subject("acct_other")
        typed = {"external_id": "acct_other", "rule": "SP-03", "severity": "2", "reason": "Another account, same text."}
        address = f"{case.get_absolute_url()}reports/"
        lead = enter("lead")
        assert lead.post(address, typed).status_code == 422
        assert lead.post(address, typed | {"report": going.ref, "external_id": "nobody"}).status_code == 422
        moved = lead.post(address, typed | {"report": going.ref})
        into = Case.objects.get(subject=other)
        assert moved.headers["Location"] == into.get_absolute_url()
        going.refresh_from_db()
        assert (going.case, case.reports.count()) == (into, 2)
        told = Event.objects.get(kind="case.split").told()
        assert (told["facts.reports"], told["facts.reason"]) == ([going.ref], "Another account, same text.")
        again = lead.post(address, typed | {"report": going.ref})
        assert again.status_code == 409
        assert "Another account, same text." in again.content.decode()
        assert enter("reviewer").post(address, typed | {"report": going.ref}).status_code in (403, 409)
        assert "Split reports off" not in enter("reviewer").get(address).content.decode()

    def test_of_a_single_report_nothing_is_split_off(self, people: dict, enter) -> None:
        page = enter("lead").get(f"{factories.case().get_absolute_url()}reports/").content.decode()
        assert "Split reports off" not in page
        assert "one always stays" in page

    def test_what_is_refused(self, people: dict) -> None:
        case = with_reports(2)
        refs = list(case.reports.values_list("ref", flat=True))
        facts = {"subject": factories.subject(), "rule": factories.rule(), "severity": 2, "reason": "Another."}
        with pytest.raises(Refused, match="has to stay"):
            case.split(actor=people["lead"], reports=refs, **facts)
        with pytest.raises(Refused, match="Choose another account"):
            case.split(actor=people["lead"], reports=refs[:1], **(facts | {"subject": case.subject}))
        with pytest.raises(Refused, match="not in the case any more"):
            case.split(actor=people["lead"], reports=["R-9999"], **facts)
        with pytest.raises(NotPermitted):
            case.split(actor=people["reviewer"], reports=refs[:1], **facts)
        case.claim(actor=people["reviewer"])
        with pytest.raises(Refused, match="is working on this case"):
            case.split(actor=people["lead"], reports=refs[:1], **facts)
        assert Case.objects.count() == 1
