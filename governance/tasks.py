"""Celery's part: a tick. What is to be told is found in the rows."""

from celery import shared_task

from governance import lapses
from tipstaff.notices import reminders


@shared_task(ignore_result=True)
def tell_endings() -> None:
    """Tell of waivers that end, lapse or wait for an answer."""
    reminders.sweep(lapses.WATCHES)
