"""Celery's part in the jobs themselves: ticks. What is left to do stands in the rows."""

from celery import shared_task

from tipstaff.jobs import progress


@shared_task(ignore_result=True)
def go_on() -> int:
    return progress.go_on()
