"""Many people at once: each race runs on a database of its own, with one thread and one connection for each of them."""

import fcntl
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

Race = Callable[..., list[Any]]


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Start every act at the same moment; what each returned or raised, in the order given."""
    from django.db import connection, connections

    start = threading.Barrier(len(acts))
    outcomes: list[Any] = [None] * len(acts)

    def run(place: int, act: Callable[[], Any]) -> None:
        try:
            connection.ensure_connection()
            start.wait(60)
            outcomes[place] = act()
        except Exception as error:  # what the loser of a race is told is what the test looks at
            outcomes[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.fixture
def race(clone: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Race]:
    """`race(act, act, …)`. Afterwards the ledger must hold, whatever happened in between."""
    from django.core.management import call_command

    from tipstaff.ledger.verify import Tally, verify

    with (tmp_path_factory.getbasetemp().parent / "races.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # 50 connections twice are more than the server gives
        yield at_once
    call_command("sequencer", once=True)
    tally = Tally()
    assert list(verify(tally)) == []
    assert tally.leaves
    assert tally.pending == 0


@pytest.fixture
def crowd(clone: str) -> Callable[[int, str], list[Any]]:
    """`crowd(50, role)` enrols that many people with one role."""
    from tests.factories import SYSTEM
    from tipstaff.accounts.models import User

    def enrol(count: int, role: str) -> list[User]:
        people = [User(email=f"{role}{n}@crowd.example", name=f"{role} {n}", roles=[role]) for n in range(count)]
        for person in people:
            person.enrol(actor=SYSTEM)
        return people

    return enrol
