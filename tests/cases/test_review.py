"""What a hostile reader found once: each stays mended."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from cases.models import Case, Report
from cases.models.report import code_for
from tests import factories
from tests.factories import person
from tipstaff.ledger.models import Event
from tipstaff.notices import outbox
from tipstaff.notices.models import Message, Notice
from tipstaff.sla.models import Clock
from tipstaff.time import moved_to, now
from tipstaff.workflow.refused import Refused

pytestmark = pytest.mark.usefixtures("people")


def refused_by_sql(statement: str, *values: object) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


class TestSeparation:
    def test_leaving_the_part_empty_does_not_get_around_the_hand(self) -> None:
        decision = factories.proposed()
        refused_by_sql(
            "UPDATE cases_decision SET state = 'issued', issued_by_id = proposed_by_id, issued_at = now(), "
            "issued_part = NULL WHERE id = %s",
            decision.pk,
        )
        refused_by_sql(
            "UPDATE cases_decision SET confirmed_by_id = proposed_by_id, confirmed_at = now(), confirmed_part = NULL "
            "WHERE id = %s",
            decision.pk,
        )
        appeal = factories.lodged()
        refused_by_sql(
            "UPDATE appeals_appeal SET reviewer_id = %s, taken_up_at = now(), reviewed_part = NULL WHERE id = %s",
            appeal.decision.issued_by_id,
            appeal.pk,
        )

    @pytest.mark.parametrize("change", ["tier = 'T6'", "needs_confirmer = NOT needs_confirmer", "reasons = 'x'"])
    def test_what_was_proposed_does_not_change_on_its_way(self, change: str) -> None:
        refused_by_sql(f"UPDATE cases_decision SET {change} WHERE id = %s", factories.proposed().pk)

    def test_a_reporter_does_not_send_a_proposal_back(self) -> None:
        decision = factories.proposed(case_columns={"reported_by": person("adjudicator")})
        with pytest.raises(Refused, match="reported"):
            decision.send_back(actor=person("adjudicator"), reason="I want it otherwise.")

    def test_the_same_confirmer_confirms_again_after_a_return(self) -> None:
        decision = factories.proposed(intent="deliberate")
        decision.confirm(actor=person("adjudicator"))
        decision.send_back(actor=person("senior"), reason="One more fact, please.")
        case = Case.objects.get(pk=decision.case.pk)
        case.claim(actor=person("reviewer"))
        again = factories.draft(case, intent="deliberate")
        again.propose(actor=person("reviewer"))
        again.confirm(actor=person("adjudicator"))
        assert again.state == "confirmed"


class TestGrading:
    def test_a_worse_report_makes_the_case_worse_and_its_clock_shorter(self) -> None:
        account = factories.subject()
        case = factories.case(about=account, severity=1)
        before = case.due_at
        factories.case(about=account, severity=3)
        case.refresh_from_db()
        clock = Clock.objects.about(case).get(kind="decision")
        assert (case.severity, clock.severity) == (3, 3)
        assert case.due_at == clock.due_at < before

    def test_what_changed_since_the_proposal_is_looked_at_before_the_issue(self) -> None:
        account = factories.subject()
        first = factories.issued(case_columns={"about": account})
        with moved_to(now() + timedelta(days=40)):
            second = factories.proposed(case_columns={"about": account}, conduct_at=now())
            assert second.recurrence == "repeat"
            first.reverse(actor=factories.SYSTEM, reason="It did not stand.")
            with pytest.raises(Refused, match="send it back"):
                second.issue(actor=person("senior"))

    def test_another_group_of_rules_is_another_case(self) -> None:
        case = factories.claimed()
        decision = factories.draft(case, rule=factories.rule("VE-04"))
        with pytest.raises(Refused, match="another group"):
            decision.propose(actor=person("reviewer"))


class TestReports:
    def test_an_edited_form_is_another_report(self, client) -> None:
        typed = {"submission": "3f2f1f5e-8f1b-4d53-8a3e-0f3f6f1d2c11", "good_faith": "on", "description": "First."}
        client.post("/report/", typed)
        client.post("/report/", typed | {"description": "First, and one thing more."})
        assert Report.objects.count() == 2
        assert code_for(typed["submission"], "First.") != code_for(typed["submission"], "Second.")

    def test_after_a_remand_the_reporter_is_answered_anew(self) -> None:
        appeal = factories.taken_up()
        appeal.remand(actor=person("appeals"), reasons=factories.REASONS)
        case = Case.objects.get(pk=appeal.case.pk)
        assert case.reports.get().state == "accepted"
        case.claim(actor=person("reviewer"))
        decision = factories.draft(case, outcome="no_breach")
        decision.propose(actor=person("reviewer"))
        decision.issue(actor=person("reviewer"))
        assert Message.objects.filter(kind="report_answered").count() == 2

    def test_a_remand_waits_for_a_newer_case_about_the_same(self) -> None:
        appeal = factories.taken_up()
        newer = factories.case(about=appeal.case.subject)
        with pytest.raises(Refused, match=newer.ref):
            appeal.remand(actor=person("appeals"), reasons=factories.REASONS)
        assert appeal.state == "under_review"

    def test_a_day_before_any_policy_can_still_be_triaged(self, enter) -> None:
        import datetime

        report = factories.report(happened_on=datetime.date(1990, 1, 1))
        page = enter("reviewer").get(report.get_absolute_url())
        assert "SP-03" in page.content.decode()


class TestNotices:
    def test_an_address_that_no_mail_can_carry_is_given_up_at_once(self) -> None:
        report = factories.report()
        message = Message.objects.get(about=report.reference)
        Message.objects.filter(pk=message.pk).update(recipient='"a\x0bb"@people.example')
        outbox.deliver_due()
        message.refresh_from_db()
        assert message.state == "undeliverable"

    def test_the_link_leaves_the_outbox_with_the_mail(self) -> None:
        decision = factories.issued()
        notice = Notice.objects.get(about=decision.reference)
        message = Message.objects.get(kind="decision_issued")
        assert notice.token in message.text
        message.hand_over(actor=factories.SYSTEM)
        message.refresh_from_db()
        assert notice.token not in message.text

    def test_a_link_ends_with_its_retention(self, client, settings) -> None:
        notice = Notice.objects.get(about=factories.issued().reference)
        assert client.get(notice.get_absolute_url()).status_code == 200
        with moved_to(now() + timedelta(days=settings.NOTICE_RETENTION_DAYS + 1)):
            assert client.get(notice.get_absolute_url()).status_code == 404

    def test_a_name_of_any_length_gets_its_notice(self) -> None:
        decision = factories.issued(case_columns={"about": factories.subject(external_id="a" * 100, name="ن" * 200)})
        assert Notice.objects.get(about=decision.reference).heading


def test_sealed_material_stays_with_the_custodian(enter) -> None:
    case = factories.claimed(code="CH-01", severity=4)
    exhibit = factories.evidence(case)
    page = enter("senior").post(exhibit.file.get_absolute_url(), {"reason": "To look."})
    assert page.status_code == 409
    assert "sealed" in page.content.decode()
    events = Event.objects.filter(kind="file.downloaded").count()
    assert enter("custodian").post(exhibit.file.get_absolute_url(), {"reason": "To hold it."}).status_code == 409
    assert Event.objects.filter(kind="file.downloaded").count() == events


def test_a_body_without_files_is_a_form_and_no_more(enter) -> None:
    page = enter("admin").post("/people/", {"name": "x" * (3 * 1024 * 1024)})
    assert page.status_code == 413
