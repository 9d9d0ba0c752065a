"""The Celery application. Every job is derived from rows, so a lost message loses nothing."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from django.dispatch import receiver
from django_structlog.celery.signals import modify_context_before_task_publish
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tipstaff.settings")

app = Celery("tipstaff")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks()

CARRIED = ("request_id", "parent_task_id")


@setup_logging.connect
def keep_our_logging(**_signal: Any) -> None:
    """That somebody listens keeps Celery from putting its own format, and its colours, over settings.LOGGING."""


@receiver(modify_context_before_task_publish)
def carry_ids_only(context: dict[str, Any], **_signal: Any) -> None:
    """What a task knows of the request that it came from: the id, to find its lines, and nothing of who it was."""
    for name in set(context) - set(CARRIED):
        del context[name]
