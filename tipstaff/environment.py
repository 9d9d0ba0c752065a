"""What the settings are read from, and what follows from the address of a database or of a broker."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from environ import Env
from environ.fileaware_mapping import FileAwareMapping

from tipstaff.queues import PRIORITY_STEPS


class Environment(FileAwareMapping):
    """Where `NAME_FILE` names a file, the value stands in it, as secrets are handed to containers and services."""

    def __getitem__(self, name: str) -> str:
        try:
            return super().__getitem__(name).rstrip("\r\n")
        except OSError as error:
            raise ImproperlyConfigured(f"The file that {name}_FILE names cannot be read: {error.strerror}.") from error


def database(url: str, *, pool_threads: int = 0, pgbouncer: bool = False) -> dict[str, Any]:
    """Django's settings for a PostgreSQL; another kind of database is refused.

    `pool_threads` keeps a pool for that many threads. `pgbouncer` is for PgBouncer in transaction mode: it is the pool,
    and between two transactions a connection is another's, so nothing may be kept on the server from one to the next.
    """
    parsed = Env.db_url_config(url)
    if parsed.get("ENGINE") != "django.db.backends.postgresql":
        raise ImproperlyConfigured("Tipstaff runs on PostgreSQL 18 only: DATABASE_URL must start with postgres://.")
    options = parsed.setdefault("OPTIONS", {})
    if pgbouncer:
        options["prepare_threshold"] = None
        parsed["DISABLE_SERVER_SIDE_CURSORS"] = True
    if pool_threads and not pgbouncer:
        options["pool"] = {"min_size": 2, "max_size": pool_threads + 2, "timeout": 10}
    else:
        parsed["CONN_MAX_AGE"] = 60
        parsed["CONN_HEALTH_CHECKS"] = True
    return parsed


def broker(url: str) -> dict[str, Any]:
    """Celery's settings that depend on the kind of broker: Valkey or Redis, or RabbitMQ with quorum queues."""
    if url.partition("://")[0] in {"amqp", "amqps", "pyamqp"}:
        return {
            "CELERY_TASK_DEFAULT_QUEUE_TYPE": "quorum",
            "CELERY_TASK_CREATE_MISSING_QUEUE_TYPE": "quorum",
            "CELERY_TASK_CREATE_MISSING_QUEUE_EXCHANGE_TYPE": "topic",
            "CELERY_WORKER_DETECT_QUORUM_QUEUES": True,
            # A worker on quorum queues prepares for delayed messages, which we never send: that needs this exchange,
            # and 28 queues that would each be replicated.
            "CELERY_TASK_DEFAULT_EXCHANGE_TYPE": "topic",
            "CELERY_BROKER_NATIVE_DELAYED_DELIVERY_QUEUE_TYPE": "classic",
            "CELERY_BROKER_TRANSPORT_OPTIONS": {"confirm_publish": True},
        }
    options = {
        "visibility_timeout": 900,  # longer than any task with its longest wait: tipstaff/jobs/checks.py
        "socket_timeout": 10,
        "socket_connect_timeout": 5,
        "priority_steps": PRIORITY_STEPS,
    }
    return {"CELERY_BROKER_TRANSPORT_OPTIONS": options}
