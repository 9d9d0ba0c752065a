"""Two machines, each with a web, a worker, a beat and a sequencer, on one PostgreSQL and one Valkey."""

import contextlib
import mailbox
import os
import re
import smtplib
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen
from uuid import uuid4

import pytest

from cases.models import Case, Report
from tests.faults.look import past_case
from tests.faults.people import Browser, Notebook
from tipstaff.demo import start
from tipstaff.demo.processes import free_port, kill_group, spawn, wait_until
from tipstaff.ledger.models import Disclosure, Event
from tipstaff.ledger.verify import Tally, verify
from tipstaff.notices.models import Message
from tipstaff.sla.models import LEVELS, ClockAlert
from tipstaff.time import now

ROOT = Path(__file__).resolve().parents[2]
SMALL = {"--workers": "1", "--blocking-threads": "4", "--concurrency": "1"}
PATIENCE = 60  # seconds, for a busy machine; a quiet one needs two


class Machine:
    """One of each part, started as `make run` starts them, on a port of its own."""

    def __init__(self, home: Path, environment: dict[str, str]) -> None:
        self.port = free_port()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        for child in start.children(home, self.port, None):
            argv = [str(word) for word in child.argv]
            argv = [SMALL.get(flag, word) for flag, word in zip(["", *argv], argv, strict=False)]
            log = home / f"{child.name}.log"
            self.processes[child.name] = spawn(argv, env=environment | child.env, log=log, cwd=ROOT)

    def answers(self, page: str) -> bool:
        """Whether it answers 200 to `page`."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{page}", timeout=5) as answer:
                return answer.status == 200
        except (HTTPError, OSError):
            return False

    def kill(self, *parts: str) -> None:
        """`kill -9` of whole process groups, as a machine that is switched off."""
        for part in parts or tuple(self.processes):
            kill_group(self.processes[part].pid)
            self.processes[part].wait()


@pytest.fixture
def letters(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A mail server: its address, and the Maildir it writes."""
    port, folder = free_port(), tmp_path / "mail"
    argv = [sys.executable, "-m", "tipstaff.demo.mailbox", "127.0.0.1", str(port), str(folder)]
    server = spawn(argv, env=os.environ, log=tmp_path / "mail.log", cwd=ROOT)
    wait_until(lambda: listens(port), PATIENCE)
    yield f"smtp://127.0.0.1:{port}", folder
    kill_group(server.pid)
    server.wait()


def listens(port: int) -> bool:
    with contextlib.suppress(OSError), smtplib.SMTP("127.0.0.1", port, timeout=5):
        return True
    return False


@pytest.fixture
def machines(clone: str, letters: tuple[str, Path], tmp_path: Path) -> Iterator[list[Machine]]:
    """Both of them, answering. They share what must be shared: keys, database, broker."""
    suite = os.environ
    shared = {
        name: suite[f"TEST_{name}"].removesuffix("NAME") + clone
        for name in ("DATABASE_URL", "OWNER_DATABASE_URL", "SEQUENCER_DATABASE_URL", "ERASER_DATABASE_URL")
    } | {
        "BROKER_URL": suite["BROKER_URL"].removesuffix("/0") + "/9",
        "EMAIL_URL": letters[0],
        "LEDGER_KEY_FILE": str(tmp_path / "ledger.pem"),
        "VAULT_DIR": str(tmp_path / "vault"),
        "SWEEP_SECONDS": "0.5",
        "DELIVERY_SECONDS": "0.3",
        "LOG_LEVEL": "WARNING",
    }
    both = []
    try:
        for name in ("one", "two"):
            home = tmp_path / name
            (home / "static").mkdir(parents=True)
            both.append(Machine(home, dict(suite) | shared | {"TIPSTAFF_HOME": str(home)}))
        assert soon(lambda: all(machine.answers("/readyz") for machine in both)), told(tmp_path)
        yield both
    finally:
        for machine in both:
            machine.kill()


def told(home: Path) -> str:
    """The last words of every part, for when it goes wrong."""
    return "\n".join(f"{log}: {log.read_text()[-800:]}" for log in home.rglob("*.log"))


