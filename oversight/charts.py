"""Pictures of numbers for SVG templates. Places are in units of the picture; every number stands in a table beside."""

from collections.abc import Sequence
from dataclasses import dataclass

from tipstaff.sla.attainment import Reason, Week

WIDTH, HEIGHT = 360, 190
LEFT, TOP, FOOT = 28, 22, 30  # room for the scale, the shares above the columns, and the weeks below
ROW = 40
GAP = 4


@dataclass(frozen=True)
class Column:
    """A week: what was met at the bottom, what was missed above it."""

    x: float
    middle: float
    width: float
    met_y: float
    met_height: float
    missed_y: float
    missed_height: float
    week: Week


@dataclass(frozen=True)
class Columns:
    columns: list[Column]
    lines: list[tuple[float, int]]  # where a line of the scale lies, and its number
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    base: int = HEIGHT - FOOT


def columns(weeks: Sequence[Week]) -> Columns:
    """A column for each week, as high as the number that counts in it."""
    top = scale(max((week.tally.count for week in weeks), default=0))
    room = HEIGHT - TOP - FOOT
    step = (WIDTH - LEFT) / max(len(weeks), 1)
    base = HEIGHT - FOOT
    drawn = []
    for place, week in enumerate(weeks):
        met, missed = room * week.tally.met / top, room * week.tally.missed / top
        x = LEFT + step * place + GAP / 2
        drawn.append(
            Column(
                x=round(x, 1),
                middle=round(x + (step - GAP) / 2, 1),
                width=round(step - GAP, 1),
                met_y=round(base - met, 1),
                met_height=round(met, 1),
                missed_y=round(base - met - missed, 1),
                missed_height=round(missed, 1),
                week=week,
            )
        )
    lines = [(round(base - room * number / top, 1), number) for number in sorted({0, top // 2, top})]
    return Columns(drawn, lines)


def scale(most: int) -> int:
    """The end of a scale that holds `most`: 2, 4, 10, 20, 40, 100 and so on."""
    size = 1
    while True:
        for step in (2, 4, 10):
            if step * size >= most:
                return step * size
        size *= 10


@dataclass(frozen=True)
class Bar:
    y: int
    width: float
    reason: Reason


@dataclass(frozen=True)
class Bars:
    bars: list[Bar]
    height: int
    width: int = WIDTH


def bars(reasons: Sequence[Reason]) -> Bars:
    """A bar for each reason, the longest as wide as the picture leaves room for its number."""
    most = max((reason.count for reason in reasons), default=1)
    drawn = [
        Bar(ROW * place, round(max((WIDTH - 44) * reason.count / most, 2), 1), reason)
        for place, reason in enumerate(reasons)
    ]
    return Bars(drawn, ROW * len(drawn))
