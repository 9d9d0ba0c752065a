"""Doing something alone: a lock that goes with whoever held it."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, connections


@contextmanager
def alone(name: str) -> Iterator[bool]:
    """Hold `name` for the block; yields whether nobody else does. The lock belongs to a transaction on a connection of
    its own, so it goes with a process that dies, and PgBouncer may stand between.
    """
    own = connections.create_connection(DEFAULT_DB_ALIAS)
    try:
        own.set_autocommit(False)
        with own.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [name])
            yield cursor.fetchone()[0]
    finally:
        own.close()
