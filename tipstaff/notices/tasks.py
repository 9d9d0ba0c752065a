"""Celery's part in delivery: ticks. What is due stands in the rows."""

from collections.abc import Iterator
from contextlib import contextmanager

from celery import shared_task
from django.db import DEFAULT_DB_ALIAS, connections

from tipstaff.notices import outbox, webhooks


@shared_task(ignore_result=True)
def deliver() -> None:
    outbox.deliver_due()


@shared_task(ignore_result=True)
def deliver_webhooks() -> None:
    """One round at a time: receivers that are slow to answer never hold more than one worker."""
    with alone("deliver webhooks") as free:
        if free:
            webhooks.deliver_due()


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
