"""A transcript in pages of turns, from the sealed lines or from a redaction, as text that is safe to look at."""

import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tipstaff.vault import storage
from tipstaff.vault.models import Derivative
from tipstaff.vault.reading.turns import Line, decoded

PAGE = 50  # turns
INSTANT = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[T ](?P<time>[0-9]{2}:[0-9]{2}(:[0-9]{2})?)([.][0-9]+)?"
    r"(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?"
)
# What a browser would hide or act upon: controls, overrides of the direction, and letters that show nothing.
ODD = {code: chr(0x2400 + code) for code in range(32) if code not in (9, 10)} | {0x7F: "␡"}
ODD |= {
    code: f"⟨U+{code:04X}⟩" for code in [*range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF]
}
SILENT = (0xAD, 0x61C, 0x180E, 0x200B, 0x200E, 0x200F, *range(0x2060, 0x2065), *range(0x206A, 0x2070), 0xFFF9, 0xFFFA,
          0xFFFB)  # fmt: skip
ODD |= {code: f"⟨U+{code:04X}⟩" for code in (*SILENT, *range(0xE0000, 0xE1000))}  # tags and selectors carry whole texts


def visible(text: str) -> str:
    """`text` with what cannot be seen written out. A browser puts each turn in a direction of its own besides."""
    return text.translate(ODD)


@dataclass
class ShownLine:
    index: int
    kind: str
    text: str


@dataclass
class ShownTurn:
    """One turn, or with `hidden` so many lines that a redaction leaves out."""

    number: int = 0
    who: str = ""
    at: str = ""
    lines: list[ShownLine] = field(default_factory=list)
    hidden: int = 0
    day: str = ""  # with its zone, where it is another than that of the turn before

    @property
    def clock(self) -> str:
        """The time of day, or what is written where that is no instant of ISO 8601."""
        instant = INSTANT.fullmatch(self.at)
        return instant["time"] if instant else self.at


def day_of(at: str) -> str:
    """The day of an instant and its zone, such as `2026-11-21 UTC`; empty for what is no instant of ISO 8601."""
    instant = INSTANT.fullmatch(at)
    if instant is None:
        return ""
    zone = "UTC" if instant["zone"] == "Z" else instant["zone"] or ""
    return f"{instant['day']} {zone}".strip()


def page_of(turn: int) -> int:
    """The first turn of the page that `turn` is on."""
    return max(0, turn - 1) // PAGE * PAGE + 1


def turns(derivative: Derivative, first: int = 1, most: int = PAGE) -> list[ShownTurn]:
    """Turns `first` and the following of the sealed lines. May raise `storage.Damaged`."""
    found: list[ShownTurn] = []
    with io.BufferedReader(storage.open_sealed(derivative.file)) as sealed:  # type: ignore[arg-type]
        for index, written in enumerate(sealed):
            line = decoded(written)
            if line.turn >= first + most:
                break
            if line.turn >= first:
                add_line(found, index, line)
    return found


def lines(derivative: Derivative) -> list[bytes]:
    """All lines as they were sealed: the leaves of the line tree."""
    with storage.open_sealed(derivative.file) as sealed:  # type: ignore[arg-type]
        return sealed.read().splitlines()


def redacted(document: dict[str, Any]) -> list[ShownTurn]:
    """What a redaction shows, with the gaps between. It knows of the gaps how many lines they are, and no more."""
    found: list[ShownTurn] = []
    after = 0
    for index, line in [*_disclosed(document["lines"]), (document["size"], None)]:
        if index > after:
            found.append(ShownTurn(hidden=index - after))
        if line is not None:
            add_line(found, index, line)
        after = index + 1
    return found


def _disclosed(entries: Iterable[dict[str, Any]]) -> Iterator[tuple[int, Line]]:
    for entry in entries:
        yield entry["index"], decoded(entry["line"])


def add_line(found: list[ShownTurn], index: int, line: Line) -> None:
    if not found or found[-1].hidden or found[-1].number != line.turn:
        day, before = day_of(line.at), next((turn for turn in reversed(found) if turn.at), None)
        changes = before is None or day_of(before.at) != day
        found.append(ShownTurn(line.turn, visible(line.who), visible(line.at), day=day if changes else ""))
    found[-1].lines.append(ShownLine(index, line.kind, visible(line.text)))


def document_of(content: bytes) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(content)
    return document
