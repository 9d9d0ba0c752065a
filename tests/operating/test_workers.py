"""Two web workers count in one folder: whichever is asked tells of both, and one that is killed takes nothing away."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.conftest import ROOT
from tipstaff.demo.processes import free_port, wait_until

TOTAL = re.compile(r'tipstaff_http_requests_total\{method="GET",status="200",view="healthz"\} (\S+)')


@pytest.fixture
def web(clone: str, tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Two workers with a home of their own; their address and the process above them."""
    port = free_port()
    argv = f"granian tipstaff.wsgi:application --interface wsgi --port {port} --workers 2 --blocking-threads 2"
    own = {
        "DATABASE_URL": os.environ["TEST_DATABASE_URL"].removesuffix("NAME") + clone,
        "TIPSTAFF_HOME": str(tmp_path / "home"),
        "METRICS_ALLOWED_ADDRESSES": "127.0.0.1",
        "POOL_THREADS": "2",
    }
    with (tmp_path / "web.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *argv.split(), "--no-ws", "--respawn-failed-workers"],
            cwd=ROOT,
            env=os.environ | own,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    assert wait_until(lambda: answers(url), 60), (tmp_path / "web.log").read_text()
    yield url, process
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def fetch(url: str) -> str:
    with urlopen(Request(url, headers={"Connection": "close"}), timeout=20) as answer:
        return answer.read().decode()


def answers(url: str) -> bool:
    try:
        return bool(fetch(f"{url}/healthz"))
    except OSError:
        return False


def total(url: str) -> float:
    return float(TOTAL.search(fetch(f"{url}/metrics"))[1])


def test_both_are_told_of_whoever_answers(web: tuple[str, subprocess.Popen[bytes]], tmp_path: Path) -> None:
    url, _process = web
    folder = tmp_path / "home" / "metrics"
    before, asked = total(url), 0
    while len(counting := [path for path in folder.glob("counter_*.db") if b"healthz" in path.read_bytes()]) < 2:
        answers(url)
        asked += 1
        assert asked < 500
    assert {total(url) for _time in range(20)} == {before + asked}

    victim = int(counting[0].stem.rpartition("-")[2])
    os.kill(victim, signal.SIGKILL)
    time.sleep(1)
    assert wait_until(lambda: answers(url), 20)
    assert total(url) > before + asked
    assert folder.stat().st_mode & 0o077 == 0
