"""Settings of Celery that contradict each other: `manage.py check` refuses to let them into production."""

from collections.abc import Iterator
from typing import Any

from celery import current_app
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from tipstaff.queues import QUEUES


@register()
def visibility(app_configs: Any, **_kwargs: Any) -> list[CheckMessage]:
    """A message that is unacknowledged for longer than the visibility timeout is given to a second worker. So each
    task must be over by then, with the longest wait before it is tried again.
    """
    timeout = settings.CELERY_BROKER_TRANSPORT_OPTIONS.get("visibility_timeout")
    return [] if timeout is None else list(_overrunning(timeout))


def _overrunning(timeout: float) -> Iterator[CheckMessage]:
    current_app.autodiscover_tasks(force=True)
    for name, task in sorted(current_app.tasks.items()):
        if name.startswith("celery."):
            continue
        limit = task.time_limit or settings.CELERY_TASK_TIME_LIMIT
        wait = max(task.retry_backoff_max, task.default_retry_delay)
        if limit + wait >= timeout:
            yield Error(
                f"{name} may take {limit} s and wait {wait} s before, which is not less than the broker's visibility "
                f"timeout of {timeout} s: it would run twice at once.",
                hint="Raise visibility_timeout in tipstaff/environment.py, or lower the task's limits.",
                id="jobs.E001",
            )


@register()
def limits(app_configs: Any, **_kwargs: Any) -> list[CheckMessage]:
    """Asked to stop before it is killed."""
    if settings.CELERY_TASK_SOFT_TIME_LIMIT < settings.CELERY_TASK_TIME_LIMIT:
        return []
    return [Error("CELERY_TASK_SOFT_TIME_LIMIT must be below CELERY_TASK_TIME_LIMIT.", id="jobs.E002")]


@register()
def routes(app_configs: Any, **_kwargs: Any) -> list[CheckMessage]:
    """A queue that no worker takes from keeps its tasks for ever."""
    return [
        Error(f"{task} is routed to {route['queue']}, which no worker takes from.", id="jobs.E003")
        for task, route in settings.CELERY_TASK_ROUTES.items()
        if route["queue"] not in QUEUES
    ]
