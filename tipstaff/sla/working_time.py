"""Time as a team works it: exact across daylight saving, time zones and holidays.

`WorkingTime` is a value: what a clock was started with does not change when a calendar is edited later. A span of the
week begins at the first instant at which the wall clock of the zone has come to its opening time, and ends at the
first at which it has come to its closing time for good: an hour that the zone skips is not worked, and one that it
repeats is worked twice, as whoever sits there would.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Any, Self
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
WEEK = 7
HORIZON = 366 * 30  # days that are looked through before we say that a calendar has no time left
Span = tuple[int, int]  # minutes after midnight, opening and closing; 1440 is the end of the day


class NoTimeLeft(ValueError):
    """A calendar without enough working time: every day is off, or the length is absurd."""


@dataclass(frozen=True)
class WorkingTime:
    """The hours of a week in a time zone, and the days on which nobody works. `week` has spans for Monday to Sunday,
    in order and apart from each other.
    """

    zone: str
    week: tuple[tuple[Span, ...], ...]
    holidays: Mapping[date, str] = field(default_factory=dict)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """From the form in which it is stored: `{"zone", "week": [["09:00-17:00"], …], "holidays": {"2026-12-25": …}}`.
        Raises ValueError, saying what is wrong.
        """
        week = tuple(tuple(_span(text) for text in day) for day in document["week"])
        if len(week) != WEEK:
            raise ValueError("A week has seven days.")
        for day in week:
            if any(close > opens for (_opens, close), (opens, _close) in pairwise(day)):
                raise ValueError("The hours of a day stand in order and do not overlap.")
        days = {date.fromisoformat(day): name for day, name in document.get("holidays", {}).items()}
        ZoneInfo(document["zone"])
        return cls(document["zone"], week, days)

    def document(self) -> dict[str, Any]:
        """As it is stored; the inverse of `read`."""
        return {
            "zone": self.zone,
            "week": [[f"{_told(opens)}-{_told(closes)}" for opens, closes in day] for day in self.week],
            "holidays": {day.isoformat(): name for day, name in sorted(self.holidays.items())},
        }

    @cached_property
    def always(self) -> bool:
        """Whether it never pauses, so that instants can be added as they are."""
        return not self.holidays and all(day == ((0, 1440),) for day in self.week)

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def spans(self, since: date) -> Iterator[tuple[datetime, datetime]]:
        """Every span of work from the day `since` on, in UTC."""
        for number in range(HORIZON):
            day = since + DAY * number
            if day in self.holidays:
                continue
            for opens, closes in self.week[day.weekday()]:
                start, end = self._first_at(day, opens), self._last_at(day, closes)
                if start < end:
                    yield start, end
        raise NoTimeLeft(f"There is no working time left in the {HORIZON // 366} years after {since}.")

    def advance(self, at: datetime, length: timedelta) -> datetime:
        """The instant at which `length` of working time has passed since `at`. A length of nothing is `at` itself."""
        if length <= timedelta() or self.always:
            return at + max(length, timedelta())
        left = length
        for start, end in self.spans(self._day_of(at)):
            worked = end - max(start, at)
            if worked >= left:
                return max(start, at) + left
            left -= max(worked, timedelta())
        raise AssertionError("spans() ends by raising")

    def elapsed(self, since: datetime, until: datetime) -> timedelta:
        """How much working time lies between two instants; none if they stand the other way round."""
        if until <= since:
            return timedelta()
        if self.always:
            return until - since
        total = timedelta()
        for start, end in self.spans(self._day_of(since)):
            if start >= until:
                break
            total += max(min(end, until) - max(start, since), timedelta())
        return total

    def end_of_working_day(self, at: datetime, count: int) -> datetime:
        """When the `count`th working day after the day of `at` closes. The day of the event itself is not counted
        (Regulation 1182/71, Article 3).
        """
        if self.always:
            return at + DAY * count
        day, end = self._day_of(at), at
        for start, closes in self.spans(day + DAY):
            worked_on = self._day_of(start)
            if worked_on != day:
                if count == 0:
                    return end
                day, count = worked_on, count - 1
            end = closes
        raise AssertionError("spans() ends by raising")

    def _day_of(self, at: datetime) -> date:
        return at.astimezone(self._zone).date()

    def _first_at(self, day: date, minutes: int) -> datetime:
        """The first instant of `day` at which the wall clock has come to `minutes` after midnight."""
        return self._wall(day, minutes, fold=0)

    def _last_at(self, day: date, minutes: int) -> datetime:
        """The first instant from which the wall clock of `day` stays past `minutes` after midnight."""
        return self._wall(day, minutes, fold=1)

    def _wall(self, day: date, minutes: int, *, fold: int) -> datetime:
        if minutes == 1440:
            day, minutes = day + DAY, 0
        at = datetime.combine(day, time(minutes // 60, minutes % 60, fold=fold), self._zone).astimezone(UTC)
        shown = at.astimezone(self._zone)
        if (shown.hour, shown.minute) == (minutes // 60, minutes % 60) and shown.date() == day:
            return at
        return self._after_gap(at)

    def _after_gap(self, near: datetime) -> datetime:
        """When the zone's clock jumps over a wall time that it skips; `near` lies within hours of that."""
        early, late = near - timedelta(hours=26), near + timedelta(hours=26)
        before = early.astimezone(self._zone).utcoffset()
        while late - early > timedelta(seconds=1):
            middle = early + (late - early) / 2
            if middle.astimezone(self._zone).utcoffset() == before:
                early = middle
            else:
                late = middle
        return late.replace(microsecond=0)


def _span(text: str) -> Span:
    """`09:00-17:30` in minutes; `24:00` is the end of the day."""
    opens, _dash, closes = text.partition("-")
    found = _minutes(opens), _minutes(closes)
    if found[0] >= found[1]:
        raise ValueError(f"“{text}” closes before it opens.")
    return found


def _minutes(text: str) -> int:
    hours, _colon, minutes = text.strip().partition(":")
    if not (hours.isdigit() and minutes.isdigit() and int(minutes) < 60):
        raise ValueError(f"“{text}” is not a time such as 09:30.")
    total = int(hours) * 60 + int(minutes)
    if total > 1440:
        raise ValueError(f"“{text}” lies after midnight.")
    return total


def _told(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


ALWAYS = WorkingTime("UTC", (((0, 1440),),) * WEEK)
WEEKDAYS = WorkingTime("UTC", (((0, 1440),),) * 5 + ((), ()))
