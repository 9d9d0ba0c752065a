"""How values look in an event, so that the same value always gives the same bytes."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Model
from django.utils.duration import duration_iso_string


class NotAFact(TypeError):
    """A value that may not stand in an event."""


def instant(value: datetime) -> str:
    """RFC 3339 in UTC with microseconds."""
    return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def fact(value: Any) -> Any:
    """`value` as JSON. A model instance becomes its reference, a file its SHA-256; anything without one is refused."""
    match value:
        case None | bool() | int() | str():
            return value
        case datetime():
            if value.tzinfo is None:
                raise NotAFact("An instant without a time zone cannot stand in an event.")
            return instant(value)
        case date():
            return value.isoformat()
        case timedelta():
            return duration_iso_string(value)
        case UUID() | Decimal():
            return str(value)
        case Model():
            digest = getattr(value, "sha256", "")
            return f"sha256:{digest}" if digest else _reference(value)
        case dict():
            told = {str(key): fact(item) for key, item in value.items()}
            if len(told) < len(value):
                raise NotAFact("A mapping that names something twice cannot stand in an event.")
            return told
        case list() | tuple():
            return [fact(item) for item in value]
    raise NotAFact(f"{type(value).__name__} cannot stand in an event: give JSON, a record or a sealed file.")


def _reference(record: Model) -> str:
    reference = getattr(record, "reference", None)
    if reference is None:
        raise NotAFact(f"{type(record).__name__} has no reference and cannot stand in an event.")
    return str(reference)
