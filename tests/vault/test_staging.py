"""On its way in nothing of an upload lies in clear on a disk, and nothing stays of one that breaks off."""

import gc
import io
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.handlers.wsgi import WSGIRequest
from django.http import UnreadablePostError
from django.test import Client

from tests.conftest import ROOT
from tests.vault.test_storage import no_file_longer_than, text_of
from tipstaff.vault import sniff, staging
from tipstaff.vault.models import SealedFile

BOUNDARY = "tipstaff-tests"
MEGABYTE = 1024 * 1024


def part(name: str, content_type: str = "text/plain") -> bytes:
    return (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'
        f"Content-Type: {content_type}\r\n\r\n"
    ).encode()


def request_of(body: Any, length: int) -> WSGIRequest:
    return WSGIRequest(
        {
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": f"multipart/form-data; boundary={BOUNDARY}",
            "CONTENT_LENGTH": str(length),
            "wsgi.input": body,
        }
    )


def upload_of(content: bytes, name: str = "a.txt") -> Any:
    body = part(name) + content + f"\r\n--{BOUNDARY}--\r\n".encode()
    return request_of(io.BytesIO(body), len(body)).FILES["files"]


def open_bytes(folder: str) -> Iterator[bytes]:
    """What lies in the nameless files that this process has open in `folder`."""
    gc.collect()
    for link in Path("/proc/self/fd").iterdir():
        try:
            if str(link.readlink()).startswith(folder):
                yield link.read_bytes()
        except OSError:
            continue


