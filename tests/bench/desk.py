"""What the desk costs with a million cases: the queue, the next case, the case page with 400 turns, a commit.

`python -m tests.bench.desk` starts a durable PostgreSQL of its own, makes a few whole cases by operations and copies
them by COPY until there are as many as asked for, a fifth of them open. Then one process asks for pages as a browser
would, by Django's own client and so without a network. It prints figures and judges nothing; effects are asserted.
"""

import argparse
import json
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import batched, cycle, islice
from typing import Any

import psycopg

from tests.bench.database import Bench, Row, bench, uuid_of

PATTERNS = "from tests.bench import desk; desk.make_patterns()"
GROUPS = 6
SEVERITY = 2  # of what is made; the copies differ
TALKS = 5
NULL = r"\N"  # as COPY writes it
SPAN = timedelta(days=90)  # over which the cases were opened
COPIED = {  # what there is of a case, and the word that finds its row
    "accounts_subject": "id = %(subject)s",
    "cases_case": "id = %(case)s",
    "cases_report": "case_id = %(case)s",
    "cases_hand": "case_id = %(case)s",  # before what somebody has it by
    "cases_finding": "case_id = %(case)s",
    "cases_decision": "case_id = %(case)s",
    "cases_sanction": "case_id = %(case)s",
    "sla_clock": "about_stream = 'case:' || %(case)s::text AND kind = 'decision'",
}


def make_patterns() -> None:
    """One open and one decided case under a rule of each of some groups, made by operations."""
    from aup.evaluation import severities
    from aup.models import Rule
    from tests import factories

    rules = Rule.objects.filter(content_handling="standard", legal_referral="none", zero_tolerance=False)
    by_group = {
        rule.group.code: rule.code
        for rule in rules.select_related("group", "version__matrix").order_by("code")
        if SEVERITY in severities(rule.facts, rule.version.matrix.document)
    }
    for code in list(by_group.values())[:GROUPS]:
        factories.case(code=code, about=factories.subject(f"o-{code}"), severity=SEVERITY)
        decision = factories.proposed(case_columns={"code": code, "about": factories.subject(f"d-{code}")})
        if decision.needs_confirmer:
            decision.confirm(actor=factories.person("adjudicator"))
        decision.issue(actor=factories.person("senior"))


class Pattern:
    """The rows of one case, to be written again with other names and times."""

    def __init__(self, db: Any, case: Any) -> None:
        ids = {"case": case["id"], "subject": case["subject_id"]}
        self.rows: list[tuple[Row, str]] = []
        names: dict[str, str] = {}
        found: list[Row] = []
        for table, where in COPIED.items():
            query = psycopg.ClientCursor(db).mogrify(where, ids)
            if db.execute(f"SELECT 1 FROM {table} WHERE {query} LIMIT 1".encode()).fetchone():
                found.append(Row(db, table, query))
        for row in found:
            kept = kept_of(row)
            for column, kind in (("id", "id"), ("ref", "ref"), ("external_id", "account"), ("receipt_hash", "hash")):
                if column in kept:
                    names[kept[column]] = f"%({row.table}_{kind})s"
        known = re.compile("|".join(map(re.escape, names)))
        for row in found:
            told = {name: word for name, word in _times(row.table).items() if kept_of(row)[name] != NULL}
            line = row.line(**told).replace("%", "%%")
            line = known.sub(lambda match: names[match[0]], line)
            self.rows.append((row, re.sub(r"%%\((\w+)\)s", r"%(\1)s", line)))

    def lines(self, numbers: range, at: datetime) -> Iterator[tuple[Row, list[str]]]:
        """For each table, what COPY writes for the cases with these numbers."""
        facts = [_facts(number, at) for number in numbers]
        for row, line in self.rows:
            yield row, [line % told for told in facts]


def kept_of(row: Row) -> dict[str, str]:
    return dict(zip(row.columns, row.values, strict=True))


def _times(table: str) -> dict[str, str]:
    due = {"due_at": "%(due)s"}
    return {
        "cases_case": due | {name: f"%({name})s" for name in ("opened_at", "severity", "trust", "flagged")},
        "cases_report": {"received_at": "%(opened_at)s"},
        "cases_decision": {"proposed_at": "%(opened_at)s", "issued_at": "%(decided)s", "reasons": "%(reasons)s"},
        "sla_clock": due | {"started_at": "%(opened_at)s", "next_check_at": "%(checked)s"},
    }.get(table, {})


