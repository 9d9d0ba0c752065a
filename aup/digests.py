"""Digests: whether two documents say the same, and which part of them does not."""

import hashlib
import json
from typing import Any


def canonical(document: Any) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(document: Any) -> str:
    """SHA-256 of a document's canonical JSON: the same content gives the same digest, however it was written."""
    return hashlib.sha256(canonical(document).encode()).hexdigest()


def parts(document: dict[str, Any]) -> dict[str, str]:
    """A short digest of every key, so that a form can carry what it was opened with."""
    return {key: digest(value)[:16] for key, value in document.items()}


def carried(text: str) -> dict[str, Any]:
    """What a form carried as JSON; nothing where it is none, or so deep that nobody but a prankster wrote it."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
