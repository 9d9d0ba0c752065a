"""A conversation as turns, and the turns as lines: what is cited, and what can be proven one by one."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

TURNS_LIMIT = 10_000
LINES_LIMIT = 20_000
LINE_CHARACTERS = 400
NAME_CHARACTERS = 80
TEXT, TOOL, ATTACHED, TITLE = "text", "tool", "file", "title"

SENTENCES = re.compile(r"[^\n]*?[.!?…。؟！？](?=\s)[^\S\n]*\n?|[^\n]*\n|[^\n]+")


@dataclass(frozen=True)
class Turn:
    """What one side said at once. `parts` are pairs of kind (text, tool, file, title) and text."""

    who: str
    at: str
    parts: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        return "".join(text for _kind, text in self.parts)


@dataclass(frozen=True)
class Line:
    """A sentence or a line of a turn: the smallest thing that is hidden or disclosed. `turn` counts from 1."""

    turn: int
    who: str
    at: str
    kind: str
    text: str

    def encoded(self) -> bytes:
        """Canonical JSON (RFC 8785) in UTF-8, without a newline: the bytes that a leaf of the line tree holds."""
        return json.dumps(vars(self), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def decoded(line: bytes | str) -> Line:
    return Line(**json.loads(line))


def clean(value: Any) -> str:
    """Any value as text that UTF-8 can hold, with one kind of line end. Nothing else is changed or left out."""
    text = value if isinstance(value, str) else "" if value is None else str(value)
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\r\n", "\n").replace("\r", "\n")


def name(value: Any) -> str:
    """A speaker's name on one line."""
    return " ".join("".join(c if c.isprintable() else " " for c in clean(value)[: NAME_CHARACTERS * 4]).split())[
        :NAME_CHARACTERS
    ]


def pieces(text: str) -> Iterator[str]:
    """`text` cut at line ends and after sentences, at most LINE_CHARACTERS long; put together they are `text`."""
    for sentence in SENTENCES.finditer(text):
        begin, last = sentence.span()
        while last - begin > LINE_CHARACTERS:
            end = text.rfind(" ", begin + LINE_CHARACTERS // 2, begin + LINE_CHARACTERS) + 1 or begin + LINE_CHARACTERS
            yield text[begin:end]
            begin = end
        yield text[begin:last]


def lines_of(turns: Iterable[Turn]) -> Iterator[Line]:
    """The lines of `turns`, in order. A turn without a word still has one line, so that it can be cited."""
    for number, turn in enumerate(turns, 1):
        said = [(kind, piece) for kind, text in turn.parts for piece in pieces(text)]
        for kind, piece in said or [(TEXT, "")]:
            yield Line(number, turn.who, turn.at, kind, piece)


def limited(turns: Iterable[Turn]) -> tuple[list[Line], int, bool]:
    """The lines within the limits, how many turns they make, and whether something was left out."""
    found: list[Line] = []
    for line in lines_of(turns):
        if line.turn > TURNS_LIMIT or len(found) >= LINES_LIMIT:
            return found, found[-1].turn, True
        found.append(line)
    return found, found[-1].turn if found else 0, False
