"""What is told of measures and breaches that end by themselves: once, late after an outage, and not when it is moot."""

import json
import re
import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from cases import lapses
from cases.models import Case, Decision, Sanction
from tests import factories
from tests.factories import person
from tipstaff.ledger.models import Event
from tipstaff.notices import reminders
from tipstaff.notices.models import Delivery, Message, Reminder
from tipstaff.time import moved_to, now
from tipstaff.workflow.actors import LinkHolder

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def told_at(at: datetime) -> int:
    """What is put right has a file of its own: test_remediation.py."""
    with moved_to(at):
        return reminders.sweep([watch for watch in lapses.WATCHES if not watch.kind.startswith("remedy_")])


def mails(kind: str) -> list[Message]:
    return list(Message.objects.filter(kind=kind).order_by("id"))


def limit(decision: Decision) -> Sanction:
    """Its one measure with an end: 14 days of a rate limit (T3)."""
    return decision.sanctions.get(ends_at__isnull=False)


@pytest.fixture
def measure(people: dict) -> Sanction:
    return limit(factories.issued())


class TestAnEndThatComes:
    def test_is_announced_three_days_before_with_what_is_asked(self, measure: Sanction) -> None:
        assert told_at(measure.ends_at - 3 * DAY - SECOND) == 0
        assert told_at(measure.ends_at - 3 * DAY) == 1
        assert told_at(measure.ends_at - 2 * DAY) == 0
        (mail,) = mails("measure_ends")
        assert mail.recipient == measure.subject.contact
        assert "Rate limit" in mail.text
        assert "Required: a course about this rule." in mail.text
        assert "/notice/" in mail.text
        assert Reminder.objects.get().ends_at == measure.ends_at

    def test_is_an_event_in_the_history_of_the_case(self, measure: Sanction) -> None:
        told_at(measure.ends_at - DAY)
        event = Event.objects.get(kind="reminder.reminded")
        assert event.stream_id == measure.case.stream
        assert event.told()["actor"]["ref"] == "system:reminders"

    def test_is_not_announced_for_a_week_or_less(self, people: dict) -> None:
        decision = factories.issued()
        measure = limit(decision)
        Sanction.objects.filter(pk=measure.pk).update(ends_at=measure.starts_at + 7 * DAY)
        assert told_at(measure.starts_at + 5 * DAY) == 0

    def test_is_not_announced_once_it_was_lifted(self, measure: Sanction) -> None:
        measure.lift(actor=person("adjudicator"), reason="They put it right.")
        assert told_at(measure.ends_at - DAY) == told_at(measure.ends_at + DAY) == 0


class TestAnEndThatCame:
    def test_is_told_once_and_to_the_gateway(self, measure: Sanction) -> None:
        factories.endpoint("http://127.0.0.1:9/hooks")
        assert told_at(measure.ends_at) == 1
        assert told_at(measure.ends_at + DAY) == 0
        (mail,) = mails("measure_ended")
        assert "No measure of ours limits your account any more." in mail.text
        body = json.loads(Delivery.objects.get().body)
        assert (body["type"], body["data"]["sanction"]["state"]) == ("sanction.expired", "expired")
        assert body["data"]["account"]["measures"] == []

    def test_after_an_outage_is_told_with_its_date_and_without_the_announcement(self, measure: Sanction) -> None:
        assert told_at(measure.ends_at + 20 * DAY) == 1
        assert mails("measure_ends") == []
        (mail,) = mails("measure_ended")
        assert f"ended on {measure.ends_at.day} {measure.ends_at:%B %Y}" in mail.subject
        reminder = Reminder.objects.get()
        assert reminder.told_at - reminder.ends_at == 20 * DAY

    def test_long_past_is_no_news(self, measure: Sanction) -> None:
        assert told_at(measure.ends_at + 31 * DAY) == 0

    def test_ends_in_force_whether_or_not_anybody_told(self, measure: Sanction) -> None:
        assert not Sanction.objects.in_force(measure.ends_at).filter(pk=measure.pk).exists()
        assert not Reminder.objects.exists()

    def test_is_not_told_of_what_an_appeal_revoked(self, measure: Sanction) -> None:
        factories.taken_up(measure.decision).reverse(actor=person("appeals"), reasons=factories.REASONS)
        assert told_at(measure.ends_at + DAY) == 0

    def test_measures_that_end_together_are_one_mail(self, people: dict) -> None:
        decision = factories.issued(tier="T4", departure_reason="It was done with care to hide it.")
        ended = list(decision.sanctions.filter(ends_at__isnull=False))
        assert len(ended) == 2
        assert len({measure.ends_at for measure in ended}) == 1
        assert told_at(ended[0].ends_at) == 2
        (mail,) = mails("measure_ended")
        assert all(measure.get_kind_display() in mail.text for measure in ended)

    def test_other_measures_that_go_on_are_not_denied(self, people: dict) -> None:
        account = factories.subject()
        first = limit(factories.issued(case_columns={"about": account}))
        with moved_to(now() + 5 * DAY):
            factories.issued(case_columns={"about": account, "code": "IN-01"})
        told_at(first.ends_at)
        assert "Other measures on your account go on" in mails("measure_ended")[0].text

    def test_in_arabic(self, people: dict) -> None:
        measure = limit(factories.issued(case_columns={"about": factories.subject(language="ar")}))
        told_at(measure.ends_at - DAY)
        told_at(measure.ends_at)
        for kind in ("measure_ends", "measure_ended"):
            (mail,) = mails(kind)
            assert mail.language == "ar"
            plain = (mail.subject + mail.text.partition("http")[0]).replace(measure.decision.ref, "")
            assert set(re.findall("[A-Za-z]+", plain)) <= {"UTC"}


