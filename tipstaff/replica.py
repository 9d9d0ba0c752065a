"""Reading from a replica of the database, where there is one (REPLICA_DATABASE_URL) and where it may lag."""

import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from django.http import HttpRequest
from django.http.response import HttpResponseBase

REPLICA = "replica"
_reading = ContextVar("reading from the replica", default=False)


def may_lag(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """The page may be some moments behind: what it reads comes from the replica, if there is one.

    Stands below `needs`: who asks, and what they may, is always read from the database itself. So is all that a post
    reads, and whatever is locked or written goes there.
    """

    @functools.wraps(view)
    def run(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method not in {"GET", "HEAD"} or REPLICA not in settings.DATABASES:
            return view(request, *args, **kwargs)
        mark = _reading.set(True)
        try:
            return view(request, *args, **kwargs)
        finally:
            _reading.reset(mark)

    return run


class Router:
    """Sends the reads of `may_lag` pages to the replica and everything else where it always went."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return REPLICA if _reading.get() else _never_the_replica(hints)

    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        return _never_the_replica(hints)

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool | None:
        return True if {one._state.db, other._state.db} <= {REPLICA, DEFAULT_DB_ALIAS} else None

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return False if db == REPLICA else None


def _never_the_replica(hints: dict[str, Any]) -> str | None:
    """A row that was read from the replica is changed, or read anew, in the database itself."""
    instance = hints.get("instance")
    return DEFAULT_DB_ALIAS if instance is not None and instance._state.db == REPLICA else None
