"""One act, one transaction: rows, events, clocks and outbox rows are all there, or none is."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.db import OperationalError, connection, models, transaction
from psycopg import errors

from tipstaff.ledger.append import Entry, write
from tipstaff.metrics.counts import OPERATIONS
from tipstaff.workflow.models import Record
from tipstaff.workflow.rows import update_rows

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
    """What the outermost operation and those inside it have recorded so far, in the order they started. One that
    `gathers` writes its rows at the end, a statement for each table, instead of one by one as they come.
    """

    gathers: bool = False
    entries: list[Entry] = field(default_factory=list)
    locked: dict[int, Record] = field(default_factory=dict)  # by the identity of the object in memory
    memories: list[Memory] = field(default_factory=list)
    changed: list[tuple[Record, list[str]]] = field(default_factory=list)
    added: list[models.Model] = field(default_factory=list)
    known: dict[Hashable, Any] = field(default_factory=dict)  # what was read `once`
    depth: int = 0

    def lock(self, record: Record) -> None:
        """Lock and re-read `record` once in this act, after the record whose history it belongs to."""
        if id(record) in self.locked:
            return
        root = record.history_of()
        if root is not record:
            self.lock(root)
        record.lock()
        self.holds(record)

    def holds(self, record: Record) -> None:
        """`record` was read and locked in this transaction, by a query that did it for several at once."""
        self.locked[id(record)] = record

    def update(self, record: Record, columns: list[str]) -> None:
        """Write these columns of a locked record."""
        if self.gathers:
            self.changed.append((record, columns))
        else:
            record.save(update_fields=columns)

    def insert(self, row: models.Model) -> None:
        """Write a row that goes with the act and that nobody reads before its end."""
        if self.gathers:
            self.added.append(row)
        else:
            row.save(force_insert=True)

    def mark(self) -> tuple[int, int, int, int, int]:
        return len(self.entries), len(self.locked), len(self.memories), len(self.changed), len(self.added)

    def back_to(self, mark: tuple[int, int, int, int, int]) -> None:
        """Forget what was recorded since `mark`, and leave every object in memory as it stood then."""
        entries, locked, memories, changed, added = mark
        del self.entries[entries:]
        while len(self.locked) > locked:
            self.locked.popitem()
        while len(self.memories) > memories:
            self.memories.pop().restore()
        del self.changed[changed:]
        del self.added[added:]

    def finish(self) -> None:
        """Write what was gathered and append the events."""
        update_rows(self.changed)
        by_model: dict[type[models.Model], list[models.Model]] = {}
        for row in self.added:
            by_model.setdefault(type(row), []).append(row)
        for model, rows in by_model.items():
            model._base_manager.bulk_create(rows)
        write(self.entries)


_current: ContextVar[UnitOfWork | None] = ContextVar("tipstaff_unit_of_work", default=None)


def under_way() -> bool:
    """Whether an act surrounds what runs now."""
    return _current.get() is not None


def in_unit_of_work[R](act: Callable[[UnitOfWork], R], *, gathers: bool = False) -> R:
    """Run `act` in the unit of work under way, or in a new one that ends by appending its events. A new one is tried
    again after a deadlock, unless someone else's transaction surrounds it.

    `gathers` is for the same act done to many records that are locked already (`UnitOfWork.holds`): their rows are
    written together at the end. Until then the database shows them as they were, so nothing inside may read them anew.
    """
    if work := _current.get():
        return act(work)
    tries = 1 if connection.in_atomic_block else 1 + DEADLOCK_RETRIES
    while True:
        tries -= 1
        try:
            return _outermost(act, gathers)
        except OperationalError as error:
            if not tries or not isinstance(error.__cause__, errors.DeadlockDetected | errors.SerializationFailure):
                raise


def _outermost[R](act: Callable[[UnitOfWork], R], gathers: bool) -> R:
    work = UnitOfWork(gathers)
    token = _current.set(work)
    try:
        with transaction.atomic():
            result = act(work)
            work.finish()
    except BaseException:
        work.back_to((0, 0, 0, 0, 0))
        raise
    finally:
        _current.reset(token)
    _count(work.entries)
    return result


def once[R](key: Hashable, read: Callable[[], R]) -> R:
    """What `read` answers, asked once in an act however many records it touches; anew each time outside one. For what
    the act itself does not change.
    """
    work = _current.get()
    if work is None:
        return read()
    if key not in work.known:
        work.known[key] = read()
    found: R = work.known[key]
    return found


def _count(entries: Iterable[Entry]) -> None:
    for kind, times in Counter(entry.kind for entry in entries).items():
        OPERATIONS.labels(kind, "performed").inc(times)


def insert(row: models.Model) -> None:
    """Write a row in the act under way, which the body of an operation always stands in."""
    work = _current.get()
    if work is None:
        raise RuntimeError("A row that goes with an act is written inside one.")
    work.insert(row)
