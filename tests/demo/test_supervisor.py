"""`make run` with trivial children: order, restarts, signals, and the sentences of each refusal."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tipstaff.demo import start
from tipstaff.demo.processes import Roster, Trouble, group_alive, wait_until
from tipstaff.demo.services import Services
from tipstaff.demo.supervisor import Backoff, Child, Plan, Step, Supervisor

FOREVER = ["sleep", "60"]


def sh(script: str) -> list[str]:
    return ["sh", "-c", script]


def live(home: Path, plan: Plan, meanwhile: Callable[[Supervisor], object], ready_seconds: float = 10) -> Supervisor:
    """Run a plan to its end; `meanwhile` runs beside it, and when it is over we ask for the stop."""
    supervisor = Supervisor(home, home, ready_seconds=ready_seconds)
    services = Services(home, postgres=False, valkey=False)

    def beside() -> None:
        try:
            meanwhile(supervisor)
        finally:
            supervisor.signals += 1

    thread = threading.Thread(target=beside)
    thread.start()
    try:
        supervisor.run(services, lambda: plan)
    finally:
        thread.join()
    return supervisor


def until_it_stops(supervisor: Supervisor) -> None:
    wait_until(lambda: supervisor.stopping, 20)


def plan_of(*children: Child, steps: tuple[Step, ...] = (), missing: Callable[[], str | None] = lambda: None) -> Plan:
    return Plan(env=dict(os.environ), steps=list(steps), children=list(children), missing=missing, address="here")


def test_steps_come_first_and_their_failure_is_one_sentence(tmp_path: Path) -> None:
    steps = (Step("aside", sh("sleep 0.2"), alongside=True), Step("migrate", sh("echo no such table; exit 3")))
    child = Child("web", FOREVER)
    with pytest.raises(Trouble, match=r"The step migrate failed\. Its last words: no such table") as caught:
        live(tmp_path, plan_of(child, steps=steps), until_it_stops)
    assert "\n" not in str(caught.value)
    assert child.process is None


def test_what_a_long_step_says_is_said_while_it_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    steps = (Step("quiet", sh("echo not heard")), Step("demo_data", sh("echo one; sleep 0.3; echo two"), aloud=True))
    web = Child("web", FOREVER)
    live(tmp_path, plan_of(web, steps=steps), lambda supervisor: wait_until(lambda: web.running, 10))
    said = capsys.readouterr().out
    assert "one\ntwo\n" in said
    assert "not heard" not in said


def test_a_full_disk_is_named_as_such(tmp_path: Path) -> None:
    step = Step("demo_data", sh("echo 'could not extend file: No space left on device'; exit 1"))
    with pytest.raises(Trouble, match=r"demo_data failed because the disk is full: free some space"):
        live(tmp_path, plan_of(steps=(step,)), until_it_stops)


def test_a_killed_child_is_started_again_without_the_rest_of_its_group(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    web = Child("web", sh("sleep 60 & wait"), stops_first=True)
    numbers: list[int] = []

    def kill(supervisor: Supervisor) -> None:
        wait_until(lambda: web.running, 10)
        assert web.process
        numbers.append(web.process.pid)
        time.sleep(0.3)
        os.kill(numbers[0], signal.SIGKILL)
        wait_until(lambda: bool(web.process and web.process.pid != numbers[0]), 10)

    live(tmp_path, plan_of(web), kill)
    assert web.process
    assert web.process.pid != numbers[0]
    assert not group_alive(numbers[0])
    assert not group_alive(web.process.pid)
    assert "web was ended by signal 9; starting it again in 1 s" in capsys.readouterr().out
    assert not list(Roster(tmp_path).folder.iterdir())


def test_the_web_stops_before_the_others(tmp_path: Path) -> None:
    order = tmp_path / "order"
    wait = "trap 'date +%s%N >> {0}; exit 0' TERM; touch {0}; while :; do sleep 0.05; done"
    worker = Child("worker", sh(wait.format(f"{order}.worker")))
    web = Child("web", sh(wait.format(f"{order}.web")), stops_first=True)
    both = [Path(f"{order}.{name}") for name in ("web", "worker")]
    live(
        tmp_path, plan_of(worker, web), lambda supervisor: wait_until(lambda: all(map(Path.exists, both)), 10) and None
    )
    stopped = [int(path.read_text()) for path in both]
    assert stopped == sorted(stopped)


def test_a_part_that_does_not_become_ready_is_named(tmp_path: Path) -> None:
    worker = Child("worker", sh("echo cannot import tipstaff; exit 1"))
    late = plan_of(worker, missing=lambda: "the web server does not answer yet")
    with pytest.raises(Trouble) as caught:
        live(tmp_path, late, until_it_stops, ready_seconds=1)
    assert "worker does not stay up (cannot import tipstaff); the web server does not answer yet" in str(caught.value)


def test_backoff_doubles_to_half_a_minute_and_forgets_after_steady_running() -> None:
    backoff = Backoff()
    assert [backoff.fail() for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    backoff.since -= 11
    assert backoff.fail() == 1


SCRIPT = """
import os, sys
from pathlib import Path
from tipstaff.demo.services import Services
from tipstaff.demo.supervisor import Child, Plan, Supervisor
home = Path(sys.argv[1])
supervisor = Supervisor(home, home)
supervisor.listen()
plan = Plan(dict(os.environ), [], [Child("worker", ["sleep", "77"])], lambda: None, address="here")
supervisor.run(Services(home, postgres=False), lambda: plan)
"""


def supervise(home: Path, hangup: signal.Handlers) -> "subprocess.Popen[str]":
    """The script, up and running. It finds SIGHUP as given, not as whoever runs this suite happens to have it."""
    supervisor = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(home)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, hangup),
    )
    assert supervisor.stdout
    while "Ctrl-C" not in supervisor.stdout.readline():
        assert supervisor.poll() is None
    return supervisor


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_is_left_behind_whatever_ends_the_supervisor(tmp_path: Path, number: signal.Signals) -> None:
    supervisor = supervise(tmp_path, hangup=signal.SIG_DFL)
    assert supervisor.stdout
    groups = [int(entry.read_text().split()[0]) for entry in Roster(tmp_path).folder.iterdir()]
    assert len(groups) == 2  # the worker and Valkey
    supervisor.send_signal(number)
    code = supervisor.wait(20)
    supervisor.stdout.close()
    assert code == (-number if number == signal.SIGKILL else 0)
    if number == signal.SIGKILL and sys.platform != "linux":
        Roster(tmp_path).stop_leftovers()
    assert wait_until(lambda: not any(map(group_alive, groups)), 10)


def test_under_nohup_a_closed_terminal_stops_nothing(tmp_path: Path) -> None:
    supervisor = supervise(tmp_path, hangup=signal.SIG_IGN)
    supervisor.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        supervisor.wait(1)
    supervisor.send_signal(signal.SIGTERM)
    assert supervisor.communicate(timeout=20)[0].strip() == "Tipstaff is stopping."
    assert supervisor.returncode == 0


def test_a_second_start_is_refused_and_a_dead_holder_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("999999 http://127.0.0.1:1/")
    with start.hold_lock(tmp_path, 8000), pytest.raises(Trouble, match=rf"already runs .*:8000/.*kill {os.getpid()}"):
        start.hold_lock(tmp_path, 8001)


def test_a_port_in_use_names_one_that_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(Trouble, match=r"run `make run PORT=\d+`"):
        start.check_port(taken.getsockname()[1])


@pytest.mark.parametrize("word", ["0", "70000", "http", "-1", "٨"])
def test_a_port_that_is_none_is_refused(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", word)
    with pytest.raises(Trouble, match="give a number from 1 to 65535"):
        start.chosen_port()


def test_a_data_directory_that_cannot_be_written_ends_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TIPSTAFF_HOME", str(tmp_path / "file"))
    assert start.main() == 1
    said = capsys.readouterr().err
    assert "cannot be written (Not a directory): give yourself the right to, or choose another" in said
    assert said.count("\n") == 1


def test_too_little_room_is_told_before_anything_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIPSTAFF_HOME", str(tmp_path))
    monkeypatch.setattr(start, "NEEDED_BYTES", 2**62)
    with pytest.raises(Trouble, match="MB are free"):
        start.open_home()


def test_services_of_ones_own_are_used_and_the_rest_is_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = {"DATABASE_URL": "postgres://me@db/x", "BROKER_URL": "redis://broker/1", "EMAIL_URL": "smtp://mail:25"}
    for name, value in theirs.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("OWNER_DATABASE_URL", raising=False)
    own = start.addresses(tmp_path, 8000, Services(tmp_path, postgres=False, valkey=False), None)
    assert theirs.items() <= own.items()
    assert "OWNER_DATABASE_URL" not in own
    names = [child.name for child in start.children(tmp_path, 8000, None)]
    assert names == ["worker", "bulk", "beat", "sequencer", "web"]
