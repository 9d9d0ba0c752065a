"""The salted line tree: how a redacted transcript proves that what it shows stood in the original, and nothing of the
rest. leaf_i = SHA-256(0x00 || salt_i || line_i), salt_i = HKDF-Expand(PRK, i, 16); above the leaves RFC 6962. Who
has no salt of a line cannot guess it, and without the file's salt nobody can make any of them again.
"""

import hmac
import os
from collections.abc import Collection, Sequence
from typing import Any

from tipstaff.ledger import merkle

SALT_BYTES = 32
FORMAT = "tipstaff.redacted-transcript/1"


def new_salt() -> bytes:
    return os.urandom(SALT_BYTES)


def line_salts(salt: bytes, count: int) -> list[bytes]:
    """16 bytes for each of `count` lines: HKDF-SHA-256 (RFC 5869) with an empty salt, and the decimal index as info."""
    extracted = hmac.digest(bytes(32), salt, "sha256")
    return [hmac.digest(extracted, str(index).encode() + b"\x01", "sha256")[:16] for index in range(count)]


def leaves(salt: bytes, lines: Sequence[bytes]) -> list[bytes]:
    return [merkle.leaf_hash(own + line) for own, line in zip(line_salts(salt, len(lines)), lines, strict=True)]


def root(salt: bytes, lines: Sequence[bytes]) -> bytes:
    return merkle.root(leaves(salt, lines))


def disclosure(salt: bytes, lines: Sequence[bytes], shown: Collection[int], **about: Any) -> dict[str, Any]:
    """A document that shows the lines at these indices, each with salt and path, and of the others the count."""
    rows = merkle.levels(leaves(salt, lines))
    salts = line_salts(salt, len(lines))
    return {
        "format": FORMAT,
        **about,
        "size": len(lines),
        "root": (rows[-1][0] if lines else merkle.EMPTY).hex(),
        "lines": [
            {
                "index": index,
                "salt": salts[index].hex(),
                "line": lines[index].decode(),
                "path": [beside.hex() for beside in merkle.path(rows, index)],
            }
            for index in sorted(shown)
        ],
    }
