"""What the product writes to its log, as the handler of its settings writes it."""

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.notices.conftest import server  # noqa: F401
from tipstaff.logs import OURS, ScrubTokens, lines


class Log:
    """Both forms of the log, from the most talkative level of our own packages on."""

    def __init__(self) -> None:
        self.forms = {"json": io.StringIO(), "console": io.StringIO()}

    @property
    def text(self) -> str:
        return "".join(form.getvalue() for form in self.forms.values())

    @property
    def entries(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.forms["json"].getvalue().splitlines()]

    def of(self, event: str) -> list[dict[str, Any]]:
        return [entry for entry in self.entries if entry["event"] == event]


@pytest.fixture
def log() -> Iterator[Log]:
    kept, root = Log(), logging.getLogger()
    hooks = sys.excepthook, threading.excepthook, logging.raiseExceptions
    levels = {name: logging.getLogger(name).level for name in OURS}
    handlers = []
    for style, form in kept.forms.items():
        handler = logging.StreamHandler(form)
        handler.addFilter(ScrubTokens())
        handler.setFormatter(lines(style))
        handlers.append(handler)
        root.addHandler(handler)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield kept
    sys.excepthook, threading.excepthook, logging.raiseExceptions = hooks
    for handler in handlers:
        root.removeHandler(handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
