"""Working time against one that counts minutes on the wall clock."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tipstaff.sla.working_time import ALWAYS, NoTimeLeft, WorkingTime

MINUTE = timedelta(minutes=1)
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Africa/Cairo",
)
OFFICE = WorkingTime.read({"zone": "Europe/Berlin", "week": [["09:00-12:00", "13:00-17:00"]] * 5 + [[], []]})


def worked_minutes(calendar: WorkingTime, start: datetime, minutes: int) -> list[bool]:
    """For each minute from `start` on whether it is worked: the slow and obvious way. On each day a span lasts from
    the first minute whose wall time has come to its opening to the last whose wall time is before its closing.
    """
    zone = ZoneInfo(calendar.zone)
    first = start - timedelta(hours=30)
    count = minutes + 2 * 30 * 60
    walls = [(first + MINUTE * number).astimezone(zone) for number in range(count)]
    by_day: dict[date, list[int]] = {}
    for number, wall in enumerate(walls):
        by_day.setdefault(wall.date(), []).append(number)
    worked = [False] * count
    for day, numbers in by_day.items():
        if day in calendar.holidays:
            continue
        for opens, closes in calendar.week[day.weekday()]:
            of_day = [(number, walls[number].hour * 60 + walls[number].minute) for number in numbers]
            reached = [number for number, wall in of_day if wall >= opens]
            before = [number for number, wall in of_day if wall < closes]
            if reached and before:
                for number in range(reached[0], before[-1] + 1):
                    worked[number] = True
    return worked[30 * 60 : 30 * 60 + minutes]


@st.composite
def calendars(draw):
    zone = draw(st.sampled_from(ZONES))
    week = []
    for _day in range(7):
        cuts = sorted(draw(st.lists(st.integers(0, 1440), max_size=4, unique=True)))
        week.append(tuple(zip(cuts[::2], cuts[1::2], strict=False)))
    around = draw(
        st.sampled_from(
            [date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 1), date(2026, 4, 5), date(2011, 12, 30)]
        )
    )
    off = draw(st.lists(st.integers(-3, 3), max_size=2, unique=True))
    return WorkingTime(zone, tuple(week), {around + timedelta(days=days): "Off" for days in off}), around


class TestAgainstTheWallClock:
    @given(made=calendars(), offset=st.integers(-2 * 1440, 2 * 1440), length=st.integers(0, 3 * 1440))
    def test_what_has_passed_is_what_minutes_add_up_to(self, made, offset, length):
        calendar, around = made
        start = datetime(around.year, around.month, around.day, tzinfo=UTC) + MINUTE * offset
        counted = sum(worked_minutes(calendar, start, length))
        assume(any(calendar.week))
        assert calendar.elapsed(start, start + MINUTE * length) == MINUTE * counted

    @given(made=calendars(), offset=st.integers(-2 * 1440, 2 * 1440), length=st.integers(1, 600))
    def test_it_is_over_when_as_many_minutes_were_worked(self, made, offset, length):
        calendar, around = made
        start = datetime(around.year, around.month, around.day, tzinfo=UTC) + MINUTE * offset
        worked = worked_minutes(calendar, start, 6 * 1440)
        assume(sum(worked) >= length)
        count = 0
        for number, works in enumerate(worked, 1):
            count += works
            if works and count == length:
                assert calendar.advance(start, MINUTE * length) == start + MINUTE * number

    @given(made=calendars(), offset=st.integers(0, 1440 * 60), parts=st.lists(st.integers(1, 10**5), max_size=4))
    def test_in_parts_or_at_once_is_the_same(self, made, offset, parts):
        calendar, around = made
        assume(any(calendar.week))
        start = datetime(around.year, around.month, around.day, tzinfo=UTC) + timedelta(seconds=offset)
        at = start
        for part in parts:
            at = calendar.advance(at, timedelta(seconds=part))
        whole = timedelta(seconds=sum(parts))
        assert at == calendar.advance(start, whole)
        assert calendar.elapsed(start, at) == whole


class TestExamples:
    def test_a_weekend_passes_in_no_time(self):
        friday = datetime(2026, 3, 6, 15, 30, tzinfo=UTC)  # 16:30 in Berlin
        assert OFFICE.advance(friday, timedelta(hours=1)) == datetime(2026, 3, 9, 8, 30, tzinfo=UTC)

    def test_an_hour_that_is_skipped_is_not_worked(self):
        nights = WorkingTime.read({"zone": "Europe/Berlin", "week": [["00:00-06:00"]] * 7})
        assert nights.elapsed(
            datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC)
        ) == timedelta(hours=5)
        assert nights.elapsed(
            datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 22, tzinfo=UTC)
        ) == timedelta(hours=7)

    def test_a_span_that_opens_within_the_skipped_hour_opens_after_it(self):
        early = WorkingTime.read({"zone": "Europe/Berlin", "week": [["02:30-04:00"]] * 7})
        sunday = datetime(2026, 3, 29, 0, tzinfo=UTC)
        assert next(early.spans(date(2026, 3, 29))) == (sunday + timedelta(hours=1), sunday + timedelta(hours=2))

    def test_a_day_that_a_zone_left_out_is_not_worked(self):
        apia = WorkingTime.read({"zone": "Pacific/Apia", "week": [["09:00-17:00"]] * 7})
        assert apia.elapsed(datetime(2011, 12, 29, tzinfo=UTC), datetime(2012, 1, 1, tzinfo=UTC)) == timedelta(hours=24)

    @pytest.mark.parametrize(
        ("at", "count", "ends"),
        [
            ("2026-03-02T10:00", 1, "2026-03-03T16:00"),  # Monday in winter: Tuesday at five
            ("2026-03-06T22:00", 1, "2026-03-09T16:00"),  # Friday night
            ("2026-03-07T12:00", 2, "2026-03-10T16:00"),  # Saturday
            ("2026-03-27T10:00", 1, "2026-03-30T15:00"),  # over the change to summer time
        ],
    )
    def test_working_days_end_when_the_last_one_closes(self, at, count, ends):
        begun, due = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (at, ends))
        assert OFFICE.end_of_working_day(begun, count) == due

    def test_a_holiday_is_no_working_day(self):
        closed = WorkingTime("Europe/Berlin", OFFICE.week, {date(2026, 4, 6): "Easter Monday"})
        thursday = datetime(2026, 4, 2, 10, tzinfo=UTC)
        assert OFFICE.end_of_working_day(thursday, 2) == datetime(2026, 4, 6, 15, tzinfo=UTC)
        assert closed.end_of_working_day(thursday, 2) == datetime(2026, 4, 7, 15, tzinfo=UTC)

    def test_around_the_clock_nothing_stands_still(self):
        start = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)
        assert ALWAYS.advance(start, timedelta(days=3)) == start + timedelta(days=3)
        assert ALWAYS.elapsed(start, start + timedelta(days=3)) == timedelta(days=3)

    def test_a_calendar_without_working_time_says_so(self):
        never = WorkingTime.read({"zone": "UTC", "week": [[]] * 7})
        with pytest.raises(NoTimeLeft):
            never.advance(datetime(2026, 1, 1, tzinfo=UTC), MINUTE)

    @pytest.mark.parametrize(
        ("week", "says"),
        [
            ([[]] * 6, "seven days"),
            ([["17:00-09:00"]] * 7, "closes before it opens"),
            ([["09:00-12:00", "11:00-13:00"]] * 7, "do not overlap"),
            ([["nine-five"]] * 7, "not a time"),
            ([["09:00-25:00"]] * 7, "after midnight"),
        ],
    )
    def test_what_is_no_week_is_refused(self, week, says):
        with pytest.raises(ValueError, match=says):
            WorkingTime.read({"zone": "UTC", "week": week})

    def test_it_is_stored_and_read_back(self):
        for calendar in (OFFICE, ALWAYS, WorkingTime("Asia/Kathmandu", OFFICE.week, {date(2026, 4, 6): "New year"})):
            assert WorkingTime.read(calendar.document()) == calendar

    def test_a_zone_that_is_none_is_refused(self):
        with pytest.raises(KeyError):
            WorkingTime.read({"zone": "Europe/Nowhere", "week": [[]] * 7})
