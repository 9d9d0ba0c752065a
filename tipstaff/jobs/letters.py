"""Dead letters: writing down what failed for good, noting what succeeded since, sending again.

Told by `task_failure`, which Celery sends where the task ran for an exception, and from the worker's main process where
the time limit or the death of the process ended it: so a letter is written on a connection of its own. If the database
is what failed, the letter itself goes through the broker and is written when the database is back.
"""

import hashlib
import json
import logging
import re
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from celery import current_app
from celery.exceptions import OperationalError, SoftTimeLimitExceeded, TimeLimitExceeded, WorkerLostError
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from tipstaff.celery import queue_of
from tipstaff.jobs.line import own_cursor
from tipstaff.jobs.models import DeadLetter, Progress
from tipstaff.logs import kind_of, story
from tipstaff.time import now

logger = logging.getLogger(__name__)
BURY = "tipstaff.jobs.tasks.bury"
WORD = re.compile(r"[\w:./-]{1,80}")  # an id, a reference, a name from our code; no spaces, no address
DEPTH = 4

INSERT = """
    INSERT INTO jobs_deadletter AS letter (digest, task, arguments, kept, queue, first_failed_at, last_failed_at, times,
        error, said, task_id, request_id, dismissed_reason)
    VALUES (%(digest)s, %(task)s, %(arguments)s, %(kept)s, %(queue)s, %(at)s, %(at)s, 1,
        %(error)s, %(said)s, %(task_id)s, %(request_id)s, '')
    ON CONFLICT (digest) DO UPDATE SET
        times = letter.times + CASE WHEN letter.task_id = excluded.task_id
            AND letter.last_failed_at > excluded.last_failed_at - interval '30 seconds' THEN 0 ELSE 1 END,
        last_failed_at = greatest(letter.last_failed_at, excluded.last_failed_at), queue = excluded.queue,
        error = excluded.error, said = excluded.said, task_id = excluded.task_id, request_id = excluded.request_id,
        succeeded_at = NULL, dismissed_at = NULL, dismissed_reason = ''
"""


# --- what is kept of a task ---
def plain(value: Any, depth: int = 0) -> bool:
    """Whether `value` is made of ids, numbers and words such as code writes, and can be shown and kept."""
    match value:
        case None | bool() | int() | float():
            return True
        case str():
            return value == "" or WORD.fullmatch(value) is not None
        case list() | tuple() if depth < DEPTH:
            return len(value) <= 100 and all(plain(entry, depth + 1) for entry in value)
        case dict() if depth < DEPTH:
            return len(value) <= 100 and all(plain(name) and plain(part, depth + 1) for name, part in value.items())
    return False


def digest(task: str, args: Any, kwargs: Any) -> str:
    """The same for the same task with the same arguments."""
    told = json.dumps([task, list(args or []), dict(kwargs or {})], sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()


def sentence(error: BaseException) -> str:
    """Where it happened, and the numbers that go with it; never its message."""
    match error:
        case TimeLimitExceeded() | SoftTimeLimitExceeded():
            return f"it took longer than {settings.CELERY_TASK_SOFT_TIME_LIMIT} seconds"
        case WorkerLostError():
            return "the process that ran it died"
    told = story(error)[0]
    facts = [f"{name} {value}" for name, value in told.items() if name not in {"type", "at"}]
    place = told["at"][-1:] and f"at {told['at'][-1]}"
    return "; ".join([*facts, *([place] if place else [])])[:500]


# --- writing down ---
def bury(task: Any, task_id: str, error: BaseException, args: Any, kwargs: Any) -> None:
    """Keep what failed for good. A database that is away gets it later, by way of the broker."""
    if task.name == BURY:
        return
    kept = plain(list(args or [])) and plain(dict(kwargs or {}))
    facts = {
        "digest": digest(task.name, args, kwargs),
        "task": task.name[:200],
        "arguments": {"args": list(args or []), "kwargs": dict(kwargs or {})} if kept else {},
        "kept": kept,
        "queue": queue_of(task)[:100],
        "at": timezone.now().isoformat(),
        "error": kind_of(error)[:120],
        "said": sentence(error),
        "task_id": str(task_id or "")[:100],
        "request_id": _request_id(task),
    }
    told = {name: facts[name] for name in ("task", "task_id", "queue", "request_id")}
    structlog.get_logger(__name__).warning("task_given_up", **told, kind=facts["error"], where=facts["said"])
    try:
        write(facts)
    except DatabaseError:
        _by_message(facts)


def _request_id(task: Any) -> str:
    """In the process of the pool it is bound to the lines; in the main one it is in the message."""
    told = getattr(task.request, "__django_structlog__", None) or {}
    return str(structlog.contextvars.get_contextvars().get("request_id") or told.get("request_id") or "")[:100]


def write(facts: dict[str, Any]) -> None:
    with own_cursor() as cursor:
        told = {"arguments": json.dumps(facts["arguments"]), "at": datetime.fromisoformat(facts["at"])}
        cursor.execute(INSERT, facts | told)


def _by_message(facts: dict[str, Any]) -> None:
    """The broker keeps it until the database is back. If both are away, the log is all there is."""
    try:
        current_app.send_task(BURY, kwargs={"facts": facts}, countdown=10)
    except OperationalError:
        told = {name: facts[name] for name in ("task", "task_id", "request_id", "error")}
        structlog.get_logger(__name__).error("dead_letter_not_kept", **told)


def succeeded(task: str, args: Any, kwargs: Any) -> None:
    """The same task with the same arguments came to its end: whatever failed of it before is over."""
    DeadLetter.objects.filter(digest=digest(task, args, kwargs), succeeded_at=None, dismissed_at=None).update(
        succeeded_at=now()
    )


# --- sending again ---
def send(pk: UUID) -> bool:
    """Hand a retried task to the broker; False if it does not answer, and then `send_unsent` does it."""
    letter = DeadLetter.objects.unsent().filter(pk=pk).first()
    if letter is None:
        return False
    try:
        args, kwargs = letter.arguments.get("args"), letter.arguments.get("kwargs")
        same = letter.task_id if Progress.objects.filter(key=letter.task_id).exists() else None
        current_app.send_task(letter.task, args, kwargs, task_id=same, retry=False)  # its page goes on with it
    except OperationalError as error:
        logger.warning("letter %s waits: the broker did not take its task", pk, exc_info=error)
        return False
    DeadLetter.objects.filter(pk=pk).update(sent_at=now())
    return True


def send_unsent() -> int:
    return sum(send(pk) for pk in DeadLetter.objects.unsent().values_list("pk", flat=True)[:100])
