"""One clock: what it promises, when it fires, what a pause does to it, and what is left when it stops."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests import factories
from tests.sla import tables
from tests.sla.tables import adopt
from tests.sla.test_working_time import worked_minutes
from tipstaff.accounts.models import Subject
from tipstaff.ledger.models import Event
from tipstaff.notices.models import Message
from tipstaff.sla import clocks
from tipstaff.sla.models import LEVELS, PAUSE_CAP, Clock
from tipstaff.sla.sweep import sweep
from tipstaff.sla.working_time import ALWAYS, WorkingTime
from tipstaff.time import moved_to
from tipstaff.workflow.actors import LinkHolder
from tipstaff.workflow.refused import NotPermitted

pytestmark = pytest.mark.usefixtures("people")
START = datetime(2031, 3, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
REPORTER = Clock.PauseReason.REPORTER
PASSED = ("clock.warned", "clock.breached", "clock.escalated")


@contextmanager
def after(length: timedelta) -> Iterator[datetime]:
    with moved_to(START + length):
        yield START + length


def started(severity: int = 4, about: Subject | None = None) -> Clock:
    """A decision clock about an account: 24 hours at severity 4."""
    with moved_to(START):
        return clocks.start(about or factories.subject(), Clock.Kind.DECISION, severity=severity)


def subject_of(clock: Clock) -> Subject:
    return Subject.objects.get(external_id=clock.about.removeprefix("subject:"))


def stored(clock: Clock) -> Clock:
    return Clock.objects.get(pk=clock.pk)


def alerts(clock: Clock) -> dict[int, datetime]:
    return dict(clock.alerts.order_by("level").values_list("level", "reached_at"))


def kinds(clock: Clock) -> list[str]:
    return list(Event.objects.filter(stream=clock.about_stream).order_by("seq").values_list("kind", flat=True))


class TestStart:
    def test_it_is_due_when_the_target_is_used_up(self) -> None:
        clock = started()
        assert (clock.due_at, clock.next_check_at) == (START + DAY, START + DAY / 2)

    def test_the_target_is_what_it_was_then(self) -> None:
        clock = started()
        adopt({"kind": "decision", "severity": 4, "amount": 1, "unit": "hours"})
        with after(timedelta(hours=2)):
            sweep()
        assert stored(clock).level == 0
        assert stored(clock).due_at == START + DAY

    def test_one_kind_runs_once_about_one_record(self) -> None:
        clock = started()
        with pytest.raises(IntegrityError, match="clock_one_running"), transaction.atomic():
            started(about=subject_of(clock))
        clocks.start(subject_of(clock), Clock.Kind.TRIAGE, severity=1)

    def test_a_stopped_one_makes_room_and_keeps_its_result(self) -> None:
        clock = started()
        with after(DAY / 4):
            clocks.stop(subject_of(clock), Clock.Kind.DECISION)
        again = started(about=subject_of(clock))
        assert again.pk != clock.pk
        assert (stored(clock).outcome, stored(clock).elapsed) == ("met", DAY / 4)

    def test_only_the_house_runs_clocks(self) -> None:
        with pytest.raises(NotPermitted):
            started().stop(actor=LinkHolder("subject"))


class TestSweep:
    def test_nothing_fires_before_its_time_and_nothing_at_the_very_instant(self) -> None:
        clock = started()
        for length in (timedelta(), DAY / 2 - timedelta(seconds=1), DAY / 2):
            with after(length):
                assert sweep() == 0
        assert alerts(clock) == {}

    def test_each_level_fires_once_at_its_time(self) -> None:
        clock = started()
        for percent in range(10, 231, 10):
            with after(DAY * percent / 100 + timedelta(seconds=7)):
                sweep()
                sweep()
        assert alerts(clock) == {level: START + DAY * level / 100 for level in LEVELS}
        acts = [kind for kind in kinds(clock) if kind.startswith("clock.")]
        assert acts == ["clock.started", "clock.warned", "clock.warned", "clock.breached"] + ["clock.escalated"] * 2
        assert stored(clock).next_check_at is None

    def test_a_breach_has_the_time_it_was_due_and_the_time_it_was_seen(self) -> None:
        clock = started()
        with after(DAY + timedelta(minutes=3)) as seen:
            sweep()
        clock = stored(clock)
        assert (clock.breached_at, clock.detected_at) == (START + DAY, seen)
        told = Event.objects.get(kind="clock.breached").told()
        assert told["facts.reached_at"] == "2031-03-02T12:00:00.000000Z"
        assert told["changes.detected_at"] == [None, "2031-03-02T12:03:00.000000Z"]

    @pytest.mark.parametrize(
        ("dead", "levels"),
        [(timedelta(hours=13), [50]), (timedelta(hours=25), [50, 75, 100]), (timedelta(days=9), list(LEVELS))],
    )
    def test_after_an_outage_every_level_is_recorded_and_the_highest_is_mailed(
        self, dead: timedelta, levels: list[int]
    ) -> None:
        clock = started()
        with after(dead) as seen:
            assert sweep() == 1
        assert alerts(clock) == {level: START + DAY * level / 100 for level in levels}
        assert set(clock.alerts.values_list("detected_at", flat=True)) == {seen}
        events = Event.objects.filter(stream=clock.about_stream, kind__in=PASSED).order_by("seq")
        assert [event.told()["facts.level"] for event in events] == levels
        mails = Message.objects.filter(kind="clock_escalated", about=clock.about)
        hearers = {50: set(), 100: {"lead"}, 200: {"lead", "head", "chair"}}[levels[-1]]
        assert {mail.recipient.partition("@")[0] for mail in mails} == hearers

    def test_the_person_whose_work_it_is_hears_of_each_level(self) -> None:
        with moved_to(START):
            case = factories.claimed(code="VE-02", severity=4)
        for percent in (51, 76, 101):
            with after(DAY * percent / 100):
                sweep()
        kinds = ["clock_escalated", "clocks_escalated"]  # other clocks of the case pass levels of their own meanwhile
        mails = list(Message.objects.filter(kind__in=kinds, recipient="reviewer@demo.example").order_by("queued_at"))
        assert len(mails) == 3
        assert all(case.ref in mail.text for mail in mails)
        assert "is late" in mails[-1].subject
        assert case.get_absolute_url() in mails[-1].text

    def test_somebody_who_left_is_not_written_to(self) -> None:
        with moved_to(START):
            case = factories.claimed(code="VE-02", severity=4)
            factories.person("reviewer").deactivate(actor=factories.person("admin"))
        with after(DAY * 0.6):
            sweep()
        assert not Message.objects.filter(kind="clock_escalated", about=case.reference).exists()

    def test_escalation_changes_no_severity(self) -> None:
        with moved_to(START):
            case = factories.case(code="VE-02", severity=4)
        with after(9 * DAY):
            sweep()
        case.refresh_from_db()
        assert (case.severity, case.state) == (4, "open")

    def test_a_clock_that_cannot_be_checked_holds_up_no_other(self, caplog: pytest.LogCaptureFixture) -> None:
        broken, sound = started(), started()
        Clock.objects.filter(pk=broken.pk).update(about_stream="")
        broken.alerts.create(level=50, reached_at=START, detected_at=START)  # and the clock does not know
        with after(DAY * 0.6):
            assert sweep() == 1
        assert alerts(sound) == {50: START + DAY / 2}
        assert f"clock {broken.pk} could not be checked" in caplog.text

    def test_a_stopped_clock_is_left_alone(self) -> None:
        clock = started()
        with after(DAY / 4):
            clocks.stop(subject_of(clock), Clock.Kind.DECISION)
        with after(9 * DAY):
            assert sweep() == 0
        assert alerts(clock) == {}


class TestPause:
    def test_a_pause_shifts_what_is_due_by_its_length(self) -> None:
        clock = started()
        with after(timedelta(hours=6)):
            clocks.pause(subject_of(clock), reason=REPORTER)
        with after(timedelta(days=3)):
            assert sweep() == 0
        with after(timedelta(days=3)):
            clocks.resume(subject_of(clock))
        clock = stored(clock)
        assert clock.paused == timedelta(days=3, hours=-6)
        assert clock.due_at == START + DAY + clock.paused
        assert (clock.paused_at, clock.pause_reason) == (None, "")

    def test_pausing_twice_and_resuming_twice_is_once(self) -> None:
        clock = started()
        about = subject_of(clock)
        for hours in (1, 2):
            with after(timedelta(hours=hours)):
                clocks.pause(about, reason=REPORTER)
        for hours in (5, 9):
            with after(timedelta(hours=hours)):
                clocks.resume(about)
        assert stored(clock).paused == timedelta(hours=4)

    def test_a_level_passed_before_the_pause_keeps_its_true_time_whether_or_not_a_sweep_had_seen_it(self) -> None:
        clock = started()
        with after(timedelta(hours=30)) as paused:
            clocks.pause(subject_of(clock), reason=REPORTER)
        with after(timedelta(hours=80)):
            clocks.resume(subject_of(clock))
            sweep()
        assert alerts(clock) == {level: START + DAY * level / 100 for level in (50, 75, 100)}
        assert (stored(clock).breached_at, stored(clock).detected_at) == (START + DAY, paused)
        assert Message.objects.filter(kind="clock_escalated", about=clock.about).count() == 1

    def test_a_clock_that_stops_during_a_pause_does_not_count_it(self) -> None:
        clock = started()
        with after(timedelta(hours=6)):
            clocks.pause(subject_of(clock), reason=REPORTER)
        with after(9 * DAY):
            clocks.stop(subject_of(clock), Clock.Kind.DECISION)
        clock = stored(clock)
        assert (clock.elapsed, clock.outcome, clock.breached_at) == (timedelta(hours=6), "met", None)
        assert (clock.paused_at, clock.pause_reason) == (None, "")


class TestLongPause:
    """K6: a pause ends by itself when it has lasted as long as a clock may pause."""

    def test_the_sweep_ends_it_and_time_counts_from_that_instant(self) -> None:
        clock = started()
        with after(timedelta(hours=6)):
            clocks.pause(subject_of(clock), reason=REPORTER)
        assert stored(clock).next_check_at == START + timedelta(hours=6) + PAUSE_CAP
        with after(PAUSE_CAP + timedelta(hours=5)):
            assert sweep() == 0
        with after(PAUSE_CAP + 3 * DAY):
            assert sweep() == 1
        clock = stored(clock)
        assert (clock.paused, clock.paused_at, clock.due_at) == (PAUSE_CAP, None, START + DAY + PAUSE_CAP)
        assert clock.breached_at == clock.due_at
        assert kinds(clock)[2:4] == ["clock.paused", "clock.resumed"]

    def test_several_pauses_share_the_cap_and_none_begins_after_it(self) -> None:
        clock = started(severity=1)
        about = subject_of(clock)
        with after(DAY):
            clocks.pause(about, reason=REPORTER)
        with after(DAY * 11):
            clocks.resume(about)
        with after(DAY * 12):
            clocks.pause(about, reason=REPORTER)
        with after(DAY * 20):
            clocks.resume(about)
        assert stored(clock).paused == PAUSE_CAP
        with after(DAY * 21):
            clocks.pause(about, reason=REPORTER)
        assert stored(clock).paused_at is None

    def test_who_answers_late_does_not_take_the_time_after_the_cap_away(self) -> None:
        clock = started(severity=1)
        with after(DAY):
            clocks.pause(subject_of(clock), reason=REPORTER)
        with after(DAY * 25):
            due = clocks.resume(subject_of(clock), Clock.Kind.DECISION)
        assert due == START + DAY * 30 + PAUSE_CAP

    def test_a_reason_that_is_not_listed_is_refused(self) -> None:
        clock = started()
        with pytest.raises(ValueError, match=r"is not a valid Clock\.PauseReason"):
            clocks.pause(subject_of(clock), reason="we were busy")  # type: ignore[arg-type]
        with pytest.raises(IntegrityError, match="clock_paused_for_a_reason"), transaction.atomic():
            Clock.objects.filter(pk=clock.pk).update(paused_at=START, pause_reason="busy")


class TestRegrade:
    """K4: another severity gives another target, and time already used stays used."""

    def test_a_longer_target_counts_from_the_same_start_and_a_pause_stays(self) -> None:
        clock = started()
        about = subject_of(clock)
        with after(timedelta(hours=2)):
            clocks.pause(about, reason=REPORTER)
        with after(timedelta(hours=5)):
            clocks.resume(about)
        with after(timedelta(hours=6)):
            due_at = clocks.regrade(about, Clock.Kind.DECISION, severity=3)
        assert due_at == stored(clock).due_at == START + timedelta(days=7, hours=3)
        assert (stored(clock).severity, stored(clock).started_at) == (3, START)

    def test_what_was_passed_before_is_recorded_first_and_never_taken_back(self) -> None:
        clock = started()
        with after(DAY * 1.1):
            clocks.regrade(subject_of(clock), Clock.Kind.DECISION, severity=1)
            sweep()
        assert list(alerts(clock)) == [50, 75, 100]
        assert stored(clock).breached_at == START + DAY
        with after(40 * DAY):
            clocks.stop(subject_of(clock), Clock.Kind.DECISION)
        assert stored(clock).outcome == "breached"

    def test_a_shorter_target_may_be_late_at_once(self) -> None:
        clock = started(severity=1)
        with after(10 * DAY):
            clocks.regrade(subject_of(clock), Clock.Kind.DECISION, severity=3)
            sweep()
        assert list(alerts(clock)) == [50, 75, 100]

    def test_there_may_be_none_running(self) -> None:
        assert clocks.regrade(factories.subject(), Clock.Kind.DECISION, severity=3) is None


class TestStop:
    def test_in_time_is_met(self) -> None:
        clock = started()
        with after(DAY):  # the very instant is still in time
            clocks.stop(subject_of(clock), Clock.Kind.DECISION)
        clock = stored(clock)
        assert (clock.outcome, clock.elapsed, clock.stopped_at, clock.breached_at) == ("met", DAY, START + DAY, None)
        assert list(alerts(clock)) == [50, 75]

    def test_late_is_late_and_a_breach_although_no_sweep_had_seen_it(self) -> None:
        clock = started()
        with after(DAY + timedelta(minutes=1)) as stopped:
            clocks.stop(subject_of(clock), Clock.Kind.DECISION)
        clock = stored(clock)
        assert (clock.outcome, clock.breached_at, clock.detected_at) == ("breached", START + DAY, stopped)
        assert list(alerts(clock)) == [50, 75, 100]
        assert [kind for kind in kinds(clock) if kind.startswith("clock.")][-2:] == ["clock.breached", "clock.stopped"]

    def test_cancelled_is_neither_met_nor_breached(self) -> None:
        clock = started()
        with after(timedelta(hours=1)):
            clocks.stop(subject_of(clock), Clock.Kind.DECISION, cancelled=True)
        assert (stored(clock).outcome, stored(clock).elapsed) == ("cancelled", timedelta(hours=1))

    def test_there_may_be_nothing_to_stop(self) -> None:
        clocks.stop(factories.subject(), Clock.Kind.APPEAL)


MOST_PAUSED = 17  # minutes
MINUTES = 20  # the target of the property test; its levels fall on whole minutes
STEPS = st.lists(
    st.tuples(st.integers(0, 15), st.sampled_from(["pause", "resume", "stop", "sweep", "sweep", "wait"])), max_size=8
)


class Oracle:
    """The same clock, counted minute by minute; `worked` says which minutes count."""

    def __init__(self, worked: list[bool]) -> None:
        self.worked = worked
        self.minute = self.used = self.paused = self.counted_until = 0
        self.running, self.ended = True, False
        self.reached: dict[int, int] = {}

    def wait(self, minutes: int) -> None:
        for _minute in range(minutes):
            if self.running and not self.ended:
                for level in LEVELS:
                    if self.used == MINUTES * level // 100:
                        self.reached.setdefault(level, self.counted_until)
                self.used += self.worked[self.minute]
            elif not self.ended:
                self.paused += self.worked[self.minute]
                self.running = self.paused >= MOST_PAUSED
            self.minute += 1
            if self.worked[self.minute - 1]:
                self.counted_until = self.minute

    def do(self, act: str) -> None:
        if act == "pause":
            self.running = self.paused >= MOST_PAUSED
        elif act == "resume":
            self.running = True
        elif act == "stop":
            self.ended = True


SHIFTS = WorkingTime.read({"zone": "Europe/Berlin", "week": [["12:50-13:12", "13:20-13:41", "14:00-23:00"]] * 7})


@pytest.mark.parametrize("calendar", [ALWAYS, SHIFTS], ids=["around the clock", "in shifts"])
@given(steps=STEPS)
@example(steps=[(0, "pause"), (11, "resume"), (13, "resume"), (15, "pause")])  # paused in the minute it was due
@example(steps=[(12, "wait"), (11, "sweep")])
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_clock_agrees_with_one_that_counts_minutes(
    monkeypatch: pytest.MonkeyPatch, people: Any, calendar: WorkingTime, steps: list
) -> None:
    monkeypatch.setattr("tipstaff.sla.models.clock.PAUSE_CAP", timedelta(minutes=MOST_PAUSED))
    with transaction.atomic():
        shifts = None if calendar.always else str(tables.calendar(calendar.document()).pk)
        adopt({"kind": "decision", "severity": 4, "amount": MINUTES, "unit": "minutes", "calendar": shifts})
        oracle, about = Oracle(worked_minutes(calendar, START, 24 * 60)), factories.subject(f"acct_{uuid4().hex[:8]}")
        clock = started(about=about)
        acts: dict[str, Callable[[], object]] = {
            "pause": lambda: clocks.pause(about, reason=REPORTER),
            "resume": lambda: clocks.resume(about),
            "stop": lambda: clocks.stop(about, Clock.Kind.DECISION),
            "sweep": sweep,
            "wait": lambda: None,
        }
        for minutes, act in [*steps, (3, "sweep"), (0, "stop")]:
            oracle.wait(minutes)
            with after(timedelta(minutes=oracle.minute)):
                acts[act]()
            oracle.do(act)
        clock = stored(clock)
        assert alerts(clock) == {level: START + timedelta(minutes=at) for level, at in oracle.reached.items()}
        assert clock.elapsed == timedelta(minutes=oracle.used)
        # What was due when a shift ended is late in the pause after it, though no working time has passed.
        assert clock.outcome == ("breached" if 100 in oracle.reached else "met")
        breached = START + timedelta(minutes=oracle.reached[100]) if 100 in oracle.reached else None
        assert clock.breached_at == breached
        transaction.set_rollback(True)


class TestCopies:
    """`due_at` on a case or an appeal is a copy, kept by `clock_moved`; the queue is ordered by it."""

    def agree(self) -> None:
        from appeals.models import Appeal
        from cases.models import Case

        for model, kind in ((Case, "decision"), (Appeal, "appeal")):
            for record in model.objects.all():
                clock = Clock.objects.running().about(record).filter(kind=kind, paused_at=None).first()
                assert record.due_at == (clock.due_at if clock else None), record

    def test_they_agree_after_every_act(self) -> None:
        from tests.factories import person

        decision = factories.proposed()
        self.agree()
        clocks.pause(decision.case, reason=REPORTER)
        self.agree()
        clocks.resume(decision.case)
        self.agree()
        decision.send_back(actor=person("senior"), reason="More facts, please.")
        self.agree()
        with moved_to(decision.case.opened_at + timedelta(days=15)):
            sweep()
        self.agree()
        appeal = factories.lodged()
        self.agree()
        appeal.take_up(actor=person("appeals"))
        self.agree()
        appeal.remand(actor=person("appeals"), reasons=factories.REASONS)
        self.agree()
        factories.issued()
        self.agree()
