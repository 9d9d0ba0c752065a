"""Nothing lies about in clear, and nothing outlives the file that it was made of."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.factories import hold, person
from tests.vault.test_custody import disposed, proposed
from tests.vault.test_derive import sealed
from tipstaff.time import now
from tipstaff.vault import derive, redaction, storage, tasks
from tipstaff.vault.models import Derivative, SealedFile
from tipstaff.workflow.refused import Refused

TALK = b"10:02 user: Her name is Ana.\n10:03 model: I will not.\n"
WORKER = """
import os, sys, time
import django
django.setup()
from tipstaff.vault import derive
with derive.folder() as place:
    open(place + "/source", "wb").write(b"in clear")
    os.utime(place, (1, 1))
    print(place, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def _people(people: dict) -> None:
    pass


def erased(file: SealedFile) -> None:
    disposal = proposed(file, ground="erasure")
    disposal.approve(actor=person("counsel"))
    disposal.approve(actor=person("compliance"))


class TestInClear:
    def test_what_a_killed_reader_left_goes_and_what_is_in_use_stays(self, settings: Any, tmp_path: Path) -> None:
        settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
        environment = os.environ | {"FILE_UPLOAD_TEMP_DIR": str(tmp_path), "TESTING": "1"}
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        )
        try:
            assert worker.stdout is not None
            place = Path(worker.stdout.readline().strip())
            assert (place / "source").read_bytes() == b"in clear"
            assert derive.sweep() == 0
            assert place.exists()
        finally:
            worker.send_signal(signal.SIGKILL)
            worker.communicate()
        assert (place / "source").exists()
        tasks.remove_unclaimed()
        assert not list(tmp_path.iterdir())


class TestDisposal:
    def test_what_was_being_made_meanwhile_is_not_kept(self) -> None:
        file = sealed(TALK)
        made = Derivative(parent=file, kind="lines", tool="x", salt=b"s" * 32, root="0" * 64)
        stale = SealedFile.objects.get(pk=file.pk)
        erased(file)
        derive._keep(stale, [(made, b"{}\n", "application/jsonl")])
        assert not Derivative.objects.filter(parent=file).exists()
        assert [one.state for one in SealedFile.objects.exclude(pk=file.pk)] == ["set_aside"]
        with pytest.raises(Refused, match="no bytes of this file any more"):
            Derivative(parent=stale, kind="lines", file=sealed(b"{}\n")).make(actor=derive.READER)

    def test_a_redaction_that_comes_too_late_leaves_no_copy(self) -> None:
        file = sealed(TALK)
        derive.prepare(file)
        lines = file.derivatives.get()
        stale = SealedFile.objects.get(pk=file.pk)
        erased(file)
        with pytest.raises(Refused):
            redaction._keep(
                stale, lines, b"{}", "application/json", actor=person("counsel"), reason="A name.", params={}, root="0"
            )
        left = SealedFile.objects.filter(name__contains="redaction").get()
        assert (left.state, bytes(left.wrapped_key)) == ("set_aside", b"")


class TestKeeping:
    """A hold or a clock on what was made of a file would keep nothing, as it goes with its original."""

    def test_a_hold_on_what_was_made_of_a_file_is_placed_on_the_file(self) -> None:
        file = sealed(TALK)
        derive.prepare(file)
        made = file.derivatives.get()
        for part in (made, made.file):
            with pytest.raises(Refused, match=f"Place it on “file:{file.pk}”"):
                hold(part)
        placed = hold(file)
        with pytest.raises(Refused, match=placed.ref):
            disposed(made.file)

    def test_so_is_a_clock(self) -> None:
        file = sealed(TALK)
        derive.prepare(file)
        with pytest.raises(Refused, match="Keep that one longer"):
            file.derivatives.get().file.retain(
                actor=person("custodian"), kind="regulator", until=now().replace(year=2090), basis="x"
            )


def test_what_was_made_of_a_file_is_no_original_to_download(enter: Any) -> None:
    file = sealed(TALK)
    derive.prepare(file)
    made = file.derivatives.get().file
    desk = enter("counsel")
    assert desk.get(f"/files/{made.pk}/").status_code == 404
    assert desk.post(f"/files/{made.pk}/", {"reason": "Because."}).status_code == 404
    assert desk.post(f"/files/{file.pk}/", {"reason": "Because."}).status_code == 200
    storage.verify(made)
