"""A connection of one's own to the database, for what must be written down whatever became of the usual one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

PATIENCE = 3  # seconds to reach the database: meanwhile a worker hands out no task


@contextmanager
def own_cursor() -> Iterator[Any]:
    own = connections.create_connection(DEFAULT_DB_ALIAS)
    options = {name: value for name, value in own.settings_dict.get("OPTIONS", {}).items() if name != "pool"}
    own.settings_dict = own.settings_dict | {"OPTIONS": options | {"connect_timeout": PATIENCE}}
    try:
        with own.cursor() as cursor:
            yield cursor
    finally:
        own.close()
