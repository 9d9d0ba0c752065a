"""A machine with every scope there is."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.api.callers import Caller


@pytest.fixture
def caller(people: dict) -> "Caller":
    from tests.api.callers import Caller  # models cannot be read before pytest has configured Django

    return Caller()
