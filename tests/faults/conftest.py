"""The whole running product, to be killed in parts."""

from collections.abc import Iterator

import pytest

from tests.journeys.stack import Stack


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    with Stack(DEMO_STORY="0") as running:  # the story tells of mail that was handed over long ago, to nobody
        yield running
