"""However Tipstaff is run, its parts are started alike: what `make run` shows is what production does."""

import pytest

from tests.deploy.parts import PARTS, Command, containers, procfile, supervisor, units
from tipstaff.queues import BULK, DEFAULT, URGENT

WAYS = {"Procfile": procfile, "compose": containers, "systemd": units}
# How much of it, and where: these may differ.
SIZES = {"--host", "--port", "--workers", "--blocking-threads", "--backpressure", "--concurrency"}
# Two workers of one machine need names of their own, and systemd has to number them.
NAMES = {"--hostname"}


def test_each_way_runs_every_part_that_make_run_runs() -> None:
    assert tuple(sorted(supervisor())) == tuple(sorted(PARTS))
    for way in WAYS.values():
        assert set(way()) == set(PARTS)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_started_with_the_same_flags(way: str, part: str) -> None:
    shown, ours = WAYS[way]()[part], supervisor()[part]
    assert shown.words == ours.words
    assert shown.flags.keys() == ours.flags.keys()
    assert fixed(shown) == fixed(ours)
    assert shown.environment.get("REMAP_SIGTERM") == ours.environment.get("REMAP_SIGTERM")


def fixed(command: Command) -> dict[str, str]:
    return {name: value for name, value in command.flags.items() if name not in SIZES | NAMES}


@pytest.mark.parametrize("way", ["supervisor", *WAYS])
def test_the_pool_of_the_web_is_as_large_as_its_threads(way: str) -> None:
    web = {"supervisor": supervisor, **WAYS}[way]()["web"]
    assert web.environment["POOL_THREADS"] == web.flags["--blocking-threads"]
    assert int(web.flags["--backpressure"]) >= int(web.flags["--blocking-threads"])


@pytest.mark.parametrize("way", WAYS)
def test_production_is_the_same_size_everywhere(way: str) -> None:
    sizes = {name: flags for name, flags in procfile()["web"].flags.items() if name in SIZES - {"--host", "--port"}}
    assert sizes.items() <= WAYS[way]()["web"].flags.items()
    for worker in ("worker", "bulk"):
        assert WAYS[way]()[worker].flags["--concurrency"] == procfile()[worker].flags["--concurrency"]


@pytest.mark.parametrize("way", ["supervisor", *WAYS])
def test_every_queue_has_a_worker_and_bulk_one_of_its_own(way: str) -> None:
    parts = {"supervisor": supervisor, **WAYS}[way]()
    taken = [set(parts[worker].flags["--queues"].split(",")) for worker in ("worker", "bulk")]
    assert taken == [{URGENT, DEFAULT}, {BULK}]
    names = [parts[worker].flags["--hostname"].partition("@")[0] for worker in ("worker", "bulk")]
    assert len(set(names)) == 2


def test_only_a_container_listens_to_others_than_its_own_machine() -> None:
    assert {way: WAYS[way]()["web"].flags["--host"] for way in WAYS} == {
        "Procfile": "127.0.0.1",
        "compose": "0.0.0.0",
        "systemd": "127.0.0.1",
    }
