"""One act, one transaction: rows, events, clocks and outbox rows are all there, or none is."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.db import OperationalError, connection, transaction
from psycopg import errors

from tipstaff.ledger.append import Entry, append
from tipstaff.metrics.counts import OPERATIONS
from tipstaff.workflow.models import Record

DEADLOCK_RETRIES = 2


class Memory:
    """How a record stood before an act, so that a failed act leaves the object in memory as it was."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.attributes = dict(record.__dict__)
        self.adding = record._state.adding
        self.related: dict[str, Any] = dict(record._state.fields_cache)

    def restore(self) -> None:
        self.record.__dict__.clear()
        self.record.__dict__.update(self.attributes)
        self.record._state.adding = self.adding
        self.record._state.fields_cache = self.related


@dataclass
class UnitOfWork:
    """What the outermost operation and those inside it have recorded so far, in the order they started."""

    entries: list[Entry] = field(default_factory=list)
    locked: list[Record] = field(default_factory=list)
    memories: list[Memory] = field(default_factory=list)
    depth: int = 0

    def lock(self, record: Record) -> None:
        """Lock and re-read `record` once in this act, after the record whose history it belongs to."""
        if any(record is known for known in self.locked):
            return
        root = record.history_of()
        if root is not record:
            self.lock(root)
        record.lock()
        self.locked.append(record)

    def mark(self) -> tuple[int, int, int]:
        return len(self.entries), len(self.locked), len(self.memories)

    def back_to(self, mark: tuple[int, int, int]) -> None:
        """Forget what was recorded since `mark`, and leave every object in memory as it stood then."""
        entries, locked, memories = mark
        del self.entries[entries:]
        del self.locked[locked:]
        while len(self.memories) > memories:
            self.memories.pop().restore()


_current: ContextVar[UnitOfWork | None] = ContextVar("tipstaff_unit_of_work", default=None)


def under_way() -> bool:
    """Whether an act surrounds what runs now."""
    return _current.get() is not None


def in_unit_of_work[R](act: Callable[[UnitOfWork], R]) -> R:
    """Run `act` in the unit of work under way, or in a new one that ends by appending its events. A new one is tried
    again after a deadlock, unless someone else's transaction surrounds it.
    """
    if work := _current.get():
        return act(work)
    tries = 1 if connection.in_atomic_block else 1 + DEADLOCK_RETRIES
    while True:
        tries -= 1
        try:
            return _outermost(act)
        except OperationalError as error:
            if not tries or not isinstance(error.__cause__, errors.DeadlockDetected | errors.SerializationFailure):
                raise


def _outermost[R](act: Callable[[UnitOfWork], R]) -> R:
    work = UnitOfWork()
    token = _current.set(work)
    try:
        with transaction.atomic():
            result = act(work)
            append(work.entries)
    except BaseException:
        work.back_to((0, 0, 0))
        raise
    finally:
        _current.reset(token)
    for entry in work.entries:
        OPERATIONS.labels(entry.kind, "performed").inc()
    return result
