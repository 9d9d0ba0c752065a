"""Celery's part in the jobs themselves: ticks. What is left to do stands in the rows."""

from typing import Any

from celery import shared_task

from tipstaff.jobs import letters, progress


@shared_task(ignore_result=True)
def go_on() -> int:
    """Send again what was lost on the way."""
    return progress.go_on() + letters.send_unsent()


@shared_task(ignore_result=True, max_retries=1000, retry_backoff_max=60)
def bury(facts: dict[str, Any]) -> None:
    """A letter that could not be written at once: tried each minute until the database is back."""
    letters.write(facts)
