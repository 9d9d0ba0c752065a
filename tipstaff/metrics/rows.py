"""What the rows, the broker and the disks say at this moment. Read from them and never counted along: a worker that
died takes nothing with it.
"""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Count, Min, Q, Sum
from django.db.models.functions import Coalesce
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from tipstaff.celery import waiting
from tipstaff.jobs import beats
from tipstaff.jobs.models import Progress, Worker
from tipstaff.jobs.models.progress import STALLED_AFTER
from tipstaff.ledger.models import Event
from tipstaff.notices.models import Delivery, Message
from tipstaff.sla.models import Clock
from tipstaff.time import now
from tipstaff.vault.models import SealedFile

KEPT_SECONDS = 10.0  # scrapes within this time get the same answer
NEWEST_EVENTS = 2000  # how far back the gauge looks for events without a leaf; `doctor` looks at all
# What leaves the house: the model whose rows are the jobs, and the event that says one was given up.
CHANNELS: dict[str, tuple[Any, str]] = {
    "mail": (Message, "message.given_up"),
    "webhook": (Delivery, "delivery.given_up"),
}

Reading = Iterator[Metric]


def unsigned() -> tuple[int, float]:
    """How many of the newest events have no leaf yet, and how many seconds the oldest of them has waited."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*), min(newest.at)
               FROM (SELECT id, at FROM ledger_event ORDER BY id DESC LIMIT %s) newest
               WHERE NOT EXISTS (SELECT FROM ledger_leaf WHERE ledger_leaf.event_id = newest.id)""",
            [NEWEST_EVENTS],
        )
        count, oldest = cursor.fetchone()
    return count, max((now() - oldest).total_seconds(), 0) if oldest else 0.0


def _messages() -> Reading:
    queued = _gauge("tipstaff_messages_queued", "Messages that wait to be handed over.", "channel")
    oldest = _gauge("tipstaff_messages_oldest_queued_seconds", "How long the oldest of them has waited.", "channel")
    retried = _gauge("tipstaff_messages_retrying", "Those of them that were tried before.", "channel")
    given_up = CounterMetricFamily(
        "tipstaff_messages_undeliverable", "Messages that were given up since the beginning.", labels=["channel"]
    )
    for channel, (model, kind) in CHANNELS.items():
        found = model._default_manager.filter(state="queued").aggregate(
            count=Count("pk"), oldest=Min("queued_at"), tried=Count("pk", filter=Q(attempts__gt=0))
        )
        queued.add_metric([channel], found["count"])
        oldest.add_metric([channel], _age(found["oldest"]))
        retried.add_metric([channel], found["tried"])
        given_up.add_metric([channel], Event.objects.filter(kind=kind).count())
    yield from (queued, oldest, retried, given_up)


def _clocks() -> Reading:
    opened = _gauge("tipstaff_clocks_open", "Clocks that have not been stopped.", "kind")
    breached = _gauge("tipstaff_clocks_breached", "Open clocks whose due time has passed.", "kind")
    late = Q(breached_at__isnull=False) | Q(paused_at=None, due_at__lt=now())
    found = {
        row["kind"]: row
        for row in Clock.objects.running()
        .values("kind")
        .order_by("kind")
        .annotate(count=Count("pk"), late=Count("pk", filter=late))
    }
    for kind in Clock.Kind.values:
        row = found.get(kind, {"count": 0, "late": 0})
        opened.add_metric([kind], row["count"])
        breached.add_metric([kind], row["late"])
    yield from (opened, breached)


def _sweeps() -> Reading:
    ran = _gauge("tipstaff_heartbeat_timestamp_seconds", "When a periodic job last ended well, in Unix time.", "job")
    late = _gauge("tipstaff_job_late_seconds", "How late a periodic job is, beyond its interval.", "job")
    alarm = _gauge("tipstaff_job_alarm", "Whether it is late by more than two intervals.", "job")
    for beat in beats.beats():
        late.add_metric([beat.name], beat.late.total_seconds())
        alarm.add_metric([beat.name], int(beat.alarming))
        if beat.last:
            ran.add_metric([beat.name], beat.last.timestamp())
    yield from (ran, late, alarm)
    first = Clock.objects.due_for_check(now()).aggregate(first=Min("next_check_at"))["first"]
    yield _gauge(
        "tipstaff_sweep_lag_seconds",
        "How long the clock that has waited longest has been due for a check.",
        value=_age(first),
    )


