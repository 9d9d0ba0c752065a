"""Salted disclosures and the signed leaf, byte for byte: RFC 9901 (SD-JWT), RFC 8785 (JSON), RFC 6962 (leaf hash)."""

import base64
import hashlib
import secrets
from binascii import b2a_base64
from collections.abc import Iterable
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

LEAF_LIMIT = 16 * 1024  # bytes; a tile entry holds at most 65,535 and we stay well below
DECOY_STEP = 4  # digests are padded to a multiple of this, so that their number says little


LITERALS = {None: b"null", True: b"true", False: b"false"}
EXACT = 2**53 - 1  # the largest whole number that every reader of JSON keeps as it is
URL_SAFE = bytes.maketrans(b"+/", b"-_")


def b64url(raw: bytes) -> str:
    return b2a_base64(raw, newline=False).translate(URL_SAFE, b"=").decode("ascii")


def unb64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def new_salts(count: int) -> list[str]:
    """As many times 128 random bits (RFC 9901 4.2.1)."""
    drawn = secrets.token_bytes(16 * count)
    return [b64url(drawn[start : start + 16]) for start in range(0, 16 * count, 16)]


def encode(salt: str, name: str, value: Any) -> str:
    """The base64url disclosure of `[salt, name, value]`. Refuses what JSON cannot carry exactly (NaN, |int| > 2^53)."""
    return b64url(b"[%b,%b,%b]" % (canonical(salt), _name(name), canonical(value)))


@lru_cache(maxsize=1024)
def _name(name: str) -> bytes:
    """Few names stand in many events."""
    return canonical(name)


def canonical(value: Any) -> bytes:
    """RFC 8785, as `rfc8785.dumps` has it. Almost every fact is a word, a number or a pair of them: for those Python's
    own writer gives the same bytes in a fraction of the time.
    """
    kind = type(value)
    if kind is str:
        try:
            return encode_basestring(value).encode()
        except UnicodeEncodeError:
            return rfc8785.dumps(value)  # refuses it, in its own words
    if kind is list:
        return b"[" + b",".join([canonical(part) for part in value]) + b"]"
    if kind is int and -EXACT <= value <= EXACT:
        return b"%d" % value
    if kind is dict and all(type(key) is str and key.isascii() for key in value):
        return b"{" + b",".join([canonical(key) + b":" + canonical(value[key]) for key in sorted(value)]) + b"}"
    return LITERALS[value] if value is None or kind is bool else rfc8785.dumps(value)


def digest(encoded: str) -> str:
    return b64url(hashlib.sha256(encoded.encode("ascii")).digest())


def decoys_for(count: int) -> list[str]:
    """Random digests that pad `count` real ones to the next multiple of DECOY_STEP."""
    return [b64url(secrets.token_bytes(32)) for _ in range(-count % DECOY_STEP)]


def payload(
    *, origin: str, event_id: str, stream: str, seq: int, prev: str | None, kind: str, at: str, digests: Iterable[str]
) -> dict[str, Any]:
    """The claims of a leaf. `prev` is the base64url leaf hash of the stream's previous event, None for the first."""
    return {
        "iss": origin,
        "id": event_id,
        "stream": stream,
        "seq": seq,
        "prev": prev,
        "type": kind,
        "at": at,
        "schema": "tipstaff.event/1",
        "_sd": sorted(digests),
        "_sd_alg": "sha-256",
    }


def sign(claims: dict[str, Any], *, kid: str, key: Ed25519PrivateKey) -> str:
    """The compact JWS of `claims`. Refuses a leaf over LEAF_LIMIT bytes."""
    header = {"alg": "EdDSA", "kid": kid, "typ": "tipstaff-event+sd-jwt"}
    signing_input = f"{b64url(rfc8785.dumps(header))}.{b64url(rfc8785.dumps(claims))}"
    jws = f"{signing_input}.{b64url(key.sign(signing_input.encode('ascii')))}"
    if len(jws) > LEAF_LIMIT:
        raise ValueError(f"A leaf of {len(jws)} bytes is over the limit of {LEAF_LIMIT}.")
    return jws


def leaf_hash(jws: str) -> bytes:
    """SHA-256(0x00 || leaf), RFC 6962 2.1."""
    return hashlib.sha256(b"\x00" + jws.encode("ascii")).digest()
