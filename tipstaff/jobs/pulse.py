"""A worker says every ten seconds that it is alive, and once that it ends."""

import logging
from typing import Any

from celery import bootsteps
from django.db import DatabaseError

from tipstaff.jobs.line import own_cursor
from tipstaff.jobs.models.tick import SEEN_EVERY

logger = logging.getLogger(__name__)


class Pulse(bootsteps.StartStopStep):
    """In the main process of a worker, by its own timer: a thread would be in the way of the forks of the pool."""

    requires = {"celery.worker.components:Timer"}

    def __init__(self, worker: Any, **_options: Any) -> None:
        self.timer: Any = None

    def start(self, worker: Any) -> None:
        say(worker)
        self.timer = worker.timer.call_repeatedly(SEEN_EVERY.total_seconds(), say, (worker,))

    def stop(self, worker: Any) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
            say(worker, ends=True)

    terminate = stop


def say(worker: Any, *, ends: bool = False) -> None:
    """Write it down, on a connection of its own that is closed again. Not being able to is no reason to stop."""
    queues = sorted(worker.app.amqp.queues.consume_from)
    try:
        with own_cursor() as cursor:
            cursor.execute(
                """INSERT INTO jobs_worker (name, queues, started_at, seen_at, stopped_at)
                   VALUES (%(name)s, %(queues)s, now(), now(), CASE WHEN %(ends)s THEN now() END)
                   ON CONFLICT (name) DO UPDATE SET queues = excluded.queues, seen_at = excluded.seen_at,
                       stopped_at = excluded.stopped_at, started_at = CASE WHEN jobs_worker.stopped_at IS NULL
                           THEN jobs_worker.started_at ELSE excluded.started_at END""",
                {"name": worker.hostname[:200], "queues": queues, "ends": ends},
            )
    except DatabaseError as error:
        logger.warning("this worker could not say that it is alive", exc_info=error)
