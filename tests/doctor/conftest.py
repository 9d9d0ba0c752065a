"""Each test breaks one thing for real and reads what the doctor says of it."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connections, transaction

from tests.conftest import drop, on_a_clone
from tipstaff.doctor.result import Look

Break = Callable[[str], None]


@pytest.fixture(scope="module")
def place(template: str, django_db_blocker: Any) -> Iterator[str]:
    """One database for all tests of a module, which undo what they do in it. Its name."""
    with django_db_blocker.unblock(), on_a_clone(template) as name:
        yield name
    drop(name)


@pytest.fixture
def superuser(place: str) -> Iterator[Break]:
    """`superuser(sql)`: does it where the doctor looks, as somebody who may do everything. Undone after the test."""
    import os

    admin, default = urlsplit(os.environ["TEST_ADMIN_URL"]), connections["default"]
    default.close()
    before = {name: default.settings_dict[name] for name in ("USER", "PASSWORD")}
    default.settings_dict |= {"USER": admin.username, "PASSWORD": admin.password}
    try:
        with transaction.atomic():
            yield lambda sql: default.cursor().execute(sql)
            transaction.set_rollback(True)
    finally:
        default.close()
        default.settings_dict |= before


class Told(list[tuple[str, str, str]]):
    """State, sentence and advice of each result."""

    def __init__(self, look: Look) -> None:
        super().__init__((result.state, result.sentence, result.do) for result in look())

    def all_of(self, state: str) -> list[str]:
        return [sentence for known, sentence, _do in self if known == state]

    @property
    def failing(self) -> list[str]:
        return self.all_of("failing")

    @property
    def warnings(self) -> list[str]:
        return self.all_of("warning")

    def advice(self, sentence: str) -> str:
        return next(do for _state, known, do in self if known == sentence)
