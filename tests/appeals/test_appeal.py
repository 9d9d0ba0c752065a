"""An appeal by signed link, heard by somebody with no part; a reversal ends everything at once."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client

from appeals.models import Appeal
from cases.models import Case, Sanction
from cases.statement import appeal_closes_at
from tests import factories
from tests.factories import person
from tipstaff.ledger.models import Event
from tipstaff.notices.models import Message, Notice
from tipstaff.sla.models import Clock
from tipstaff.time import moved_to, now
from tipstaff.workflow.actors import LinkHolder, System
from tipstaff.workflow.refused import NotPermitted, Refused

pytestmark = pytest.mark.usefixtures("people")
ANSWER = "The owner of the board confirmed that the test was agreed, so the rule does not apply to what you did."
TYPED = {"ground": "context", "text": "The board was ours.", "contact": ""}


def link(decision) -> str:
    return f"/appeal/{Notice.objects.get(about=decision.reference).token}/"


class TestLodge:
    def test_by_link_with_a_file_without_cookie_or_account(self) -> None:
        decision = factories.issued()
        stranger = Client(enforce_csrf_checks=True)
        assert stranger.get(link(decision)).status_code == 200
        answer = stranger.post(link(decision), {**TYPED, "files": [SimpleUploadedFile("proof.txt", b"agreed")]})
        assert answer.status_code == 302
        appeal = Appeal.objects.get()
        assert [file.name for file in appeal.files] == ["proof.txt"]
        assert Message.objects.get(kind="appeal_received").recipient == decision.case.subject.contact
        page = stranger.get(link(decision))
        assert appeal.ref in page.content.decode()
        assert not stranger.cookies

    def test_whoever_hears_it_reads_what_the_case_rests_on(self, enter) -> None:
        case = factories.claimed()
        exhibit = factories.evidence(case)
        factories.finding(case)
        decision = factories.draft(case)
        decision.propose(actor=person("reviewer"))
        decision.issue(actor=person("senior"))
        page = enter("appeals").get(factories.lodged(decision).get_absolute_url())
        assert page.status_code == 200
        assert f"/desk/cases/{case.ref}/exhibits/{exhibit.exhibit}/" in page.text

    def test_opening_the_link_changes_nothing(self, client: Client) -> None:
        decision = factories.issued()
        events = Event.objects.count()
        client.get(link(decision))
        client.head(link(decision))
        assert Event.objects.count() == events

    def test_a_broken_form_keeps_what_was_typed(self, client: Client) -> None:
        page = client.post(link(factories.issued()), {"ground": "", "text": "كان المنتدى لنا"})
        assert page.status_code == 422
        assert "كان المنتدى لنا" in page.content.decode()

    def test_one_appeal_a_decision(self, client: Client) -> None:
        decision = factories.issued()
        for _time in range(3):
            client.post(link(decision), TYPED)
        assert Appeal.objects.count() == 1

    def test_the_window_starts_when_the_notice_arrived(self, client: Client) -> None:
        decision = factories.issued()
        assert appeal_closes_at(decision) is None
        with moved_to(now() + timedelta(days=30)):
            Message.objects.get(kind="decision_issued").hand_over(actor=System("tests"))
            arrived = now()
        assert appeal_closes_at(decision) > arrived + timedelta(days=180)
        with moved_to(arrived + timedelta(days=186)):
            assert client.post(link(decision), TYPED).status_code == 409

    def test_a_withdrawn_appeal_can_be_lodged_again(self, client: Client) -> None:
        decision = factories.issued()
        client.post(link(decision), TYPED)
        client.post(link(decision), {"act": "withdraw"})
        decision.refresh_from_db()
        assert decision.contested_at is None
        client.post(link(decision), TYPED)
        assert set(Appeal.objects.values_list("state", flat=True)) == {"withdrawn", "lodged"}

    def test_a_declined_report_can_be_appealed_with_its_code(self, client: Client) -> None:
        report = factories.report()
        report.decline(actor=person("reviewer"), reason="not_a_breach", note="")
        client.post("/appeal/report/", {"code": report.code, **TYPED})
        appeal = Appeal.objects.get()
        with pytest.raises(Refused, match="had a part"):
            Appeal.objects.get().take_up(actor=_as_appeals_reviewer("reviewer"))
        appeal.take_up(actor=person("appeals"))
        appeal.reverse(actor=person("appeals"), reasons=ANSWER)
        report.refresh_from_db()
        assert report.state == "received"
        assert Clock.objects.about(report).running().filter(kind="triage").count() == 1


def _as_appeals_reviewer(mailbox: str):
    user = person(mailbox)
    user.change_roles(actor=factories.SYSTEM, roles=[*user.roles, "appeals_reviewer"])
    return person(mailbox)


class TestHear:
    @pytest.mark.parametrize("mailbox", ["reviewer", "senior"])
    def test_nobody_who_had_a_part(self, mailbox: str) -> None:
        appeal = factories.lodged()
        with pytest.raises(Refused, match="someone who had no part"):
            appeal.take_up(actor=_as_appeals_reviewer(mailbox))

    def test_nor_by_plain_sql(self) -> None:
        appeal = factories.lodged()
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "UPDATE appeals_appeal SET reviewer_id = %s, taken_up_at = now(), reviewed_part = 'reviewed_appeal' "
                "WHERE id = %s",
                [person("senior").pk, appeal.pk],
            )

    def test_never_by_a_machine(self) -> None:
        with pytest.raises(Refused, match="people"):
            factories.lodged().take_up(actor=System("clocks"))
        with pytest.raises(NotPermitted):
            factories.lodged().take_up(actor=LinkHolder("subject"))

    def test_uphold_leaves_the_sanctions(self) -> None:
        appeal = factories.taken_up()
        appeal.uphold(actor=person("appeals"), reasons=ANSWER)
        appeal.decision.refresh_from_db()
        assert appeal.decision.state == "upheld"
        assert appeal.decision.sanctions.filter(state="issued").count() == 3
        assert ANSWER in Client().get(Notice.objects.get(about=appeal.reference).get_absolute_url()).content.decode()

    def test_reversal_ends_the_sanctions_in_the_same_transaction_and_tells_everybody(self) -> None:
        appeal = factories.taken_up()
        appeal.reverse(actor=person("appeals"), reasons=ANSWER)
        appeal.decision.refresh_from_db()
        assert appeal.decision.state == "reversed"
        assert not Sanction.objects.in_force(now()).exists()
        told = set(Message.objects.values_list("kind", "recipient"))
        assert ("appeal_decided", appeal.case.subject.contact) in told
        assert ("report_reversed", "reporter@people.example") in told
        assert Clock.objects.about(appeal).get(kind="appeal").outcome == "met"

    def test_varying_is_never_worse(self) -> None:
        appeal = factories.taken_up()
        for tier in ("T3", "T9", ""):
            with pytest.raises(Refused, match="milder"):
                appeal.vary(actor=person("appeals"), reasons=ANSWER, tier=tier)
        appeal.vary(actor=person("appeals"), reasons=ANSWER, tier="T1")
        assert set(appeal.decision.sanctions.filter(state="issued").values_list("kind", flat=True)) == {
            "warning",
            "guidance",
        }

    def test_remand_opens_the_case_again_with_a_new_clock(self) -> None:
        appeal = factories.taken_up()
        appeal.remand(actor=person("appeals"), reasons=ANSWER)
        case = Case.objects.get(pk=appeal.case.pk)
        assert case.state == "investigating"
        clocks = Clock.objects.about(case)
        assert [clock.outcome for clock in clocks] == ["met", ""]
        assert case.due_at == clocks[1].due_at

    def test_a_reversal_is_shown_before_it_happens(self, enter) -> None:
        appeal = factories.taken_up()
        desk = enter("appeals")
        shown = desk.post(f"/desk/appeals/{appeal.ref}/decide/", {"act": "reverse", "reasons": ANSWER})
        assert shown.status_code == 200
        assert shown.context["confirming"] == "reverse"
        appeal.refresh_from_db()
        assert appeal.state == "under_review"
        desk.post(f"/desk/appeals/{appeal.ref}/decide/", {"act": "reverse", "reasons": ANSWER, "confirmed": "1"})
        appeal.refresh_from_db()
        assert appeal.state == "reversed"

    def test_decided_needs_reasons(self, enter) -> None:
        appeal = factories.taken_up()
        page = enter("appeals").post(f"/desk/appeals/{appeal.ref}/decide/", {"act": "uphold", "reasons": "no"})
        assert page.status_code == 422

    def test_inadmissible_says_why(self) -> None:
        appeal = factories.lodged()
        appeal.declare_inadmissible(actor=person("appeals"), reason="duplicate")
        assert (
            "heard already"
            in Client().get(Notice.objects.get(about=appeal.reference).get_absolute_url()).content.decode()
        )
        assert Clock.objects.about(appeal).get(kind="appeal").outcome == "cancelled"
