"""YAML as people write it by hand, with the line of every value, and as we write it, always the same way. Pure.

What is read is the part of YAML 1.2 that JSON has too: text, numbers, true and false, null, lists and mappings. `no` is
text, as in a list of countries. Aliases, tags and repeated keys are refused, so a file cannot grow when it is read.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from django.utils.translation import gettext as _

Path = tuple[str | int, ...]
READER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEEPEST = 20
PROBLEMS_SHOWN = 100
WIDTH = 110

_NULL = re.compile(r"(?:null|Null|NULL|~|)\Z")
_BOOLEAN = re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")
_INTEGER = re.compile(r"[-+]?[0-9]{1,20}\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")


@dataclass(frozen=True)
class Fault:
    line: int  # from 1
    text: str


@dataclass
class Text:
    """What a YAML text says. `lines` has the line of every value by its path; of what has a key, that of the key."""

    document: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """Of the value at `path`, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read(raw: bytes) -> Text:
    """Everything in `raw`, or where it cannot be read. With a fault there is no document."""
    found = Text()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        found.faults.append(Fault(line, _("this is not UTF-8 text; save the file as UTF-8")))
        return found
    try:
        _Builder(found).build(yaml.parse(text, Loader=READER))
    except yaml.YAMLError as error:
        found.faults.append(_said(error, text))
    found.faults = found.faults[:PROBLEMS_SHOWN]
    return found


def _said(error: yaml.YAMLError, text: str) -> Fault:
    if isinstance(error, yaml.reader.ReaderError):
        place = error.position if isinstance(error.position, int) else 0
        return Fault(text.count("\n", 0, place) + 1, _("there is a control character here that no text may hold"))
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = mark.line + 1 if mark else 1
    rows = text.split("\n")
    row = rows[line - 1] if line <= len(rows) else ""
    if re.match(r"\s*\t", row):
        return Fault(line, _("a tab stands where spaces belong; indent with spaces"))
    problem = str(getattr(error, "problem", "") or error)
    if "control characters" in problem:
        return Fault(line, _("there is a control character here that no text may hold"))
    return Fault(line, _("this is not YAML: %(problem)s") % {"problem": problem})


class _Builder:
    """Builds the document from events, with a stack of its own: nothing that is read can exhaust ours."""

    def __init__(self, found: Text) -> None:
        self.found = found
        self.stack: list[tuple[Any, Path]] = []
        self.keys: list[str | None] = []  # of each mapping on the stack: the key that waits for its value
        self.documents = 0

    def build(self, events: Iterable[Any]) -> None:
        for event in events:
            line = event.start_mark.line + 1
            if getattr(event, "anchor", None):
                self.fault(line, _("anchors and aliases (& and *) are not taken; write the text out"))
            match event:
                case yaml.AliasEvent():
                    self.put(None, line)
                case yaml.DocumentStartEvent():
                    self.documents += 1
                    if self.documents > 1:
                        self.fault(line, _("a second document begins here (---); a file holds one policy"))
                        break
                case yaml.ScalarEvent():
                    self.tagged(event, line)
                    self.put(self.scalar(event, line), line, str(event.value))
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    self.tagged(event, line)
                    if len(self.stack) >= DEEPEST:
                        self.fault(line, _("this is nested deeper than a policy can be"))
                        break
                    self.open({} if isinstance(event, yaml.MappingStartEvent) else [], line)
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    self.stack.pop()
                    self.keys.pop()
        if not self.documents:
            self.fault(1, _("the file is empty"))

    def fault(self, line: int, text: str) -> None:
        self.found.faults.append(Fault(line, text))

    def tagged(self, event: Any, line: int) -> None:
        if event.tag:
            self.fault(line, _("tags (%(tag)s) are not taken; write plain values") % {"tag": event.tag})

    def open(self, container: Any, line: int) -> None:
        path = self.put(container, line)
        self.stack.append((container, path))
        self.keys.append(None)

    def put(self, value: Any, line: int, text: str = "") -> Path:
        """Where the value goes: the document itself, the next of a list, a key, or what belongs to the key before."""
        if not self.stack:
            self.found.document = value
            self.found.lines[()] = line
            return ()
        container, path = self.stack[-1]
        if isinstance(container, list):
            here: Path = (*path, len(container))
            container.append(value)
        elif (key := self.keys[-1]) is None:
            if isinstance(value, dict | list):
                self.fault(line, _("a key has to be text"))
            elif text in container:
                self.fault(line, _("the key “%(key)s” stands here a second time") % {"key": text[:40]})
            self.keys[-1] = text
            self.found.lines.setdefault((*path, text), line)
            return (*path, text)
        else:
            here = (*path, key)
            container[key] = value
            self.keys[-1] = None
            return here  # its line is that of its key
        self.found.lines[here] = line
        return here

    def scalar(self, event: Any, line: int) -> Any:
        text = event.value
        if event.style or (event.tag and event.tag.endswith(":str")):
            return text
        if _NULL.match(text):
            return None
        if _BOOLEAN.match(text):
            return text.lower() == "true"
        if _INTEGER.match(text):
            return int(text)
        if _FLOAT.match(text):
            number = float(text)
            if math.isfinite(number):
                return number
            self.fault(line, _("the number %(number)s is too large") % {"number": text[:40]})
        return text


