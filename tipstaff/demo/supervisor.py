"""Runs the parts of Tipstaff on one machine: starts them in order, restarts what dies, stops them in order.

Everything happens in one thread with short pauses: a signal only sets a flag, and the next pause acts on it.
"""

import contextlib
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tipstaff.demo.processes import (
    Roster,
    Stopped,
    Trouble,
    failure,
    kill_group,
    spawn,
    tail,
)
from tipstaff.demo.services import Services

FIRST_DELAY, LONGEST_DELAY, STEADY_SECONDS = 1.0, 30.0, 10.0
STOP_SECONDS = 8.0
READY_SECONDS = 60.0
FULL_BYTES = 20 * 1024 * 1024


@dataclass
class Backoff:
    """How long to wait before the next start: 1, 2, 4 … 30 s, from the beginning again after ten steady seconds."""

    failures: int = 0
    since: float = field(default_factory=time.monotonic)
    due: float | None = None

    def fail(self) -> float:
        if time.monotonic() - self.since > STEADY_SECONDS:
            self.failures = 0
        delay = min(LONGEST_DELAY, FIRST_DELAY * 2**self.failures)
        self.failures += 1
        self.due = time.monotonic() + delay
        return delay

    def started(self) -> None:
        self.since, self.due = time.monotonic(), None

    @property
    def is_due(self) -> bool:
        return self.due is not None and time.monotonic() >= self.due


@dataclass
class Step:
    """A command that must have succeeded before the children start. `alongside` ones run while others do; what an
    `aloud` one writes is repeated on the terminal, because it takes long enough for somebody to wonder.
    """

    name: str
    argv: Sequence[str]
    alongside: bool = False
    aloud: bool = False


@dataclass
class Child:
    """A process that should always run. `at_parent_death` is the signal it gets when the supervisor is killed."""

    name: str
    argv: Sequence[str]
    env: dict[str, str] = field(default_factory=dict)
    stops_first: bool = False
    at_parent_death: int = signal.SIGTERM
    process: "subprocess.Popen[bytes] | None" = None
    backoff: Backoff = field(default_factory=Backoff)

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None


@dataclass
class Plan:
    """What to run. `missing()` names what is not ready yet, or is None; the output of `greeting` is shown."""

    env: dict[str, str]
    steps: list[Step]
    children: list[Child]
    missing: Callable[[], str | None]
    greeting: Sequence[str] | None = None
    address: str = ""


def say(text: str) -> None:
    """To the terminal, if there still is one."""
    with contextlib.suppress(OSError, ValueError):
        print(text, flush=True)


