"""Tasks that a real worker runs in these tests; `--include` makes it know them. What they do stands in a file."""

import gc
import os
import signal
import time
from pathlib import Path

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded

from tipstaff.jobs import progress


def lines(path: str | Path) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def write(path: str, line: object) -> None:
    with Path(path).open("a") as file:
        file.write(f"{line}\n")


@shared_task
def count(path: str, total: int, pause: float) -> None:
    """Write the numbers up to `total` into a file, each once whatever happens: the file says what is done."""
    done = len(lines(path))
    with progress.of("Count", total=total, done=done) as steps:
        for number in range(done, total):
            write(path, number)
            steps.step(said="Counting")
            time.sleep(pause)


@shared_task
def die(path: str) -> None:
    """Take the process of the pool along, before a single step."""
    write(path, "begun")
    with progress.of("Die", total=1):
        os.kill(os.getpid(), signal.SIGKILL)


@shared_task
def slow(path: str, line: str, pause: float) -> None:
    time.sleep(pause)
    write(path, line)


@shared_task
def fail(*ids: object) -> None:
    raise ValueError(f"{ids} is no good")


@shared_task
def switched(path: str) -> None:
    """Fails until the file is there."""
    if not Path(path).exists():
        raise ValueError("not yet")


@shared_task
def hang() -> None:
    """Does not even stop when it is asked to."""
    while True:
        try:
            time.sleep(60)
        except SoftTimeLimitExceeded:
            continue


@shared_task(max_retries=2, default_retry_delay=0)
def fall(path: str) -> None:
    write(path, "begun")
    os.kill(os.getpid(), signal.SIGKILL)


@shared_task
def remember(path: str) -> None:
    """How this process of the pool looks for garbage."""
    write(path, f"{gc.get_threshold()} {gc.get_freeze_count() > 0}")
