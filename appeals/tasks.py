"""Celery's part: a tick. What is to be told is found in the rows."""

from celery import shared_task

from appeals import lapses
from tipstaff.notices import reminders


@shared_task(ignore_result=True)
def tell_endings() -> None:
    """Tell of the right to appeal before it ends, and of appeals that lie."""
    reminders.sweep(lapses.WATCHES)
