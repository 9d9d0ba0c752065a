"""Celery's part in delivery: a tick. What is due stands in the rows."""

from celery import shared_task

from tipstaff.notices import outbox


@shared_task(ignore_result=True)
def deliver() -> None:
    outbox.deliver_due()
