"""The platform: everything Tipstaff stands on that knows nothing about abuse."""

from tipstaff.celery import app as celery_app

__all__ = ["celery_app"]
