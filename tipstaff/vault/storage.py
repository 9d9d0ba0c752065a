"""Streaming bytes in and out of the vault directory: age encryption, digests, write-once, verify on write."""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import puremagic
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

from tipstaff.vault.models import NAME_LIMIT, SealedFile
from tipstaff.vault.places import place_of
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.refused import Refused

CHUNK = 256 * 1024


class Damaged(Exception):
    """Stored bytes do not match what was sealed."""


@dataclass
class Digesting:
    """A readable stream that counts and hashes what passes."""

    source: IO[bytes]
    size: int = 0
    sha256: Any = field(default_factory=hashlib.sha256)
    sha512: Any = field(default_factory=hashlib.sha512)
    head: bytes = b""

    def read(self, amount: int = CHUNK) -> bytes:
        chunk = self.source.read(amount)
        self.size += len(chunk)
        self.sha256.update(chunk)
        self.sha512.update(chunk)
        if len(self.head) < 4096:
            self.head += chunk[:4096]
        return chunk

    def write(self, chunk: bytes) -> int:
        self.source.write(chunk)
        self.size += len(chunk)
        self.sha256.update(chunk)
        return len(chunk)

    def flush(self) -> None:
        self.source.flush()


def receive_all(uploads: Iterable[UploadedFile], *, actor: Actor) -> list[SealedFile]:
    """Seal each upload; see `receive`."""
    return [receive(upload, actor=actor) for upload in uploads]


def receive(upload: UploadedFile, *, actor: Actor) -> SealedFile:
    """Seal `upload` and return its record, not yet attached to a matter. Refused when it cannot be stored whole."""
    identity = pyrage.x25519.Identity.generate()
    name = _name_of(upload)
    declared = "".join(character for character in upload.content_type or "" if character.isprintable())
    sealed = SealedFile(name=name, declared_type=declared[:200])
    sealed.wrapped_key = _wrap(str(identity))
    sealed.receive(actor=actor)
    try:
        digesting = _store(sealed.pk, upload, identity)
    except (OSError, pyrage.EncryptError, Damaged) as error:
        sealed.fail(actor=actor, reason=type(error).__name__)
        raise Refused(
            _("The file %(name)s could not be stored. Nothing was kept; try again.") % {"name": name}
        ) from error
    sealed.seal(
        actor=actor,
        size=digesting.size,
        sha256=digesting.sha256.hexdigest(),
        sha512=digesting.sha512.hexdigest(),
        sniffed_type=_sniff(digesting.head),
    )
    return sealed


def open_sealed(sealed: SealedFile) -> IO[bytes]:
    """The original bytes, decrypted into an unnamed temporary file and checked against the sealed digest."""
    identity = pyrage.x25519.Identity.from_str(_unwrap(bytes(sealed.wrapped_key)))
    clear = tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR)  # noqa: SIM115  the caller closes it
    try:
        if _decrypt(place_of(sealed.pk), identity, clear).sha256.hexdigest() != sealed.sha256:
            raise Damaged(f"The stored bytes of file {sealed.pk} are not the ones that were sealed.")
    except BaseException:
        clear.close()
        raise
    clear.seek(0)
    return clear


def opens(sealed: SealedFile) -> bool:
    """Whether our key opens the key of this file. The file itself is not read."""
    try:
        return bool(_unwrap(bytes(sealed.wrapped_key)))
    except Damaged:
        return False


def is_stored(sealed: SealedFile) -> bool:
    return place_of(sealed.pk).exists()


def _name_of(upload: UploadedFile) -> str:
    """What can be shown and saved of the name that the file came with."""
    try:
        return get_valid_filename(upload.name or "")[-NAME_LIMIT:]
    except SuspiciousFileOperation:  # nothing of it
        return "file"


def _store(name: UUID, upload: UploadedFile, identity: Any) -> Digesting:
    final = place_of(name)
    settings.VAULT_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    final.parent.mkdir(mode=0o700, exist_ok=True)
    partial = final.with_suffix(".partial")
    upload.seek(0)
    digesting = Digesting(upload)
    try:
        with partial.open("xb") as target:
            pyrage.encrypt_io(digesting, target, [identity.to_public()])
            target.flush()
            os.fsync(target.fileno())
        os.link(partial, final)
        _make_last(final, identity, digesting)
    finally:
        partial.unlink(missing_ok=True)
    return digesting


def _make_last(final: Path, identity: Any, received: Digesting) -> None:
    """Read back what was stored, and see to it that a power failure does not take it; remove it if it is not right."""
    try:
        final.chmod(0o440)
        with tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as clear:
            if _decrypt(final, identity, clear).sha256.digest() != received.sha256.digest():
                raise Damaged("The stored bytes do not match what was received.")
        folder = os.open(final.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except BaseException:
        final.unlink(missing_ok=True)
        raise


def _decrypt(path: Path, identity: Any, target: IO[bytes]) -> Digesting:
    digesting = Digesting(target)
    try:
        with path.open("rb") as stored:
            pyrage.decrypt_io(stored, digesting, [identity])
    except (OSError, pyrage.DecryptError) as error:
        raise Damaged(f"The stored bytes of file {path.stem} cannot be opened: {error}") from error
    return digesting


def _sniff(head: bytes) -> str:
    try:
        return puremagic.from_string(head, mime=True) if head else ""
    except (puremagic.PureError, ValueError):
        return "text/plain" if _is_text(head) else ""


def _is_text(head: bytes) -> bool:
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.start > len(head) - 4
    return True


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
