"""Whoever reported hears what was found, and can have it looked at again by somebody who had no part in it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from appeals.models import Appeal
from cases.models import Decision, Report
from cases.models.answering import OF_DECISION
from tests import factories
from tests.cases.test_silence import ordered
from tests.factories import REASONS, person
from tipstaff.ledger.models import Event
from tipstaff.notices.models import Message
from tipstaff.time import moved_to, now
from tipstaff.workflow.actors import LinkHolder
from tipstaff.workflow.refused import Refused

WHY = "You looked at the wrong forty accounts: the posts came from another one of theirs."


def answered(outcome: str = "no_breach", **columns: Any) -> Report:
    decision = factories.proposed(outcome=outcome, **columns)
    if decision.needs_confirmer:
        decision.confirm(actor=person("adjudicator"))
    decision.issue(actor=person("senior"))
    return decision.case.reports.get()


def contested(report: Report) -> Appeal:
    appeal = Appeal.of_report(report, ground=Appeal.Ground.OTHER, text=WHY)
    appeal.lodge(actor=LinkHolder("reporter", report.reference), files=[])
    report.refresh_from_db()
    return appeal


def heard(report: Report) -> Appeal:
    appeal = contested(report)
    appeal.take_up(actor=person("appeals"))
    return appeal


def follow(client: Client, report: Report, code: str) -> str:
    answer = client.post("/follow/", {"code": code})
    assert answer.status_code == 200
    return answer.text


def code_of(report: Report) -> str:
    """Its receipt code, which nobody keeps: the report is given a new one."""
    draft, code = Report.draw("another", description="x")
    Report.objects.filter(pk=report.pk).update(receipt_hash=draft.receipt_hash)
    return code


class TestTold:
    def test_every_outcome_is_told_or_kept_back_on_purpose(self) -> None:
        kept_back = set(Decision.Outcome.values) - set(OF_DECISION)
        assert kept_back == {"support_routing", "referred"}

    def test_by_mail_with_the_day_until_which_they_can_appeal(self, people: dict) -> None:
        report = answered()
        mail = Message.objects.get(kind="report_answered").text
        assert "We found that no rule was broken." in mail
        assert "you can appeal until" in mail
        assert report.case.subject.external_id not in mail  # type: ignore[union-attr]

    def test_of_a_breach_that_it_was_one_and_not_what_was_imposed(self, client: Client, people: dict) -> None:
        report = answered("breach")
        mail = Message.objects.get(kind="report_answered").text
        page = follow(client, report, code_of(report))
        for words in (mail, page):
            assert "a rule was broken, and acted on it" in words
            assert "can appeal" not in words
        for sanction in report.case.decisions.get().sanctions.all():  # type: ignore[union-attr]
            assert sanction.get_kind_display() not in page

    def test_nothing_where_the_law_keeps_the_account_holder_in_the_dark(self, people: dict) -> None:
        decision = factories.proposed(outcome="no_breach")

        ordered(decision.case)
        decision.issue(actor=person("senior"))
        report = decision.case.reports.get()
        assert (report.state, report.outcome, report.contest_closes_at) == ("answered", "", None)
        with pytest.raises(Refused, match="answered without a breach"):
            contested(report)

    def test_a_reversal_takes_back_what_they_were_told(self, client: Client, people: dict) -> None:
        decision = factories.issued()
        appeal = factories.taken_up(decision)
        appeal.reverse(actor=person("appeals"), reasons=REASONS)
        report = decision.case.reports.get()
        assert report.outcome == ""
        assert "a rule was broken" not in follow(client, report, code_of(report))


class TestLodge:
    def test_with_the_receipt_code_and_no_script(self, client: Client, people: dict) -> None:
        report = answered()
        code = code_of(report)
        assert "Do you think this is wrong?" in follow(client, report, code)
        form = client.post("/appeal/report/", {"code": code, "act": "open"}).text
        assert "We found that no rule was broken." in form
        sent = client.post("/appeal/report/", {"code": code, "ground": "other", "text": WHY})
        assert "We have your appeal" in sent.text
        assert not sent.cookies
        appeal = Appeal.objects.get()
        assert (appeal.report, appeal.case, appeal.decision) == (report, report.case, None)
        assert Event.objects.filter(stream_id=report.case.stream, kind="appeal.lodged").exists()  # type: ignore[union-attr]
        page = follow(client, report, code)
        assert "Do you think this is wrong?" not in page
        assert f"Your appeal {appeal.ref}" in page

    def test_once(self, people: dict) -> None:
        report = answered()
        contested(report)
        with pytest.raises(Refused, match="appealed already"):
            contested(report)

    def test_for_six_months(self, people: dict) -> None:
        report = answered()
        with moved_to(now() + timedelta(days=185)), pytest.raises(Refused, match="time to appeal ended"):
            contested(report)

    def test_not_against_a_breach(self, people: dict) -> None:
        with pytest.raises(Refused, match="answered without a breach"):
            contested(answered("breach"))

    def test_sql_keeps_it_one_appeal_of_one_thing(self, people: dict) -> None:
        appeal = contested(answered())
        with pytest.raises(IntegrityError, match="appeal_of_exactly_one"), transaction.atomic():
            Appeal.objects.filter(pk=appeal.pk).update(decision=appeal.decision_at_issue)


class TestHear:
    def test_not_by_who_had_a_part(self, people: dict) -> None:
        appeal = contested(answered())
        investigator = person("reviewer")
        investigator.roles = [*investigator.roles, "appeals_reviewer"]
        with pytest.raises(Refused, match="someone who had no part must hear"):
            appeal.take_up(actor=investigator)

    def test_sent_back_it_is_investigated_and_decided_again(self, client: Client, people: dict) -> None:
        report = answered()
        appeal = heard(report)
        appeal.remand(actor=person("appeals"), reasons=REASONS)
        report.refresh_from_db()
        case = report.case
        assert case is not None
        case.refresh_from_db()
        assert (case.state, case.decisions.get().state) == ("investigating", "reversed")
        assert (report.state, report.outcome, report.contested_at) == ("accepted", "", None)
        page = follow(client, report, code_of(report))
        assert "You were right: the case is investigated and decided again." in page
        case.claim(actor=person("reviewer"))
        again = factories.draft(case, outcome="insufficient_evidence")
        again.propose(actor=person("reviewer"))
        again.issue(actor=person("senior"))
        report.refresh_from_db()
        assert report.outcome == "unclear"
        assert contested(report).state == "lodged"

    def test_upheld_the_answer_stands(self, client: Client, people: dict) -> None:
        report = answered()
        heard(report).uphold(actor=person("appeals"), reasons=REASONS)
        report.refresh_from_db()
        assert (report.state, report.outcome, report.contested_at) == ("answered", "no_breach", None)
        page = follow(client, report, code_of(report))
        assert "came to the same result" in page
        assert "Do you think this is wrong?" not in page

    @pytest.mark.parametrize(("act", "facts"), [("reverse", {}), ("vary", {"tier": "T1"}), ("stay", {"reason": "x"})])
    def test_there_is_nothing_to_reverse_or_make_milder(self, act: str, facts: dict, people: dict) -> None:
        appeal = heard(answered())
        facts = facts if act == "stay" else facts | {"reasons": REASONS}
        with pytest.raises(Refused):
            getattr(appeal, act)(actor=person("appeals"), **facts)

    def test_of_two_reporters_the_second_is_answered_after_the_first_was_right(self, people: dict) -> None:
        case = factories.claimed()
        factories.report(description="Me too.").accept(
            actor=person("lead"), subject=case.subject, rule=case.rule, severity=2
        )
        case.refresh_from_db()
        decision = factories.draft(case, outcome="no_breach")
        decision.propose(actor=person("reviewer"))
        decision.issue(actor=person("senior"))
        first, second = [heard(report) for report in case.reports.order_by("ref")]
        first.remand(actor=person("appeals"), reasons=REASONS)
        second.refresh_from_db()
        second.remand(actor=person("appeals"), reasons=REASONS)
        assert case.decisions.filter(state="reversed").count() == 1
        assert not case.reports.filter(contested_at__isnull=False).exists()

    def test_the_desk_shows_what_was_told_and_what_was_decided(self, enter: Any) -> None:
        appeal = heard(answered())
        desk = enter("appeals")
        page = desk.get(appeal.get_absolute_url()).text
        assert "We found that no rule was broken." in page
        assert appeal.decision_at_issue.ref in page  # type: ignore[union-attr]
        assert "nothing in them may tell whose account it is" in page
        assert "answer to" in desk.get("/desk/appeals/").text
        sent = desk.post(f"{appeal.get_absolute_url()}decide/", {"act": "remand", "reasons": REASONS})
        assert sent.status_code == 302
        assert "The case is investigated again: no decision stands." in desk.get(appeal.get_absolute_url()).text


class TestRest:
    def test_the_case_waits_for_who_may_still_appeal(self, people: dict) -> None:
        report = answered()
        case = report.case
        assert case is not None
        case.refresh_from_db()
        with pytest.raises(Refused, match="Whoever reported can appeal until"):
            case.close(actor=person("lead"))
        contested(report)
        with moved_to(now() + timedelta(days=185)), pytest.raises(Refused, match=f"answer to {report.ref} is open"):
            case.close(actor=person("lead"))
        Appeal.objects.get().withdraw(actor=LinkHolder("reporter", report.reference))
        with moved_to(now() + timedelta(days=185)):
            case.close(actor=person("lead"))
        report.refresh_from_db()
        assert report.state == "closed"
