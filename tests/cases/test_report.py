"""Filing, following and triaging a report, at the form, the follow page and the desk."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cases.models import Case, Report
from cases.models.report import code_for, hashed_code
from tests import factories
from tipstaff.ledger.models import Event
from tipstaff.notices.models import Message
from tipstaff.sla.models import Clock
from tipstaff.time import moved_to, now
from tipstaff.vault.models import SealedFile
from tipstaff.workflow.actors import LinkHolder
from tipstaff.workflow.refused import NotPermitted, Refused

pytestmark = pytest.mark.usefixtures("people")


def form(**typed: object) -> dict:
    return {
        "submission": str(uuid4()),
        "rule": "SP-03",
        "description": "Four hundred posts in one night.",
        "happened_on": "",
        "account": "acct_1",
        "links": "https://forum.example/1\nhttps://forum.example/2",
        "contact": "reporter@people.example",
        "good_faith": "on",
        **typed,
    }


class TestFile:
    def test_a_stranger_files_a_report_with_files_and_gets_a_code(self, client: Client) -> None:
        files = [SimpleUploadedFile(f"{number}.txt", f"shown {number}".encode(), "text/plain") for number in range(2)]
        page = client.post("/report/", form(files=files))
        report = Report.objects.get()
        assert page.status_code == 200
        code = page.context["code"]
        assert code in page.content.decode()
        assert Report.by_code(code.lower().replace("-", " ")) == report
        assert report.receipt_hash != code
        assert SealedFile.objects.of(report).count() == 2
        assert report.links == ["https://forum.example/1", "https://forum.example/2"]
        assert report.channel == "public"

    def test_it_is_one_event_two_clocks_and_a_receipt(self) -> None:
        report = factories.report()
        assert [event.kind for event in Event.objects.filter(stream=report.stream)] == [
            "report.filed",
            "clock.started",
            "message.queued",
            "clock.started",
        ]
        assert {clock.kind for clock in Clock.objects.about(report)} == {"triage", "receipt"}
        assert Message.objects.get(about=report.reference).kind == "report_received"

    def test_the_code_is_in_no_event_and_no_mail(self) -> None:
        report = factories.report()
        told = [str(event.told()) for event in Event.objects.filter(stream=report.stream)]
        assert not [text for text in told if report.code in text or report.receipt_hash in text]
        assert report.code not in Message.objects.get(about=report.reference).text

    def test_the_same_form_twice_is_one_report_with_the_same_code(self, client: Client) -> None:
        typed = form()
        first, second = client.post("/report/", typed), client.post("/report/", typed)
        assert Report.objects.count() == 1
        assert first.context["code"] == second.context["code"]

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("good_faith", ""),
            ("description", ""),
            ("description", "x" * 10_001),
            ("links", "javascript:alert(1)"),
            ("links", "\n".join(["https://a.example"] * 11)),
            ("happened_on", "2999-01-01"),
            ("contact", "nobody"),
            ("rule", "ZZ-99"),
        ],
    )
    def test_a_broken_form_keeps_what_was_typed(self, client: Client, field: str, value: str) -> None:
        page = client.post("/report/", form(**{"description": "Kept as typed, ça va؟", field: value}))
        assert page.status_code == 422
        assert page.context["form"].errors.keys() == {field}
        assert field == "description" or "Kept as typed, ça va؟" in page.content.decode()
        assert not Report.objects.exists()

    @pytest.mark.parametrize(("hour", "ahead", "status"), [(9, 1, 422), (10, 1, 200), (23, 1, 200), (23, 2, 422)])
    def test_a_day_may_be_today_anywhere_on_earth(self, client: Client, hour: int, ahead: int, status: int) -> None:
        at = now().replace(hour=hour) + timedelta(days=1)  # at ten in UTC the next day begins at UTC+14
        day = (at + timedelta(days=ahead)).date()
        with moved_to(at):
            assert client.post("/report/", form(happened_on=day.isoformat())).status_code == status
        for filed in Report.objects.all():
            assert filed.happened_on == day
            assert filed.conduct_at == filed.received_at == at

    def test_six_files_are_refused(self, client: Client) -> None:
        files = [SimpleUploadedFile(f"{number}.txt", b"x") for number in range(6)]
        assert client.post("/report/", form(files=files)).status_code == 422

    def test_staff_report_under_their_own_name(self, enter) -> None:
        enter("lead").post("/report/", form())
        assert Report.objects.get().reported_by == factories.person("lead")
        assert Report.objects.get().channel == "internal"


class TestFollow:
    def test_the_code_shows_the_stage_and_sets_no_cookie(self, client: Client) -> None:
        report = factories.report()
        page = client.post("/follow/", {"code": report.code})
        assert page.status_code == 200
        assert not page.cookies
        assert page["Referrer-Policy"] == "no-referrer"

    def test_an_unknown_code_is_said_so(self, client: Client) -> None:
        page = client.post("/follow/", {"code": "AAAA-BBBB-CCCC-DDDD"})
        assert page.status_code == 422

    def test_a_question_is_answered_with_the_code_and_the_clock_waits_meanwhile(self, client: Client) -> None:
        report = factories.report()
        report.ask(actor=factories.person("reviewer"), question="Which reviews?")
        assert Clock.objects.about(report).get(kind="triage").paused_at
        client.post("/follow/", {"code": report.code, "act": "supply", "answer": "The ones of May."})
        report.refresh_from_db()
        assert (report.state, report.supplement) == ("received", "The ones of May.")
        assert Clock.objects.about(report).get(kind="triage").paused_at is None

    def test_it_can_be_withdrawn_until_a_case_is_open(self, client: Client) -> None:
        report = factories.report()
        client.post("/follow/", {"code": report.code, "act": "withdraw"})
        report.refresh_from_db()
        assert report.state == "withdrawn"
        again = client.post("/follow/", {"code": report.code, "act": "withdraw"})
        assert again.status_code == 409

    def test_letters_that_look_like_digits_are_taken_for_them(self) -> None:
        assert hashed_code("OIL0-1111") == hashed_code("011o-iiLl".replace("o", "0"))
        assert len(code_for("a").replace("-", "")) == 16
        assert code_for("a") != code_for("b")


class TestTriage:
    def test_accepting_resolves_the_account_and_opens_a_case(self, enter) -> None:
        report = factories.report(account="acct_new")
        page = enter("reviewer").post(
            f"/desk/reports/{report.ref}/accept/",
            {"external_id": "acct_new", "kind": "api_key", "contact": "", "rule": "SP-03", "severity": "3"},
        )
        case = Case.objects.get()
        assert page.url == case.get_absolute_url()
        assert (case.subject.external_id, case.severity, case.rule_group) == ("acct_new", 3, "SP")
        assert Clock.objects.about(report).get(kind="triage").outcome == "met"
        assert case.due_at == Clock.objects.about(case).get(kind="decision").due_at

    def test_a_second_report_joins_and_another_group_does_not(self) -> None:
        account = factories.subject()
        first, second = factories.case(about=account), factories.case(about=account, code="SP-01")
        third = factories.case(about=account, code="DI-01")
        assert first == second != third
        assert first.reports.count() == 2

    def test_declining_needs_a_reason_and_tells_it(self, enter) -> None:
        report = factories.report()
        desk = enter("reviewer")
        assert desk.post(f"/desk/reports/{report.ref}/decline/", {"decline-reason": ""}).status_code == 422
        desk.post(f"/desk/reports/{report.ref}/decline/", {"decline-reason": "out_of_scope", "decline-note": "Sorry."})
        report.refresh_from_db()
        assert report.state == "declined"
        assert "outside what the policy covers" in Message.objects.get(kind="report_declined").text

    def test_nobody_triages_their_own_report(self) -> None:
        lead = factories.person("lead")
        report = factories.report(reported_by=lead)
        with pytest.raises(Refused, match="someone else"):
            report.accept(actor=lead, subject=factories.subject(), rule=factories.rule(), severity=2)

    def test_a_reporter_on_the_staff_has_that_part_and_no_other(self) -> None:
        case = factories.case(reported_by=factories.person("reviewer2"))
        assert case.part_of(factories.person("reviewer2")) == "reported"
        with pytest.raises(Refused, match="reported"):
            case.claim(actor=factories.person("reviewer2"))

    @pytest.mark.parametrize("mailbox", ["auditor", "admin", "policy", "appeals", "chair"])
    def test_others_may_not(self, mailbox: str) -> None:
        report = factories.report()
        with pytest.raises(NotPermitted):
            report.decline(actor=factories.person(mailbox), reason="out_of_scope", note="")

    def test_a_reporter_may_not_triage(self) -> None:
        report = factories.report()
        with pytest.raises(NotPermitted):
            report.decline(actor=LinkHolder("reporter", report.reference), reason="out_of_scope", note="")


class TestSeverity:
    def test_triage_refuses_what_the_matrix_does_not_grade(self, people: dict, enter) -> None:
        report, rule = factories.report(), factories.rule("SP-03")
        with pytest.raises(Refused, match="Under SP-03 the matrix grades severities 1 to 3"):
            report.accept(actor=people["lead"], subject=factories.subject(), rule=rule, severity=4)
        typed = {"external_id": "acct_new", "kind": "end_user", "rule": "SP-03", "severity": "4"}
        answer = enter("lead").post(f"{report.get_absolute_url()}accept/", typed)
        assert answer.status_code == 422
        assert b"the matrix grades severities 1 to 3" in answer.content
        assert b"acct_new" in answer.content
