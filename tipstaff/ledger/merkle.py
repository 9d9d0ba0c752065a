"""The Merkle tree of RFC 6962, 2.1: what makes one entry provable without the others. Hashes are SHA-256."""

import hashlib
from collections.abc import Sequence

EMPTY = hashlib.sha256().digest()


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """The tree from the leaves up to the root alone. An odd node goes up as it is: it is never paired with itself."""
    rows = [list(leaves)]
    while len(rows[-1]) > 1:
        below = rows[-1]
        above = [node_hash(below[place], below[place + 1]) for place in range(0, len(below) - 1, 2)]
        rows.append([*above, below[-1]] if len(below) % 2 else above)
    return rows


def root(leaves: Sequence[bytes]) -> bytes:
    return levels(leaves)[-1][0] if leaves else EMPTY


def path(rows: Sequence[Sequence[bytes]], index: int) -> list[bytes]:
    """What has to be hashed with leaf `index` to come to the root, leaf side first (2.1.1). `rows` as in `levels`."""
    hashes = []
    for row in rows[:-1]:
        beside = index ^ 1
        if beside < len(row):
            hashes.append(row[beside])
        index //= 2
    return hashes


def root_of(leaf: bytes, index: int, size: int, hashes: Sequence[bytes]) -> bytes | None:
    """The root that leaf `index` of `size` leads to along `hashes` (RFC 9162, 2.1.3.2); None if they do not fit."""
    if not 0 <= index < size:
        return None
    found, last, rest = leaf, size - 1, list(hashes)
    while last:
        if index % 2 or index < last:
            if not rest:
                return None
            beside = rest.pop(0)
            found = node_hash(beside, found) if index % 2 else node_hash(found, beside)
        index, last = index // 2, last // 2
    return None if rest else found
