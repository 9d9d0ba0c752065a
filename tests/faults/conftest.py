"""The whole running product, to be killed in parts."""

from collections.abc import Iterator

import pytest

from tests.journeys.stack import Stack


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    with Stack() as running:
        yield running
