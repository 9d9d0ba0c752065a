"""What this process counts while it works: requests, statements and operations."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import prometheus_client.values
from django.db import DEFAULT_DB_ALIAS, connections
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

from tipstaff.metrics import identity

FOLDER = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
if FOLDER:
    prometheus_client.values.ValueClass = prometheus_client.values.MultiProcessValue(identity)

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SECONDS = (0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30)
STATEMENTS = (0, 2, 4, 8, 12, 16, 24, 50, 100)

OWN = CollectorRegistry()
REQUESTS = Counter(
    "tipstaff_http_requests",
    "Requests answered, by the name of the view (`none` where no address matched).",
    ["view", "method", "status"],
    registry=OWN,
)
DURATION = Histogram(
    "tipstaff_http_request_duration_seconds",
    "From the first middleware to the answer; a file that is streamed goes on after that.",
    ["view", "method"],
    buckets=SECONDS,
    registry=OWN,
)
DATABASE = Histogram(
    "tipstaff_http_request_database_statements",
    "SQL statements of one request.",
    ["view"],
    buckets=STATEMENTS,
    registry=OWN,
)
OPERATIONS = Counter(
    "tipstaff_operations",
    "Operations by the kind of event that each records: performed (counted when committed), refused (a guard or the "
    "state said no), not_permitted (the actor may not).",
    ["kind", "result"],
    registry=OWN,
)


def collector() -> Any:
    """Yields what was counted: by every process that shares a folder, or by this one."""
    return MultiProcessCollector(None, FOLDER) if FOLDER else OWN


class Statements:
    """Counts what passes to the database."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, execute: Callable[..., Any], *statement: Any) -> Any:
        self.count += 1
        return execute(*statement)


@contextmanager
def statements() -> Iterator[Statements]:
    """Count the statements of this thread within the block."""
    counted = Statements()
    with connections[DEFAULT_DB_ALIAS].execute_wrapper(counted):
        yield counted


def answered(*, view: str, method: str, status: int, seconds: float, statements: int) -> None:
    known = method if method in METHODS else "other"
    REQUESTS.labels(view, known, status).inc()
    DURATION.labels(view, known).observe(seconds)
    DATABASE.labels(view).observe(statements)
