"""The same mail as HTML: made from its text when it leaves, so that the two cannot say different things."""

import re
from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils import translation

from tipstaff import languages

PIECE = 16  # characters
ADDRESS = re.compile(r"https?://[^\s<>\"]+")


@dataclass(frozen=True)
class Block:
    """A paragraph, a list, or an address of ours on a line of its own, which becomes a link to press."""

    lines: list[str]
    items: bool = False
    link: str = ""

    @property
    def pieces(self) -> list[str]:
        """The address in parts between which a narrow screen may break it."""
        return [self.link[start : start + PIECE] for start in range(0, len(self.link), PIECE)]


def blocks(text: str) -> list[Block]:
    """The text in blocks, as empty lines and dashes divide it. Nothing is left out and nothing is added."""
    found: list[Block] = []
    for paragraph in re.split(r"\n[ \t]*\n", text.strip()):
        for line in paragraph.splitlines():
            item, before = line.startswith("- "), found[-1] if found else None
            if ADDRESS.fullmatch(line.strip()):
                found.append(Block([], link=line.strip()))
            elif before is not None and before.lines and before.items == item:
                before.lines.append(line.removeprefix("- ") if item else line)
            else:
                found.append(Block([line.removeprefix("- ") if item else line], items=item))
        found.append(Block([]))  # an empty line ends what went before
    return [block for block in found if block.lines or block.link]


def of(subject: str, text: str, language: str) -> str:
    """The HTML of a mail: no picture, no script, nothing that is loaded from anywhere, so nothing that watches."""
    spoken = languages.known(language) or "en"
    with translation.override(spoken):
        words = {"subject": subject, "blocks": blocks(text), "language": spoken, "rtl": translation.get_language_bidi()}
        return render_to_string("notices/mail.html", words)