def file_report(port: int) -> str:
    """File a report on the web at `port` as anybody would; its receipt code."""
    browser = Browser(type("Stack", (), {"port": port})(), Notebook())
    browser.insist("GET", "/report/")
    contact = f"{uuid4().hex}@people.example"
    page = browser.post("/report/", submission=str(uuid4()), description="Seen.", good_faith="on", contact=contact)
    code = re.search(r'class="secret"[^>]*>([0-9A-Z-]{19})<', page.text)
    assert code, page
    return code[1]


def file_reports(ports: list[int]) -> list[str]:
    with ThreadPoolExecutor(len(ports)) as threads:
        return list(threads.map(file_report, ports))


def mailed(folder: Path) -> Counter[str]:
    """How often each Message-ID arrived."""
    box = mailbox.Maildir(folder, factory=None)
    return Counter(str(box[key]["Message-ID"]).strip() for key in box.keys())  # noqa: SIM118  a mailbox is no dict


def soon(done: Callable[[], bool]) -> bool:
    return wait_until(done, PATIENCE, pause=lambda _seconds: time.sleep(0.3))  # asking costs what the parts need


def everything_is_signed() -> bool:
    return not Event.objects.filter(leaf=None).exists()


def all_handed_over() -> bool:
    return not Message.objects.exclude(state=Message.State.HANDED_OVER).exists()


def ripening() -> dict[str, set[int]]:
    """Cases, two for each level, whose clock reaches it within the next three seconds: ref → levels by then."""
    passing = [(level, wait) for level in LEVELS for wait in (1.5, 3.0)]
    refs = [past_case(now() + timedelta(seconds=wait) - timedelta(hours=24) * level / 100) for level, wait in passing]
    return {
        ref: {passed for passed in LEVELS if passed <= level} for ref, (level, _wait) in zip(refs, passing, strict=True)
    }


def recorded(refs: Iterable[str]) -> dict[str, list[int]]:
    """The levels that events tell of, for each case, as often as they do."""
    by_clock: dict[str, list[int]] = {}
    kinds = ["clock.warned", "clock.breached", "clock.escalated"]
    for fact in Disclosure.objects.filter(event__kind__in=kinds, name="facts.level").order_by("event_id"):
        about = Disclosure.objects.get(event=fact.event_id, name="about")
        by_clock.setdefault(about.value["id"], []).append(int(fact.value))
    alerts = ClockAlert.objects.filter(clock__kind="decision").select_related("clock")
    clocks = {alert.clock.about: str(alert.clock_id) for alert in alerts}
    return {case.ref: by_clock.get(clocks.get(case.reference, ""), []) for case in Case.objects.filter(ref__in=refs)}


def test_two_of_each_do_everything_once_and_one_is_enough(
    machines: list[Machine], letters: tuple[str, Path], tmp_path: Path
) -> None:
    one, two = machines
    expected = ripening()
    codes = file_reports([one.port, two.port] * 5)

    one.kill("web")  # while both beats tick, both workers deliver and both sequencers sign
    codes += file_reports([two.port] * 4)

    assert soon(lambda: all(expected[ref] <= set(levels) for ref, levels in recorded(expected).items())), told(tmp_path)
    assert soon(all_handed_over), told(tmp_path)
    one.kill("worker", "beat", "sequencer")  # nothing is under way that a kill could double
    codes += file_reports([two.port])

    assert soon(lambda: all_handed_over() and everything_is_signed()), told(tmp_path)
    assert two.answers("/readyz")
    assert all(Report.by_code(code) for code in codes)
    assert len(set(codes)) == 15
    assert {ref: sorted(levels) for ref, levels in recorded(expected).items()} == {
        ref: sorted(levels) for ref, levels in expected.items()
    }
    assert mailed(letters[1]) == Counter(Message.objects.values_list("message_id", flat=True))
    tally = Tally()
    assert list(verify(tally)) == []
    assert tally.pending == 0
    assert tally.leaves == Event.objects.count()
