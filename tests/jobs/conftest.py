"""A broker of the test's own and real workers on it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from tests.conftest import ROOT
from tipstaff.celery import app
from tipstaff.demo.processes import end, wait_until
from tipstaff.queues import PRIORITY_STEPS

SECONDS = 40  # a worker's start and what it does, on a machine that does other things as well


def until(done: Callable[[], Any], what: Callable[[], str] = str) -> None:
    assert wait_until(lambda: bool(done()), SECONDS), what()


@pytest.fixture
def lane(monkeypatch: pytest.MonkeyPatch) -> Iterator[Redis]:
    """An empty database of the broker; this process sends there, and workers that `worker` starts take from there."""
    number = 8 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 8
    url = f"{os.environ['BROKER_URL'].rpartition('/')[0]}/{number}"
    line = Redis.from_url(url)
    line.flushdb()
    for name in ("CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL"):
        monkeypatch.setenv(name, url)
    app.amqp._producer_pool = None
    yield line
    app.amqp._producer_pool = None
    line.flushdb()
    line.close()


def waiting(line: Redis, queue: str = "default") -> int:
    """How many messages stand in `queue`, whatever their priority."""
    return sum(line.llen(key) for key in (queue, *(f"{queue}\x06\x16{step}" for step in PRIORITY_STEPS)))


class Worker:
    """A worker process, its log and how it was started."""

    def __init__(self, log: Path, database: str, *words: str, **environment: str) -> None:
        self.log = log
        own = {"DATABASE_URL": os.environ["TEST_DATABASE_URL"].removesuffix("NAME") + database, "LOG_FORMAT": "json"}
        argv = [sys.executable, "-m", "celery", "-A", "tipstaff", "worker", "--include", "tests.jobs.tasks"]
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [*argv, "--without-mingle", "--without-gossip", *words],
                cwd=ROOT,
                env=os.environ | own | environment,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def kill(self) -> None:
        """All of it at once, as when the machine loses its power."""
        end(self.process, 9, 0)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)

    @property
    def told(self) -> str:
        return self.log.read_text()


@pytest.fixture
def worker(lane: Redis, clone: str, tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    """`worker("--queues", "bulk")` starts one on the clone and on the lane."""
    started: list[Worker] = []

    def start(*words: str, **environment: str) -> Worker:
        log = tmp_path / f"worker-{len(started)}.log"
        started.append(
            Worker(log, clone, *words, "--hostname", f"w{len(started)}-{time.monotonic_ns()}@%h", **environment)
        )
        return started[-1]

    yield start
    for running in started:
        running.kill()
