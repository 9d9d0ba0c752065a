"""What every task of ours is: tried again when something outside failed, and given up in the end."""

from celery import Task
from django.db import InterfaceError, OperationalError

# What is over by itself: the database, the broker or a machine far away does not answer.
OUTSIDE = (OperationalError, InterfaceError, ConnectionError, TimeoutError)
TRIES_AGAIN = 6
LONGEST_WAIT = 120  # seconds; with the time limit it must stay below the visibility timeout (checks.py)


class Job(Task):
    """The class of each task. Waits of 2, 4, 8 … seconds, each drawn at random from none to all of it, so that what
    failed together does not come back together. A tick of beat is not tried again: the next one comes anyway.
    """

    abstract = True
    autoretry_for = OUTSIDE
    max_retries = TRIES_AGAIN
    retry_backoff = 2
    retry_backoff_max = LONGEST_WAIT
    retry_jitter = True
    default_retry_delay = 10  # after the process that ran it died
