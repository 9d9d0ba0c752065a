"""Writing, signing and checking a log, in the words of these tests."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import transaction

from tipstaff.ledger.append import Entry, append
from tipstaff.ledger.models import Event
from tipstaff.ledger.sequencer import sequence
from tipstaff.ledger.verify import Tally, verify
from tipstaff.time import now


def entry(stream: str, kind: str = "case.noted", **told: object) -> Entry:
    return Entry(stream=stream, kind=kind, at=now(), told=told)


def record(stream: str, kind: str = "case.noted", **told: object) -> Event:
    """One committed event."""
    with transaction.atomic():
        return append([entry(stream, kind, **told)])[0]


def sign_all(signer: tuple[str, Ed25519PrivateKey]) -> int:
    signed = 0
    while batch := sequence(kid=signer[0], key=signer[1]):
        signed += batch
    return signed


def faults() -> list[str]:
    return [str(fault) for fault in verify(Tally())]
