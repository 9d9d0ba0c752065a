"""The Celery application. Every job is derived from rows, so a lost message loses nothing."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tipstaff.settings")

app = Celery("tipstaff")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
