"""Celery's part in delivery: ticks. What is due stands in the rows."""

from typing import Any

from celery import shared_task

from tipstaff.jobs.alone import alone
from tipstaff.notices import outbox, webhooks


@shared_task(bind=True, ignore_result=True)
def deliver(self: Any) -> None:
    """One round at a time in each worker: a mail server that hangs leaves the others of its processes to the clocks."""
    with alone(f"deliver messages {self.request.hostname}") as free:
        if free:
            outbox.deliver_due()


@shared_task(ignore_result=True)
def deliver_webhooks() -> None:
    """One round at a time: receivers that are slow to answer never hold more than one worker."""
    with alone("deliver webhooks") as free:
        if free:
            webhooks.deliver_due()
