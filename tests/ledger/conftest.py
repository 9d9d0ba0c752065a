"""A signed history on a database of its own, and connections to it in each role."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest


@pytest.fixture(scope="session")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The key id and the key that these tests sign with."""
    from tipstaff.ledger import keys

    return keys.load_or_create(tmp_path_factory.mktemp("keys") / "ledger.pem")


@pytest.fixture(scope="session")
def signed_template(template: str, signer: Any, django_db_blocker: Any) -> str:
    """A database in which what the seed brought is signed, and two streams of three events more. Its name."""
    from tests.conftest import on_a_clone
    from tests.ledger import log

    with django_db_blocker.unblock(), on_a_clone(template) as name:
        for number in range(1, 4):
            log.record("case:one", number=number, text=f"Fact {number} of one")
            log.record("case:two", number=number, text=f"Fact {number} of two")
        log.sign_all(signer)
    return name


@pytest.fixture
def signed(signed_template: str, django_db_blocker: Any) -> Iterator[str]:
    """A clone of `signed_template`."""
    from tests.conftest import drop, on_a_clone

    with django_db_blocker.unblock(), on_a_clone(signed_template) as name:
        yield name
    drop(name)


@pytest.fixture
def connect() -> Iterator[Callable[[str], psycopg.Connection]]:
    """`connect("eraser")`: the database of this test as that role; `connect("admin")` as the superuser that the product
    never has."""
    from django.db import connections

    opened: list[psycopg.Connection] = []

    def to(role: str) -> psycopg.Connection:
        opened.append(psycopg.connect(address(role, connections.settings["default"]["NAME"])))
        return opened[-1]

    yield to
    for connection in opened:
        connection.close()


@pytest.fixture(scope="session")
def untouched(signed_template: str) -> Iterator[str]:
    """A clone of `signed_template` that is connected to and never written. Its name."""
    from tests.conftest import clone_of, drop

    name = clone_of(signed_template, f"{signed_template}_untouched")
    yield name
    drop(name)


@pytest.fixture(scope="session")
def lasting(untouched: str) -> Iterator[dict[str, psycopg.Connection]]:
    """Connections to `untouched` by role."""
    opened: dict[str, psycopg.Connection] = {}
    yield opened
    for connection in opened.values():
        connection.close()


@pytest.fixture
def connect_to(untouched: str, lasting: dict[str, psycopg.Connection]) -> Iterator[Callable[[str], psycopg.Connection]]:
    """Like `connect`, to `untouched`: nothing done there is committed."""

    def to(role: str) -> psycopg.Connection:
        if role not in lasting:
            lasting[role] = psycopg.connect(address(role, untouched))
        return lasting[role]

    yield to
    for connection in lasting.values():
        connection.rollback()


def address(role: str, name: str) -> str:
    if role == "admin":
        return os.environ["TEST_ADMIN_URL"].removesuffix("postgres") + name
    variable = "DATABASE_URL" if role == "app" else f"{role.upper()}_DATABASE_URL"
    return os.environ[f"TEST_{variable}"].removesuffix("NAME") + name