class TestABreachThatStopsCounting:
    def test_is_told_once_when_the_window_is_over(self, measure: Sanction) -> None:
        decision = measure.decision
        told_at(measure.ends_at)
        over = decision.issued_at + 180 * DAY
        assert told_at(over - SECOND) == 0
        assert told_at(over) == 1
        assert told_at(over + DAY) == 0
        (mail,) = mails("breach_cleared")
        assert mail.subject == f"Decision {decision.ref} does not count against you any more"
        with moved_to(over):
            case = factories.case(about=decision.case.subject)
            assert not Decision.objects.counting(case, over, days=180).exists()

    def test_is_not_told_while_a_measure_goes_on_or_an_appeal_is_open(self, people: dict) -> None:
        lasting = factories.issued(
            case_columns={"severity": 3}, days={"feature_restriction": 300}, departure_reason="It went on for a year."
        )
        contested = factories.issued()
        factories.lodged(contested)
        at = max(lasting.issued_at, contested.issued_at) + 185 * DAY
        told_at(at)
        assert mails("breach_cleared") == []

    def test_is_told_although_what_was_taken_down_stays_down(self, people: dict) -> None:
        decision = factories.issued(case_columns={"severity": 3})
        assert decision.sanctions.filter(kind="content_removal", ends_at=None).exists()
        told_at(decision.issued_at + 185 * DAY)
        assert len(mails("breach_cleared")) == 1

    def test_is_not_told_of_what_was_reversed(self, measure: Sanction) -> None:
        factories.taken_up(measure.decision).reverse(actor=person("appeals"), reasons=factories.REASONS)
        assert told_at(measure.decision.issued_at + 185 * DAY) == 0


class TestTheSweep:
    def test_asks_once_a_watch_when_there_is_nothing(self, people: dict) -> None:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            told_at(now())
        assert len(queries) <= 3 * len(lapses.WATCHES) + 1

    def test_costs_the_same_for_each_of_many(self, people: dict) -> None:
        def cost(count: int) -> float:
            measures = [limit(factories.issued()) for _ in range(count)]
            with CaptureQueriesContext(connection) as queries:
                assert told_at(max(measure.ends_at for measure in measures)) == count
            return len(queries) / count

        one = cost(1)
        assert cost(6) <= one

    def test_one_that_fails_holds_up_no_other_and_is_told_later(self, people: dict) -> None:
        first, second = limit(factories.issued()), limit(factories.issued())
        ill, told = {first.pk}, []

        def tell(measure: Sanction) -> None:
            if measure.pk in ill:
                raise RuntimeError("no")
            told.append(measure)

        def sweep() -> int:
            with moved_to(second.ends_at):
                return reminders.sweep([reminders.Watch("ill", lapses.measures_ended, tell)])

        assert (sweep(), told) == (1, [second])
        ill.clear()
        assert (sweep(), told) == (1, [second, first])
        assert Reminder.objects.filter(kind="ill").count() == 2

    def test_the_database_holds_it_to_once(self, measure: Sanction) -> None:
        told_at(measure.ends_at)
        again = Reminder.of(measure, "measure_ended", measure.ends_at)
        with pytest.raises(IntegrityError), transaction.atomic():
            again.tell(actor=reminders.REMINDERS)


