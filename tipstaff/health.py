"""Is it alive, and is it ready: asked by `make run`, by load balancers and by people. Says what is wrong in words."""

import functools
import threading
import time
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Min
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from tipstaff.access import is_operators, public
from tipstaff.celery import broker
from tipstaff.jobs import beats
from tipstaff.jobs.models import Worker
from tipstaff.metrics.rows import unsigned
from tipstaff.sla.models import Clock
from tipstaff.time import now

KEPT_SECONDS = 2.0  # asked more often, it answers what it knows
UNSIGNED_SECONDS = 60  # the sequencer looks every second
OK = "ok"


@public
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers. Nothing else is asked, so a restart is right when this fails."""
    return _answer({"status": OK})


@public
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """503 when this process can serve nobody: no database, or migrations that are missing. 200 otherwise, `degraded`
    when a part is down without which things are late and nothing is lost, so that no balancer takes the web away with
    it. Which part, only the operator is told (METRICS_TOKEN, METRICS_ALLOWED_ADDRESSES).
    """
    checks = READINESS.checks()
    status, sentence = _sum_up(checks)
    told: dict[str, object] = {"status": status, "sentence": sentence}
    if is_operators(request):
        told["checks"] = checks
    return _answer(told, status=503 if status == "not ready" else 200)


def _answer(told: dict[str, object], status: int = 200) -> JsonResponse:
    return JsonResponse(told, status=status, headers={"Cache-Control": "no-store"})


def _sum_up(checks: dict[str, str]) -> tuple[str, str]:
    wrong = {name for name, said in checks.items() if said != OK}
    if wrong & NEEDED.keys():
        return "not ready", "Tipstaff cannot work now: its database is not there or not up to date."
    if wrong:
        return "degraded", "Tipstaff works, and a part of it is down: mails, clocks or signatures are late."
    return "ready", "Everything works."


# --- what is looked at ---
def _database() -> str:
    try:
        with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return f"the database does not answer: {type(error).__name__}"
    return OK


def _migrations() -> str:
    missing = missing_migrations()
    return OK if not missing else f"{len(missing)} migrations are not applied: run manage.py migrate"


def missing_migrations() -> list[str]:
    """Those of this code that the database has not had, as `app.name`."""
    applied = MigrationRecorder(connections[DEFAULT_DB_ALIAS]).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in _known_migrations() - set(applied))


@functools.cache
def _known_migrations() -> set[tuple[str, str]]:
    return set(MigrationLoader(None).disk_migrations)


def _broker() -> str:
    try:
        with broker():
            return OK
    except OSError as error:
        return f"the broker does not answer: {type(error.__cause__ or error).__name__}"


def _heartbeat() -> str:
    """Each periodic job did what was due within three of its intervals, and the clocks are up to date."""
    late = [beat for beat in beats.beats() if beat.alarming]
    if any(beat.name == beats.SWEEP and beat.last is None for beat in late):
        return "no sweep has run yet: beat and worker must both be up"
    if late:
        told = ", ".join(f"{beat.name} {_seconds(beat.age)} seconds ago" for beat in late)
        return f"last run too long ago: {told}: beat or worker is down, or the job fails (/jobs/)"
    waiting = now() - timedelta(seconds=3 * settings.SWEEP_SECONDS + 5)
    first = Clock.objects.due_for_check(waiting).aggregate(first=Min("next_check_at"))["first"]
    if first is not None:
        return f"the sweep runs, and a clock waits for it since {_seconds(now() - first)} seconds: its log says why"
    return OK


def _seconds(span: timedelta | None) -> int:
    return int(span.total_seconds()) if span else 0


def _workers() -> str:
    """None went silent, and every queue has one that takes from it."""
    at = now()
    dead = [f"{worker.name} for {_seconds(at - worker.seen_at)} seconds" for worker in Worker.objects.dead(at)]
    if dead:
        return f"silent: {', '.join(dead)}"
    untaken = beats.untaken(at)
    return f"no worker takes from {', '.join(untaken)}" if untaken else OK


def _sequencer() -> str:
    count, seconds = unsigned()
    if seconds > UNSIGNED_SECONDS:
        return f"{count} events wait to be signed, one for {int(seconds)} seconds: the sequencer is down"
    return OK


NEEDED: dict[str, Callable[[], str]] = {"database": _database, "migrations": _migrations}
CHECKS = NEEDED | {"broker": _broker, "heartbeat": _heartbeat, "workers": _workers, "sequencer": _sequencer}


class Readiness:
    """Looks at everything at most once in KEPT_SECONDS, whoever asks and however often."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.known: dict[str, str] = {}
        self.until = float("-inf")

    def checks(self) -> dict[str, str]:
        with self.lock:
            if time.monotonic() > self.until:
                self.known = {name: _said(check) for name, check in CHECKS.items()}
                self.until = time.monotonic() + KEPT_SECONDS
            return self.known

    def forget(self) -> None:
        self.until = float("-inf")


def _said(check: Callable[[], str]) -> str:
    try:
        return check()
    except DatabaseError as error:
        return f"cannot be told: {type(error).__name__}"


READINESS = Readiness()
