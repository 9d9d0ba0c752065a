"""The one way in and out of the vault: age encryption, digests, write-once, verify on write and before each read."""

import contextlib
import hashlib
import io
import os
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast
from uuid import UUID

import pyrage
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.uploadedfile import UploadedFile
from django.utils.text import get_valid_filename
from django.utils.translation import gettext as _

from tipstaff.vault import sniff, staging
from tipstaff.vault.models import NAME_LIMIT, SealedFile
from tipstaff.vault.places import place_of
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.refused import Refused

CHUNK = 256 * 1024


class Damaged(Exception):
    """Stored bytes do not match what was sealed."""


@dataclass
class Passing:
    """What passes from a source, or into a target, is counted and hashed. It keeps the error that age only names."""

    stream: IO[bytes] | None = None
    size: int = 0
    sha256: Any = field(default_factory=hashlib.sha256)
    sha512: Any = field(default_factory=hashlib.sha512)
    error: OSError | None = None

    def read(self, amount: int = CHUNK) -> bytes:
        try:
            chunk = self.stream.read(amount) if self.stream else b""
        except OSError as error:
            self.error = error
            raise
        self.size += len(chunk)
        self.sha256.update(chunk)
        self.sha512.update(chunk)
        return chunk

    def write(self, chunk: bytes) -> int:
        self.size += len(chunk)
        self.sha256.update(chunk)
        try:
            return self.stream.write(chunk) if self.stream else len(chunk)
        except OSError as error:
            self.error = error
            raise

    def flush(self) -> None:
        if self.stream:
            self.stream.flush()


# --- in ---
@contextlib.contextmanager
def received(uploads: Iterable[UploadedFile], *, actor: Actor) -> Iterator[list[SealedFile]]:
    """Seal the uploads for an act that gives them to a matter. What belongs to none when the act is over, because it
    was refused or had been done already, is set aside again.
    """
    files: list[SealedFile] = []
    try:
        files.extend(receive(upload, actor=actor) for upload in uploads)  # those before a refused one are let go, too
        yield files
    finally:
        for file in files:
            let_go(file, actor=actor)


def let_go(file: SealedFile, *, actor: Actor, same_as: SealedFile | None = None) -> None:
    """Set a file aside that no matter has taken; one that belongs to a matter stays as it is."""
    with contextlib.suppress(Refused, SealedFile.DoesNotExist):
        found = SealedFile.objects.get(pk=file.pk)
        if found.state == SealedFile.State.SEALED and not found.matter:
            found.set_aside(actor=actor, same_as=same_as)


def receive(upload: UploadedFile, *, actor: Actor) -> SealedFile:
    """Seal `upload` and return its record, not yet attached to a matter. Refused when it is of a kind that is not taken
    or cannot be stored whole. Use `received` where an act follows that may be refused.
    """
    if lost := getattr(upload, "lost", ""):
        raise Refused(lost)
    identity = pyrage.x25519.Identity.generate()
    declared = "".join(character for character in upload.content_type or "" if character.isprintable())
    sealed = SealedFile(name=_name_of(upload), declared_type=declared[:200], received_from=actor.actor_ref)
    sealed.wrapped_key = _wrap(str(identity))
    sealed.receive(actor=actor)
    try:
        if (reason := sniff.refusal(upload)) and actor.actor_kind != "system":  # what is made here is what it is
            sealed.fail(actor=actor, reason="type not taken")
            raise Refused(reason)
        passed, head = _store(sealed.pk, upload, identity)
    except (OSError, pyrage.EncryptError, Damaged) as error:
        full = staging.no_room(error)
        sealed.fail(actor=actor, reason="no room" if full else type(error).__name__)
        told = _("The file %(name)s could not be stored. Nothing was kept; try again.") % {"name": sealed.name}
        raise Refused(staging.room_sentence() if full else told) from error
    seen = sniff.type_of(head)
    if sniff.differs(declared, seen):
        sealed.note_type(actor=actor, declared=sealed.declared_type, seen=seen)
    sealed.seal(
        actor=actor,
        size=passed.size,
        sha256=passed.sha256.hexdigest(),
        sha512=passed.sha512.hexdigest(),
        sniffed_type=seen,
        sniffer=sniff.SNIFFER,
    )
    return sealed


def _name_of(upload: UploadedFile) -> str:
    """What can be shown and saved of the name that the file came with."""
    try:
        return get_valid_filename(upload.name or "")[-NAME_LIMIT:]
    except SuspiciousFileOperation:  # nothing of it
        return "file"


def _store(name: UUID, upload: UploadedFile, identity: Any) -> tuple[Passing, bytes]:
    final = place_of(name)
    settings.VAULT_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    final.parent.mkdir(mode=0o700, exist_ok=True)
    partial = final.with_suffix(".partial")
    head = sniff.head_of(upload)
    passed = Passing(cast(IO[bytes], upload))
    try:
        with partial.open("xb") as target:
            _encrypt(passed, target, identity)
            target.flush()
            os.fsync(target.fileno())
        os.link(partial, final)
        _make_last(final, identity, passed)
    finally:
        partial.unlink(missing_ok=True)
    return passed, head