class Supervisor:
    """Keeps the services and children of one data directory running until a signal comes."""

    def __init__(self, home: Path, cwd: Path, *, ready_seconds: float = READY_SECONDS) -> None:
        self.home, self.cwd, self.ready_seconds = home, cwd, ready_seconds
        self.logs = home / "logs"
        self.roster = Roster(home)
        self.signals = 0
        self.stopping = False
        self.services: Services | None = None
        self.services_backoff = Backoff()
        self.children: list[Child] = []
        self.helpers: list[subprocess.Popen[bytes]] = []
        self.env: dict[str, str] = {}

    # --- signals ---
    def listen(self) -> None:
        """Take Ctrl-C, SIGTERM and a closed terminal as a wish to stop in order; a second one as hurry."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup stays nohup
                signal.signal(number, self._signalled)

    def _signalled(self, number: int, frame: object) -> None:
        self.signals += 1

    def pause(self, seconds: float) -> None:
        """Sleep, unless somebody wants us to stop."""
        deadline = time.monotonic() + seconds
        while True:
            if self.signals and not self.stopping:
                raise Stopped
            left = deadline - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, 0.1))

    # --- the whole life ---
    def run(self, services: Services, plan: Callable[[], Plan]) -> None:
        """Start everything, watch it, and stop it in order whatever happens. Returns when it was asked to stop."""
        began = time.monotonic()
        self.services = services
        try:
            services.start()
            made = plan()
            self.env, self.children = made.env, made.children
            self._prepare(made.steps)
            for child in self.children:
                self._start(child)
            words = self._greeting(made)
            say(f"\nTipstaff is ready: {made.address}   ({time.monotonic() - began:.1f} s)\n\n{words}")
            say(f"Data and logs are in {self.home}. Ctrl-C stops it.")
            while True:
                self.pause(0.2)
                self.look_after()
        except Stopped:
            say("\nTipstaff is stopping.")
        finally:
            self.stop()

    def _prepare(self, steps: Iterable[Step]) -> None:
        aside = [(step, self._help(step.argv, step.name)) for step in steps if step.alongside]
        for step in steps:
            if not step.alongside:
                self._finish(step, self._help(step.argv, step.name))
        for step, process in aside:
            self._finish(step, process)

    def _help(self, argv: Sequence[str], name: str, errors: Path | None = None) -> "subprocess.Popen[bytes]":
        """Start a passing command with a log of its own, remembered so that a stop ends it too."""
        log = self.logs / f"{name}.log"
        log.unlink(missing_ok=True)
        process = spawn(argv, env=self.env, log=log, errors=errors, cwd=self.cwd)
        self.helpers.append(process)
        self.roster.add(name, process.pid)
        return process

    def _finish(self, step: Step, process: "subprocess.Popen[bytes]") -> None:
        said = 0
        while process.poll() is None:
            said = self._repeat(step, said)
            self.pause(0.05)
        self._repeat(step, said)
        self.roster.remove(step.name)
        if process.returncode:
            raise failure(f"The step {step.name}", self.logs / f"{step.name}.log")

    def _repeat(self, step: Step, said: int) -> int:
        """Say the whole lines that an `aloud` step has written after the first `said` bytes; how many were said now."""
        if not step.aloud:
            return said
        with (self.logs / f"{step.name}.log").open("rb") as log:
            log.seek(said)
            whole, end, _rest = log.read().rpartition(b"\n")
        for line in whole.decode(errors="replace").splitlines():
            say(line)
        return said + len(whole + end)

    def _greeting(self, plan: Plan) -> str:
        """Wait until all is ready; meanwhile fetch the words to greet with."""
        process = self._help(plan.greeting, "greeting", self.logs / "greeting.errors.log") if plan.greeting else None
        self._wait_ready(plan)
        if process is None or plan.greeting is None:
            return ""
        self._finish(Step("greeting", plan.greeting), process)
        return (self.logs / "greeting.log").read_text(errors="replace")

    def _wait_ready(self, plan: Plan) -> None:
        deadline = time.monotonic() + self.ready_seconds
        while missing := plan.missing():
            if time.monotonic() > deadline:
                down = [f"{child.name} does not stay up ({self._last_words(child)})" for child in self.troubled()]
                raise Trouble(
                    f"Not ready after {self.ready_seconds:.0f} s: {'; '.join([*down, missing])}. "
                    f"The logs in {self.logs} say more; put that right and run make again."
                )
            self.pause(0.1)
            self.look_after()

    def troubled(self) -> list[Child]:
        """Children that are down, or were until a moment ago."""
        return [child for child in self.children if not child.running or child.backoff.failures]

    def _last_words(self, child: Child) -> str:
        words = tail(self.logs / f"{child.name}.log")
        return words[-1] if words else f"nothing in {child.name}.log"

    # --- watching ---
    def look_after(self) -> None:
        """Notice what has died, and start again what has waited long enough."""
        self._look_after_services()
        for child in self.children:
            if child.backoff.due is None and not child.running:
                self._mourn(child)
            elif child.backoff.is_due:
                self._start(child)

    def _mourn(self, child: Child) -> None:
        code = child.process.returncode if child.process else None
        if child.process:
            kill_group(child.process.pid)
        how = (
            "could not be started"
            if code is None
            else f"was ended by signal {-code}"
            if code < 0
            else f"ended with {code}"
        )
        delay, log = child.backoff.fail(), self.logs / f"{child.name}.log"
        say(f"{child.name} {how}; starting it again in {delay:.0f} s (log: {log}){self._full_disk()}")

    def _full_disk(self) -> str:
        """A cause worth naming, as a full disk cannot even be logged."""
        full = shutil.disk_usage(self.home).free < FULL_BYTES
        return ". The disk is full: free some space" if full else ""

    def _start(self, child: Child) -> None:
        """Start a child; if even that fails (no disk, no memory), it counts as having died."""
        try:
            log = self.logs / f"{child.name}.log"
            env, death = self.env | child.env, child.at_parent_death
            child.process = spawn(child.argv, env=env, log=log, cwd=self.cwd, at_parent_death=death)
            self.roster.add(child.name, child.process.pid)
            child.backoff.started()
        except OSError as error:
            say(f"{child.name} could not be started ({error.strerror}); trying again in {child.backoff.fail():.0f} s")

    def _look_after_services(self) -> None:
        dead = self.services.dead() if self.services else []
        if not self.services or not dead:
            return
        if self.services_backoff.due is None:
            names = " and ".join(dead)
            delay = self.services_backoff.fail()
            say(f"{names} stopped; starting again in {delay:.0f} s (logs: {self.logs}){self._full_disk()}")
        elif self.services_backoff.is_due:
            try:
                self.services.ensure_running()
                self.services_backoff.started()
            except (Trouble, OSError) as error:
                say(f"{error} Trying again in {self.services_backoff.fail():.0f} s.")

    # --- stopping ---
    def stop(self) -> None:
        """The web first, so that no request meets a half-stopped house; then the rest; then the services."""
        self.stopping = True
        end_all([process for process in self.helpers if process.poll() is None], self)
        for first in (True, False):
            group = [child.process for child in self.children if child.stops_first is first and child.process]
            end_all(group, self)
        for child in self.children:
            self.roster.remove(child.name)
        if self.services:
            self.services.stop()


def end_all(processes: "list[subprocess.Popen[bytes]]", supervisor: Supervisor) -> None:
    """Ask all to stop, wait for them together, and kill what is left of their groups."""
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while any(process.poll() is None for process in processes):
        if supervisor.signals > 1 or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    for process in processes:
        kill_group(process.pid)
        process.wait()
