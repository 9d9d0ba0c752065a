"""How a log line is written, and what it may not carry: nothing that a person typed, no name, no address, no key.

A line tells what happened by kind, id and number. Exceptions are told by type and place, never by their message, and
what other people's libraries fill into their sentences is left out, as nobody can promise what it is.
"""

import errno
import json
import logging
import os
import re
import smtplib
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import UUID

import psycopg
import structlog

BASE = f"{Path(__file__).resolve().parent.parent}{os.sep}"
TEXT_LIMIT, ITEMS_LIMIT, FRAMES_LIMIT, CAUSES_LIMIT = 500, 50, 40, 8

OURS = ("tipstaff", "aup", "governance", "cases", "appeals", "oversight", "django_structlog")
# Libraries that fill in addresses of services, names of tasks and exceptions, and nothing that a person typed.
TRUSTED = ("celery", "kombu", "billiard", "_granian", "granian", "psycopg.pool", "opentelemetry")
UNTOLD = frozenset({"user_agent", "error", "reason", "result"})  # texts that django-structlog would add
WITHHELD = "(text withheld)"

TOKEN_IN_PATH = re.compile(
    r"(/(?:notice|appeal|follow|survey|answer|remedy|waivers/follow|policy/acknowledge|feedback/follow)/)[^/\s\"?]+"
)
SECRETS = (
    (TOKEN_IN_PATH, r"\1…"),
    (re.compile(r"(/accounts/(?:confirm-email|password/reset/key)/)[^\s\"?]+"), r"\1…"),
    (re.compile(r"(?<![\w-])[\w-]+[.:][\w-]{43}(?![\w-])"), "…"),  # a signed value, as in a link
    (re.compile(r"\b(tps_|whsec_)[\w+/=-]+"), r"\1…"),  # a machine's token, a webhook's secret
    (re.compile(r"(?i)(?<![\w-])[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}(?![\w-])"), "…"),  # a receipt code
    (re.compile(r"(?i)\b(bearer|basic) [\w.~+/=-]+"), r"\1 …"),
    (re.compile(r"(://)[^/@\s]+@"), r"\1…@"),  # a password in an address
    (re.compile(r"[\w.!#$%&'*+=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+"), "…@…"),
    (re.compile(r"(/[\w./~%-]*)\?[^\s\"']+"), r"\1?…"),  # a query string
)

Event = MutableMapping[str, Any]


# --- what may be written ---
def scrub(text: str) -> str:
    """`text` without link tokens, codes, credentials, mail addresses and query strings."""
    for pattern, instead in SECRETS:
        text = pattern.sub(instead, text)
    return text


def neutral(text: str) -> str:
    """One line of printable characters: a newline, an escape sequence or a change of direction is shown, not obeyed."""
    if len(text) > TEXT_LIMIT:
        text = f"{text[:TEXT_LIMIT]}… ({len(text)} characters)"
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def kind_of(error: BaseException) -> str:
    """`ValueError`, `smtplib.SMTPServerDisconnected`: what went wrong, without its message."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def written(value: Any, depth: int = 0) -> Any:
    """`value` as JSON that may stand in a line. An object is told by its type and an exception by its kind."""
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return neutral(scrub(value))
        case BaseException():
            return kind_of(value)
        case UUID() | datetime() | date() | timedelta() | Path():
            return neutral(scrub(str(value)))
        case Mapping() if depth < 4:
            return {neutral(scrub(str(name))): written(entry, depth + 1) for name, entry in _some(value.items())}
        case list() | tuple() | set() | frozenset() if depth < 4:
            return [written(entry, depth + 1) for entry in _some(value)]
    return f"<{type(value).__qualname__}>"


def _some(entries: Any) -> list[Any]:
    return [entry for _number, entry in zip(range(ITEMS_LIMIT), entries, strict=False)]


# --- exceptions ---
def story(error: BaseException) -> list[dict[str, Any]]:
    """The exception and what caused it, each as type, safe details and places in the code, the newest place last."""
    told: list[dict[str, Any]] = []
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen and len(told) < CAUSES_LIMIT:
        seen.add(id(cause))
        told.append({"type": kind_of(cause)} | dict(_details(cause)) | {"at": list(_places(cause.__traceback__))})
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return told


def _details(error: BaseException) -> Iterator[tuple[str, Any]]:
    """What can be said of an exception without repeating what a person typed: numbers, and names from our own code."""
    if isinstance(error, OSError) and error.errno is not None:
        yield "errno", errno.errorcode.get(error.errno, error.errno)
    if isinstance(error, psycopg.Error):
        facts = {"sqlstate": error.sqlstate, "table": error.diag.table_name, "column": error.diag.column_name}
        yield from ((name, fact) for name, fact in facts.items() if fact)
        if error.diag.constraint_name:
            yield "constraint", error.diag.constraint_name
    if isinstance(error, smtplib.SMTPResponseException):
        yield "smtp_code", error.smtp_code
    if isinstance(error, AttributeError | NameError | ImportError):
        name = error.name or ""
        if name.replace(".", "_").isidentifier() and len(name) <= 80:
            yield "name", name
    if isinstance(error, BaseExceptionGroup):
        yield "of", [kind_of(part) for part in error.exceptions[:ITEMS_LIMIT]]
    if permission := getattr(error, "permission", None):
        yield "permission", written(str(permission))


def _places(trace: TracebackType | None) -> Iterator[str]:
    frames = list(traceback.walk_tb(trace))
    for frame, line in frames[-FRAMES_LIMIT:]:
        code = frame.f_code
        path = code.co_filename.rpartition("site-packages/")[2].removeprefix(BASE)
        yield f"{path}:{line} {code.co_qualname}"


# --- lines of the standard library's logging ---
def make_safe(line: logging.LogRecord) -> None:
    """Fill in the line's arguments, as far as its logger may be trusted with them, and leave a text that can be kept.
    Once: each handler sees the same line.
    """
    if isinstance(line.msg, dict) or hasattr(line, "made_safe"):  # of structlog's lines `_told` sees to each entry
        return
    line.made_safe = True
    trusted = _under(line.name, OURS + TRUSTED)
    if isinstance(line.msg, BaseException):
        text = kind_of(line.msg)
    elif line.args:
        text = _filled(str(line.msg), line.args, trusted)
    else:
        text = str(line.msg) if trusted else WITHHELD
    line.msg, line.args = neutral(scrub(text)), None
    line.exc_text = line.stack_info = None


def _filled(template: str, args: Any, trusted: bool) -> str:
    def kept(value: Any) -> Any:
        return written(value) if trusted or isinstance(value, int | float | BaseException) else "…"

    try:
        if isinstance(args, Mapping):
            return template % {name: kept(value) for name, value in args.items()}
        return template % tuple(kept(value) for value in args)
    except (TypeError, ValueError, KeyError):  # %d asked for what is a word by now
        return template


def _under(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


class ScrubTokens(logging.Filter):
    """Makes a line safe before any formatter sees it, ours or another's."""

    def filter(self, line: logging.LogRecord) -> bool:
        make_safe(line)
        return True


