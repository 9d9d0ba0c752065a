"""Celery's part in delivery: ticks. What is due stands in the rows."""

from celery import shared_task
from django.db import connection

from tipstaff.notices import outbox, webhooks


@shared_task(ignore_result=True)
def deliver() -> None:
    outbox.deliver_due()


@shared_task(ignore_result=True)
def deliver_webhooks() -> None:
    """One round at a time: receivers that are slow to answer never hold more than one worker."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended('deliver_webhooks', 0))")
        if not cursor.fetchone()[0]:
            return
    try:
        webhooks.deliver_due()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended('deliver_webhooks', 0))")
