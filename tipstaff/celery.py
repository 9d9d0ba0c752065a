"""The Celery application. Every job is derived from rows, so a lost message loses nothing."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from celery import Celery
from celery.exceptions import OperationalError
from celery.signals import setup_logging, worker_process_init
from django.conf import settings
from django.dispatch import receiver
from django_structlog.celery.signals import bind_extra_task_metadata, modify_context_before_task_publish
from django_structlog.celery.steps import DjangoStructLogInitStep

from tipstaff import tracing
from tipstaff.jobs import memory
from tipstaff.metrics import share
from tipstaff.queues import QUEUES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tipstaff.settings")

app = Celery("tipstaff", task_cls="tipstaff.jobs.task:Job")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.steps["worker"].add("tipstaff.jobs.pulse:Pulse")
app.autodiscover_tasks()

if "worker" in sys.argv:
    share(settings.METRICS_DIR)

CARRIED = ("request_id", "parent_task_id")


@setup_logging.connect
def keep_our_logging(**_signal: Any) -> None:
    """That somebody listens keeps Celery from putting its own format, and its colours, over settings.LOGGING."""


@worker_process_init.connect
def trace(**_signal: Any) -> None:
    """In each process of the pool: what sends traces is a thread, which no fork takes along."""
    tracing.start("worker")


@worker_process_init.connect
def settle(**_signal: Any) -> None:
    memory.look_rarely()


@receiver(modify_context_before_task_publish)
def carry_ids_only(context: dict[str, Any], **_signal: Any) -> None:
    """What a task knows of the request that it came from: the id, to find its lines, and nothing of who it was."""
    for name in set(context) - set(CARRIED):
        del context[name]


@receiver(bind_extra_task_metadata)
def name_the_task(task: Any, **_signal: Any) -> None:
    """Every line of a task says which it is and where it came from; its id and the request's are there already."""
    structlog.contextvars.bind_contextvars(task=task.name, queue=queue_of(task))


def queue_of(task: Any) -> str:
    """Where the message came from; where Celery does not say, as after the time limit, where it is routed."""
    came = (task.request.delivery_info or {}).get("routing_key")
    return str(came or app.amqp.router.route({}, task.name)["queue"].name)


@contextmanager
def broker() -> Iterator[Any]:
    """An open line to the broker, to look at it. Raises OSError, whatever the transport, if it does not answer."""
    with app.connection_for_read() as line:
        try:
            line.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=2)
            yield line
        except (*line.connection_errors, *line.channel_errors, OperationalError) as error:
            raise ConnectionError(str(error)) from error


def waiting() -> dict[str, int] | None:
    """How many tasks wait in each queue; None where the broker does not answer."""
    try:
        with broker() as line:
            return {queue: _length(line, queue) for queue in QUEUES}
    except OSError:
        return None


def _length(line: Any, queue: str) -> int:
    """A queue that nothing was sent to yet is an empty one; RabbitMQ closes the channel over it."""
    channel = line.channel()
    try:
        return int(channel.queue_declare(queue, passive=True).message_count)
    except line.channel_errors:
        return 0
    finally:
        channel.close()