_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
_WORD = re.compile(r"[A-Za-z0-9_./-]{1,40}\Z")
_PLAIN = re.compile(r"[^\W\d_](?:[^:#]|:(?=\S)|(?<=\S)#)*\Z")
_OTHERS_READ = re.compile(r"(?:y|n|yes|no|on|off|null|true|false)\Z", re.IGNORECASE)  # as YAML 1.1 has it
STEP = 2


def write(document: dict[str, Any]) -> str:
    """`document` as YAML, keys in the order they have. Reading the text gives the same document again."""
    return "".join(_entries(document, 0))


def _entries(value: dict[str, Any] | list[Any], indent: int) -> Iterator[str]:
    margin = " " * indent
    if isinstance(value, list):
        for item in value:
            if isinstance(item, dict) and item:
                first, *rest = list(_entries(item, indent + STEP))
                yield margin + "- " + first[indent + STEP :]
                yield from rest
            else:
                yield from _entry(margin + "-", item, indent)
        return
    for key, item in value.items():
        yield from _entry(margin + _line(key) + ":", item, indent)


def _entry(lead: str, value: Any, indent: int) -> Iterator[str]:
    """One key or dash with what belongs to it."""
    match value:
        case dict() | list() if value and not _is_short(value):
            yield lead + "\n"
            yield from _entries(value, indent + STEP)
        case list():
            yield f"{lead} [{', '.join(map(_line, value))}]\n"
        case dict():
            yield lead + " {}\n"
        case str():
            yield f"{lead} {_text(value, indent + STEP)}\n"
        case _:
            yield f"{lead} {_line(value)}\n"


def _is_short(value: Any) -> bool:
    """A list of codes or numbers stands in one line."""
    return isinstance(value, list) and all(
        isinstance(item, int) or (isinstance(item, str) and _WORD.match(item)) for item in value
    )


def _line(value: Any) -> str:
    """A scalar in one line, plain where nobody could read it as something else."""
    if not isinstance(value, str):
        return json.dumps(value)
    plain = _PLAIN.match(value) and value == value.strip() and not value.endswith(":")
    if plain and not (_UNPRINTABLE.search(value) or _OTHERS_READ.match(value) or _is_number(value)):
        return value
    if "\\" in value or "'" in value or _UNPRINTABLE.search(value):
        quoted = json.dumps(value, ensure_ascii=False)
        return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)
    return f"'{value}'"


def _is_number(text: str) -> bool:
    return any(kind.match(text) for kind in (_INTEGER, _FLOAT))


def _text(value: str, indent: int) -> str:
    """Text, over several lines where it is long or has several, if they would be read back exactly."""
    lines, margin = value.split("\n"), "\n" + " " * indent
    if len(value) + indent <= WIDTH and len(lines) == 1:
        return _line(value)
    if any(_UNPRINTABLE.search(line) or line != line.rstrip() for line in lines) or value[0].isspace():
        return _line(value)
    if len(lines) == 1:
        rows = _wrapped(value, WIDTH - indent)
        return ">-" + margin + margin.join(rows) if len(rows) > 1 else _line(value)
    if lines[-1] == "" and len(lines) > 2 and lines[-2] == "":
        return _line(value)
    ending = "" if lines[-1] == "" else "-"
    return "|" + ending + "".join(margin + line if line else "\n" for line in lines[: -1 if not ending else None])


def _wrapped(line: str, width: int) -> list[str]:
    """`line` broken at single spaces, so that joining the rows with one gives it again."""
    rows: list[str] = []
    for word in re.split(r"(?<! ) (?! )", line):
        if rows and len(rows[-1]) + 1 + len(word) <= width:
            rows[-1] += " " + word
        else:
            rows.append(word)
    return rows