WORDS = ("posts", "scripts", "account", "night", "list", "address", "loader", "forged", "vote", "key", "relay", "model")


def _facts(number: int, at: datetime) -> dict[str, Any]:
    opened = at - SPAN * ((number * 7919) % 1_000_003 / 1_000_003)
    due = at + timedelta(seconds=(number * 104_729) % 864_000 - 43_200)  # a twentieth of them late
    said = " ".join(WORDS[(number * step) % len(WORDS)] for step in (3, 5, 7, 11, 13, 17))
    told: dict[str, Any] = {
        "opened_at": opened,
        "decided": opened + timedelta(hours=5),
        "due": due,
        "checked": at + timedelta(days=30),
        "severity": 1 + number % 10 // 4,
        "trust": number % 7 - 3,
        "flagged": "t" if number % 97 == 0 else "f",
        "reasons": f"We found {said} as number {number}.",
    }
    for kind, table in enumerate(COPIED, 1):
        told[f"{table}_id"] = uuid_of(kind, number)
        told[f"{table}_ref"] = f"{table[6].upper()}-{number:07}X"
        told[f"{table}_account"] = f"copy-{number}"
        told[f"{table}_hash"] = f"{number:064x}"
    return told


class Desk(Bench):
    def load(self, name: str, *, cases: int, waiting: int) -> str:
        """So many cases, the first `waiting` of them open, each about an account of its own."""
        self.copy("seed", name)
        began, at = time.monotonic(), datetime.now(UTC)
        with psycopg.connect(self.services.admin_url(name)) as db:
            db.execute("SET session_replication_role = replica")  # no key is checked a million times
            for state, numbers in (("open", range(waiting)), ("decided", range(waiting, cases))):
                cursor = db.cursor(row_factory=psycopg.rows.dict_row)
                seeds = cursor.execute("SELECT * FROM cases_case WHERE state = %s", [state]).fetchall()
                made = [Pattern(db, seed) for seed in seeds]
                for place, pattern in enumerate(made):
                    self._write(db, pattern, range(numbers.start + place, numbers.stop, len(made)), at)
        self.settle(name)
        print(f"{cases:,} cases, {waiting:,} of them open, loaded in {time.monotonic() - began:.0f} s", flush=True)
        return name

    def _write(self, db: Any, pattern: Pattern, numbers: range, at: datetime) -> None:
        for some in batched(numbers, 20_000, strict=False):
            part = range(some[0], some[-1] + 1, numbers.step)
            for row, lines in pattern.lines(part, at):
                with db.cursor().copy(row.into) as copy:
                    copy.write("".join(lines))
            with db.cursor().copy("COPY ledger_stream (name, head_seq) FROM STDIN") as copy:
                copy.write(
                    "".join(f"case:{uuid_of(2, number)}\t2\nreport:{uuid_of(3, number)}\t2\n" for number in part)
                )

    def ask(self, name: str, rounds: int) -> list[dict[str, Any]]:
        worker = self.python(name, "-m", "tests.bench.desk", "--worker", "--rounds", str(rounds))
        return [json.loads(line) for line in worker.communicate()[0].splitlines()]


