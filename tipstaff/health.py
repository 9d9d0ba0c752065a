"""Is it alive, and is it ready: asked by `make run`, by load balancers and by people. Says what is wrong in words."""

from collections.abc import Callable
from datetime import timedelta

from celery import current_app
from celery.exceptions import OperationalError
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from tipstaff.access import public
from tipstaff.sla.models import Heartbeat
from tipstaff.time import now


@public
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers. Nothing else is asked, so a restart is right when this fails."""
    return JsonResponse({"status": "ok"})


@public
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when work can be done: database, migrations, broker, and a sweep not long ago. Else 503, and which part."""
    checks = {name: check() for name, check in CHECKS.items()}
    ready = all(said == "ok" for said in checks.values())
    return JsonResponse({"status": "ready" if ready else "not ready", "checks": checks}, status=200 if ready else 503)


def _database() -> str:
    try:
        with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return f"the database does not answer: {type(error).__name__}"
    return "ok"


def _migrations() -> str:
    try:
        executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
        missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except DatabaseError as error:
        return f"cannot be told: {type(error).__name__}"
    return "ok" if not missing else f"{missing} migrations are not applied: run manage.py migrate"


def _broker() -> str:
    try:
        with current_app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=2)
    except (OperationalError, OSError) as error:
        return f"the broker does not answer: {type(error).__name__}"
    return "ok"


def _heartbeat() -> str:
    try:
        beat = Heartbeat.objects.filter(name="sweep").first()
    except DatabaseError as error:
        return f"cannot be told: {type(error).__name__}"
    if beat is None:
        return "no sweep has run yet: beat and worker must both be up"
    late = now() - beat.at
    if late > timedelta(seconds=3 * settings.SWEEP_SECONDS + 5):
        return f"the last sweep was {int(late.total_seconds())} seconds ago: beat or worker is down"
    return "ok"


CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "migrations": _migrations,
    "broker": _broker,
    "heartbeat": _heartbeat,
}
