"""The account holder is heard before a decision: asked by mail, answers by link, and need not answer."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cases import asking, lapses
from cases.models import Case, Decision, Evidence, Hand, Hearing
from cases.models.hearing import ANSWER_LIMIT, DAYS, QUESTION_LIMIT
from tests import factories
from tests.factories import person
from tipstaff.ledger.models import Event
from tipstaff.logs import scrub
from tipstaff.notices import reminders
from tipstaff.notices.models import Message, Notice
from tipstaff.sla.models import Clock
from tipstaff.time import moved_to, now
from tipstaff.vault import derive
from tipstaff.workflow.actors import LinkHolder
from tipstaff.workflow.refused import NotPermitted, Refused

DAY = timedelta(days=1)
QUESTION = "Who approved the four hundred posts of the third?"


def asked(case: Case, by: str = "reviewer", days: float = 7, **columns: Any) -> Hearing:
    facts = {"question": QUESTION, "purpose": "To see whether somebody had to approve them."}
    made = Hearing(case=case, asked_by=person(by), until=now() + days * DAY, **(facts | columns))
    made.ask(actor=person(by))
    return made


def answered(hearing: Hearing, text: str = "Our duty manager did.", *files: Any) -> Hearing:
    words = factories.sealed(f"{hearing.pk}: {text}".encode(), "answer.txt")
    hearing.give_answer(actor=LinkHolder("subject", hearing.reference), answer=text, files=[words, *files])
    return hearing


def clock(case: Case) -> Clock:
    return Clock.objects.about(case).get(kind="decision")


@pytest.fixture
def case(people: dict) -> Case:
    return factories.claimed(about=factories.subject(language="es"))


class TestAsking:
    def test_the_case_waits_and_its_clock_stands_still(self, case: Case) -> None:
        hearing = asked(case)
        case.refresh_from_db()
        assert (case.state, case.awaiting, case.claimant, case.due_at) == (
            "awaiting_information",
            "account_holder",
            None,
            None,
        )
        assert (clock(case).pause_reason, clock(case).pause_until) == ("account_holder", hearing.until)
        assert case.part_of(person("reviewer")) == Hand.Part.INVESTIGATED

    def test_the_mail_speaks_their_language_and_carries_the_link(self, case: Case) -> None:
        hearing = asked(case)
        mail = Message.objects.get(kind="hearing_asked")
        assert (mail.recipient, mail.language) == ("holder@customer.example", "es")
        assert QUESTION in mail.text
        assert asking.link(hearing) in mail.text
        notice = Notice.objects.get(about=hearing.reference)
        assert (notice.language, notice.message) == ("es", mail)

    @pytest.mark.parametrize("days", [0, -1, DAYS[-1] + 1])
    def test_a_time_that_is_no_time(self, case: Case, days: float) -> None:
        with pytest.raises(Refused, match="between one and 14 days"):
            asked(case, days=days)

    def test_an_empty_question(self, case: Case) -> None:
        with pytest.raises(Refused, match="what for"):
            asked(case, question="  ")

    def test_only_by_whoever_holds_the_case(self, case: Case) -> None:
        with pytest.raises(Refused, match="is working on this case"):
            asked(case, by="reviewer2")

    @pytest.mark.parametrize("mailbox", ["auditor", "adjudicator", "appeals", "admin"])
    def test_not_by_everybody(self, case: Case, mailbox: str) -> None:
        with pytest.raises(NotPermitted):
            asked(case, by=mailbox)

    def test_nobody_whom_a_mail_could_reach(self, people: dict) -> None:
        subject = factories.subject()
        subject.amend(actor=factories.SYSTEM, contact="") if False else type(subject).objects.filter(
            pk=subject.pk
        ).update(contact="")
        subject.refresh_from_db()
        with pytest.raises(Refused, match="No e-mail address"):
            asked(factories.claimed(about=subject))

    def test_nothing_is_asked_of_whom_the_law_keeps_it_from(self, people: dict) -> None:
        with pytest.raises(Refused, match="The law keeps this case"):
            asked(factories.claimed(code="CH-03", severity=4))

    def test_no_more_than_three_times(self, case: Case) -> None:
        for turn in range(3):
            answered(asked(case, question=f"{turn}?"), f"{turn}.")
            case.claim(actor=person("reviewer"))
        with pytest.raises(Refused, match="asked 3 times"):
            asked(case)


class TestAnswering:
    def test_it_becomes_evidence_and_the_case_goes_on(self, case: Case) -> None:
        due = clock(case).due_at
        with moved_to(now() + 2 * DAY):
            pass
        hearing = asked(case)
        with moved_to(hearing.asked_at + 2 * DAY):
            answered(hearing, "Our duty manager did.", factories.sealed(b"%PDF-1.4 plan", "plan.pdf"))
            case.refresh_from_db()
            assert (case.state, case.awaiting, case.claimant) == ("investigating", "", None)
            assert case in Case.objects.queued()
            assert clock(case).due_at - due == pytest.approx(2 * DAY, abs=timedelta(seconds=5))
        assert hearing.exhibits == [1, 2]
        words, plan = Evidence.objects.filter(case=case).order_by("exhibit")
        assert (words.added_by, plan.added_by, words.kind) == (None, None, "transcript")
        assert words.source == "the account holder, by signed link"
        assert words.file.matter == case.reference
        assert Message.objects.get(kind="hearing_answered").recipient == person("reviewer").email

    def test_the_same_bytes_are_one_exhibit(self, case: Case) -> None:
        known = factories.evidence(case, content=b"the plan")
        hearing = answered(asked(case), "See the plan.", factories.sealed(b"the plan", "plan.txt"))
        assert hearing.exhibits == [2, known.exhibit]

    def test_once(self, case: Case) -> None:
        hearing = answered(asked(case))
        with pytest.raises(Refused, match="answered by now"):
            answered(hearing, "And another thing.")
        with pytest.raises(IntegrityError), transaction.atomic():
            Hearing.objects.filter(pk=hearing.pk).update(answered_at=hearing.until)

    def test_an_answer_can_be_cited_and_then_stands_in_the_statement(self, case: Case) -> None:
        hearing = answered(asked(case), "مدير المناوبة وافق عليها.")
        case.claim(actor=person("reviewer"))
        draft = factories.draft(case, outcome="no_breach")
        assert asking.heard(draft) == []
        factories.finding(case, exhibits=hearing.exhibits, conclusion="no_breach")
        told = asking.heard(draft)
        assert [text for _label, text in told] == [QUESTION, "مدير المناوبة وافق عليها."]
        draft.propose(actor=person("reviewer"))
        draft.issue(actor=person("reviewer"))
        notice = Notice.objects.get(about=draft.reference)
        assert any("مدير المناوبة وافق عليها." in str(part.get("facts")) for part in notice.sections)

    def test_named_in_the_reasons_it_stands_there_as_well(self, case: Case) -> None:
        hearing = answered(asked(case))
        reasons = f"You told us in E-{hearing.exhibits[0]} who approved it. " * 3
        assert asking.heard(Decision(case=case, reasons=reasons))


class TestTheTimeIsOver:
    def test_nothing_depends_on_a_sweep(self, case: Case) -> None:
        hearing = asked(case, days=3)
        due = clock(case).due_at
        with moved_to(hearing.until + 5 * DAY):
            assert (hearing.is_open, str(hearing.standing)) == (False, "Not answered")
            with pytest.raises(Refused, match="time to answer is over"):
                answered(hearing)
            case.resume(actor=person("reviewer2"))
            case.refresh_from_db()
            assert (case.state, case.claimant) == ("investigating", person("reviewer2"))
            assert clock(case).due_at - due == pytest.approx(3 * DAY, abs=timedelta(seconds=5))
        hearing.refresh_from_db()
        assert hearing.state == "lapsed"

    def test_the_sweep_puts_the_case_back(self, case: Case) -> None:
        hearing = asked(case, days=3)
        with moved_to(hearing.until + 40 * DAY):  # later than what is news
            reminders.sweep(lapses.WATCHES)
            hearing.refresh_from_db()
            case.refresh_from_db()
            assert (hearing.state, case.state, case.claimant) == ("lapsed", "investigating", None)
            assert clock(case).paused == pytest.approx(3 * DAY, abs=timedelta(seconds=5))

    def test_asked_once_more_two_days_before(self, case: Case) -> None:
        hearing = asked(case)
        with moved_to(hearing.until - 3 * DAY):
            reminders.sweep(lapses.WATCHES)
            assert not Message.objects.filter(kind="question_again").exists()
        with moved_to(hearing.until - DAY):
            reminders.sweep(lapses.WATCHES)
            reminders.sweep(lapses.WATCHES)
            mail = Message.objects.get(kind="question_again")
        assert (mail.recipient, mail.language) == ("holder@customer.example", "es")
        assert asking.link(hearing) in mail.text

    def test_nobody_goes_on_while_they_can_answer(self, case: Case) -> None:
        asked(case)
        with pytest.raises(Refused, match="can still answer"):
            case.resume(actor=person("reviewer"))

    def test_a_question_is_not_lapsed_before_its_time(self, case: Case) -> None:
        with pytest.raises(Refused, match="can still be answered"):
            asked(case).lapse(actor=factories.SYSTEM)


class TestTakingBack:
    def test_the_case_is_theirs_and_the_account_holder_is_told(self, case: Case) -> None:
        hearing = asked(case)
        hearing.withdraw(actor=person("reviewer2"), reason="The log came.")
        case.refresh_from_db()
        assert (case.state, case.claimant, clock(case).paused_at) == ("investigating", person("reviewer2"), None)
        assert Message.objects.filter(kind="hearing_withdrawn", recipient="holder@customer.example").exists()
        with pytest.raises(Refused, match="taken back by now"):
            answered(hearing)

    def test_not_by_who_has_another_part(self, people: dict) -> None:
        case = factories.claimed(reported_by=people["reviewer2"])
        hearing = asked(case)
        with pytest.raises(Refused, match="someone else must investigate"):
            hearing.withdraw(actor=person("reviewer2"), reason="Because.")


class TestTheLink:
    def test_answer_without_a_sign_in(self, case: Case, client: Client) -> None:
        hearing = asked(case)
        address = asking.link(hearing)
        before = Event.objects.count()
        page = client.get(address)
        assert QUESTION in page.text
        assert 'lang="es"' in page.text
        assert (page["Referrer-Policy"], page["Cache-Control"]) == ("no-referrer", "no-store, private")
        assert not page.cookies
        assert Event.objects.count() == before
        text = "ا" * ANSWER_LIMIT
        file = SimpleUploadedFile("plan.txt", b"The plan.", "text/plain")
        done = Client(enforce_csrf_checks=True).post(address, {"answer": text, "files": file})
        assert (done.status_code, done.url) == (302, f"{address}?lang=es")
        page = client.get(address)
        assert text in page.text
        assert "plan.txt" in page.text
        hearing.refresh_from_db()
        assert hearing.exhibits == [1, 2]
        assert Evidence.objects.get(case=case, exhibit=1).file.received_from.startswith("subject:notice:")

    def test_sent_twice_is_one_answer(self, case: Case, client: Client) -> None:
        address = asking.link(asked(case))
        for _turn in range(2):
            assert client.post(address, {"answer": "We did."}).status_code == 302
        assert Evidence.objects.filter(case=case).count() == 1
        other = client.post(address, {"answer": "Someone else did."})
        assert other.status_code == 409
        assert "Someone else did." in other.text

    def test_what_was_typed_is_kept(self, case: Case, client: Client) -> None:
        address = asking.link(asked(case))
        refused = client.post(address, {"answer": "ب" * (ANSWER_LIMIT + 1)})
        assert refused.status_code == 422
        assert "ب" * (ANSWER_LIMIT + 1) in refused.text
        assert client.post(address, {"answer": " "}).status_code == 422

    def test_too_late_is_told_and_nothing_is_lost(self, case: Case, client: Client) -> None:
        hearing = asked(case)
        with moved_to(hearing.until):
            late = client.post(asking.link(hearing) + "?lang=en", {"answer": "Sorry, I was ill."})
        assert late.status_code == 409
        assert "Sorry, I was ill." in late.text
        assert "not held against you" in late.text

    def test_the_token_opens_this_and_nothing_else(self, case: Case, people: dict, client: Client) -> None:
        hearing = asked(case)
        token = Notice.objects.get(about=hearing.reference).token
        assert client.get(f"/appeal/{token}/").status_code == 404
        decided = factories.issued()
        other = Notice.objects.get(about=decided.reference).token
        assert client.get(f"/answer/{other}/").status_code == 404
        assert client.get(f"/answer/{token[:-1]}/").status_code == 404
        with moved_to(now() + 4000 * DAY):
            assert client.get(f"/answer/{token}/").status_code == 404
        assert token not in scrub(f"GET /answer/{token}/ 200")

    def test_the_words_can_be_read_as_turns(self, case: Case, client: Client) -> None:
        hearing = asked(case)
        client.post(asking.link(hearing), {"answer": "We did.\nOn the second."})
        exhibit = Evidence.objects.select_related("file").get(case=case)
        derive.prepare(exhibit.file)
        assert exhibit.file.derivatives.get(kind="lines").params["turns"] == 2


class TestConsole:
    def test_ask_and_take_back(self, case: Case, enter: Any) -> None:
        browser, address = enter("reviewer"), case.get_absolute_url()
        assert 'data-key="q"' in browser.get(address).text
        facts = {"hearing-question": "ا" * QUESTION_LIMIT, "hearing-purpose": "To know.", "hearing-days": "7"}
        refused = browser.post(address + "question/", facts | {"hearing-purpose": ""})
        assert refused.status_code == 422
        assert "ا" * QUESTION_LIMIT in refused.text
        assert browser.post(address + "question/", facts).status_code == 302
        again = browser.post(address + "question/", facts)
        assert again.status_code == 409
        page = browser.get(address).text
        assert "Take the question back" in page
        assert "Go on with it" not in page
        assert browser.post(address + "question/withdraw/", {"take-back-reason": ""}).status_code == 422
        assert browser.post(address + "question/withdraw/", {"take-back-reason": "Known."}).status_code == 302
        assert browser.post(address + "question/withdraw/", {"take-back-reason": "Known."}).status_code == 409
        assert "Taken back" in browser.get(address).text

    @pytest.mark.parametrize("mailbox", ["auditor", "adjudicator", "compliance"])
    def test_the_doors_are_shut_to_others(self, case: Case, enter: Any, mailbox: str) -> None:
        browser, address = enter(mailbox), case.get_absolute_url()
        assert 'data-key="q"' not in browser.get(address).text
        assert browser.post(address + "question/", {}).status_code == 403
        assert browser.post(address + "question/withdraw/", {}).status_code == 403

    def test_the_answer_is_shown_within_the_budget(self, case: Case, enter: Any) -> None:
        for turn in range(3):
            answered(asked(case, question=f"{turn}?"), f"Answer {turn}.")
            case.claim(actor=person("reviewer"))
        factories.finding(case)
        browser = enter("reviewer")
        with CaptureQueriesContext(connection) as captured:
            page = browser.get(case.get_absolute_url())
        assert "Answer 2." in page.text
        assert len(captured.captured_queries) <= 14
