"""Appending to the ledger, inside the transaction of the act that is recorded. Never waits for the log."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from tipstaff.ledger import disclosures
from tipstaff.ledger.models import Event
from tipstaff.ledger.render import instant

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
    events, facts = [], []
    for entry in entries:
        seq = next_seq[entry.stream]
        next_seq[entry.stream] += 1
        facts += [{"stream": entry.stream, "seq": seq} | _salted(name, value) for name, value in entry.told.items()]
        decoys = disclosures.decoys_for(len(entry.told))
        events.append(Event(stream_id=entry.stream, seq=seq, kind=entry.kind, at=entry.at, decoys=decoys))
    _insert(events, facts)
    return events


def _advance(wanted: Counter[str]) -> dict[str, int]:
    """Reserve `wanted[stream]` numbers in each stream; returns the first number reserved."""
    streams = sorted(wanted)
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO ledger_stream (name, head_seq)
               SELECT name, wanted FROM unnest(%s::text[], %s::bigint[]) AS given(name, wanted)
               ORDER BY name COLLATE "C"
               ON CONFLICT (name) DO UPDATE SET head_seq = ledger_stream.head_seq + excluded.head_seq
               RETURNING name, head_seq""",
            [streams, [wanted[stream] for stream in streams]],
        )
        return {name: head - wanted[name] + 1 for name, head in cursor.fetchall()}


def _insert(events: list[Event], facts: list[dict[str, Any]]) -> None:
    """Write both tables in one statement, rows in order: an act tells dozens of facts, and everybody waits for it."""
    rows = [
        {"place": place, "stream": event.stream_id, "seq": event.seq, "kind": event.kind, "decoys": event.decoys}
        | {"at": instant(event.at)}
        for place, event in enumerate(events)
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH event AS (
                   INSERT INTO ledger_event (stream_id, seq, kind, at, decoys)
                   SELECT stream, seq, kind, at, decoys FROM jsonb_to_recordset(%s::jsonb)
                   AS given(place int, stream text, seq bigint, kind text, at timestamptz, decoys text[]) ORDER BY place
                   RETURNING id, stream_id, seq
               ), told AS (
                   INSERT INTO ledger_disclosure (event_id, name, salt, value, digest)
                   SELECT event.id, given.name, given.salt, given.value, given.digest
                   FROM ROWS FROM (jsonb_to_recordset(%s::jsonb) AS (stream text, seq bigint, name text, salt text,
                                                              value jsonb, digest text))
                   WITH ORDINALITY AS given(stream, seq, name, salt, value, digest, place)
                   JOIN event ON event.stream_id = given.stream AND event.seq = given.seq ORDER BY place
               )
               SELECT id, stream_id, seq FROM event""",
            [json.dumps(rows), json.dumps(facts)],
        )
        ids = {(stream, seq): pk for pk, stream, seq in cursor.fetchall()}
    for event in events:
        event.id, event._state.adding = ids[event.stream_id, event.seq], False


def _salted(name: str, value: Any) -> dict[str, Any]:
    salt = disclosures.new_salt()
    digest = disclosures.digest(disclosures.encode(salt, name, value))
    return {"name": name, "salt": salt, "value": value, "digest": digest}
