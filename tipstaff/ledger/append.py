"""Appending to the ledger, inside the transaction of the act that is recorded. Never waits for the log."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from tipstaff.ledger import disclosures
from tipstaff.ledger.models import Disclosure, Event

FACTS_LIMIT = (
    200  # in one event; their digests fill a leaf to three quarters, and a leaf over its limit cannot be signed
)


@dataclass
class Entry:
    """An event about to be recorded. `told` maps a name to a JSON value; each becomes a disclosure of its own."""

    stream: str
    kind: str
    at: datetime
    told: dict[str, Any] = field(default_factory=dict)


def append(entries: Sequence[Entry]) -> list[Event]:
    """Write `entries` in order and return their events. Streams are locked in sorted order, so that two acts that
    touch the same streams cannot deadlock. Refused outside a transaction: an event without its act proves nothing.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("Events are appended in the transaction of the act they record.")
    if not entries:
        return []
    if crowded := next((entry for entry in entries if len(entry.told) > FACTS_LIMIT), None):
        raise ValueError(f"{crowded.kind} tells {len(crowded.told)} facts; an event holds at most {FACTS_LIMIT}.")
    next_seq = _advance(Counter(entry.stream for entry in entries))
    events, rows = [], []
    for entry in entries:
        salted = [_salted(name, value) for name, value in entry.told.items()]
        events.append(
            Event(
                stream_id=entry.stream,
                seq=next_seq[entry.stream],
                kind=entry.kind,
                at=entry.at,
                decoys=disclosures.decoys_for(len(salted)),
            )
        )
        next_seq[entry.stream] += 1
        rows.append(salted)
    Event.objects.bulk_create(events)
    for event, salted in zip(events, rows, strict=True):
        for disclosure in salted:
            disclosure.event = event
    Disclosure.objects.bulk_create(disclosure for salted in rows for disclosure in salted)
    return events


def _advance(wanted: Counter[str]) -> dict[str, int]:
    """Reserve `wanted[stream]` numbers in each stream; returns the first number reserved."""
    first = {}
    with connection.cursor() as cursor:
        for stream in sorted(wanted):
            cursor.execute(
                """INSERT INTO ledger_stream (name, head_seq) VALUES (%(stream)s, %(count)s)
                   ON CONFLICT (name) DO UPDATE SET head_seq = ledger_stream.head_seq + %(count)s
                   RETURNING head_seq""",
                {"stream": stream, "count": wanted[stream]},
            )
            first[stream] = cursor.fetchone()[0] - wanted[stream] + 1
    return first


def _salted(name: str, value: Any) -> Disclosure:
    salt = disclosures.new_salt()
    return Disclosure(
        name=name, salt=salt, value=value, digest=disclosures.digest(disclosures.encode(salt, name, value))
    )
