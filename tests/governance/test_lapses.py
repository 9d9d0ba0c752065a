"""What is told of waivers that end, lapse or wait: to whom, once, late after an outage, and not when it is moot."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance import lapses
from governance.models import Waiver
from tests import factories
from tests.factories import person
from tipstaff.ledger.models import Event
from tipstaff.notices import reminders
from tipstaff.notices.models import Message, Reminder
from tipstaff.sla.models import Clock
from tipstaff.time import moved_to, now
from tipstaff.workflow.actors import LinkHolder

pytestmark = pytest.mark.usefixtures("people")
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def told_at(at: datetime) -> int:
    with moved_to(at):
        return reminders.sweep(lapses.WATCHES)


def mails(about: Waiver, kind: str = "waiver_reminder") -> list[Message]:
    return list(Message.objects.filter(about=about.reference, kind=kind).order_by("id"))


def ends(waiver: Waiver) -> datetime:
    return Waiver.objects.get(pk=waiver.pk).spell.ends_at


def lapses_at(waiver: Waiver) -> datetime:
    return Waiver.objects.get(pk=waiver.pk).spell.lapses_at


def clock(waiver: Waiver) -> Clock:
    return Clock.objects.filter(about=waiver.reference, kind="recertification").latest("started_at")


class TestALastDayThatComes:
    def test_is_told_at_60_30_and_7_days_to_the_holder_and_the_screener(self) -> None:
        waiver = factories.waiver()
        over = ends(waiver)
        assert told_at(over - 61 * DAY) == 0
        for days in (60, 30, 7):
            assert told_at(over - days * DAY) == 1, days
            assert told_at(over - days * DAY + SECOND) == 0
        assert sorted(Reminder.objects.values_list("kind", flat=True)) == [
            "waiver_ends_30", "waiver_ends_60", "waiver_ends_7",
        ]  # fmt: skip
        to_holder, to_screener = mails(waiver)[:2]
        assert to_holder.recipient == waiver.contact
        assert "/waivers/" in to_holder.text
        assert to_screener.recipient == person("compliance").email
        assert waiver.get_absolute_url() in to_screener.text

    def test_after_an_outage_only_the_nearest_is_told(self) -> None:
        waiver = factories.waiver()
        assert told_at(ends(waiver) - 5 * DAY) == 1
        assert Reminder.objects.get().kind == "waiver_ends_7"

    def test_is_not_told_further_ahead_than_it_lasts(self) -> None:
        today = now().date()
        waiver = factories.waiver(ends_on=today + timedelta(days=20))
        assert told_at(ends(waiver) - 19 * DAY) == 0
        assert told_at(ends(waiver) - 7 * DAY) == 1

    def test_is_not_told_when_somebody_asked_for_what_comes_after_or_it_was_ended(self) -> None:
        waiver, suspended = factories.waiver(), factories.waiver("suspended")
        factories.waiver("submitted", earlier=waiver)
        assert told_at(ends(waiver) - 5 * DAY) == 0
        assert suspended.state == "suspended"


class TestALastDayThatCame:
    def test_is_told_to_everybody_concerned(self) -> None:
        account = factories.subject(language="fr")
        waiver = factories.waiver(about=account)
        assert told_at(ends(waiver) + 3 * DAY) == 1
        assert told_at(ends(waiver) + 4 * DAY) == 0
        to = [mail.recipient for mail in mails(waiver)]
        assert to == [waiver.contact, account.contact, person("chair").email, person("compliance").email]
        assert mails(waiver)[1].language == "fr"
        assert "/desk/" not in mails(waiver)[1].text
        assert "ended" in mails(waiver)[0].subject

    def test_is_an_event_in_its_history(self) -> None:
        waiver = factories.waiver()
        told_at(ends(waiver))
        assert Event.objects.filter(stream=waiver.stream, kind="reminder.told").count() == 1

    def test_is_no_news_after_a_month(self) -> None:
        waiver = factories.waiver()
        assert told_at(ends(waiver) + 31 * DAY) == 0


class TestAStatementThatIsDue:
    @pytest.fixture
    def waiver(self) -> Waiver:
        """Of high risk: it lapses after three months and two weeks, and would end later."""
        today = now().date()
        return factories.waiver(risk="high", ends_on=today + timedelta(days=300))

    def test_is_asked_for_and_its_clock_runs_to_the_lapse(self, waiver: Waiver) -> None:
        due = lapses_at(waiver)
        told_at(due - 59 * DAY)
        started = clock(waiver)
        assert (started.started_at, started.due_at) == (due - 60 * DAY, due)
        (mail,) = mails(waiver)
        assert mail.recipient == waiver.contact
        assert "we need your statement before" in mail.subject
        assert told_at(due - 29 * DAY) == told_at(due - 6 * DAY) == 1
        assert Clock.objects.filter(about=waiver.reference, kind="recertification").count() == 1

    def test_stops_the_clock_once_it_is_made(self, waiver: Waiver) -> None:
        due = lapses_at(waiver)
        told_at(due - 59 * DAY)
        with moved_to(due - 40 * DAY):
            waiver.attest(actor=LinkHolder("applicant", waiver.reference), statement="All are kept.", files=[])
        assert clock(waiver).outcome == "met"
        assert told_at(due - 29 * DAY) == told_at(due + SECOND) == 0

    def test_that_never_came_lets_it_lapse_and_everybody_knows(self, waiver: Waiver) -> None:
        due = lapses_at(waiver)
        assert told_at(due + 2 * DAY) == 1
        assert clock(waiver).outcome == "breached"
        assert clock(waiver).breached_at == due
        lapse = [mail for mail in mails(waiver) if "stopped on" in mail.subject]
        assert [mail.recipient for mail in lapse][:1] == [waiver.contact]
        assert person("compliance").email in [mail.recipient for mail in lapse]

    def test_is_not_owed_by_what_was_revoked(self, waiver: Waiver) -> None:
        due = lapses_at(waiver)
        told_at(due - 59 * DAY)
        with moved_to(due - 50 * DAY):
            waiver.revoke(actor=person("chair"), reasons="It was used for something else.")
        assert (clock(waiver).outcome, clock(waiver).cancelled_because) == ("cancelled", "ended")
        assert told_at(due - 20 * DAY) == told_at(due + DAY) == 0


class TestWhatWaits:
    def test_an_applicant_is_asked_once_more_after_a_week(self) -> None:
        waiver = factories.waiver("changes_requested")
        asked = mails(waiver, "waiver_changes")[0].queued_at
        assert told_at(asked + 7 * DAY - SECOND) == 0
        assert told_at(asked + 9 * DAY) == 1
        assert told_at(asked + 20 * DAY) == 0
        (mail,) = mails(waiver, "question_again")
        assert "Name the templates." in mail.text

    def test_an_answer_makes_it_moot(self) -> None:
        waiver = factories.waiver("changes_requested")
        waiver.answer(actor=LinkHolder("applicant", waiver.reference), answer="Here they are.", files=[])
        assert told_at(waiver.submitted_at + 9 * DAY) == 0

    def test_a_request_that_lies_is_told_to_compliance_and_can_be_taken_over(self) -> None:
        waiver = factories.waiver("screening")
        other = person("admin")
        at = waiver.screened_at + 7 * DAY
        assert "screens this request" in Waiver.screen.operation.refusal(waiver, other)
        assert told_at(at) == 1
        (mail,) = mails(waiver, "left_untouched")
        assert mail.recipient == person("compliance").email
        with moved_to(at):
            assert Waiver.screen.operation.refusal(waiver, other) is None
            Waiver.objects.filter(pk=waiver.pk).update(confirmed_at=at)
            waiver.refresh_from_db()
            assert "screens this request" in Waiver.screen.operation.refusal(waiver, other)


def test_nothing_costs_one_question_a_watch() -> None:
    with CaptureQueriesContext(connection) as queries:
        told_at(datetime(2031, 1, 1, tzinfo=UTC))
    assert len(queries) <= len(lapses.WATCHES) + 1
