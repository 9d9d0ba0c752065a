"""Feedback on the policy: given by whoever has something to say, answered once, and linked to what came of it."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.urls import reverse

from aup import letters
from aup.models import Feedback
from aup.models.feedback import TEXT_LIMIT
from tests.aup.policies import approved, enrolled, next_version
from tipstaff.accounts.models import User
from tipstaff.ledger.models import Event
from tipstaff.notices.models import Message, Notice
from tipstaff.sla.models import Clock
from tipstaff.sla.sweep import sweep
from tipstaff.sla.working_time import WEEKDAYS
from tipstaff.time import moved_to, now
from tipstaff.workflow.actors import LinkHolder
from tipstaff.workflow.refused import NotPermitted, Refused

WRITER = LinkHolder("writer")
SAID = "Does a scheduled series count from its first post?"


def given(version, actor=WRITER, **columns):
    columns = {"kind": "ambiguity", "text": SAID, "submission": uuid4(), "contact": "writer@people.example"} | columns
    feedback = Feedback(version=version, **columns)
    feedback.file(actor=actor)
    return feedback


@pytest.fixture
def feedback(published):
    return given(published, rule=published.rules.get(code="SP-03"))


@pytest.fixture
def later(published, editor):
    return next_version(published, editor)


def publish(version, editor, signers):
    approved(version, editor, signers).publish(actor=editor)


def stored(feedback):
    return Feedback.objects.get(pk=feedback.pk)


def kinds(feedback):
    return list(Event.objects.filter(stream=feedback.stream).order_by("seq").values_list("kind", flat=True))


class TestGiving:
    def test_it_starts_the_clock_and_confirms_receipt(self, feedback):
        clock = Clock.objects.running().about(feedback).get()
        assert (clock.kind, clock.due_at) == ("feedback", WEEKDAYS.end_of_working_day(feedback.received_at, 10))
        assert feedback.due_at == stored(feedback).due_at == clock.due_at
        mail = Message.objects.get(about=feedback.reference)
        assert (mail.kind, mail.recipient) == ("feedback_received", "writer@people.example")
        assert letters.link(feedback) in mail.text
        assert SAID not in mail.text
        assert kinds(feedback)[0] == "feedback.filed"

    def test_without_an_address_there_is_the_link_alone(self, published):
        feedback = given(published, contact="")
        assert not Message.objects.filter(about=feedback.reference).exists()
        assert Notice.objects.get(about=feedback.reference).scope == "writer"

    def test_about_a_draft_it_is_refused(self, draft):
        with pytest.raises(Refused, match="not published yet"):
            given(draft)

    def test_about_a_rule_of_another_version_it_is_refused(self, published, later):
        with pytest.raises(Refused, match=r"Version 9.0 has no rule SP-03"):
            given(published, rule=later.rules.get(code="SP-03"))

    def test_a_withdrawn_version_that_was_published_can_be_written_about(self, published, editor):
        published.withdraw(actor=editor, reason="A slip.")
        assert given(published).state == "received"

    def test_the_holder_of_another_link_cannot(self, published):
        with pytest.raises(NotPermitted):
            given(published, actor=LinkHolder("subject"))

    def test_nobody_but_those_who_answer_sees_it(self, feedback, editor):
        assert list(Feedback.objects.visible_to(editor)) == [feedback]
        assert not Feedback.objects.visible_to(enrolled("lawyer", "legal")).exists()


class TestAnswering:
    def test_it_stops_the_clock_and_tells(self, feedback, editor):
        feedback.answer(actor=editor, answer="  From its first post.  ")
        found = stored(feedback)
        assert (found.state, found.answer_text, found.answered_by, found.led_to) == (
            "answered", "From its first post.", editor, None,
        )  # fmt: skip
        assert found.due_at is None
        assert Clock.objects.about(feedback).get().outcome == "met"
        mail = Message.objects.get(about=feedback.reference, kind="feedback_answered")
        assert "From its first post." in mail.text
        assert letters.link(feedback) in mail.text

    def test_once(self, feedback, editor):
        again = stored(feedback)
        feedback.answer(actor=editor, answer="Yes.")
        with pytest.raises(Refused, match="by now"):
            again.answer(actor=enrolled("second", "policy_editor"), answer="No.")
        assert stored(feedback).answer_text == "Yes."

    def test_not_with_nothing(self, feedback, editor):
        with pytest.raises(Refused, match="Write an answer"):
            feedback.answer(actor=editor, answer="  ")

    def test_not_ones_own(self, published, editor):
        feedback = given(published, actor=editor, filed_by=editor)
        with pytest.raises(Refused, match="somebody else"):
            feedback.answer(actor=editor, answer="I agree with myself.")

    def test_not_without_the_permission(self, feedback, signers):
        with pytest.raises(NotPermitted):
            feedback.answer(actor=signers["legal"], answer="Yes.")

    def test_mail_speaks_the_language_of_who_wrote(self, published, editor):
        feedback = given(published, language="es")
        feedback.answer(actor=editor, answer="Sí.")
        subjects = Message.objects.filter(about=feedback.reference).values_list("subject", flat=True)
        assert not any("feedback" in subject for subject in subjects)


class TestWhatItLedTo:
    def test_named_with_the_answer_or_afterwards(self, feedback, editor, later, published):
        feedback.answer(actor=editor, answer="Yes.", led_to=later)
        assert stored(feedback).led_to == later
        other = given(published)
        other.answer(actor=editor, answer="Yes.")
        other.link(actor=editor, led_to=later)
        assert stored(other).led_to == later
        other.unlink(actor=editor)
        assert stored(other).led_to is None
        assert [kind for kind in kinds(other) if kind.startswith("feedback.")] == [
            "feedback.filed", "feedback.answered", "feedback.linked", "feedback.unlinked",
        ]  # fmt: skip

    def test_nothing_to_take_off(self, feedback, editor):
        feedback.answer(actor=editor, answer="Yes.")
        with pytest.raises(Refused, match="no version"):
            feedback.unlink(actor=editor)

    def test_not_to_the_version_it_is_about(self, feedback, editor, published):
        with pytest.raises(Refused, match=r"9.0 cannot have come of it"):
            feedback.answer(actor=editor, answer="Yes.", led_to=published)
        assert stored(feedback).state == "received"

    def test_not_to_one_that_was_out_before(self, published, editor, signers, later):
        publish(later, editor, signers)
        feedback = given(published)
        with pytest.raises(Refused, match=r"9.1 cannot have come of it"):
            feedback.answer(actor=editor, answer="Yes.", led_to=later)

    def test_not_to_a_draft_that_was_withdrawn(self, feedback, editor, later):
        later.withdraw(actor=editor, reason="Another way.")
        with pytest.raises(Refused, match="withdrawn"):
            feedback.answer(actor=editor, answer="Yes.", led_to=later)

    def test_the_history_tells_it_once_the_version_is_published(
        self, client, feedback, editor, signers, later, published, django_assert_max_num_queries
    ):
        given(published, kind="near_miss", text="Private words.").answer(actor=editor, answer="Yes.", led_to=later)
        for one in (feedback, given(published, rule=feedback.rule)):
            one.answer(actor=editor, answer="Yes.", led_to=later)
        assert "Feedback that led to this" not in client.get(reverse("aup:history")).text
        publish(later, editor, signers)
        with django_assert_max_num_queries(7):
            page = client.get(reverse("aup:history")).text
        assert "Feedback that led to this" in page
        assert "2 messages" in page
        assert "The policy as a whole: Something almost went wrong" in page
        assert SAID not in page
        assert "Private words." not in page
        assert "writer@people.example" not in page


class TestTheClock:
    @pytest.mark.parametrize(
        ("received", "due"),
        [
            ("2026-03-02T09:30", "2026-03-17T00:00"),  # a Monday; its own day is not counted
            ("2026-03-06T23:00", "2026-03-21T00:00"),  # a Friday
            ("2026-03-07T10:00", "2026-03-21T00:00"),  # a Saturday
            ("2026-03-08T23:59", "2026-03-21T00:00"),
        ],
    )
    def test_ten_working_days(self, received, due):
        at = datetime.fromisoformat(received).replace(tzinfo=UTC)
        assert WEEKDAYS.end_of_working_day(at, 10) == datetime.fromisoformat(due).replace(tzinfo=UTC)

    def test_three_days_over_a_weekend(self):
        thursday = datetime(2026, 3, 5, 12, tzinfo=UTC)
        assert WEEKDAYS.advance(thursday, timedelta(days=3)) == datetime(2026, 3, 10, 12, tzinfo=UTC)

    def test_those_who_answer_are_told_and_nobody_else(self, feedback, editor):
        enrolled("chief", "lead")
        with moved_to(feedback.received_at + timedelta(days=40)):
            sweep()
        told = Message.objects.filter(kind="clock_escalated", about=feedback.reference)
        assert editor.email in set(told.values_list("recipient", flat=True))
        heard = User.objects.filter(email__in=told.values("recipient"))
        assert {tuple(person.roles) for person in heard} == {("policy_editor",)}
        assert stored(feedback).due_at < now() + timedelta(days=15)


class TestTheDatabase:
    def refuses(self, sql, *parameters):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, parameters)

    def test_what_was_written_does_not_change(self, feedback):
        for column in ("text", "kind", "contact", "language"):
            self.refuses(f"UPDATE aup_feedback SET {column} = 'near_miss' WHERE id = %s", feedback.pk)
        self.refuses("UPDATE aup_feedback SET rule_id = NULL WHERE id = %s", feedback.pk)
        self.refuses("DELETE FROM aup_feedback WHERE id = %s", feedback.pk)

    def test_nor_does_an_answer(self, feedback, editor):
        self.refuses("UPDATE aup_feedback SET state = 'answered' WHERE id = %s", feedback.pk)
        feedback.answer(actor=editor, answer="Yes.")
        self.refuses("UPDATE aup_feedback SET answer_text = 'No.' WHERE id = %s", feedback.pk)
        self.refuses("UPDATE aup_feedback SET led_to_id = version_id WHERE id = %s", feedback.pk)

    def test_an_answer_is_not_ones_own(self, published, editor):
        feedback = given(published, actor=editor, filed_by=editor)
        self.refuses(
            "UPDATE aup_feedback SET state = 'answered', answer_text = 'Yes', answered_at = now(),"
            " answered_by_id = filed_by_id WHERE id = %s",
            feedback.pk,
        )

    def test_a_form_is_one_item(self, feedback):
        with pytest.raises(IntegrityError), transaction.atomic():
            given(feedback.version, submission=feedback.submission)

    def test_a_rule_is_one_of_the_version(self, feedback, later):
        self.refuses(
            "INSERT INTO aup_feedback (state, kind, version_id, rule_id, text, contact, language, submission,"
            " received_at, answer_text) VALUES ('received', 'ambiguity', %s, %s, 'x', '', 'en', %s, now(), '')",
            feedback.version_id, later.rules.first().pk, uuid4(),
        )  # fmt: skip

    def test_a_text_has_a_limit(self):
        assert Feedback._meta.get_field("text").max_length == TEXT_LIMIT
