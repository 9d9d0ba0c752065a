"""What hostile files, hostile moments and somebody else's tools make of the vault."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests import factories
from tests.conftest import ALIASES, ROOT
from tests.factories import SYSTEM, person, sealed
from tipstaff.ledger.models import Event
from tipstaff.time import moved_to, now
from tipstaff.vault import fixity, storage
from tipstaff.vault.models import SealedFile
from tipstaff.vault.places import place_of
from tipstaff.workflow.actors import LinkHolder
from tipstaff.workflow.refused import Refused

TEXT = b"10:02 user: hello\n"
REPORTER = LinkHolder("reporter")

# A process of its own that takes a file in, attaches it and lets somebody download it, and dies at the place named.
DIES = """
import os, signal, sys
import django
django.setup()
from django.core.files.uploadedfile import SimpleUploadedFile
from tipstaff.accounts.models import Subject, User
from tipstaff.vault import storage
from tipstaff.vault.models import SealedFile
from tipstaff.workflow.actors import System

def die(*_what, **_named):
    os.kill(os.getpid(), signal.SIGKILL)

PLACES = {
    "before the first byte": (storage, "_store"),
    "among the bytes": (os, "fsync"),
    "before it has its name": (os, "link"),
    "before it is verified": (storage, "_make_last"),
    "before it is sealed": (SealedFile, "seal"),
    "before it is attached": (SealedFile, "attach"),
    "before it is served": (storage, "open_sealed"),
}
setattr(*PLACES[sys.argv[1]], die)
actor = System("tests")
file = storage.receive(SimpleUploadedFile("a.txt", b"10:02 user: hello\\n" * 5000, "text/plain"), actor=actor)
subject = Subject(external_id="acct_killed")
subject.register(actor=actor)
file.give_to(subject, actor=actor)
file.download(actor=User.objects.get(email="custodian@demo.example"), reason="A look", sha256=file.sha256)
storage.open_sealed(file).read()
"""
LEFT = {  # where it dies: the state it leaves, and the state after the reaper has been there
    "before the first byte": ("receiving", "failed"),
    "among the bytes": ("receiving", "failed"),
    "before it has its name": ("receiving", "failed"),
    "before it is verified": ("receiving", "failed"),
    "before it is sealed": ("receiving", "failed"),
    "before it is attached": ("sealed", "set_aside"),
    "before it is served": ("sealed", "sealed"),
}


@pytest.mark.parametrize("place", LEFT)
def test_killed_at_any_step_it_leaves_a_stated_state_that_is_cleaned_up(clone: str, vault: Path, place: str) -> None:
    environment = os.environ | {"VAULT_DIR": str(vault)}
    environment |= {variable: os.environ[f"TEST_{variable}"].removesuffix("NAME") + clone for variable in ALIASES}
    done = subprocess.run(
        [sys.executable, "-c", DIES, place], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    file = SealedFile.objects.get()
    before, after = LEFT[place]
    assert file.state == before
    reads = Event.objects.filter(stream=file.stream, kind="file.downloaded").count()
    assert reads == (1 if place == "before it is served" else 0)  # on record although no byte left
    assert fixity.remove_unclaimed() == []  # whatever is there may still be on its way
    for path in vault.rglob("*.*"):
        os.utime(path, (0, 0))
    with moved_to(now() + timedelta(hours=25)):
        fixity.remove_unclaimed()
        fixity.remove_unclaimed()  # the bytes of what has failed or was set aside by now
    file.refresh_from_db()
    assert file.state == after
    assert [path.stem for path in vault.rglob("*.*")] == ([str(file.pk)] if after == "sealed" else [])
    if after == "sealed":
        storage.verify(file)


@pytest.mark.skipif(shutil.which("age") is None, reason="age is not installed: apt-get install age")
@pytest.mark.parametrize("size", [0, 1, 65_536, 200_001])
def test_the_age_command_and_sha256sum_agree_with_what_is_stored(
    db: None, vault: Path, tmp_path: Path, size: int
) -> None:
    """Nothing of ours takes part but the key of the file, once unwrapped."""
    content = (os.urandom(size // 2 + 1).hex()).encode()[:size]
    file = sealed(content, "a.txt")
    identity = tmp_path / "identity.txt"
    identity.write_text(f"{storage.identity_of(file)}\n")
    opened = tmp_path / "opened"
    with opened.open("wb") as target:
        subprocess.run(["age", "-d", "-i", identity, place_of(file.pk)], check=True, stdout=target)
    for tool, digest in (("sha256sum", file.sha256), ("sha512sum", file.sha512)):
        told = subprocess.run([tool, opened], check=True, capture_output=True, text=True)
        assert told.stdout.split()[0] == digest
    assert opened.stat().st_size == file.size


class TestOnce:
    def test_a_matter_keeps_the_same_bytes_once_and_says_of_the_other_what_became_of_it(
        self, people: dict, vault: Path, enter: Any
    ) -> None:
        uploads = [SimpleUploadedFile(f"{number}.txt", TEXT, "text/plain") for number in range(2)]
        with storage.received(uploads, actor=REPORTER) as files:
            filed = factories.report(files=files)
        (kept,) = filed.files
        double = SealedFile.objects.get(state="set_aside")
        assert (kept.name, double.name, double.same_as, double.sha256) == ("0.txt", "1.txt", kept, kept.sha256)
        assert bytes(double.wrapped_key) == b""
        page = enter("custodian").get(f"/desk/custody/files/{double.pk}/")
        assert "The same bytes were there already" in page.text

    def test_another_matter_has_them_on_its_own(self, people: dict) -> None:
        for name in ("one", "two"):
            assert sealed(TEXT).give_to(factories.subject(name), actor=SYSTEM).matter == f"subject:{name}"

    def test_they_may_come_back_after_they_were_disposed_of(self, people: dict) -> None:
        subject = factories.subject()
        first = sealed(TEXT).give_to(subject, actor=SYSTEM)
        SealedFile.objects.filter(pk=first.pk).update(state="disposed", wrapped_key=b"", disposed_at=now())
        assert sealed(TEXT).give_to(subject, actor=SYSTEM).state == "sealed"

    def test_what_came_with_a_refused_act_is_let_go(
        self, people: dict, vault: Path, django_capture_on_commit_callbacks: Any
    ) -> None:
        upload = SimpleUploadedFile("a.txt", TEXT, "text/plain")
        with django_capture_on_commit_callbacks(execute=True), pytest.raises(Refused, match="no"):  # noqa: SIM117
            with storage.received([upload], actor=REPORTER):
                raise Refused("no")
        assert SealedFile.objects.get().state == "set_aside"
        assert not list(vault.rglob("*.age"))

    def test_a_hold_keeps_even_what_no_matter_took(self, people: dict, vault: Path) -> None:
        file = sealed(TEXT)
        factories.hold(file)
        with moved_to(now() + timedelta(hours=25)):
            fixity.remove_unclaimed()
        file.refresh_from_db()
        assert file.state == "sealed"

    def test_one_that_belongs_to_a_matter_is_never_set_aside(self, people: dict) -> None:
        file = sealed(TEXT)
        file.attach(actor=SYSTEM, to=factories.subject())
        with pytest.raises(Refused, match="belongs to another matter already"):
            file.set_aside(actor=SYSTEM)
        storage.let_go(file, actor=SYSTEM)
        assert SealedFile.objects.get().state == "sealed"


class TestTypes:
    def test_a_file_that_is_two_things_is_named_by_one_and_never_shown_as_either(
        self, people: dict, enter: Any
    ) -> None:
        both = b"GIF89a/*\x01\x00*/=1;<html><script>alert(document.domain)</script></html>"
        file = factories.evidence(factories.claimed(), content=both).file
        assert file.sniffed_type == "image/gif"
        assert file.sniffer.startswith("libmagic 5.")
        assert file.type_differs  # it was declared as text
        told = Event.objects.get(stream=file.stream, kind="file.noted_type").told()
        assert (told["facts.declared"], told["facts.seen"]) == ("text/plain", "image/gif")
        reviewer = enter("reviewer")
        assert "Not what it was declared as" in reviewer.get(file.get_absolute_url()).text
        answer = reviewer.post(file.get_absolute_url(), {"reason": "A look"})
        assert answer["Content-Type"] == "application/octet-stream"
        assert answer["Content-Disposition"].startswith("attachment")
        assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert int(answer["Content-Length"]) == len(b"".join(answer.streaming_content)) == len(both)

    def test_a_program_is_not_taken_at_a_form_and_is_in_a_zip(self, people: dict, client: Any) -> None:
        page = client.post("/report/", {"files": SimpleUploadedFile("photo\u202egpj.exe", b"MZ" + bytes(300))})
        assert page.status_code == 422
        assert "is a file of a kind that we do not take" in page.text
        assert "\u202e" not in page.text
        assert not SealedFile.objects.exists()

    def test_at_any_other_door_it_fails_in_a_stated_way(self, people: dict, vault: Path) -> None:
        with pytest.raises(Refused, match="put it into a ZIP archive"):
            storage.receive(SimpleUploadedFile("a.exe", b"MZ" + bytes(300)), actor=person("reviewer"))
        file = SealedFile.objects.get()
        assert file.state == "failed"
        assert Event.objects.get(stream=file.stream, kind="file.failed").told()["facts.reason"] == "type not taken"
        assert not vault.exists() or not [path for path in vault.rglob("*") if path.is_file()]

    def test_what_is_taken_is_a_setting(self, people: dict, settings: Any) -> None:
        settings.FILE_TYPES = ["application/pdf"]
        with pytest.raises(Refused, match="text/plain"):
            storage.receive(SimpleUploadedFile("a.txt", TEXT), actor=REPORTER)


class TestServing:
    def test_bytes_that_change_while_they_are_served_break_the_download_off(self, people: dict, vault: Path) -> None:
        """The file was whole when it was looked at; a moment later it is not."""
        file = sealed(os.urandom(300_000).hex().encode(), "a.txt")
        clear = storage.open_sealed(file)
        first = clear.read(1000)
        path = place_of(file.pk)
        path.chmod(0o640)
        with path.open("r+b") as stored:
            stored.seek(-10, os.SEEK_END)
            stored.write(b"\0" * 10)
        with clear, pytest.raises(storage.Damaged):
            clear.readall()
        assert len(first) == 1000

    def test_a_reader_who_goes_away_leaves_no_thread_behind(self, people: dict) -> None:
        import threading

        before = threading.active_count()
        file = sealed(os.urandom(600_000).hex().encode(), "a.txt")
        clear = storage.open_sealed(file)
        clear.read(10)
        clear.close()
        assert threading.active_count() == before

    def test_nothing_in_clear_lies_on_a_disk_while_it_is_read(self, people: dict, settings: Any) -> None:
        from tests.vault.test_staging import open_bytes

        content = os.urandom(300_000).hex().encode()
        file = sealed(content, "a.txt")
        with storage.open_sealed(file) as clear:
            clear.read(10)
            assert content[:64] not in b"".join(open_bytes("/tmp"))  # where tests keep everything
        assert hashlib.sha256(content).hexdigest() == file.sha256
