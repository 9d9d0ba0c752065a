"""Lists of any length: what is counted, how far one turns, and that a search reads no more than it finds."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.models import Case
from tests import factories
from tipstaff.accounts.models import Subject
from tipstaff.pages import COUNTED, LAST, Pages

PER_PAGE = 50


def accounts(many: int):
    Subject.objects.bulk_create(Subject(external_id=f"u-{number:06}") for number in range(many))
    return Subject.objects.order_by("external_id")


class TestPages:
    def test_a_short_list_is_counted_and_numbered(self, db) -> None:
        page = Pages(accounts(120), PER_PAGE).get_page("3")
        assert (page.paginator.count, page.paginator.num_pages, page.paginator.many) == (120, 3, False)
        assert [account.external_id for account in page][-1] == "u-000119"
        assert not page.has_next()

    def test_a_long_one_is_not_counted_to_its_end(self, db) -> None:
        pages = Pages(accounts(COUNTED + 120), PER_PAGE)
        with CaptureQueriesContext(connection) as captured:
            page = pages.get_page("22")
        assert (pages.many, pages.count) == (True, COUNTED)
        assert f"LIMIT {COUNTED + 1}" in captured.captured_queries[0]["sql"]
        assert next(iter(page)).external_id == "u-001050"
        assert page.has_next()
        last = pages.get_page("23")
        assert (len(last), last.has_next(), last.end_index()) == (20, False, COUNTED + 120)

    @pytest.mark.parametrize("asked", ["190", str(LAST), str(LAST + 1), "999999999999999999999"])
    def test_a_page_behind_the_end_leads_back_to_rows(self, asked, db) -> None:
        assert len(Pages(accounts(COUNTED + 10), PER_PAGE).get_page(asked)) == PER_PAGE

    @pytest.mark.parametrize("asked", [None, "", "x", "-3", "0"])
    def test_no_page_is_the_first_or_one_that_exists(self, asked, db) -> None:
        assert len(Pages(accounts(COUNTED + 10), PER_PAGE).get_page(asked)) == PER_PAGE
        assert list(Pages(Subject.objects.none(), PER_PAGE).get_page(asked)) == []


class TestSearch:
    def test_a_case_is_found_by_everything_that_names_it(self, people) -> None:
        about = factories.subject("bot-77", name="Nightly Löader 100%")
        decision = factories.issued(case_columns={"about": about})
        case = decision.case
        other = factories.case(code="VE-02", severity=4)
        report = case.reports.get()
        for word in (case.ref, case.ref.lower(), report.ref, decision.ref.lower(), "BOT-7", "löad", "100%", "sp-03"):
            assert list(Case.objects.matching(word)) == [case], word
        assert list(Case.objects.matching("VE-02")) == [other]
        assert not Case.objects.matching("C-").exists()  # a part of a reference names nothing

    def test_a_search_reads_no_table_of_cases_from_end_to_end(self, people) -> None:
        factories.case(about=factories.subject("bot-78"))
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            plan = Case.objects.matching("bot-78").order_by("-opened_at").explain()
        assert "Seq Scan" not in plan, plan

    def test_the_page_says_when_nothing_has_that_name(self, enter) -> None:
        factories.case()
        assert "No case matches" in enter("lead").get("/desk/cases/", {"q": "nobody's"}).content.decode()
