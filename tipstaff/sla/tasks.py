"""Celery's part in the clocks: a tick. What is due stands in the rows."""

from celery import shared_task

from tipstaff.sla.sweep import sweep as sweep_clocks


@shared_task(ignore_result=True)
def sweep() -> None:
    sweep_clocks()
