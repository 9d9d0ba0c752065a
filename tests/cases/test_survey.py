"""The survey after an outcome: open to both sides, once, changing nothing, and told only in sums of enough."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from cases.models import Decision, Report, SurveyAnswer
from cases.models.survey import KEPT_DAYS, slot_of
from tests import factories
from tests.factories import person
from tipstaff.ledger.models import Event
from tipstaff.notices.models import Notice
from tipstaff.sla.attainment import FEW
from tipstaff.time import moved_to, now
from tipstaff.workflow.actors import LinkHolder
from tipstaff.workflow.refused import NotPermitted

pytestmark = pytest.mark.usefixtures("people")
SENT = {"act": "send", "understood": "5", "heard": "4", "timely": "2", "text": "Say it sooner."}


def notice_of(decision: Decision) -> Notice:
    return Notice.objects.get(about=decision.reference)


def said(number: int, side: str = "reporter", **columns: Any) -> SurveyAnswer:
    facts = {"understood": 5, "heard": 4, "timely": 2} | columns
    answer = SurveyAnswer(side=side, slot=slot_of(side, f"matter:{number}"), **facts)
    answer.answer(actor=LinkHolder(side))
    return answer


def declined() -> Report:
    report = factories.report()
    report.decline(actor=person("lead"), reason="not_a_breach", note="")
    return report


class TestAnswering:
    def test_the_account_holder_by_the_link_of_the_notice(self, client: Client) -> None:
        notice = notice_of(factories.issued())
        assert reverse("cases:survey", args=[notice.token]) in client.get(notice.get_absolute_url()).text
        address = reverse("cases:survey", args=[notice.token])
        page = client.get(address)
        assert not page.cookies
        assert not SurveyAnswer.objects.exists()
        assert page.text.count('type="radio"') == 15
        assert "we have your answer" in client.post(address, SENT).text
        answer = SurveyAnswer.objects.get()
        assert (answer.side, answer.understood, answer.heard, answer.timely) == ("subject", 5, 4, 2)
        assert client.post(address, SENT | {"understood": "1"}).status_code == 200
        assert SurveyAnswer.objects.get().understood == 5

    def test_the_reporter_with_the_code_once_it_is_over(self, client: Client) -> None:
        open_still = factories.report()
        assert client.post("/survey/report/", {"code": open_still.code} | SENT).url == "/follow/"
        report = declined()
        assert "/survey/report/" in client.post("/follow/", {"code": report.code}).text
        page = client.post("/survey/report/", {"code": report.code, "act": "open"})
        assert (page.status_code, page.cookies) == (200, {})
        assert not SurveyAnswer.objects.exists()
        client.post("/survey/report/", {"code": report.code} | SENT)
        client.post("/survey/report/", {"code": report.code} | SENT)
        assert SurveyAnswer.objects.get().side == "reporter"

    def test_without_a_credential_there_is_nothing(self, client: Client) -> None:
        assert client.get("/survey/report/").status_code == 302
        assert client.post("/survey/report/", {"code": "AAAA-BBBB-CCCC-DDDD"} | SENT).status_code == 302
        assert client.post("/survey/no.token/", SENT).status_code == 404
        assert not SurveyAnswer.objects.exists()

    @pytest.mark.parametrize(
        ("field", "value"), [("heard", ""), ("heard", "6"), ("heard", "x"), ("text", "x" * 1001), ("timely", "0")]
    )
    def test_what_does_not_fit_is_said_and_the_rest_kept(self, client: Client, field: str, value: str) -> None:
        address = reverse("cases:survey", args=[notice_of(factories.issued()).token])
        page = client.post(address, SENT | {"text": "كان واضحًا <b>", field: value})
        assert page.status_code == 422
        assert page.context["form"].errors.keys() == {field}
        assert field == "text" or "كان واضحًا &lt;b&gt;" in page.text
        assert not SurveyAnswer.objects.exists()

    def test_in_arabic(self, client: Client) -> None:
        address = reverse("cases:survey", args=[notice_of(factories.issued()).token])
        page = client.get(f"{address}?lang=ar").text
        assert 'dir="rtl"' in page
        assert "I understood" not in page

    def test_nothing_leads_back_to_the_matter(self, client: Client) -> None:
        decision = factories.issued()
        client.post(reverse("cases:survey", args=[notice_of(decision).token]), SENT)
        told = str([event.told() for event in Event.objects.filter(kind="survey.answered")])
        assert "Say it sooner" not in told
        row = str(SurveyAnswer.objects.values().get())
        for trace in (decision.ref, str(decision.pk), decision.case.ref, decision.case.subject.external_id):
            assert trace not in told + row

    def test_the_database_says_once(self) -> None:
        said(1)
        with pytest.raises(IntegrityError, match="slot"), transaction.atomic():
            said(1)
        with pytest.raises(IntegrityError, match="survey_on_the_scale"), transaction.atomic():
            said(2, heard=6)
        with pytest.raises(NotPermitted):
            SurveyAnswer(side="reporter", slot="x", understood=1, heard=1, timely=1).answer(actor=person("reviewer"))

    def test_what_was_written_is_dropped_after_a_year(self) -> None:
        with moved_to(now() - timedelta(days=KEPT_DAYS + 1)):
            said(1, text="Long ago.")
        said(2, text="Today.")
        assert sorted(SurveyAnswer.objects.values_list("text", flat=True)) == ["", "Today."]


class TestBoard:
    def test_below_the_floor_there_is_no_number_and_no_text(self, enter, client: Client) -> None:
        for number in range(FEW - 1):
            said(number, text=f"Text {number}")
        page = enter("compliance").get("/oversight/survey/").text
        assert page.count(f"Fewer than {FEW} answers") == 2
        assert "Text 1" not in page
        assert client.get(reverse("how_we_enforce")).text.count("too few") == 6

    def test_from_the_floor_on_there_are_sums(self, enter, client: Client, django_assert_max_num_queries) -> None:
        for number in range(FEW):
            said(number, timely=1 + number % 5, text=f"نص {number}")
        desk = enter("auditor")
        with django_assert_max_num_queries(7):
            page = desk.get("/oversight/survey/").text
        assert "100 %" in page
        assert "40 %" in page
        assert f"{FEW} texts" in page
        assert 'class="chart small"' in page
        public = client.get(reverse("how_we_enforce")).text
        assert ("40 %" in public, "نص" in public) == (True, False)
        with moved_to(now() + timedelta(days=KEPT_DAYS)):
            assert 'class="chart small"' not in enter("compliance").get("/oversight/survey/").text

    def test_who_may(self, enter) -> None:
        for mailbox in ("reviewer", "lead", "adjudicator", "admin"):
            assert enter(mailbox).get("/oversight/survey/").status_code == 404
