"""`manage.py doctor` as people and machines run it: sentences, JSON, an exit code, and never a traceback."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError

from tests.conftest import ROOT
from tipstaff.doctor.management.commands import doctor
from tipstaff.doctor.result import Check, Result, ok, run, some, warning

NOWHERE = {
    "DATABASE_URL": "postgres://tipstaff_app:x@127.0.0.1:1/none",
    "OWNER_DATABASE_URL": "postgres://tipstaff_owner:x@127.0.0.1:1/none",
    "BROKER_URL": "redis://127.0.0.1:1/0",
    "EMAIL_URL": "smtp://127.0.0.1:1",
    "VAULT_DIR": "/proc/none",
}


def manage(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_when_nothing_is_there_it_says_so_and_ends_with_1(tmp_path: Any) -> None:
    done = manage("doctor", "--json", TIPSTAFF_HOME=str(tmp_path), **NOWHERE)
    told = json.loads(done.stdout)
    said = {check["check"]: check["results"] for check in told["checks"]}
    assert (done.returncode, told["status"]) == (1, "failing")
    assert "Traceback" not in done.stdout + done.stderr
    assert list(said) == [check.name for check in doctor.CHECKS]
    assert said["postgresql"][0]["sentence"].startswith("PostgreSQL does not answer at 127.0.0.1:1/none")
    assert said["triggers"] == [
        {"state": "warning", "sentence": "Not looked at: the database does not answer.", "do": "See PostgreSQL."}
    ]
    assert said["broker"][0]["state"] == said["mail"][0]["state"] == "failing"
    for results in said.values():
        assert all(result["do"] for result in results if result["state"] != "ok")


def test_settings_that_cannot_be_read_are_a_sentence() -> None:
    done = manage("doctor", TESTING="0", DEMO="0", SECRET_KEY="", DATABASE_URL="mysql://x@y/z")
    assert done.returncode == 1
    assert (
        done.stderr.startswith("Tipstaff: Tipstaff runs on PostgreSQL 18 only") or "PostgreSQL 18 only" in done.stderr
    )
    assert "Traceback" not in done.stderr


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[Check]:
    known: list[Check] = []
    monkeypatch.setattr(doctor, "CHECKS", known)
    return known


def doctored(*words: str) -> tuple[str, int]:
    out = io.StringIO()
    try:
        call_command("doctor", *words, stdout=out, no_color=True)
    except SystemExit as end:
        return out.getvalue(), int(str(end.code))
    return out.getvalue(), 0


def test_all_well_and_a_warning_end_with_0(checks: list[Check]) -> None:
    checks.append(Check("one", "The first", lambda: iter([ok("It is there.")])))
    checks.append(Check("two", "The second", lambda: iter([warning("It is late. " * 12, "Wait.")])))
    text, code = doctored()
    assert code == 0
    assert text.splitlines()[1:3] == ["The first", "  ok        It is there."]
    assert text.rstrip().endswith("1 ok, 1 warning, 0 failing.")
    assert "            → Wait." in text.splitlines()
    assert max(len(line) for line in text.splitlines()) <= doctor.WIDTH
    assert "The first" not in doctored("two")[0]
    assert json.loads(doctored("--json", "one")[0])["status"] == "ok"


def test_a_check_that_breaks_stops_no_other(checks: list[Check]) -> None:
    def breaks() -> Iterator[Result]:
        yield ok("So far.")
        raise LookupError("no such thing\nin here")

    def asks() -> Iterator[Result]:
        raise DatabaseError("permission denied for table x\nDETAIL: more")
        yield

    for name, look in {"breaks": breaks, "asks": asks}.items():
        checks.append(Check(name, name, look))
    checks.append(Check("last", "last", lambda: iter([ok("Still here.")])))
    first, second, last = run(checks)
    assert [result.state for result in first.results] == ["ok", "failing"]
    assert "LookupError in breaks, line" in first.results[1].sentence
    assert "no such thing" in first.results[1].sentence
    assert "in here" not in first.results[1].sentence
    assert "permission denied for table x" in second.results[0].sentence
    assert last.results == [ok("Still here.")]
    assert doctored()[1] == 1


def test_a_check_that_there_is_not(db: None) -> None:
    with pytest.raises(CommandError, match=r"There is no check liver\. There are: postgresql, "):
        call_command("doctor", "liver")


def test_names_in_a_sentence() -> None:
    assert some(["a", "b"]) == "a, b"
    assert some(list("abcdefgh")) == "a, b, c, d, e, f and 2 more"
