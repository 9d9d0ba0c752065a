"""How providers write one message: who, when, and content that is a text, a list of blocks, or calls of tools."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from tipstaff.vault.reading.turns import ATTACHED, TEXT, TOOL, Turn, clean, name

SPEAKERS = ("role", "sender", "speaker", "author", "who", "from", "name")
CONTENTS = ("content", "text", "message", "body", "value", "parts")
TIMES = ("created_at", "create_time", "timestamp", "time", "at", "date", "ts")
FILES = ("attachments", "files")
TEXTS = {"text", "input_text", "output_text", "thinking", "summary_text", "code", "execution_output", "multimodal_text"}
PARTS_LIMIT = 200
DEPTH = 8
ATTACHMENTS = {"image", "image_url", "input_image", "input_audio", "audio", "file", "input_file", "document", "video"}


def is_message(value: Any) -> bool:
    """Whether this is somebody's turn: an object that says who speaks and what."""
    if not isinstance(value, dict) or not any(key in value for key in (*CONTENTS, "tool_calls")):
        return False
    return any(isinstance(value.get(key), str | dict) for key in SPEAKERS)


def turn_of(message: dict[str, Any]) -> Turn:
    return Turn(_who(message), _when(message), tuple(_parts(message))[:PARTS_LIMIT])


def _who(message: dict[str, Any]) -> str:
    for key in SPEAKERS:
        value = message.get(key)
        if isinstance(value, dict):
            value = value.get("role") or value.get("name")
        if isinstance(value, str) and value.strip():
            return name(value)
    return ""


def _when(message: dict[str, Any]) -> str:
    value = next((message[key] for key in TIMES if isinstance(message.get(key), str | int | float)), "")
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        except (OverflowError, ValueError, OSError):
            return ""
    return name(value)[:40]


def _parts(message: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key in CONTENTS:
        if key in message and (said := list(_said(message[key], DEPTH))):
            kind = TOOL if message.get("role") in ("tool", "function") else None
            yield from ((kind or part, text) for part, text in said)
            break
    calls = message.get("tool_calls")
    for call in calls[:PARTS_LIMIT] if isinstance(calls, list) else []:
        function = call.get("function") if isinstance(call, dict) else None
        yield TOOL, _call(function if isinstance(function, dict) else call)
    for key in FILES:
        files = message.get(key)
        for file in files[:PARTS_LIMIT] if isinstance(files, list) else []:
            yield ATTACHED, _named(file)


def _said(content: Any, depth: int) -> Iterator[tuple[str, str]]:
    """The parts of a content: a text, a list of texts and blocks, or a block."""
    if depth == 0:
        yield TOOL, _dumped(content)
    elif isinstance(content, str):
        if content:
            yield TEXT, clean(content)
    elif isinstance(content, list):
        for block in content[:PARTS_LIMIT]:
            yield from _said(block, depth - 1)
    elif isinstance(content, dict):
        yield from _block(content, depth)
    elif content is not None:
        yield TEXT, clean(content)


def _block(block: dict[str, Any], depth: int) -> Iterator[tuple[str, str]]:
    kind = block.get("type") or block.get("content_type")
    if kind in ("tool_use", "function_call", "tool_call"):
        yield TOOL, _call(block)
    elif kind in ("tool_result", "function_call_output"):
        said = list(_said(block.get("content", block.get("output")), depth - 1))
        yield TOOL, "".join(text for _kind, text in said)
    elif isinstance(kind, str) and (kind in ATTACHMENTS or kind.endswith("_pointer")):
        yield ATTACHED, _named(block)
    elif kind is None or kind in TEXTS:
        inner = next((block[key] for key in ("text", "thinking", "parts", "content") if key in block), None)
        if inner is None:
            yield TOOL, _dumped(block)
        else:
            yield from _said(inner, depth - 1)
    else:
        yield TOOL, _dumped(block)


def _call(call: Any) -> str:
    """`search({"q": …})`: the name of the tool and what it was given."""
    if not isinstance(call, dict):
        return _dumped(call)
    given = next((call[key] for key in ("arguments", "input", "parameters") if key in call), "")
    return f"{name(call.get('name', ''))}({given if isinstance(given, str) else _dumped(given)})"


def _named(file: Any) -> str:
    if isinstance(file, dict):
        known = ("file_name", "filename", "name", "title", "id", "asset_pointer", "type")
        return name(next((file[key] for key in known if isinstance(file.get(key), str)), "")) or "file"
    return name(file) or "file"


def _dumped(value: Any) -> str:
    return clean(json.dumps(value, ensure_ascii=False, default=str))
