"""Starting, recognising and stopping processes, so that nothing is left behind whoever is killed first."""

import contextlib
import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import BinaryIO

Pause = Callable[[float], None]
LINUX = sys.platform == "linux"
PR_SET_PDEATHSIG = 1
LOG_KEEP_BYTES = 10 * 1024 * 1024


class Trouble(Exception):
    """Something the person at the terminal can put right. The text is all they see: no traceback."""


class Stopped(Exception):
    """Raised by a pause when a signal has come in."""


@cache
def _libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if LINUX else None


def _die_with_parent(number: int, parent: int) -> Callable[[], None]:
    """A hook for the child: the kernel sends it `number` when the thread that started it is gone (Linux only)."""
    libc = _libc()

    def hook() -> None:
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, number)
            if os.getppid() != parent:  # the parent died before the line above
                os._exit(1)

    return hook


def spawn(
    argv: "Sequence[str] | Sequence[str | Path]",
    *,
    env: Mapping[str, str],
    log: Path,
    errors: Path | None = None,
    cwd: Path | None = None,
    owner: tuple[int, int] | None = None,
    at_parent_death: int = signal.SIGTERM,
) -> "subprocess.Popen[bytes]":
    """Start a process in a session of its own, its output appended to `log`, its errors too unless
    they have a log of their own.

    Call it from the main thread only: Linux counts the death of the starting *thread* as the parent's death.
    """
    with contextlib.ExitStack() as stack:
        out = stack.enter_context(open_log(log))
        problems = stack.enter_context(open_log(errors)) if errors else subprocess.STDOUT
        return subprocess.Popen(
            [str(part) for part in argv],
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=problems,
            start_new_session=True,
            user=owner[0] if owner else None,
            group=owner[1] if owner else None,
            extra_groups=[] if owner else None,
            preexec_fn=_die_with_parent(at_parent_death, os.getpid()),
        )


def open_log(log: Path) -> BinaryIO:
    """Open a log for appending; one that has grown large is set aside first, so logs stay bounded over restarts."""
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > LOG_KEEP_BYTES:
            log.replace(log.with_suffix(".log.1"))
    return log.open("ab")


def tail(log: Path, lines: int = 5, size: int = 4096) -> list[str]:
    """The last lines of a log, without blank ones; empty when there is no log."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - size))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    return [line.strip() for line in text.splitlines() if line.strip()][-lines:]


def failure(what: str, log: Path) -> Trouble:
    """What to say when a command or service failed: its own last words, or the full disk behind them."""
    words = tail(log)
    if any("No space left on device" in line for line in words):
        return Trouble(f"{what} failed because the disk is full: free some space and run make again.")
    last = f" Its last words: {words[-1]}" if words else ""
    return Trouble(f"{what} failed.{last} The whole story is in {log}.")


def identity(pid: int) -> str | None:
    """What tells this process from a later one with the same number: boot and start time. None when it is gone."""
    stat = _stat(pid)
    if stat is not None:
        return None if stat[0] == "Z" else f"{_boot()} {stat[19]}"
    if LINUX:
        return None
    return _ps(pid, "lstart=")


def command_line(pid: int) -> str:
    """The command a process was started with, or an empty string."""
    if LINUX:
        with contextlib.suppress(OSError):
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        return ""
    return _ps(pid, "command=") or ""


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on (0 state, 2 group, 19 start time)."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return None


def _ps(pid: int, column: str) -> str | None:
    shown = subprocess.run(["ps", "-o", column, "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip() or None


def group_alive(group: int) -> bool:
    """Whether a process group has a member that is more than a zombie."""
    if not LINUX:
        with contextlib.suppress(OSError):
            os.killpg(group, 0)
            return True
        return False
    pids = (int(entry) for entry in os.listdir("/proc") if entry.isdigit())
    stats = (_stat(pid) for pid in pids)
    return any(stat and stat[2] == str(group) and stat[0] != "Z" for stat in stats)


def kill_group(group: int) -> None:
    """End what a dead leader left in its group (a web server's workers would keep its port)."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def wait_until(done: Callable[[], bool], seconds: float, pause: Pause = time.sleep) -> bool:
    """Ask every 50 ms until it is done or the time is up."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        pause(0.05)
    return True


def end(process: "subprocess.Popen[bytes]", number: int, grace: float) -> None:
    """Ask a process of ours to stop, wait, then insist; and take the rest of its group with it."""
    if process.poll() is None:
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace)
    kill_group(process.pid)
    process.wait()


class Roster:
    """Which processes belong to this data directory, on disk, so that the next start can end what a crash left.

    One file per name holding number and identity: `kill -9` of the supervisor leaves them behind, a clean stop does
    not.
    """

    def __init__(self, home: Path) -> None:
        self.folder = home / "processes"

    def add(self, name: str, pid: int) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(f"{pid} {identity(pid) or ''}")

    def remove(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)

    def stop_leftovers(self, grace: float = 8, pause: Pause = time.sleep) -> list[str]:
        """End every process an earlier run left; returns their names."""
        if not self.folder.is_dir():
            return []
        left = {entry.name: group for entry in self.folder.iterdir() if (group := self._ours(entry))}

        def gone() -> bool:
            return not any(group_alive(group) for group in left.values())

        for group in left.values():
            with contextlib.suppress(OSError):
                os.killpg(group, signal.SIGTERM)  # all of it: the leader may be gone
        wait_until(gone, grace if left else 0, pause)
        for group in left.values():
            kill_group(group)
        wait_until(gone, 5, pause)  # a killed process holds its port until the kernel has taken it down
        for entry in self.folder.iterdir():
            entry.unlink(missing_ok=True)
        return sorted(left)

    @staticmethod
    def _ours(entry: Path) -> int | None:
        """The group a file names, if it still has members and its leader's number was not given to someone else."""
        number, _, known = entry.read_text().partition(" ")
        if not number.isdigit() or not known:
            return None
        group, now = int(number), identity(int(number))
        if now is None:  # the leader is gone; its group can only be older than this boot if the number was reused
            same_boot = not LINUX or known.split()[0] == _boot()
            return group if same_boot and group_alive(group) else None
        return group if now == known else None


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def free_port() -> int:
    """A port of 127.0.0.1 nobody listens on, below those that outgoing connections take.

    One from the outgoing range could be taken while a killed service restarts: a client that keeps calling
    127.0.0.1:N from N even connects to itself, and then holds the port for good.
    """
    for port in random.sample(range(20_000, 32_000), 200):
        if port_is_free(port):
            return port
    raise Trouble("No free port was found between 20000 and 32000 on 127.0.0.1: stop some of what listens there.")


def port_is_free(port: int) -> bool:
    """Whether 127.0.0.1 can be listened on: asked both ways, as BSD lets two sockets share a port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError as error:
            raise Trouble(
                f"Port {port} needs root: choose one above 1023, for example `make run PORT=8000`."
            ) from error
        except OSError:
            return False
    return True