class NotToldAlready(logging.Filter):
    """Leaves out Django's own line about an answer that `RequestLog` tells."""

    def filter(self, line: logging.LogRecord) -> bool:
        return not hasattr(getattr(line, "request", None), "request_id")


# --- formatters ---
def lines(style: str = "json") -> logging.Formatter:
    """The formatter for `style`: `json`, one object a line for a collector, or `console` for people. Sets up structlog
    as well, so that both ways of logging come out alike.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.filter_by_level,
            _leave_out_quiet,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    if style == "json":
        logging.raiseExceptions = False  # its complaint about a line that fails shows the line
        sys.excepthook, threading.excepthook = _uncaught, _uncaught_in_thread
    renderer = _as_text if style == "console" else _as_json
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.contextvars.merge_contextvars], processors=[_told, renderer]
    )


def _leave_out_quiet(logger: Any, method: str, event: Event) -> Event:
    """A probe or a stylesheet that was served is no news."""
    if event.pop("quiet", False) and event.get("event") == "request_finished" and event.get("code", 500) < 400:
        raise structlog.DropEvent
    return event


def _told(logger: Any, method: str, event: Event) -> Event:
    line: logging.LogRecord = event.pop("_record")
    event.pop("_from_structlog")
    event.pop("quiet", None)
    event.pop("stack_info", None)
    error = _error_in(event)
    told: dict[str, Any] = {
        "time": datetime.fromtimestamp(line.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": line.levelname.lower(),
        "logger": neutral(line.name),
        "event": written(event.pop("event", "")),
    }
    told |= {name: written(value) for name, value in event.items() if name not in UNTOLD}
    if error is not None:
        told["exception"] = story(error)
    return told


def _error_in(event: Event) -> BaseException | None:
    """The exception that a line is about, taken out of it."""
    info, known = event.pop("exc_info", None), event.pop("exception", None)
    if info is True:
        info = sys.exc_info()
    if isinstance(info, tuple):
        info = info[1]
    for error in (info, known):
        if isinstance(error, BaseException):
            return error
    return None


def _as_json(logger: Any, method: str, told: Event) -> str:
    return json.dumps(told, default=str)


def _as_text(logger: Any, method: str, told: Event) -> str:
    errors = told.pop("exception", [])
    head = f"{told.pop('time')[11:19]} {told.pop('level'):<8} {told.pop('event')}  [{told.pop('logger')}]"
    pairs = "".join(f" {name}={_word(value)}" for name, value in told.items())
    places = ["\n".join([f"  {_summary(error)}", *(f"      {place}" for place in error["at"])]) for error in errors]
    return "\n".join([head + pairs, *places])


def _summary(error: dict[str, Any]) -> str:
    return " ".join(
        [error["type"], *(f"{name}={value}" for name, value in error.items() if name not in {"type", "at"})]
    )


def _word(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if text and " " not in text else json.dumps(text, ensure_ascii=False)


# --- what nobody caught ---
def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("tipstaff").critical("the process ended by an error", exc_info=(kind, error, trace))


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        logging.getLogger("tipstaff").critical("a thread ended by an error", exc_info=args.exc_value)
