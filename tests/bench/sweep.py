"""What a sweep costs: what is due among few and among many open clocks, and how fast a backlog is drained.

`python -m tests.bench.sweep` starts a durable PostgreSQL of its own, loads cases and clocks by COPY and runs sweeps in
processes of their own. It prints figures and ratios, and judges nothing: machines differ, ratios less so.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from tests.bench.database import Bench, Row, bench, uuid_of

ONE = "from tests import factories; factories.case(code='VE-02', severity=4)"
DAY = timedelta(days=1)
LEVELS = (0, 50, 75, 100, 150, 200)


class Sweeps(Bench):
    def load(self, name: str, *, due: int, running: int) -> str:
        """`running` open cases, each with a decision clock; `due` of those have just passed a level, as many each."""
        self.copy("seed", name)
        with psycopg.connect(self.services.admin_url(name)) as db:
            db.execute("SET session_replication_role = replica")  # no key is checked a million times
            db.execute("UPDATE sla_clock SET next_check_at = now() + interval '1 year'")
            case = Row(db, "cases_case", "TRUE")
            clock = Row(db, "sla_clock", "kind = 'decision'")
            at = datetime.now(UTC)
            plan = list(_plan(due, running, at))
            with db.cursor().copy(case.into) as copy:
                for number, (_level, _passed, started) in enumerate(plan):
                    copy.write(case.line(**_case(number, started)))
            with db.cursor().copy("COPY ledger_stream (name, head_seq) FROM STDIN") as copy:
                for number in range(running):
                    copy.write(f"case:{uuid_of(1, number)}\t2\n")
            with db.cursor().copy(clock.into) as copy:
                for number, (level, passed, started) in enumerate(plan):
                    copy.write(clock.line(**_clock(number, level, passed, started)))
        self.settle(name)
        return name

    def sweep(self, template: str, sweepers: int = 1) -> dict[str, Any]:
        """Let so many sweeps run beside each other on a copy of `template`, from warm memory; what they say."""
        name = self.copy(template)
        try:
            workers = [self.python(name, "-m", "tests.bench.sweep", "--worker") for _ in range(sweepers)]
            for worker in workers:
                assert worker.stdout
                assert worker.stdout.readline() == "ready\n"
            before, began = _ticks(), time.monotonic()
            for worker in workers:
                assert worker.stdin
                worker.stdin.write("go\n")
                worker.stdin.flush()
            told = [json.loads(worker.communicate()[0]) for worker in workers]
            seconds, after = time.monotonic() - began, _ticks()
            spent = {key: after[key] - before[key] for key in before}
            return {
                "moved": sum(one["moved"] for one in told),
                "seconds": max(one["seconds"] for one in told),
                "python": sum(one["cpu"] for one in told),
                "server": sum(one["server"] for one in told),
                "wall": seconds,
                "busy": 100 * (1 - spent["idle"] / spent["all"]),
                "steal": 100 * spent["steal"] / spent["all"],
            }
        finally:
            self.drop(name)


def _plan(due: int, running: int, at: datetime) -> Iterator[tuple[int, int, datetime]]:
    """For each clock the level it has, the one it passes next, and when it started. Those due stand among the rest."""
    step = running // due if due else running + 1
    for number in range(running):
        if number % step == 0 and number // step < due:
            place = number // step % 5
            since = timedelta(seconds=60 + number // step * 3600 / due)
            yield LEVELS[place], LEVELS[place + 1], at - DAY * LEVELS[place + 1] / 100 - since
        else:
            yield 0, 50, at + timedelta(seconds=number % 2_000_000)


def _case(number: int, started: datetime) -> dict[str, str]:
    told = {"id": uuid_of(1, number), "ref": f"C-{number:07}X", "subject_id": r"\N", "behaviour": "system"}
    return told | {"opened_at": str(started), "due_at": str(started + DAY)}


def _clock(number: int, level: int, passed: int, started: datetime) -> dict[str, str]:
    told = {"id": uuid_of(2, number), "about": f"case:C-{number:07}X", "about_stream": f"case:{uuid_of(1, number)}"}
    breached = str(started + DAY) if level >= 100 else r"\N"
    times = {"started_at": started, "due_at": started + DAY, "next_check_at": started + DAY * passed / 100}
    return (
        told
        | {"level": str(level), "target": "1 day", "breached_at": breached, "detected_at": breached}
        | {name: str(value) for name, value in times.items()}
    )


def _ticks() -> dict[str, int]:
    spent = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    return {"all": sum(spent[:8]), "idle": spent[3] + spent[4], "steal": spent[7]}


def work() -> None:
    """In a process of its own: sweep when told to, and say what it took."""
    import django

    django.setup()
    from django.db import connection

    from tipstaff.jobs import memory
    from tipstaff.sla.models import Clock
    from tipstaff.sla.sweep import sweep

    with connection.cursor() as cursor:  # warm: what is measured is the sweep and not the first reading of the disk
        for table in ("sla_clock", "cases_case", "ledger_stream"):
            cursor.execute(f"SELECT count(*) FROM {table}")
        cursor.execute("SELECT pg_backend_pid()")
        backend = Path(f"/proc/{cursor.fetchone()[0]}/stat")
    Clock.objects.first()
    memory.look_rarely()  # as in a process of a worker
    print("ready", flush=True)
    sys.stdin.readline()
    began, cpu, server = time.monotonic(), time.process_time(), _spent(backend)
    if os.environ.get("PROFILE"):
        import cProfile

        profile = cProfile.Profile()
        moved = profile.runcall(sweep)
        profile.dump_stats(f"{os.environ['PROFILE']}.{os.getpid()}")
    else:
        moved = sweep()
    seconds, cpu = time.monotonic() - began, time.process_time() - cpu
    print(json.dumps({"moved": moved, "seconds": seconds, "cpu": cpu, "server": _spent(backend) - server}))


def _spent(process: Path) -> float:
    """Seconds of processor that a process has used."""
    words = process.read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def say(label: str, told: dict[str, Any]) -> None:
    rate = told["moved"] / told["seconds"]
    print(
        f"{label:44} {told['moved']:7,} moved in {told['seconds']:6.2f} s = {rate:7,.0f}/s; processor: "
        f"python {told['python']:5.2f} s, postgres {told['server']:5.2f} s; "
        f"machine {told['busy']:3.0f} % busy, {told['steal']:4.1f} % stolen",
        flush=True,
    )


def compare(made: Sweeps, few: str, many: str, rounds: int) -> None:
    """The same number due among few and among many, in turns."""
    seconds: dict[str, list[float]] = {few: [], many: []}
    for _round in range(rounds):
        for template in (few, many):
            told = made.sweep(template)
            say(f"due among {template.removeprefix('among_')} open", told)
            seconds[template].append(told["seconds"])
    medians = {template: statistics.median(found) for template, found in seconds.items()}
    print(f"many / few = {medians[many] / medians[few]:.3f} (medians of {rounds})")


def main(arguments: argparse.Namespace) -> None:
    with bench(Sweeps, ONE) as made:
        if arguments.rounds:
            few = made.load(f"among_{arguments.due}", due=arguments.due, running=arguments.due)
            many = made.load(f"among_{arguments.open}", due=arguments.due, running=arguments.open)
            compare(made, few, many, arguments.rounds)
            made.drop(few)
            made.drop(many)
        backlog = made.load("backlog", due=arguments.drain, running=arguments.open)
        for sweepers in (1, 2):
            say(f"{sweepers} draining {arguments.drain:,} among {arguments.open:,}", made.sweep(backlog, sweepers))
        made.drop(backlog)
        idle = made.load("idle", due=0, running=arguments.open)
        told = made.sweep(idle)
        print(f"nothing due among {arguments.open:,} open: {told['seconds'] * 1000:.1f} ms, moved {told['moved']}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--open", type=int, default=1_000_000)
    parser.add_argument("--due", type=int, default=10_000)
    parser.add_argument("--drain", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--worker", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    given = _arguments()
    work() if given.worker else main(given)
