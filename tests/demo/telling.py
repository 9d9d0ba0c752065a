"""Telling the story in a process of its own, and saying in one line what was told."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

from tests.conftest import ROOT
from tipstaff.workflow import references

NOW = datetime(2026, 6, 17, 9, 41, tzinfo=UTC)
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
REFERENCE = re.compile(r"\b[A-Z]-[0-9A-HJKMNP-TV-Z]{4,}\b")
LINK = re.compile(r"http\S+")  # signed, and with a reference in it
TRUST = {"trust", "earlier_right", "earlier_wrong"}  # follows from what was filed before, by whichever hand
DRAWN = TRUST | {"id", "message_id", "created_at", "start", "wrapped_key", "salt", "root"}  # random, or the real time


@contextmanager
def sealing_into(folder: Path) -> Iterator[None]:
    before, settings.VAULT_DIR = settings.VAULT_DIR, folder
    yield
    settings.VAULT_DIR = before


def in_a_process_of_its_own(database: str, *lines: str, at: datetime = NOW, fails: bool = False) -> str:
    """Run the lines at `at` in a process without threads, which can be forked, as `demo_data` is; what it says."""
    program = [
        "import django, datetime",
        "django.setup()",
        "from tipstaff.demo import story",
        "from tipstaff.time import moved_to",
        f"with moved_to(datetime.datetime.fromisoformat({at.isoformat()!r})):",
        *(f"    {line}" for line in lines),
    ]
    address = os.environ["TEST_DATABASE_URL"].removesuffix("NAME") + database
    env = os.environ | {"DATABASE_URL": address, "VAULT_DIR": str(settings.VAULT_DIR)}
    argv = [sys.executable, "-c", "\n".join(program)]
    ran = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert bool(ran.returncode) == fails, ran.stderr
    return ran.stderr if fails else ran.stdout


def digest_of_everything() -> str:
    """What all records say, whatever order they were made in: an id stands for what its record says."""
    kept = {}
    for prefix, model in sorted(references.registered().items()):
        for record in model._default_manager.all():
            told = {name: value for name, value in record.stored().items() if name not in DRAWN | record.untold}
            if ".redaction-" in told.get("name", ""):  # it proves itself with salts
                told |= dict.fromkeys(("sha256", "sha512", "size"))
            text = json.dumps([prefix, told], ensure_ascii=False, sort_keys=True, default=str)
            kept[str(record.pk)] = REFERENCE.sub("…", LINK.sub("…", text))
    bare = {pk: _digest(UUID.sub("?", text)) for pk, text in kept.items()}
    rows = sorted(UUID.sub(lambda found: bare.get(found[0], "?"), text) for text in kept.values())
    return _digest("\n".join(rows))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
