"""Two hands tell one story: what both wrote is there when both were ready, and nothing of either when one was not."""

import pytest

from tests.demo.telling import in_a_process_of_its_own
from tipstaff.demo.story.hands import dealt
from tipstaff.jobs.models import Tick

PRELUDE = (
    "import os, time",
    "from tipstaff.demo.story.hands import all_or_none",
    "from tipstaff.jobs.models import Tick",
    "beat = lambda name: lambda: Tick.objects.create(name=name)",
)


@pytest.fixture
def names(clone: str) -> str:
    Tick.objects.all().delete()
    return clone


def left() -> set[str]:
    return set(Tick.objects.values_list("name", flat=True))


def test_what_both_wrote_is_there(names: str) -> None:
    in_a_process_of_its_own(names, *PRELUDE, "all_or_none([beat('one'), beat('two')])")
    assert left() == {"one", "two"}


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ("lambda: (Tick.objects.create(name='two'), 1 / 0)", "ZeroDivisionError: division by zero"),
        ("lambda: (Tick.objects.create(name='two'), os._exit(9))", "A hand died."),
        ("lambda: (time.sleep(0.3), Tick.objects.create(name='one'))", "canceling statement due to lock timeout"),
    ],
    ids=["it fails", "it dies", "it wants what the other has"],
)
def test_nothing_is_left_when_one_hand_is_not_ready(names: str, trouble: str, said: str) -> None:
    patience = "import tipstaff.demo.story.hands as hands; hands.WAIT = '500ms'"
    ran = in_a_process_of_its_own(names, *PRELUDE, patience, f"all_or_none([beat('one'), {trouble}])", fails=True)
    assert said in ran
    assert left() == set()


def test_shares_are_dealt_by_weight_and_none_is_torn() -> None:
    shares = {"a": (5.0, [1, 2]), "b": (3.0, [3]), "c": (2.5, [4, 5]), "d": (0.4, [6])}
    assert dealt(shares, 1) == [[1, 2, 3, 4, 5, 6]]
    assert dealt(shares, 2) == [[1, 2, 6], [3, 4, 5]]
