"""How many targets were met: one definition, by week, by kind and by goal, and why the others were missed."""

from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest

from tests import factories
from tipstaff.sla import clocks
from tipstaff.sla.attainment import FEW, WEEK, WEEKS, Tally, by_kind, by_week, first_week, of_goals, reasons
from tipstaff.sla.models import Clock, Kind
from tipstaff.sla.sweep import sweep
from tipstaff.time import moved_to
from tipstaff.workflow import references

pytestmark = pytest.mark.usefixtures("people")
NOW = datetime(2031, 6, 4, 12, 0, tzinfo=UTC)  # a Wednesday, week 23
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def clock(due: datetime, stopped: datetime | None = None, cancelled: str = "") -> Clock:
    """A decision clock of severity 4 (24 hours) about an account of its own."""
    about = factories.subject()
    with moved_to(due - DAY):
        started = clocks.start(about, Kind.DECISION, severity=4)
    if stopped:
        with moved_to(stopped):
            clocks.stop(about, Kind.DECISION, cancelled=Clock.CancelReason(cancelled) if cancelled else None)
    return Clock.objects.get(pk=started.pk)


def weeks(at: datetime = NOW) -> dict[str, tuple[int, int]]:
    """Met and missed of each week of the decision clocks that has any."""
    found = by_week(at).get(Kind.DECISION, [])
    return {week.label or "before": (week.tally.met, week.tally.missed) for week in found if week.tally.count}


def test_weeks_are_iso_weeks_from_monday_to_sunday_in_utc() -> None:
    assert first_week(NOW) == datetime(2031, 3, 17, tzinfo=UTC)
    monday = datetime(2031, 6, 2, tzinfo=UTC)
    clock(monday, stopped=monday - timedelta(seconds=1))
    clock(monday, stopped=monday)
    assert weeks() == {"2031-W22": (1, 0), "2031-W23": (1, 0)}


def test_a_clock_counts_in_the_week_in_which_it_was_stopped() -> None:
    met = clock(NOW - 10 * DAY, stopped=NOW - 10 * DAY - HOUR)
    clock(NOW - 10 * DAY, stopped=NOW)
    assert met.outcome == "met"
    assert weeks() == {"2031-W21": (1, 0), "2031-W23": (0, 1)}


def test_what_is_open_and_overdue_counts_as_missed_in_the_week_it_was_due_seen_or_not() -> None:
    seen = clock(NOW - 10 * DAY)
    with moved_to(NOW - 9 * DAY):
        sweep()
    clock(NOW - HOUR)
    clock(NOW + HOUR)
    assert Clock.objects.get(pk=seen.pk).breached_at
    assert weeks() == {"2031-W21": (0, 1), "2031-W23": (0, 1)}
    assert by_kind(NOW)[Kind.DECISION].still_open == 2


def test_not_finishing_hides_nothing_however_long() -> None:
    clock(NOW - WEEK * WEEKS * 3)
    assert weeks() == {"before": (0, 1)}
    assert by_kind(NOW)[Kind.DECISION] == Tally(missed=1, still_open=1)


def test_what_was_called_off_never_counts_and_is_named_if_it_had_been_missed() -> None:
    clock(NOW - DAY, stopped=NOW - 2 * DAY + HOUR, cancelled="merged")
    assert by_kind(NOW) == {}
    clock(NOW - DAY, stopped=NOW, cancelled="merged")
    assert weeks() == {}
    assert by_kind(NOW)[Kind.DECISION] == Tally(called_off=1)


def test_what_stands_still_is_not_missed_unless_it_was_before() -> None:
    late, still = clock(NOW - DAY), clock(NOW - DAY)
    for one, at in ((still, NOW - DAY - HOUR), (late, NOW - HOUR)):
        with moved_to(at):
            about = references.find(one.about)
            assert about is not None
            clocks.pause(about, reason=Clock.PauseReason.OUTSIDE)
    assert weeks() == {"2031-W23": (0, 1)}


def test_half_and_nine_in_ten_are_hours_of_what_was_stopped() -> None:
    for hours in range(1, 11):
        clock(NOW, stopped=NOW - DAY + hours * HOUR)
    clock(NOW - DAY)
    tally = by_kind(NOW + DAY)[Kind.DECISION]
    assert (tally.met, tally.missed, tally.median, tally.ninetieth) == (10, 1, 5.5, 9.1)
    assert tally.percent == 90


def test_percent_is_rounded_down_and_said_in_public_only_of_enough() -> None:
    assert Tally(met=999, missed=1).percent == 99
    assert Tally(met=3).percent == 100
    assert Tally().percent is None
    assert Tally(met=FEW - 1).public_percent is None
    assert Tally(met=FEW).public_percent == 100


def test_goals_are_told_by_severity_and_referral() -> None:
    clock(NOW, stopped=NOW - HOUR)
    assert of_goals(NOW) == {("decision", 4, False): by_kind(NOW)[Kind.DECISION]}


def test_the_reasons_of_what_was_missed_are_counted_with_those_nobody_gave() -> None:
    for reason, _number in product(("volume", "volume", "staffing", ""), range(2)):
        one = clock(NOW - DAY, stopped=NOW)
        if reason:
            with moved_to(NOW):
                one.explain(actor=factories.person("lead"), reason=reason, comment="A busy week.")
    told = [(reason.reason, reason.count, reason.kinds) for reason in reasons(NOW)]
    assert told == [("volume", 4, [("Decision", 4)]), ("staffing", 2, [("Decision", 2)]), ("", 2, [("Decision", 2)])]


def test_weeks_have_their_mondays() -> None:
    clock(NOW, stopped=NOW - HOUR)
    assert [week.monday for week in by_week(NOW)[Kind.DECISION]][-1] == date(2031, 6, 2)
    assert len(by_week(NOW)[Kind.DECISION]) == WEEKS
