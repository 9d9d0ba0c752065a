"""The one clock of the domain. Only demo data and tests may move it; SQL takes the instant as a parameter."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone

FIRST_TO_SEE_A_DAY = timedelta(hours=14)  # ahead of UTC: Kiribati

_moved: ContextVar[datetime | None] = ContextVar("tipstaff_time", default=None)


def now() -> datetime:
    """The present instant, timezone-aware UTC, or the one set by `moved_to`."""
    return _moved.get() or timezone.now()


def latest_today() -> date:
    """The day that it is where days begin first. A later one has not come yet for anybody on Earth."""
    return (now() + FIRST_TO_SEE_A_DAY).date()


@contextmanager
def moved_to(instant: datetime) -> Iterator[None]:
    """Pretend it is `instant` (timezone-aware) within the block. Refused outside demo mode and tests."""
    if not settings.CLOCK_MAY_MOVE:
        raise RuntimeError("The clock can be moved in demo mode and tests only.")
    if timezone.is_naive(instant):
        raise ValueError("moved_to takes a timezone-aware instant.")
    token = _moved.set(instant)
    try:
        yield
    finally:
        _moved.reset(token)
