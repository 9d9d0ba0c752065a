"""Parts are killed while people work. Afterwards nothing that was acknowledged may be missing: `make faults`."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.faults.people import Notebook, Town
from tests.journeys.stack import ROOT, Stack

SECONDS = float(os.environ.get("FAULT_SECONDS") or 60)
PARTS = ("worker", "bulk", "beat", "sequencer", "web", "mail", "valkey", "postgres")


def look(stack: Stack, act: str, told: Any = None) -> Any:
    """What `tests.faults.look` finds, asked in a process of its own with the stack's addresses."""
    argv = [sys.executable, "-m", "tests.faults.look", act]
    asked = subprocess.run(
        argv, cwd=ROOT, env=stack.env, input=json.dumps(told), capture_output=True, text=True, check=False
    )
    assert asked.returncode == 0, asked.stderr
    return json.loads(asked.stdout)


def pid_of(stack: Stack, part: str) -> int | None:
    """The process of a part, as the supervisor wrote it down."""
    if part == "postgres":
        file = next(Path(os.path.realpath(stack.home / "postgres")).rglob("postmaster.pid"), None)
    else:
        file = stack.home / "processes" / part
    if file is None or not file.exists():
        return None
    first = file.read_text().split()[:1]
    return int(first[0]) if first else None


def kill(stack: Stack, part: str, number: signal.Signals = signal.SIGKILL) -> bool:
    pid = pid_of(stack, part)
    try:
        if pid:
            os.kill(pid, number)
    except ProcessLookupError:
        return False
    return pid is not None


def rage(stack: Stack, seconds: float) -> list[str]:
    """Kill something every few seconds; now and then the supervisor, which is then started again."""
    killed: list[str] = []
    supervisor_at = time.monotonic() + seconds / 2
    deadline = time.monotonic() + seconds
    parts: list[str] = []
    while time.monotonic() < deadline:
        time.sleep(random.uniform(1, 4))
        if time.monotonic() > supervisor_at:
            stack.kill()
            stack.start()
            killed.append("supervisor")
            supervisor_at = time.monotonic() + max(60, seconds / 2)
            continue
        parts = parts or random.sample(PARTS, len(PARTS))
        part = parts.pop()
        if kill(stack, part):
            killed.append(part)
    return killed


def eventually(stack: Stack, act: str, told: Any, seconds: float = 60) -> list[str]:
    deadline = time.monotonic() + seconds
    while (missing := look(stack, act, told)) and time.monotonic() < deadline:
        time.sleep(1)
    return missing


def the_ledger_holds(stack: Stack) -> None:
    deadline = time.monotonic() + 60
    while True:
        verified = stack.manage("ledger", "verify")
        assert verified.returncode == 0, verified.stderr
        if " 0 waiting to be signed" in verified.stdout:
            return
        assert time.monotonic() < deadline, verified.stdout
        time.sleep(1)


def test_a_dead_worker_makes_no_breach_go_unseen_and_moves_no_time(stack: Stack) -> None:
    stopped = kill(stack, "worker", signal.SIGSTOP)  # it runs no more, and nobody starts another
    assert stopped
    (case,) = look(stack, "late", 1.0)
    time.sleep(3)
    assert any("never told of" in fault for fault in look(stack, "clock_faults", [case]))
    kill(stack, "worker")
    stack.wait_ready(90)
    assert eventually(stack, "ripe", [case]) == []
    assert look(stack, "clock_faults", [case]) == []


def test_nothing_acknowledged_is_lost_whatever_is_killed(stack: Stack) -> None:
    town = Town(stack)
    cases = look(stack, "ripening", SECONDS)
    with town.at_work() as notebook:
        killed = rage(stack, SECONDS)
        stack.wait_ready(120)
    print(f"killed {', '.join(killed)}")
    print(summary(notebook))
    stack.wait_ready(120)
    assert notebook.odd == []
    assert {"supervisor", *PARTS} <= set(killed) or SECONDS < 100
    assert len(notebook.reports) > SECONDS / 10

    assert look(stack, "lost", asdict(notebook)) == []
    assert eventually(stack, "ripe", cases) == []
    assert look(stack, "clock_faults", cases) == []
    assert look(stack, "mail_faults") == []
    the_ledger_holds(stack)
    assert stack.readiness()[1]["status"] == "ready"


# --- a week in a minute or two ---
WEEK = timedelta(days=8)
LIVED_IN = max(40.0, SECONDS / 2)  # real seconds


class Sweepers:
    """Processes that live through the same week, one of them with a clock that jumps, and a second beat."""

    def __init__(self, stack: Stack, begin: datetime) -> None:
        self.stack = stack
        speed = WEEK.total_seconds() / LIVED_IN
        self.lives = [str(time.time()), begin.isoformat(), str(speed), (begin + WEEK).isoformat()]
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        words = ["-m", "tests.faults.sweeper", *self.lives, name]
        if name == "beat":
            words = ["-m", "celery", "-A", "tipstaff", "beat", "--loglevel", "ERROR", "--pidfile="]
        log = (self.stack.home / f"sweeper-{name}.log").open("ab")
        with log:
            self.running[name] = subprocess.Popen(
                [sys.executable, *words], cwd=ROOT, env=self.stack.env, stdout=log, stderr=log
            )

    def kill(self, name: str) -> None:
        self.running[name].kill()
        self.running[name].wait()

    def finish(self) -> None:
        """The week ends for whoever still lives; what went wrong in one of them fails the test."""
        for name, process in self.running.items():
            if name != "beat":
                told = (self.stack.home / f"sweeper-{name}.log").read_text()
                assert process.wait(60) == 0, told[-3000:]


@contextmanager
def sweepers(stack: Stack, begin: datetime, *names: str) -> Iterator[Sweepers]:
    made = Sweepers(stack, begin)
    try:
        for name in names:
            made.start(name)
        yield made
        made.finish()
    finally:
        for name in made.running:
            made.kill(name)


def test_a_week_with_killed_sweeps_two_beats_and_a_clock_that_jumps_misses_no_level(stack: Stack) -> None:
    begin = datetime.now(UTC) + timedelta(hours=1)  # ahead of the stack's own workers, who leave these clocks alone
    cases = look(stack, "week", {"begin": begin.isoformat(), "days": WEEK.days, "cases": 40})
    with sweepers(stack, begin, "steady", "too", "jumps", "beat") as made:
        deadline = time.monotonic() + LIVED_IN - 5
        killed = 0
        while time.monotonic() < deadline:
            time.sleep(random.uniform(1, 4))
            name = random.choice(["steady", "too", "jumps", "postgres"])
            if name == "postgres":
                kill(stack, name)
            else:
                made.kill(name)
                made.start(name)
            killed += 1
        stack.wait_ready(120)
    assert killed > LIVED_IN / 10
    assert look(stack, "week_faults", {"end": (begin + WEEK).isoformat(), "cases": cases}) == []
    the_ledger_holds(stack)


def summary(notebook: Notebook) -> str:
    return (
        f"{len(notebook.reports)} reports by machine and {len(notebook.codes)} by form, {len(notebook.cases)} cases, "
        f"{len(notebook.issued)} decisions; {notebook.failures} requests were spoiled"
    )
