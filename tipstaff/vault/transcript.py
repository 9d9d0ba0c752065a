"""A transcript in pages of turns, from the sealed lines or from a redaction, as text that is safe to look at."""

import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tipstaff.vault import storage
from tipstaff.vault.models import Derivative
from tipstaff.vault.reading.turns import Line, decoded

PAGE = 50  # turns
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
                _add(found, index, line)
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
            _add(found, index, line)
        after = index + 1
    return found


def _disclosed(entries: Iterable[dict[str, Any]]) -> Iterator[tuple[int, Line]]:
    for entry in entries:
        yield entry["index"], decoded(entry["line"])


def _add(found: list[ShownTurn], index: int, line: Line) -> None:
    if not found or found[-1].hidden or found[-1].number != line.turn:
        found.append(ShownTurn(line.turn, visible(line.who), visible(line.at)))
    found[-1].lines.append(ShownLine(index, line.kind, visible(line.text)))


def document_of(content: bytes) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(content)
    return document
