"""The whole of Tipstaff as `make run` starts it, in a directory and on a port of its own."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Self
from urllib.error import HTTPError
from urllib.request import urlopen

from tests.conftest import memory
from tipstaff.demo.processes import free_port

ROOT = Path(__file__).resolve().parents[2]
# What the suite sets for itself would make the stack use the suite's services, or behave as a test.
OURS = (
    "TESTING",
    "DATABASE_URL",
    "OWNER_DATABASE_URL",
    "SEQUENCER_DATABASE_URL",
    "ERASER_DATABASE_URL",
    "BROKER_URL",
    "OWN_VERDICT_FIRST",
)
QUICK = {"SWEEP_SECONDS": "1", "DELIVERY_SECONDS": "0.5", "DEMO_STORY": "0.08"}
READY_SECONDS = 240  # the first start on a busy machine; a quiet one needs ten


class Stack:
    """Start it with `with`. `home` and `port` stay the same over `kill()` and another `start()`."""

    def __init__(self, **environment: str) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="tipstaff-stack-", dir=memory()))
        self.home.chmod(0o755)  # PostgreSQL drops to another user when the suite runs as root
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        kept = {name: value for name, value in os.environ.items() if name not in OURS and "TEST_" not in name}
        self.env = kept | QUICK | environment | {"TIPSTAFF_HOME": str(self.home), "PORT": str(self.port)}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Run the supervisor and wait until /readyz is content."""
        with (self.home / "terminal.log").open("ab") as terminal:
            argv = [sys.executable, "-P", str(ROOT / "tipstaff/demo/__main__.py")]
            self.process = subprocess.Popen(
                argv, cwd=ROOT, env=self.env, stdout=terminal, stderr=terminal, start_new_session=True
            )
        self.wait_ready()
        return self

    def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while (status := self.readiness())[1].get("status") != "ready":
            assert self.process, "the stack was not started"
            assert self.process.poll() is None, f"the supervisor ended by itself:\n{self.told()}"
            assert time.monotonic() < deadline, f"not ready after {seconds:.0f} s: {status}\n{self.told()}"
            time.sleep(0.2)

    def readiness(self) -> tuple[int, dict]:
        """What /readyz answers; status 0 when nobody answers."""
        try:
            with urlopen(f"{self.url}/readyz", timeout=10) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            with contextlib.suppress(ValueError):
                return error.code, json.load(error)
            return error.code, {}
        except OSError as error:
            return 0, {"error": str(error)}

    def told(self) -> str:
        return (self.home / "terminal.log").read_text(errors="replace")[-3000:]

    def kill(self) -> None:
        """`kill -9` the supervisor."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def stop(self) -> int:
        """As Ctrl-C does; the return code."""
        if not self.process:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.kill()
            return -signal.SIGKILL

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_error: object) -> None:
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def manage(self, *words: str, stdin: str | None = None) -> "subprocess.CompletedProcess[str]":
        """`manage.py …` in another terminal: it finds the services through `run.env` in the home."""
        argv = [sys.executable, str(ROOT / "manage.py"), *words]
        return subprocess.run(argv, cwd=ROOT, env=self.env, capture_output=True, text=True, input=stdin, check=False)
