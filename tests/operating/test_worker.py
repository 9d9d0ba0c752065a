"""A real worker's log: the id of the request that a task came from, and nothing else of it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from redis import Redis

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def worker(clone: str, tmp_path: Path) -> Iterator[Path]:
    """A worker with one process on a queue of its own; the path of its log."""
    log = tmp_path / "worker.log"
    addresses = {name: os.environ[f"TEST_{name}"].removesuffix("NAME") + clone for name in ("DATABASE_URL",)}
    argv = [sys.executable, "-m", "celery", "-A", "tipstaff", "worker", "--pool", "solo", "--queues", "logged"]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*argv, "--without-mingle", "--without-gossip"],
            cwd=ROOT,
            env=os.environ | addresses | {"LOG_FORMAT": "json", "LOG_LEVEL": "DEBUG"},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    yield log
    process.kill()
    process.wait()
    Redis.from_url(os.environ["BROKER_URL"]).delete("logged")


def entries(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]


def test_a_task_tells_its_id_and_the_request_it_came_from(worker: Path) -> None:
    from tipstaff.celery import app

    with structlog.contextvars.bound_contextvars(
        request_id="asked-here-1", actor="person:zebrowski", address="192.0.2.7"
    ):
        sent = app.send_task("tipstaff.sla.tasks.sweep", queue="logged")
    deadline = time.monotonic() + 150
    while not any(entry["event"] == "task_succeeded" for entry in entries(worker)):
        assert time.monotonic() < deadline, worker.read_text()
        time.sleep(0.1)
    (started,) = [entry for entry in entries(worker) if entry["event"] == "task_started"]
    assert (started["task_id"], started["request_id"]) == (sent.id, "asked-here-1")
    for line in entries(worker):
        if line["event"] in {"task_started", "task_succeeded"}:
            assert (line["task"], line["queue"]) == ("tipstaff.sla.tasks.sweep", "logged")
            assert (line["task_id"], line["request_id"]) == (sent.id, "asked-here-1")
    assert "zebrowski" not in worker.read_text()
    assert "192.0.2.7" not in worker.read_text()
