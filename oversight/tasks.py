"""Celery's part: a tick. What is to be told is found in the rows."""

from celery import shared_task

from oversight import lapses
from tipstaff.notices import reminders


@shared_task(ignore_result=True)
def tell_endings() -> None:
    """Tell the custodians, once a week, of disposals that wait."""
    reminders.sweep(lapses.WATCHES)
