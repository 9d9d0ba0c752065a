"""The outbox against a mail server that is up, down, slow to decide or unwilling. Nothing queued is ever lost."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connections, transaction

from tests import factories
from tests.notices.conftest import Server
from tipstaff.ledger.models import Event
from tipstaff.notices import outbox
from tipstaff.notices.models import ATTEMPTS, Message
from tipstaff.notices.tasks import deliver
from tipstaff.time import moved_to, now


def queued(to: str = "reporter@people.example", **columns: Any) -> Message:
    """A message about an account, as the first due one."""
    message = Message(
        **{
            "kind": "test",
            "about": "subject:acct_1",
            "about_stream": "subject:acct_1",
            "recipient": to,
            "subject": "Your report R-0001",
            "text": "Thank you.\n",
        }
        | columns
    )
    message.queue(actor=outbox.OUTBOX)
    return message


def again(message: Message) -> Message:
    return Message.objects.get(pk=message.pk)


class TestQueue:
    def test_it_is_a_row_and_an_event_of_what_it_tells_about(self, people: dict) -> None:
        report = factories.report()
        message = Message.objects.get(about=report.reference)
        told = Event.objects.get(stream=report.stream, kind="message.queued").told()
        assert told["changes.recipient"] == [None, "reporter@people.example"]
        assert told["changes.message_id"] == [None, message.message_id]
        assert "changes.text" not in told
        assert message.subject == f"We have your report {report.ref}"
        assert message.text.startswith("Thank you.")
        assert f"{django_settings.BASE_URL}/follow/" in message.text

    def test_without_an_address_nothing_is_queued(self, people: dict) -> None:
        report = factories.report(contact="")
        assert outbox.queue("report_received", to="", about=report, actor=outbox.OUTBOX) is None
        assert not Message.objects.exists()
        assert not Event.objects.filter(kind="message.queued").exists()

    def test_an_act_that_fails_queues_nothing(self, clone: str) -> None:
        report = factories.report()
        before = Message.objects.count()
        with transaction.atomic():
            outbox.queue("report_received", to="a@people.example", about=report, actor=outbox.OUTBOX)
            transaction.set_rollback(True)
        assert Message.objects.count() == before

    def test_a_subject_is_one_line_whatever_stands_in_it(self, people: dict, server: Server) -> None:
        """The first line of the template is the subject, and a name may hold anything."""
        report = factories.report()
        person = factories.person("lead")
        person.name = "Eve\r\nBcc: everybody@people.example\r\n\r\nEvil"
        clock = report_clock(report)
        message = outbox.queue(
            "clock_escalated",
            to="a@people.example",
            about=report,
            actor=outbox.OUTBOX,
            clock=clock,
            level=50,
            person=person,
        )
        assert message is not None
        assert "\n" not in message.subject
        assert "\r" not in message.subject
        Message.objects.exclude(pk=message.pk).update(next_attempt_at=now() + timedelta(days=1))
        assert outbox.deliver_due() == 1
        (mail,) = server.keeper.mails
        assert mail["Bcc"] is None
        assert mail["To"] == "a@people.example"

    def test_a_subject_that_got_a_line_break_by_another_way_sends_no_header(self, db: None, server: Server) -> None:
        message = queued(subject="Hello\r\nBcc: everybody@people.example")
        outbox.deliver_due()
        assert not [mail for mail in server.keeper.mails if mail["Bcc"]]
        assert again(message).state == "undeliverable"


def report_clock(report: Any) -> Any:
    from tipstaff.sla.models import Clock

    return Clock.objects.about(report).get(kind="triage")


def plain(mail: Any) -> str:
    return str(mail.get_body(("plain",)).get_content())


class TestDeliver:
    def test_it_is_handed_over_with_its_own_message_id(self, db: None, server: Server) -> None:
        message = queued()
        assert outbox.deliver_due() == 1
        message = again(message)
        (mail,) = server.keeper.mails
        assert mail["Message-ID"] == message.message_id
        assert mail["Auto-Submitted"] == "auto-generated"
        assert (mail["To"], mail["Subject"]) == ("reporter@people.example", "Your report R-0001")
        assert plain(mail) == "Thank you.\r\n"
        assert (message.state, message.attempts, message.handed_over_at is not None) == ("handed_over", 1, True)
        assert Event.objects.get(kind="message.handed_over").stream_id == "subject:acct_1"

    def test_every_letter_arrives(self, db: None, server: Server) -> None:
        text = "Guten Tag, ça va? مرحبا 你好 🙂\n"
        queued(subject="Größe — مرحبا", text=text)
        outbox.deliver_due()
        assert server.keeper.mails[0]["Subject"] == "Größe — مرحبا"
        assert plain(server.keeper.mails[0]).splitlines() == text.splitlines()

    def test_it_is_sent_once(self, db: None, server: Server) -> None:
        queued()
        assert [outbox.deliver_due() for _ in range(3)] == [1, 0, 0]
        with moved_to(now() + timedelta(days=30)):
            deliver()
        assert len(server.keeper.mails) == 1

    def test_what_is_not_due_waits(self, db: None, server: Server) -> None:
        queued(next_attempt_at=now() + timedelta(minutes=1))
        assert outbox.deliver_due() == 0
        assert not server.keeper.mails

    def test_a_tick_takes_no_more_than_its_limit(self, db: None, server: Server) -> None:
        for _ in range(3):
            queued()
        assert [outbox.deliver_due(limit=2), outbox.deliver_due(limit=2)] == [2, 1]


class TestTrouble:
    def test_a_server_that_is_down_is_tried_again_less_and_less_often(self, db: None, server: Server) -> None:
        message, at = queued(), now()
        server.down()
        pauses = []
        for _attempt in range(ATTEMPTS - 1):
            with moved_to(at):
                assert outbox.deliver_due() == 0
                message = again(message)
                assert message.state == "queued"
                pauses.append(message.next_attempt_at - at)
                at = message.next_attempt_at
        assert pauses[:4] == [timedelta(seconds=30), timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
        assert pauses == sorted(pauses)
        assert max(pauses) <= timedelta(hours=12)
        assert message.last_error == "ConnectionRefusedError"
        with moved_to(at):
            outbox.deliver_due()
        message = again(message)
        assert (message.state, message.attempts) == ("undeliverable", ATTEMPTS)
        assert Event.objects.get(kind="message.given_up").told()["facts.error"] == "ConnectionRefusedError"
        server.up()

    def test_it_arrives_when_the_server_is_back(self, db: None, server: Server) -> None:
        message = queued()
        server.down()
        outbox.deliver_due()
        server.up()
        assert outbox.deliver_due() == 0
        with moved_to(again(message).next_attempt_at):
            assert outbox.deliver_due() == 1
        assert server.keeper.mails[0]["Message-ID"] == message.message_id

    def test_a_recipient_who_is_refused_for_good_is_undeliverable_at_once(self, db: None, server: Server) -> None:
        server.keeper.refuse["nobody@people.example"] = "550 no such person\r\n"
        refused, other = queued("nobody@people.example"), queued()
        assert outbox.deliver_due() == 1
        assert (again(refused).state, again(refused).last_error) == ("undeliverable", "550 refused by the mail server")
        assert again(other).state == "handed_over"

    def test_a_recipient_who_is_put_off_is_tried_again(self, db: None, server: Server) -> None:
        server.keeper.refuse["later@people.example"] = "451 greylisted"
        message, at = queued("later@people.example"), now()
        with moved_to(at):
            outbox.deliver_due()
        message = again(message)
        assert (message.state, message.last_error) == ("queued", "451 put off by the mail server")
        assert message.next_attempt_at == at + timedelta(seconds=30)
        server.keeper.refuse.clear()
        with moved_to(message.next_attempt_at):
            assert outbox.deliver_due() == 1

    def test_a_full_server_is_tried_again(self, db: None, server: Server) -> None:
        server.keeper.after_data = "452 no room"
        message = queued()
        outbox.deliver_due()
        assert (again(message).state, again(message).last_error) == ("queued", "SMTPDataError")

    @pytest.mark.parametrize(
        "recipient", ["ſam@people.example", "a@[not-an-address", "a b@people.example", "@", "a@..com"]
    )
    def test_an_address_that_no_server_can_be_asked_about_holds_up_nobody(
        self, db: None, server: Server, recipient: str
    ) -> None:
        broken = queued(recipient, next_attempt_at=now() - timedelta(days=1))
        sound = queued()
        assert outbox.deliver_due() >= 1
        assert again(sound).state == "handed_over"
        with moved_to(now() + timedelta(days=1)):
            outbox.deliver_due()
        assert again(broken).state in {"undeliverable", "handed_over"} or again(broken).last_error, "it hangs"

    def test_a_letter_that_looks_like_another_passes_a_form(self) -> None:
        """Why the test above is not far-fetched."""
        validate_email("ſam@people.example")
        with pytest.raises(ValidationError):
            validate_email("a b@people.example")

    def test_a_crash_between_sending_and_noting_repeats_it_with_the_same_message_id(
        self, db: None, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class PowerFailure(BaseException):
            pass

        def crash(*_args: object, **_facts: object) -> None:
            raise PowerFailure

        message = queued()
        with monkeypatch.context() as patched:
            patched.setattr(Message, "hand_over", crash)
            with pytest.raises(PowerFailure):
                outbox.deliver_due()
        assert again(message).state == "queued"
        assert outbox.deliver_due() == 0  # somebody may still be at it
        with moved_to(now() + outbox.LEASE):
            assert outbox.deliver_due() == 1
        assert [mail["Message-ID"] for mail in server.keeper.mails] == [message.message_id] * 2

    def test_two_at_once_send_each_once(self, clone: str, server: Server) -> None:
        for _ in range(10):
            queued()
        ready, taken, trouble = threading.Barrier(2), [], []

        def run() -> None:
            try:
                ready.wait(10)
                taken.append(outbox.deliver_due())
            except BaseException as error:
                trouble.append(error)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=run) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert not trouble
        assert sum(taken) == 10
        assert len({mail["Message-ID"] for mail in server.keeper.mails}) == len(server.keeper.mails) == 10

    def test_who_was_too_slow_and_finds_it_sent_by_another_goes_on(self, clone: str, server: Server) -> None:
        """A lease ran out while the first was still talking to the server."""
        message, other = queued(), queued()
        overtaken: list[int] = []

        def another() -> None:
            if not overtaken:
                overtaken.append(1)
                thread = threading.Thread(target=take_over)
                thread.start()
                thread.join(10)

        def take_over() -> None:
            Message.objects.get(pk=message.pk).hand_over(actor=outbox.OUTBOX)
            connections.close_all()

        server.keeper.meanwhile = another
        outbox.deliver_due()
        assert {again(message).state, again(other).state} == {"handed_over"}
        assert Event.objects.filter(kind="message.handed_over").count() == 2