def _encrypt(passed: Passing, target: IO[bytes], identity: Any) -> None:
    written = Passing(target)
    try:
        pyrage.encrypt_io(passed, written, [identity.to_public()])
    except pyrage.EncryptError as error:
        raise (passed.error or written.error or error) from error


def _make_last(final: Path, identity: Any, received: Passing) -> None:
    """Read back what was stored, and see to it that a power failure does not take it; remove it if it is not right."""
    try:
        final.chmod(0o440)
        if _decrypt(final, identity, Passing()).sha256.digest() != received.sha256.digest():
            raise Damaged("The stored bytes do not match what was received.")
        folder = os.open(final.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except BaseException:
        final.unlink(missing_ok=True)
        raise


# --- out ---
def verify(sealed: SealedFile) -> Any:
    """Read the whole file back and compare it with the sealed digest; its identity. Nothing of it is kept anywhere."""
    identity = identity_of(sealed)
    if _decrypt(place_of(sealed.pk), identity, Passing()).sha256.hexdigest() != sealed.sha256:
        raise Damaged(f"The stored bytes of file {sealed.pk} are not the ones that were sealed.")
    return identity


def open_sealed(sealed: SealedFile) -> "Clear":
    """The original bytes, compared with the sealed digest first and then decrypted as they are read: forward only, a
    chunk at a time, and never in clear on a disk.
    """
    return Clear(place_of(sealed.pk), verify(sealed))


class Clear(io.RawIOBase):
    """What age decrypts, on its way through a pipe. Bytes that stopped being the sealed ones raise `Damaged`."""

    def __init__(self, path: Path, identity: Any) -> None:
        reading, writing = os.pipe()
        self._pipe = open(reading, "rb", buffering=0)  # noqa: SIM115  closed by close()
        self._error: Damaged | None = None
        self._pump = threading.Thread(target=self._decrypt, args=(path, identity, writing), daemon=True)
        self._pump.start()

    def _decrypt(self, path: Path, identity: Any, writing: int) -> None:
        try:
            with open(writing, "wb") as target:
                _decrypt(path, identity, Passing(target))
        except Damaged as error:
            self._error = error
        except OSError:  # nobody reads any more
            pass

    def readinto(self, buffer: Any) -> int:
        count = self._pipe.readinto(buffer) or 0
        if count == 0:
            self._pump.join()
            if self._error:
                raise self._error
        return count

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        if not self.closed:
            self._pipe.close()
            self._pump.join()
        super().close()


def identity_of(sealed: SealedFile) -> Any:
    """The age identity that opens this file and no other."""
    return pyrage.x25519.Identity.from_str(_unwrap(bytes(sealed.wrapped_key)))


def opens(sealed: SealedFile) -> bool:
    """Whether our key opens the key of this file. The file itself is not read."""
    try:
        return bool(_unwrap(bytes(sealed.wrapped_key)))
    except Damaged:
        return False


def is_stored(sealed: SealedFile) -> bool:
    return place_of(sealed.pk).exists()


def _decrypt(path: Path, identity: Any, target: Passing) -> Passing:
    try:
        with path.open("rb") as stored:
            pyrage.decrypt_io(stored, target, [identity])
    except (OSError, pyrage.DecryptError) as error:
        if target.error:
            raise target.error from error
        raise Damaged(f"The stored bytes of file {path.stem} cannot be opened: {error}") from error
    return target


def _key_encryption_key(secret: str) -> AESGCM:
    derived = HKDF(hashes.SHA256(), 32, salt=None, info=b"tipstaff vault key encryption").derive(secret.encode())
    return AESGCM(derived)


def _wrap(identity: str) -> bytes:
    nonce = os.urandom(12)
    return nonce + _key_encryption_key(settings.VAULT_KEY).encrypt(nonce, identity.encode(), None)


def _unwrap(wrapped: bytes) -> str:
    if not wrapped:
        raise Damaged("The key of this file was destroyed.")
    for secret in (settings.VAULT_KEY, *settings.VAULT_KEY_FALLBACKS):
        with contextlib.suppress(InvalidTag):
            return _key_encryption_key(secret).decrypt(wrapped[:12], wrapped[12:], None).decode()
    raise Damaged("No vault key that we were given opens this file's key.")


def rewrapped(wrapped: bytes) -> bytes | None:
    """The same file's key under today's VAULT_KEY; None if it is under it already. The file itself is not touched."""
    with contextlib.suppress(InvalidTag):
        _key_encryption_key(settings.VAULT_KEY).decrypt(wrapped[:12], wrapped[12:], None)
        return None
    return _wrap(_unwrap(wrapped))