def _workers() -> Reading:
    at = now()
    yield _gauge(
        "tipstaff_workers_alive", "Workers that were heard a moment ago.", value=Worker.objects.alive(at).count()
    )
    yield _gauge("tipstaff_workers_dead", "Workers that went silent.", value=Worker.objects.dead(at).count())
    moving = Progress.objects.unfinished()
    yield _gauge("tipstaff_long_tasks", "Long tasks that are not done.", value=moving.count())
    stalled = moving.filter(moved_at__lt=at - STALLED_AFTER).count()
    yield _gauge("tipstaff_long_tasks_stalled", "Those of them that nothing moves.", value=stalled)


def _ledger() -> Reading:
    count, seconds = unsigned()
    yield _gauge(
        "tipstaff_ledger_unsigned_events", f"Events without a leaf among the newest {NEWEST_EVENTS}.", value=count
    )
    yield _gauge(
        "tipstaff_ledger_oldest_unsigned_seconds",
        "How long the oldest of them has waited for the sequencer.",
        value=seconds,
    )


def _vault() -> Reading:
    found = SealedFile.objects.filter(state=SealedFile.State.SEALED).aggregate(
        files=Count("pk"), size=Coalesce(Sum("size"), 0)
    )
    yield _gauge("tipstaff_vault_files", "Sealed files.", value=found["files"])
    yield _gauge("tipstaff_vault_bytes", "Their size before encryption.", value=found["size"])


def _broker() -> Reading:
    lengths = waiting()
    yield _gauge("tipstaff_broker_up", "Whether the broker answers.", value=int(lengths is not None))
    if lengths is not None:
        length = _gauge("tipstaff_broker_queue_length", "Tasks that wait in a queue.", "queue")
        for queue, count in lengths.items():
            length.add_metric([queue], count)
        yield length


def _disks() -> Reading:
    free = _gauge("tipstaff_disk_free_bytes", "Room that is left where something is kept.", "place")
    for place, path in {"home": settings.TIPSTAFF_HOME, "vault": settings.VAULT_DIR}.items():
        if path.exists():
            free.add_metric([place], shutil.disk_usage(path).free)
    yield free


FROM_ROWS: tuple[Callable[[], Reading], ...] = (_messages, _clocks, _sweeps, _workers, _ledger, _vault)
FROM_ELSEWHERE: tuple[Callable[[], Reading], ...] = (_broker, _disks)


class Rows(Collector):
    """Reads everything at once and keeps it for some seconds, so that many scrapers cost as much as one."""

    def __init__(self, kept_seconds: float = KEPT_SECONDS) -> None:
        self.kept_seconds = kept_seconds
        self.lock = threading.Lock()
        self.read_at = float("-inf")
        self.kept: list[Metric] = []

    def collect(self) -> list[Metric]:
        with self.lock:
            if time.monotonic() - self.read_at > self.kept_seconds:
                self.kept = list(self._read())
                self.read_at = time.monotonic()
            return self.kept

    def _read(self) -> Reading:
        began = time.perf_counter()
        try:
            found = [metric for read in FROM_ROWS for metric in read()]
        except DatabaseError:
            found = []
        yield _gauge("tipstaff_database_up", "Whether the database answers.", value=int(bool(found)))
        yield from found
        for read in FROM_ELSEWHERE:
            yield from read()
        yield _gauge("tipstaff_rows_read_seconds", "How long reading all this took.", value=time.perf_counter() - began)


def _gauge(name: str, told: str, *labels: str, value: float | None = None) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, told, labels=labels or None, value=value)


def _age(instant: Any) -> float:
    return max((now() - instant).total_seconds(), 0) if instant else 0.0
