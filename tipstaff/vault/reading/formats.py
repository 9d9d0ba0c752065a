"""The registry of conversation formats. Each takes text and gives turns, or None where the text is something else.
All of it was written by somebody we do not know; nothing here may raise.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from tipstaff.vault.reading.messages import is_message, turn_of
from tipstaff.vault.reading.turns import TEXT, TITLE, TURNS_LIMIT, Turn, clean, name

CONVERSATIONS_LIMIT = 1000
ENOUGH = TURNS_LIMIT + 1  # so that it shows that there are more
ROLES = {"user", "assistant", "model", "system", "human", "ai", "tool", "bot", "agent", "customer"}
DAY = r"(?:\d{1,4}[-./]\d{1,2}[-./]\d{1,4}[,T ]\s?)?"
TIME = DAY + r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d|\s?[AaPp]M)?"
SPEAKER = re.compile(
    rf"\s{{0,8}}(?:[\[(]?(?P<at>{TIME})[\])]?\s{{0,3}}[-–—|]?\s{{0,3}})?(?P<who>[^\s:<>{{}}\"][^:<>{{}}\"]{{0,39}}):(?=\s|$)"
)
SHOWN_OF_A_LINE = 200  # how far into a line we look for a speaker

Turns = Iterable[Turn]


def parse(text: str) -> tuple[str, list[Turn] | Iterator[Turn], str]:
    """The format, the turns and, for text that is no conversation, why: `plain_text`, `unknown_json`, `too_deep`. Such
    text gives a turn a line, without a speaker.
    """
    text = clean(text.removeprefix("\ufeff"))
    why = "plain_text"
    try:
        for title, reader in FORMATS.items():
            if (turns := reader(text)) is not None:
                return title, turns, ""
        if text.lstrip()[:1] in ("{", "[") and _loaded(text) is not None:
            why = "unknown_json"
    except RecursionError:
        why = "too_deep"
    return "lines", (Turn("", "", ((TEXT, line),)) for line in text.splitlines(keepends=True)), why


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


# --- one JSON document ---
def documents(text: str) -> list[Turn] | None:
    """Exports and arrays of messages: OpenAI's `mapping`, Anthropic's `chat_messages`, `messages`, a bare array."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    document = _loaded(text)
    conversations = document if isinstance(document, list) else [document]
    if conversations and all(is_message(one) for one in conversations[:20]):
        return _turns(conversations) if isinstance(document, list) else None
    found = [(one, messages) for one in conversations[:CONVERSATIONS_LIMIT] if (messages := _messages(one)) is not None]
    if not found:
        return None
    turns: list[Turn] = []
    for one, messages in found:
        titled = one.get("title") or one.get("name")
        if len(found) > 1 or (isinstance(titled, str) and titled):
            turns.append(Turn("", "", ((TITLE, name(titled)),)))
        turns += _turns(messages)
    return turns


def _turns(messages: Iterable[Any]) -> list[Turn]:
    """Messages in their order; what stands among them and is none keeps its place, as it is."""
    return [
        turn_of(one) if is_message(one) else Turn("", "", ((TEXT, clean(json.dumps(one))),))
        for one in islice(messages, ENOUGH)
    ]


def _messages(conversation: Any) -> list[Any] | None:
    if not isinstance(conversation, dict):
        return None
    if isinstance(conversation.get("mapping"), dict):
        return _branch(conversation)
    for key in ("chat_messages", "messages", "conversation", "conversations", "turns"):
        inside = conversation.get(key)
        if isinstance(inside, list) and inside and any(is_message(one) for one in inside[:20]):
            return inside
    return None


def _branch(conversation: dict[str, Any]) -> list[Any] | None:
    """The branch that was open last: from `current_node` up by `parent`. Without one, all messages in their order."""
    nodes = {key: node for key, node in conversation["mapping"].items() if isinstance(node, dict)}
    branch: list[Any] = []
    at, seen = conversation.get("current_node"), set[str]()
    while isinstance(at, str) and at in nodes and at not in seen:
        seen.add(at)
        branch.append(nodes[at])
        at = nodes[at].get("parent")
    chosen = branch[::-1] or list(nodes.values())
    messages = [node["message"] for node in chosen if is_message(node.get("message"))]
    said = [one for one in messages if turn_of(one).parts]  # exports begin with empty nodes
    return said or None


# --- one JSON object a line ---
def json_lines(text: str) -> list[Turn] | None:
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines or not is_message(_loaded(lines[0])):
        return None
    turns = []
    for line in lines[:ENOUGH]:
        message = _loaded(line)
        turns.append(turn_of(message) if is_message(message) else Turn("", "", ((TEXT, line),)))
    return turns


# --- names and times at the beginning of lines ---
def spoken(text: str) -> list[Turn] | None:
    """`Name: …`, with or without a time before it. What the first line looks like, the others have to: a line that only
    looks like a speaker, such as `Note: …` in an answer, goes on with the turn before it.
    """
    lines = text.split("\n")
    first = next((SPEAKER.match(line[:SHOWN_OF_A_LINE]) for line in lines if line.strip()), None)
    if first is None:
        return None
    found = [SPEAKER.match(line[:SHOWN_OF_A_LINE]) for line in lines]
    if first["at"]:
        begins = [bool(match and match["at"]) for match in found]
    else:
        often = Counter(match["who"].strip().lower() for match in found if match)
        begins = [bool(m and _is_speaker(m["who"].strip().lower(), often)) for m in found]
        if not any(begins) or not _is_speaker(first["who"].strip().lower(), often):
            return None
    turns: list[tuple[str, str, list[str]]] = []
    for line, match, starts in zip(lines, found, begins, strict=True):
        if starts and match:
            turns.append((name(match["who"]), name(match["at"] or ""), [line[match.end() :].removeprefix(" ")]))
        elif turns:
            turns[-1][2].append(line)
    return [Turn(who, at, ((TEXT, "\n".join(said).rstrip("\n")),)) for who, at, said in turns]


def _is_speaker(who: str, often: Counter[str]) -> bool:
    return who in ROLES or (often[who] > 1 and len(often) <= 50 and len(who.split()) <= 4)


FORMATS: dict[str, Callable[[str], list[Turn] | None]] = {
    "json_lines": json_lines,
    "document": documents,
    "spoken": spoken,
}