class TestStaged:
    @pytest.mark.parametrize("size", [0, 1, staging.FRAME - 1, staging.FRAME, staging.FRAME + 1, 3 * staging.FRAME + 7])
    def test_what_went_in_comes_out_as_often_as_it_is_read(self, size: int) -> None:
        content = text_of(size)
        upload = upload_of(content)
        assert (upload.size, upload.lost, upload.name, upload.content_type) == (size, "", "a.txt", "text/plain")
        for _twice in range(2):
            assert b"".join(upload.chunks()) == content
        upload.seek(size // 2)
        assert upload.read() == content[size // 2 :]
        assert upload.file.raw.seek(0, io.SEEK_END) == size

    def test_nothing_of_it_is_in_clear_on_the_disk_or_has_a_name(self, settings: Any) -> None:
        before = set(Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir())
        content = text_of(3 * staging.FRAME)
        upload = upload_of(content)
        stored = b"".join(open_bytes(settings.FILE_UPLOAD_TEMP_DIR))
        assert len(stored) >= len(content)
        assert content[:32] not in stored
        assert content[-32:] not in stored
        assert set(Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir()) == before
        upload.close()
        assert not list(open_bytes(settings.FILE_UPLOAD_TEMP_DIR))

    def test_bytes_that_changed_while_they_waited_are_noticed(self) -> None:
        upload = upload_of(text_of(3 * staging.FRAME))
        stored = upload.file.raw._file.fileno()
        (byte,) = os.pread(stored, 1, staging.FRAME + 5)
        os.pwrite(stored, bytes([byte ^ 1]), staging.FRAME + 5)
        with pytest.raises(InvalidTag):
            b"".join(upload.chunks())

    def test_a_request_that_breaks_off_leaves_nothing(self, settings: Any) -> None:
        class BreaksOff(io.BytesIO):
            def read(self, *amount: int) -> bytes:
                if chunk := super().read(*amount):
                    return chunk
                raise ConnectionResetError

        body = part("a.txt") + text_of(5 * MEGABYTE)
        request = request_of(BreaksOff(body), 2 * len(body))
        with pytest.raises(UnreadablePostError):
            request.FILES  # noqa: B018
        del request
        assert not list(open_bytes(settings.FILE_UPLOAD_TEMP_DIR))

    def test_one_that_is_too_large_is_not_kept_and_the_form_says_so(
        self, db: None, client: Client, settings: Any
    ) -> None:
        settings.FILE_BYTES = 100_000
        upload = upload_of(text_of(100_001))
        assert (upload.size, upload.read()) == (100_001, b"")
        assert not list(open_bytes(settings.FILE_UPLOAD_TEMP_DIR))
        page = client.post("/report/", {"files": SimpleUploadedFile("big.txt", text_of(100_001))})
        assert page.status_code == 422
        assert "big.txt is larger than 97.7" in page.text
        assert not SealedFile.objects.exists()

    def test_a_full_disk_is_said_beside_the_field(self, db: None, client: Client) -> None:
        with no_file_longer_than(300_000):
            page = client.post("/report/", {"files": SimpleUploadedFile("a.txt", text_of(1_000_000))})
        assert page.status_code == 422
        assert "There is no room left for files just now. Nothing was kept; try again later." in page.text
        assert not SealedFile.objects.exists()

    def test_a_staging_directory_that_is_gone_is_too(self, db: None, client: Client, settings: Any) -> None:
        settings.FILE_UPLOAD_TEMP_DIR = "/proc/none"
        page = client.post("/report/", {"files": SimpleUploadedFile("a.txt", b"text")})
        assert "It could not be taken in. Try again." in page.text


MEASURE = """
import io, os, sys
sys.path.insert(0, {root!r})
import django
django.setup()
from tests.vault.test_staging import BOUNDARY, part, request_of
from tipstaff.vault import storage
import pyrage, pathlib

class Body(io.RawIOBase):
    "A multipart body of so many bytes that is made while it is read."
    def __init__(self, size):
        self.left, self.rest = size, f"\\r\\n--{{BOUNDARY}}--\\r\\n".encode()
        self.first = part("big.txt")
        self.length = len(self.first) + size + len(self.rest)
    def read(self, amount=65536):
        if self.first:
            chunk, self.first = self.first, b""
        elif self.left:
            chunk = b"ab\\n " * (min(amount, self.left) // 4) or b"x" * self.left
            self.left -= len(chunk)
        else:
            chunk, self.rest = self.rest, b""
        return chunk

def through(size):
    body = Body(size)
    upload = request_of(body, body.length).FILES["files"]
    assert upload.size == size, upload.size
    identity = pyrage.x25519.Identity.generate()
    import uuid
    name = uuid.uuid4()
    passed, _head = storage._store(name, upload, identity)
    upload.close()
    assert passed.size == size
    seen = 0
    with storage.Clear(storage.place_of(name), identity) as clear:
        while chunk := clear.read(storage.CHUNK):
            seen += len(chunk)
    assert seen == size
    storage.place_of(name).unlink()

def most():
    "Kilobytes of memory at the highest since this program began; getrusage would count the one that started it."
    return int(pathlib.Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])

through(1024 * 1024)
before = most()
through({size})
print(most() - before)
"""


def test_memory_stays_the_same_however_large_a_file_is(tmp_path: Path) -> None:
    """Staged, sealed, read back, and decrypted for a reader. INGEST_MEGABYTES=2048 is two gigabytes."""
    size = int(os.environ.get("INGEST_MEGABYTES", "192")) * MEGABYTE
    environment = os.environ | {"VAULT_DIR": str(tmp_path / "vault"), "FILE_UPLOAD_TEMP_DIR": str(tmp_path / "staging")}
    done = subprocess.run(
        [sys.executable, "-c", MEASURE.format(root=str(ROOT), size=size)],
        cwd=ROOT,
        env=environment | {"FILE_BYTES": str(size)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    grown = int(done.stdout.split()[-1])
    print(f"{size // MEGABYTE} MB took {grown / 1024:.1f} MB more memory than 1 MB.")
    assert grown * 1024 < 24 * MEGABYTE


class TestSniff:
    @pytest.mark.parametrize(
        ("content", "kind"),
        [
            (b'[{"role": "user"}]', "application/json"),
            (b"a,b\n1,2\n3,4\n", "text/csv"),
            (b"MZ" + bytes(300), "application/x-dosexec"),
            (b"\x7fELF\x02\x01\x01" + bytes(57), "application/x-executable"),
            (b"GIF89a" + b"<html><script>alert(1)</script></html>", "image/gif"),
            (b"<!doctype html><html><body>x</body></html>", "text/html"),
            (b"", ""),
        ],
    )
    def test_what_libmagic_sees(self, content: bytes, kind: str) -> None:
        assert sniff.type_of(content).startswith(kind.partition("x-exec")[0])

    @pytest.mark.parametrize(
        ("declared", "seen", "differs"),
        [
            ("text/csv", "text/plain", False),
            ("application/json", "text/plain", False),
            ("application/octet-stream", "image/png", False),
            ("", "image/png", False),
            ("image/jpg", "image/jpeg", False),
            ("text/plain; charset=utf-8", "text/plain", False),
            ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "application/zip", False),
            ("image/png", "text/html", True),
            ("image/png", "image/gif", True),
            ("application/pdf", "application/x-dosexec", True),
            ("text/plain", "", False),
        ],
    )
    def test_when_a_file_is_not_what_it_was_declared_as(self, declared: str, seen: str, differs: bool) -> None:
        assert sniff.differs(declared, seen) is differs


def test_the_limit_of_this_process_is_as_it_was() -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
