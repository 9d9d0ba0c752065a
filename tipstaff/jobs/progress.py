"""Long tasks, and how far they are. The row is what counts: a task that was killed goes on where its rows say.

    # the door: leaves a row that can be looked at, and sends the task when the transaction commits
    row = progress.ask(recalculate, str(target.pk), what=gettext_lazy("Recalculate clocks"), person=request.user)
    return redirect(row)

    # the task: counts what its own rows say is done, does the rest, and says so step by step
    @shared_task
    def recalculate(target: str) -> None:
        with progress.of(gettext_lazy("Recalculate clocks"), total=every.count(), done=settled.count()) as steps:
            for clock in left.iterator():
                ...  # each item in a transaction of its own: a step is seen when that commits
                steps.step()

What is said stands in the row in English and is shown in the reader's language; nothing that a person typed goes there.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import structlog
from celery import current_app, current_task
from celery.exceptions import Ignore, OperationalError
from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import translation

from tipstaff.jobs.alone import alone
from tipstaff.jobs.models import Progress
from tipstaff.jobs.models.progress import STALLED_AFTER, WORDS_LIMIT
from tipstaff.logs import kind_of
from tipstaff.time import now

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

logger = logging.getLogger(__name__)
EVERY = 1.0  # seconds between two writes, however fast the steps are
TRIES = 3  # deliveries without a single step, after which it is given up
BATCH = 100


class Taken(Ignore):
    """Somebody else does this very task now, or it is done. Celery takes the message as dealt with."""


class Later(BaseException):
    """The time of one delivery is used up: `of` sends the task again, and the next one goes on. No `except Exception`
    around an item swallows it.
    """


class Steps:
    """What `of` gives to the task."""

    def __init__(self, row: Progress, until: float) -> None:
        self.row = row
        self._until = until
        self._written = time.monotonic()

    @property
    def done(self) -> int:
        return self.row.done

    def step(self, count: int = 1, said: "StrOrPromise" = "") -> None:
        """`count` more are done; `said` is what it does now. To be called between two items, outside transactions: a
        task whose time is used up is left here, and comes back as a new delivery.
        """
        self.row.done += count
        if self.row.total is not None:
            self.row.total = max(self.row.total, self.row.done)  # more turned up than there were
        if said:
            self.row.said = in_english(said)
        if time.monotonic() - self._written >= EVERY:
            self.write()
        if time.monotonic() > self._until:
            raise Later

    def say(self, said: "StrOrPromise") -> None:
        """What it does now. Written at once."""
        self.row.said = in_english(said)
        self.write()

    def expect(self, total: int) -> None:
        """How many there are, where that was not known at the start."""
        self.row.total = max(total, self.row.done)
        self.write()

    def write(self) -> None:
        self.row.moved_at, self.row.tries = now(), 1
        self.row.save(update_fields=["done", "total", "said", "moved_at", "tries"])
        self._written = time.monotonic()


def in_english(words: "StrOrPromise") -> str:
    """`words` as the catalogues know them, whatever language the task was asked for in."""
    with translation.override("en"):
        return str(words)[:WORDS_LIMIT]


# --- the door ---
def ask(task: Any, *args: Any, what: "StrOrPromise", person: Any = None, about: str = "", total: int | None = None,
        **kwargs: Any) -> Progress:  # fmt: skip
    """Have `task` done with these arguments (ids only) once the transaction commits; the row to look at meanwhile. A
    broker that is down makes it late, not lost: `go_on` sends it again.
    """
    row = Progress.objects.create(
        key=str(uuid4()),
        what=in_english(what),
        about=about,
        person=person,
        total=total,
        task=task.name,
        arguments={"args": list(args), "kwargs": kwargs},
        request_id=_request_id(),
    )
    transaction.on_commit(lambda: send(row))
    return row


def send(row: Progress) -> bool:
    """Hand the task of `row` to the broker, under the id that it always had; False if the broker does not answer."""
    task = current_app.tasks.get(row.task)
    if task is None:
        logger.error("no task %s is known, which progress %s waits for", row.task, row.pk)
        return False
    try:
        task.apply_async(row.arguments["args"], row.arguments["kwargs"], task_id=row.key, retry=False)
        Progress.objects.filter(pk=row.pk).update(sent_at=now())
    except OperationalError as error:
        logger.warning("progress %s waits: the broker did not take its task", row.pk, exc_info=error)
        return False
    return True


def _request_id() -> str:
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))[:80]


# --- the task ---
@contextmanager
def of(
    what: "StrOrPromise",
    *,
    total: int | None = None,
    done: int | None = None,
    person: Any = None,
    about: str = "",
) -> Iterator[Steps]:
    """The row of the task that runs, made now unless the door or an earlier delivery made it. `done` is how many of
    `total` the task's own rows say are done; left out, it is what the row says. Raises Taken, which ends the task
    quietly, where another worker has it in hand or it is done.
    """
    key = _task_id() or str(uuid4())
    with alone(f"progress:{key}") as free:
        if not free:
            raise Taken
        row = _row(key, what, person, about)
        paused = False
        try:
            _begin(row, total, done)
            yield Steps(row, _time_is_up())
        except Later:
            paused = True
            _end(row, finished=False)
        except BaseException as error:
            _end(row, finished=True, error=kind_of(error))
            raise
        else:
            _end(row, finished=True)
    if paused:  # only now is the lock free for whoever takes it
        send(row)


def _task_id() -> str:
    return (current_task.request.id or "") if current_task else ""


def _row(key: str, what: "StrOrPromise", person: Any, about: str) -> Progress:
    """The row of the task with the id `key`, made if there is none."""
    made: dict[str, Any] = {"what": in_english(what), "person": person, "about": about, "request_id": _request_id()}
    if _task_id():
        asked = current_task.request
        arguments = {"args": list(asked.args or []), "kwargs": dict(asked.kwargs or {})}
        made |= {"task": current_task.name, "arguments": arguments}
    row, _new = Progress.objects.get_or_create(key=key, defaults=made)
    if row.finished_at is not None and not row.error:
        raise Taken
    return row


def _begin(row: Progress, total: int | None, done: int | None) -> None:
    at = now()
    row.tries, row.started_at, row.moved_at = row.tries + 1, row.started_at or at, at
    row.finished_at, row.error = None, ""
    row.done = row.done if done is None else done
    row.total = row.total if total is None else total
    if row.total is not None:
        row.total = max(row.total, row.done)
    row.save()


def _time_is_up() -> float:
    """When a task that can be sent again had better stop, by the monotonic clock: well before it would be stopped."""
    return time.monotonic() + settings.CELERY_TASK_SOFT_TIME_LIMIT * 0.75 if _task_id() else float("inf")


def _end(row: Progress, *, finished: bool, error: str = "") -> None:
    """Write down where it stands. Best effort where it failed: the database may be what failed."""
    row.moved_at = now()
    row.finished_at, row.error = row.moved_at if finished else None, error[:120]
    if finished and not error:
        row.said = ""
        row.total = row.done if row.total is None else row.total
    try:
        row.save(update_fields=["done", "total", "said", "moved_at", "finished_at", "error"])
    except DatabaseError:
        if not error:
            raise
        logger.warning("progress %s could not be marked as failed", row.pk)


# --- what was lost on the way ---
def go_on() -> int:
    """Send the task of every row that nothing has moved for a while: its message was lost, or its worker died. Twice is
    harmless, as the second finds the first at it. One that was begun TRIES times without a step is given up. Returns
    how many were sent.
    """
    before = now() - STALLED_AFTER
    left = Progress.objects.unfinished().filter(moved_at__lt=before, sent_at__lt=before).exclude(task="")
    sent = 0
    for row in left.order_by("moved_at")[:BATCH]:
        with alone(f"progress:{row.key}") as free:
            if free and row.tries >= TRIES:
                row.tries = 0
                _end(row, finished=True, error="WorkerLost")
        if free and row.finished_at is None:
            sent += send(row)
    return sent