def test_two_sweeps_at_once_tell_each_once(clone: str) -> None:
    measures = [limit(factories.issued()) for _ in range(8)]
    at = max(measure.ends_at for measure in measures)
    ready, results = threading.Barrier(2), []

    def run() -> None:
        try:
            ready.wait(10)
            results.append(told_at(at))
        except BaseException as error:
            results.append(error)
        finally:
            connections.close_all()

    both = [threading.Thread(target=run) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join(60)
    assert sum(results) == len(measures)
    assert len(mails("measure_ended")) == len(measures) == Reminder.objects.count()


class TestAnAnswerThatIsMissing:
    def test_a_reporter_is_asked_once_more_after_a_week(self, people: dict) -> None:
        report = factories.report(language="es")
        report.ask(actor=person("lead"), question="¿Qué cuenta era?")
        asked = mails("report_question")[0].queued_at
        assert told_at(asked + 7 * DAY - SECOND) == 0
        assert told_at(asked + 8 * DAY) == 1
        assert told_at(asked + 30 * DAY) == 0
        (mail,) = mails("question_again")
        assert (mail.recipient, mail.language) == (report.contact, "es")
        assert "¿Qué cuenta era?" in mail.text
        assert "/follow/?lang=es" in mail.text

    def test_and_not_when_they_answered_or_left_no_address(self, people: dict) -> None:
        answered, silent = factories.report(), factories.report(contact="")
        for report in (answered, silent):
            report.ask(actor=person("lead"), question="Which account was it?")
        answered.supply(actor=LinkHolder("reporter"), answer="acct_1")
        assert told_at(now() + 8 * DAY) == 0

    def test_whoever_set_a_case_aside_is_reminded(self, people: dict) -> None:
        case = factories.claimed()
        case.await_information(actor=person("reviewer"), awaiting="account_holder", question="Who approved them?")
        assert told_at(now() + 8 * DAY) == 1
        (mail,) = mails("left_untouched")
        assert mail.recipient == person("reviewer").email
        assert "the account holder" in mail.text
        assert told_at(now() + 9 * DAY) == 0

    def test_and_not_once_the_case_goes_on(self, people: dict) -> None:
        case = factories.claimed()
        case.await_information(actor=person("reviewer"), awaiting="reporter", question="Who was it?")
        case.resume(actor=person("reviewer"))
        factories.finding(case)
        assert told_at(now() + 8 * DAY) == 0


class TestAClaimThatNobodyWorks:
    def test_goes_back_and_stands_in_the_history_once(self, people: dict) -> None:
        case = factories.claimed()
        assert told_at(case.claimed_until - SECOND) == 0
        assert told_at(case.claimed_until) == 1
        assert told_at(case.claimed_until + DAY) == 0
        event = Event.objects.get(stream=case.stream, kind="reminder.noted")
        assert event.told()["facts.holder"] == person("reviewer").reference
        assert not Message.objects.filter(about=case.reference).exclude(kind="report_received").exists()

    def test_is_free_for_the_next_whether_or_not_it_was_noted(self, people: dict) -> None:
        case = factories.claimed()
        with moved_to(case.claimed_until):
            assert Case.objects.claim_next(actor=person("reviewer2")) == case
        assert told_at(now() + 20 * 60 * SECOND) == 0

    def test_severity_and_state_stay_as_they_were(self, people: dict) -> None:
        case = factories.claimed()
        before = Case.objects.filter(pk=case.pk).values().get()
        told_at(case.claimed_until + DAY)
        assert Case.objects.filter(pk=case.pk).values().get() == before

    def test_is_no_news_where_work_was_done(self, people: dict) -> None:
        case = factories.claimed()
        factories.evidence(case)
        assert told_at(case.claimed_until + DAY) == 0

    def test_its_holder_sees_it_on_the_first_page(self, people: dict, enter: Any) -> None:
        case = factories.claimed()
        Case.objects.filter(pk=case.pk).update(claimed_until=now() - DAY)
        page = enter("reviewer").get("/")
        assert case.ref in page.text
        assert "back in the queue since" in page.text
        assert "back in the queue since" not in enter("reviewer2").get("/").text
