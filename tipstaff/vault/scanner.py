"""A small client for clamd, and the sweep that has files scanned.

A scan ends in one of four ways: nothing found, something found, not scanned whole (a limit of clamd was reached), or an
error, which is tried again. clamd calls a file clean of which it has looked at a part only, unless `AlertExceedsMax` is
on; so before it is trusted it is shown an archive that is deeper than any limit, and has to say that it gave up.
"""

import io
import logging
import os
import socket
import struct
import time
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from urllib.parse import urlsplit

from django.conf import settings

from tipstaff.time import now
from tipstaff.vault import fixity, storage
from tipstaff.vault.models import SealedFile
from tipstaff.workflow.actors import System
from tipstaff.workflow.refused import Refused

logger = logging.getLogger(__name__)
SCANNER = System("scanner")
CHUNK = 64 * 1024
PATIENCE = 120  # seconds without a word from clamd
SWEEP = 200  # seconds of one sweep, which ends before Celery would end it
LEASE = timedelta(minutes=15)  # how long a file is one sweep's, should that one die
DEPTH = 110  # archives in each other; clamd's MaxRecursion is 100 at most
# What clamd says of what it could not look at whole.
NOT_WHOLE = ("Heuristics.Limits.Exceeded", "Heuristics.Encrypted")


class Unfit(Exception):
    """There is no clamd to be trusted; the sentence says why."""


@dataclass(frozen=True)
class Verdict:
    result: str  # of SealedFile.Scan
    detail: str


class Clamd:
    """One clamd at `unix:///path` or `tcp://host:port`; a connection for each question."""

    def __init__(self, url: str) -> None:
        self.url = url
        parts = urlsplit(url)
        if parts.scheme == "unix" and parts.path:
            self._connect = partial(_unix, parts.path)
        elif parts.scheme == "tcp" and parts.hostname:
            self._connect = partial(socket.create_connection, (parts.hostname, parts.port or 3310), PATIENCE)
        else:
            raise Unfit(f"CLAMD_URL is to be unix:///path or tcp://host:port, and is {url}.")

    def version(self) -> str:
        """Of the engine, and of its signatures where it has official ones."""
        try:
            with self._connect() as line:
                line.sendall(b"zVERSION\0")
                return _answer(line)
        except OSError as error:
            raise Unfit(f"clamd does not answer at {self.url}: {error}.") from error

    def scan(self, chunks: Iterable[bytes]) -> Verdict:
        """Have these bytes scanned. What goes wrong on the way is a verdict, too."""
        try:
            with self._connect() as line:
                try:
                    line.sendall(b"zINSTREAM\0")
                    for chunk in chunks:
                        line.sendall(struct.pack(">I", len(chunk)) + chunk)
                    line.sendall(struct.pack(">I", 0))
                except (BrokenPipeError, ConnectionResetError):
                    with suppress(OSError):  # it may have said why it hung up
                        return _verdict(_answer(line))
                    raise
                return _verdict(_answer(line))
        except OSError as error:
            return Verdict(SealedFile.Scan.ERROR, f"{type(error).__name__}: {error}")

    def prove(self) -> str:
        """Its version, if it owns up to what it does not scan. `Unfit` otherwise."""
        version = self.version()
        verdict = self.scan([nested(DEPTH)])
        if verdict.result == SealedFile.Scan.UNSCANNABLE:
            return version
        if verdict.result == SealedFile.Scan.ERROR:
            raise Unfit(f"clamd at {self.url} did not scan a probe: {verdict.detail}.")
        raise Unfit(f"clamd at {self.url} calls files clean that it does not scan whole: set AlertExceedsMax yes.")


def _unix(path: str) -> socket.socket:
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    line.settimeout(PATIENCE)
    try:
        line.connect(path)
    except OSError:
        line.close()
        raise
    return line


def _answer(line: socket.socket) -> str:
    said = b""
    while chunk := line.recv(4096):
        said += chunk
        if said.endswith(b"\0") or len(said) > 64 * 1024:
            break
    if not said:
        raise ConnectionError("it hung up without a word")
    return said.rstrip(b"\0\n").decode(errors="replace")


def _verdict(said: str) -> Verdict:
    what, _space, ending = said.removeprefix("stream: ").rpartition(" ")
    if ending == "OK" and not what:
        return Verdict(SealedFile.Scan.CLEAN, "")
    if ending == "FOUND":
        whole = not what.startswith(NOT_WHOLE)
        return Verdict(SealedFile.Scan.FOUND if whole else SealedFile.Scan.UNSCANNABLE, what)
    return Verdict(SealedFile.Scan.ERROR, said)


def nested(depth: int) -> bytes:
    """A ZIP archive in a ZIP archive, so many times; never the same one, so that no cache knows it."""
    content = os.urandom(16)
    for _level in range(depth):
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("p", content)
        content = target.getvalue()
    return content


# --- the sweep ---
def scan_due() -> int:
    """Have the files scanned that wait for it, the longest waiting first; how many. Nothing is scanned by a clamd that
    cannot be trusted: the files go on waiting, and are shown as not scanned.
    """
    if not settings.CLAMD_URL or not SealedFile.objects.to_scan(now()).exists():
        return 0
    try:
        clamd = Clamd(settings.CLAMD_URL)
        version = clamd.prove()
    except Unfit as error:
        logger.error("no file is scanned: %s", str(error))
        return 0
    ends, scanned = time.monotonic() + SWEEP, 0
    while time.monotonic() < ends and (file := _next()):
        _scan(file, clamd, version)
        scanned += 1
    return scanned


def _next() -> SealedFile | None:
    """The file that waited longest, which is now ours for a while."""
    at = now()
    for file in SealedFile.objects.to_scan(at)[:20]:
        same = SealedFile.objects.filter(pk=file.pk, scan_due_at=file.scan_due_at)
        if same.update(scan_due_at=at + LEASE):
            return file
    return None


def _scan(file: SealedFile, clamd: Clamd, version: str) -> None:
    try:
        with storage.open_sealed(file) as clear:
            verdict = clamd.scan(_chunks(clear))
    except storage.Damaged:
        fixity.report(file)
        return
    with suppress(Refused):  # disposed of meanwhile
        file.scan(actor=SCANNER, result=verdict.result, detail=verdict.detail, scanner=version)


def _chunks(clear: storage.Clear) -> Iterator[bytes]:
    while chunk := clear.read(CHUNK):
        yield chunk
