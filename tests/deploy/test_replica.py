"""With REPLICA_DATABASE_URL the reading pages of oversight show the replica, and nothing else does."""

import json
import os
import subprocess
import sys

from django.db import connections

from tests import factories
from tests.conftest import ROOT, clone_of, drop
from tipstaff.ledger.models import Event

VISIT = """
import json, sys
import django
django.setup()
from django.test import Client
from tipstaff.accounts.models import User

ref, seen = sys.argv[1], {}
for mailbox in ("auditor", "lead"):
    browser = Client(headers={"host": "localhost"})
    browser.force_login(User.objects.get(email=f"{mailbox}@demo.example"), "django.contrib.auth.backends.ModelBackend")
    for path in (f"/oversight/cases/{ref}/", f"/desk/cases/{ref}/", "/oversight/"):
        answer = browser.get(path)
        page = answer.content.decode()
        seen[f"{mailbox} {path}"] = [answer.status_code, "claimed the case" in page or "has it until" in page]
    if mailbox == "auditor":
        document = json.loads(browser.post(f"/oversight/cases/{ref}/download/").content)
        seen["download"] = [event["kind"] for event in document["events"]]
print(json.dumps(seen))
"""


def visit(ref: str, **environment: str) -> dict:
    """What the auditor and the lead see of a case, in a process with settings of its own."""
    argv = [sys.executable, "-c", VISIT, ref]
    ran = subprocess.run(
        argv, cwd=ROOT, env=dict(os.environ) | environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_oversight_reads_the_replica_and_everything_else_the_database(clone: str) -> None:
    case = factories.case()
    connections.close_all()  # a database that somebody is connected to cannot be copied
    behind = clone_of(clone, f"{clone}_behind")
    case.claim(actor=factories.person("reviewer"))
    main = os.environ["TEST_DATABASE_URL"].removesuffix("NAME")
    try:
        seen = visit(case.ref, DATABASE_URL=main + clone, REPLICA_DATABASE_URL=main + behind)
    finally:
        drop(behind)
    history, desk = f"/oversight/cases/{case.ref}/", f"/desk/cases/{case.ref}/"
    assert seen[f"auditor {history}"] == [200, False]
    assert seen["auditor /oversight/"][0] == 200
    assert seen[f"lead {desk}"] == [200, True]
    assert seen["download"][-2:] == ["case.claimed", "export.created"]
    assert Event.objects.filter(stream=case.stream, kind="export.created").count() == 1


def test_without_one_everything_reads_the_database(clone: str) -> None:
    case = factories.claimed()
    seen = visit(case.ref, DATABASE_URL=os.environ["TEST_DATABASE_URL"].removesuffix("NAME") + clone)
    assert seen[f"auditor /oversight/cases/{case.ref}/"] == [200, True]
