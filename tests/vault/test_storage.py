"""Sealing and opening: age on the disk, digests of the true bytes, and no half file whatever the disk does."""

import hashlib
import io
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyrage
import pytest
from django.core.files.uploadedfile import InMemoryUploadedFile, SimpleUploadedFile, TemporaryUploadedFile
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.factories import SYSTEM, sealed
from tipstaff.ledger.models import Event
from tipstaff.vault import storage
from tipstaff.vault.models import SealedFile
from tipstaff.workflow.refused import NotPermitted, Refused

pytestmark = pytest.mark.usefixtures("db")
TEXT = b"10:02 user: hello\n"


def text_of(size: int) -> bytes:
    return (os.urandom(size // 2 + 1).hex()).encode()[:size]


def on_disk(file: SealedFile, vault: Path) -> Path:
    (path,) = [path for path in vault.rglob("*") if path.is_file() and str(file.pk) in path.name]
    return path


def named(name: str, content: bytes = TEXT, content_type: str | None = "text/plain") -> InMemoryUploadedFile:
    """An upload whose name went through no cleaning."""
    upload = SimpleUploadedFile("x", content, content_type or "")
    upload._name = name
    upload.content_type = content_type
    return upload


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """The operating system refuses to write more than `size` bytes into any file of this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


class TestReceive:
    def test_the_bytes_on_the_disk_are_age_for_the_key_in_the_row(self, vault: Path) -> None:
        file = sealed(TEXT)
        raw = on_disk(file, vault).read_bytes()
        assert raw.startswith(b"age-encryption.org/v1\n")
        assert TEXT not in raw
        identity = pyrage.x25519.Identity.from_str(storage._unwrap(bytes(file.wrapped_key)))
        assert pyrage.decrypt(raw, [identity]) == TEXT
        assert b"AGE-SECRET-KEY" not in bytes(file.wrapped_key)

    def test_nobody_elses_key_opens_it(self, vault: Path) -> None:
        file, other = sealed(TEXT), sealed(TEXT)
        identity = pyrage.x25519.Identity.from_str(storage._unwrap(bytes(other.wrapped_key)))
        with pytest.raises(pyrage.DecryptError):
            pyrage.decrypt(on_disk(file, vault).read_bytes(), [identity])
        assert on_disk(file, vault).read_bytes() != on_disk(other, vault).read_bytes()

    @pytest.mark.parametrize("size", [0, 1, storage.CHUNK - 1, storage.CHUNK, storage.CHUNK + 1, 3 * storage.CHUNK + 7])
    def test_digests_and_size_are_those_of_the_true_bytes(self, size: int) -> None:
        content = text_of(size)
        file = sealed(content, "a.txt")
        assert (file.state, file.size) == ("sealed", size)
        assert file.sha256 == hashlib.sha256(content).hexdigest()
        assert file.sha512 == hashlib.sha512(content).hexdigest()
        with storage.open_sealed(file) as clear:
            assert clear.read() == content

    def test_a_large_upload_comes_from_its_file(self) -> None:
        upload = TemporaryUploadedFile("big.bin", "application/octet-stream", 0, None)
        content = text_of(1024 * 1024)
        upload.write(content)
        file = storage.receive(upload, actor=SYSTEM)
        assert file.sha256 == hashlib.sha256(content).hexdigest()

    def test_nobody_can_write_the_stored_file_again(self, vault: Path) -> None:
        path = on_disk(sealed(), vault)
        assert path.stat().st_mode & 0o777 == 0o440
        assert path.parent.stat().st_mode & 0o077 == 0
        assert [left.suffix for left in path.parent.iterdir()] == [".age"]

    def test_who_may_not_seal_stores_nothing(self, people: dict, vault: Path) -> None:
        with pytest.raises(NotPermitted):
            storage.receive(SimpleUploadedFile("a.txt", TEXT), actor=people["auditor"])
        assert not vault.exists() or not list(vault.rglob("*.age"))
        assert not SealedFile.objects.exists()


class TestName:
    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ("transcript.txt", "transcript.txt"),
            ("my file.txt", "my_file.txt"),
            ("../../etc/passwd", "....etcpasswd"),
            ("شكوى.pdf", "شكوى.pdf"),
            ("photo\u202egpj.exe", "photogpj.exe"),
            ("line\r\nbreak\0.txt", "linebreak.txt"),
            ('";<script>.html', "script.html"),
            ("🙂🙂", "file"),
            ("???", "file"),
            ("..", "file"),
            (".", "file"),
            ("", "file"),
            ("   ", "file"),
        ],
    )
    def test_a_name_is_what_can_be_shown_and_saved(self, given: str, kept: str) -> None:
        file = storage.receive(named(given), actor=SYSTEM)
        file.refresh_from_db()
        assert file.name == kept
        assert file.state == "sealed"

    def test_a_very_long_name_keeps_its_end(self) -> None:
        file = storage.receive(named("é" * 65_536 + ".tar.gz"), actor=SYSTEM)
        assert len(file.name) == 255
        assert file.name.endswith("éé.tar.gz")

    @example("a", "text/\0plain\ud800")
    @given(st.text(max_size=300), st.text(max_size=300) | st.none())
    @settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_any_name_and_type_can_be_sealed(self, vault: Path, name: str, content_type: str | None) -> None:
        file = storage.receive(named(name, b"", content_type), actor=SYSTEM)
        assert 0 < len(file.name) <= 255
        assert not set(file.name) & set('/\\\0\r\n"')

    @pytest.mark.parametrize(
        ("content", "sniffed"),
        [
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(32), "image/png"),
            (b"%PDF-1.7\n", "application/pdf"),
            (b"GIF89a" + bytes(32), "image/gif"),
            (b"", ""),
            ("10:02 user: grüß dich\n".encode() * 300, "text/plain"),
        ],
    )
    def test_what_it_is_is_seen_from_its_bytes(self, content: bytes, sniffed: str) -> None:
        file = storage.receive(named("a.exe", content, "application/x-made-up"), actor=SYSTEM)
        assert (file.declared_type, file.sniffed_type) == ("application/x-made-up", sniffed)


class TestFailure:
    def expect_nothing_kept(self, vault: Path) -> None:
        file = SealedFile.objects.get()
        assert (file.state, file.sha256) == ("failed", "")
        assert Event.objects.filter(stream=file.stream, kind="file.failed").count() == 1
        assert not vault.is_dir() or not [path for path in vault.rglob("*") if path.is_file()]

    def test_a_vault_that_is_no_directory_is_said_in_a_sentence(self, vault: Path) -> None:
        vault.write_text("in the way")
        with pytest.raises(Refused, match=r"The file a\.txt could not be stored\. Nothing was kept; try again\."):
            sealed(TEXT, "a.txt")
        self.expect_nothing_kept(vault)

    def test_a_full_disk_is_too(self, vault: Path) -> None:
        with no_file_longer_than(300_000), pytest.raises(Refused, match="There is no room left for files just now"):
            sealed(text_of(1_000_000), "big.txt")
        self.expect_nothing_kept(vault)

    def test_an_upload_that_breaks_off_is_too(self, vault: Path) -> None:
        class BreaksOff(io.BytesIO):
            def read(self, *_amount: int) -> bytes:
                raise OSError("the staging file is gone")

        upload = InMemoryUploadedFile(BreaksOff(TEXT), None, "a.txt", "text/plain", len(TEXT), None)
        with pytest.raises(Refused, match="Nothing was kept"):
            storage.receive(upload, actor=SYSTEM)
        self.expect_nothing_kept(vault)

    def test_a_disk_that_gives_back_other_bytes_is_noticed_at_once(
        self, vault: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A real file system that lies is hard to come by: the link call of the operating system writes one."""
        link = os.link

        def lie(partial: Path, final: Path) -> None:
            raw = bytearray(Path(partial).read_bytes())
            raw[-1] ^= 1
            Path(partial).write_bytes(raw)
            link(partial, final)

        monkeypatch.setattr(os, "link", lie)
        with pytest.raises(Refused, match="Nothing was kept"):
            sealed(TEXT)
        self.expect_nothing_kept(vault)


class TestOpen:
    @pytest.mark.parametrize(
        "damage",
        [
            lambda path: path.write_bytes(path.read_bytes()[:-1]),
            lambda path: path.write_bytes(b""),
            lambda path: path.write_bytes(path.read_bytes()[:-1] + bytes([path.read_bytes()[-1] ^ 1])),
            lambda path: path.write_bytes(path.read_bytes()[:40] + b"\xff" + path.read_bytes()[41:]),
            lambda path: path.write_bytes(path.read_bytes() + b"more"),
            lambda path: path.unlink(),
        ],
        ids=["cut", "emptied", "last bit", "header", "longer", "gone"],
    )
    def test_damage_on_the_disk_is_noticed(self, vault: Path, damage: Any) -> None:
        file = sealed(TEXT)
        path = on_disk(file, vault)
        path.chmod(0o640)
        damage(path)
        with pytest.raises(storage.Damaged, match=str(file.pk)):
            storage.open_sealed(file)

    def test_other_bytes_under_the_right_key_are_noticed(self, vault: Path) -> None:
        file = sealed(TEXT)
        identity = pyrage.x25519.Identity.from_str(storage._unwrap(bytes(file.wrapped_key)))
        path = on_disk(file, vault)
        path.chmod(0o640)
        path.write_bytes(pyrage.encrypt(b"10:02 user: hell\n", [identity.to_public()]))
        with pytest.raises(storage.Damaged, match="not the ones that were sealed"):
            storage.open_sealed(file)

    def test_two_files_swapped_on_the_disk_are_noticed(self, vault: Path) -> None:
        one, two = sealed(b"one"), sealed(b"two")
        paths = on_disk(one, vault), on_disk(two, vault)
        middle = vault / "middle"
        paths[0].rename(middle)
        paths[1].rename(paths[0])
        middle.rename(paths[1])
        for file in (one, two):
            with pytest.raises(storage.Damaged):
                storage.open_sealed(file)

    def test_another_vault_key_opens_nothing_and_says_so(self, settings: Any) -> None:
        file = sealed(TEXT)
        settings.VAULT_KEY = "another secret than before"
        with pytest.raises(storage.Damaged, match="vault key"):
            storage.open_sealed(file)
