"""What Celery's own signals tell of each task: when it began, how it ended. Whatever fails here fails no task: a
receiver's exception is logged and dropped by Celery.
"""

from typing import Any

from celery.signals import task_failure, task_prerun, task_success, worker_ready
from django.db import connections

from tipstaff.jobs import beats, letters


@task_prerun.connect
def note_begin(sender: Any = None, **_signal: Any) -> None:
    if name := beats.entry_of(sender.name):
        beats.begun(name)


@task_success.connect
def note_end(sender: Any = None, result: Any = None, **_signal: Any) -> None:
    if name := beats.entry_of(sender.name):
        beats.ended(name, result)
    letters.succeeded(sender.name, sender.request.args, sender.request.kwargs)


@task_failure.connect
def bury(
    sender: Any = None,
    task_id: str = "",
    exception: BaseException | None = None,
    args: Any = None,
    kwargs: Any = None,
    **_signal: Any,
) -> None:
    if exception is not None:
        letters.bury(sender, task_id, exception, args, kwargs)


@task_failure.connect
def note_failure(sender: Any = None, exception: BaseException | None = None, **_signal: Any) -> None:
    if (name := beats.entry_of(sender.name)) and exception is not None:
        beats.went_wrong(name, exception)


@worker_ready.connect
def note_schedule(**_signal: Any) -> None:
    """In the main process, which keeps no connection: the pool's are forked from it."""
    beats.expect()
    connections.close_all()
