"""How the instants of a conversation are shown: the time at each turn, the day where it changes."""

import pytest

from tipstaff.vault.reading.turns import Line
from tipstaff.vault.transcript import ShownTurn, add_line


def shown(*instants: str) -> list[tuple[str, str]]:
    turns: list[ShownTurn] = []
    for number, at in enumerate(instants, 1):
        add_line(turns, number, Line(number, "user", at, "text", "Hello."))
    return [(turn.day, turn.clock) for turn in turns]


def test_the_day_stands_at_the_first_turn_and_where_it_changes() -> None:
    assert shown("2026-11-21T23:59:58Z", "", "2026-11-21T23:59:59.250Z", "2026-11-22T00:00:01Z") == [
        ("2026-11-21 UTC", "23:59:58"),
        ("", ""),
        ("", "23:59:59"),
        ("2026-11-22 UTC", "00:00:01"),
    ]


@pytest.mark.parametrize(
    ("at", "day", "clock"),
    [
        ("2026-11-21 10:02", "2026-11-21", "10:02"),
        ("2026-11-21T10:02:11+02:00", "2026-11-21 +02:00", "10:02:11"),
        ("10:02", "", "10:02"),
        ("yesterday", "", "yesterday"),
        ("2026-11-21T10:02:11Z and more", "", "2026-11-21T10:02:11Z and more"),
    ],
)
def test_what_is_no_instant_is_shown_as_it_is_written(at: str, day: str, clock: str) -> None:
    assert shown(at) == [(day, clock)]