# --- in a process of its own ---
class Meter:
    """Milliseconds of each request, those of them that PostgreSQL had, and its queries."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.spent: list[float] = []
        self.sql: list[float] = []
        self.queries: list[int] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.sql[-1] += (time.perf_counter() - began) * 1000
            self.queries[-1] += 1

    def run(self, request: Callable[[], Any]) -> Any:
        from django.db import connection

        self.sql.append(0.0)
        self.queries.append(0)
        began = time.perf_counter()
        with connection.execute_wrapper(self):
            answer = request()
        self.spent.append((time.perf_counter() - began) * 1000)
        return answer

    def told(self) -> dict[str, Any]:
        cuts = statistics.quantiles(self.spent, n=20)
        sql = statistics.median(self.sql)
        return {
            "label": self.label,
            "rounds": len(self.spent),
            "p50": statistics.median(self.spent),
            "p95": cuts[18],
            "sql": sql,
            "queries": max(self.queries),
        }


def work(rounds: int) -> None:
    """Ask for each page `rounds` times after a few that warm up; a line of JSON for each kind of request."""
    import django

    django.setup()
    for meter in _measured(rounds):
        print(json.dumps(meter.told()), flush=True)


def _measured(rounds: int) -> Iterator[Meter]:
    from cases.models import Case

    reviewer, lead = _browser("reviewer"), _browser("lead")
    group = Case.objects.queued().values_list("rule_group", flat=True)[0]
    gets = {
        "queue": (reviewer, "/desk/queue/?all=1"),
        "queue of a lead": (lead, "/desk/queue/?all=1"),
        "queue, one group": (reviewer, f"/desk/queue/?group={group}"),
        "queue, late": (reviewer, "/desk/queue/?late=on"),
        "queue, page 200": (reviewer, "/desk/queue/?all=1&page=200"),
        "queue, live counts": (lead, "/desk/queue/counts/"),
        "all cases": (lead, "/desk/cases/"),
    }
    for label, (browser, address) in gets.items():
        yield _pages(label, browser, [address], rounds)
    talks = _talks()
    yield _pages("case with 400 turns", reviewer, talks, rounds)
    yield _pages("the same for a lead", lead, talks, rounds)
    yield _pages("its next 60 turns", reviewer, [f"{page}exhibits/1/turns/?from=61" for page in talks], rounds)
    yield from _claims(rounds)
    yield from _commits(rounds)


def _browser(mailbox: str) -> Any:
    from django.test import Client

    from tests.factories import person

    browser = Client(SERVER_NAME="localhost")
    browser.force_login(person(mailbox), backend="django.contrib.auth.backends.ModelBackend")
    return browser


def _pages(label: str, browser: Any, addresses: list[str], rounds: int) -> Meter:
    for address in addresses:
        assert browser.get(address).status_code == 200, address
    meter = Meter(label)
    for address in islice(cycle(addresses), rounds):
        meter.run(partial(browser.get, address))
    return meter


def _talks() -> list[str]:
    from tests import factories
    from tests.cases.test_console import talk

    made = []
    for number in range(TALKS):
        case = talk(about=factories.subject(f"talk-{number}"))
        factories.finding(case)
        made.append(case.get_absolute_url())
    return made


def _claims(rounds: int) -> Iterator[Meter]:
    """Claim after claim; each case goes to a colleague, so that the head of the queue is full of claimed ones."""
    from cases.models import Case
    from tests.factories import person

    browser, colleague, meter = _browser("reviewer"), person("lead"), Meter("claim the next")
    taken = set()
    for _number in range(rounds):
        answer = meter.run(lambda: browser.post("/desk/queue/next/", {"within": ""}))
        taken.add(answer.url)
        held = Case.objects.filter(claimed_by=person("reviewer"), ref=answer.url.split("/")[-2])
        assert held.update(claimed_by=colleague) == 1, answer.url
    assert len(taken) == rounds
    yield meter


def _commits(rounds: int) -> Iterator[Meter]:
    """Decide what was claimed: proposed and stayed, then with the next case in the same answer."""
    from cases.models import Case, Decision
    from tests import factories
    from tests.cases.test_commit import HX, typed

    browser = _browser("reviewer")
    for label, act, outcome in (
        ("commit no breach", "", "no_breach"),
        ("commit a breach", "", "breach"),
        ("commit, with the next case", "next", "no_breach"),
    ):
        meter, headers = Meter(label), HX if act else {}
        address = browser.post("/desk/queue/next/", {"within": ""}).url
        for _number in range(rounds):
            case = Case.objects.get(ref=address.split("/")[-2])
            facts = typed(case, outcome) | {"act": act}
            if outcome == "breach":
                factories.checked(case)
            answer = meter.run(lambda: browser.post(f"{address}propose/", facts, headers=headers))  # noqa: B023
            assert Decision.objects.get(case=case).state == "proposed", answer.content[:500]
            address = answer["HX-Push-Url"] if act else browser.post("/desk/queue/next/", {"within": ""}).url
        yield meter


def main(arguments: argparse.Namespace) -> None:
    waiting = arguments.open if arguments.open is not None else arguments.cases // 5
    with bench(Desk, PATTERNS) as made:
        name = made.load("desk", cases=arguments.cases, waiting=waiting)
        print(f"{'':30}{'p50':>9}{'p95':>9}{'in SQL':>9}{'page/SQL':>10}{'queries':>9}")
        for told in made.ask(name, arguments.rounds):
            ratio = told["p50"] / told["sql"]
            print(
                f"{told['label']:30}{told['p50']:6.1f} ms{told['p95']:6.1f} ms{told['sql']:6.1f} ms"
                f"{ratio:10.1f}{told['queries']:9}",
                flush=True,
            )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--open", type=int, help="how many of them are open; a fifth unless told")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--worker", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    given = _arguments()
    sys.exit(work(given.rounds) if given.worker else main(given))
