"""The event-signing key: an Ed25519 key in a file that only the sequencer's user can read."""

import hashlib
import os
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)


class KeyRefused(Exception):
    """The key file cannot be used; the message says what to do."""


def load_or_create(path: Path) -> tuple[str, Ed25519PrivateKey]:
    """The key id (from the public key) and the private key in `path`; makes both, mode 0600, if the file is missing."""
    if not path.exists():
        _create(path)
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyRefused(f"{path} holds no Ed25519 key: point LEDGER_KEY_FILE at the key that `sequencer` made.")
    return kid_of(raw_public(key)), key


def _create(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")  # mode 0600
    temporary = Path(name)
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, path)  # fails if another process was first: theirs is the key
    except FileExistsError:
        pass  # the other process's key is the one to use
    finally:
        temporary.unlink()


def raw_public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def kid_of(public: bytes) -> str:
    return f"events-{hashlib.sha256(public).hexdigest()[:16]}"
