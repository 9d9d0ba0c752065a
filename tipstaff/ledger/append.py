"""Appending to the ledger, inside the transaction of the act that is recorded. Never waits for the log."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

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
    events = [
        Event(id=pk, stream_id=row["stream"], seq=row["seq"], kind=row["kind"], at=entry.at, decoys=row["decoys"])
        for entry, (pk, row) in zip(entries, write(entries), strict=True)
    ]
    for event in events:
        event._state.adding = False
    return events


def write(entries: Sequence[Entry]) -> list[tuple[UUID, dict[str, Any]]]:
    """As `append`, for those who need the ids and columns of the events at most."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("Events are appended in the transaction of the act they record.")
    if not entries:
        return []
    if crowded := next((entry for entry in entries if len(entry.told) > FACTS_LIMIT), None):
        raise ValueError(f"{crowded.kind} tells {len(crowded.told)} facts; an event holds at most {FACTS_LIMIT}.")
    next_seq = _advance(Counter(entry.stream for entry in entries))
    rows: list[dict[str, Any]] = []
    for place, entry in enumerate(entries):
        seq = next_seq[entry.stream]
        next_seq[entry.stream] += 1
        decoys = disclosures.decoys_for(len(entry.told))
        row = {"place": place, "stream": entry.stream, "seq": seq, "kind": entry.kind}
        rows.append(row | {"at": instant(entry.at), "decoys": decoys})
    return list(zip(_insert(rows, _facts(entries)), rows, strict=True))


def _facts(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Every fact of every entry with its salt and digest, by the place of the entry."""
    told = [(place, name, value) for place, entry in enumerate(entries) for name, value in entry.told.items()]
    salts = disclosures.new_salts(len(told))
    facts = []
    for (place, name, value), salt in zip(told, salts, strict=True):
        digest = disclosures.digest(disclosures.encode(salt, name, value))
        facts.append({"place": place, "name": name, "salt": salt, "value": value, "digest": digest})
    return facts


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


def _insert(rows: list[dict[str, Any]], facts: list[dict[str, Any]]) -> list[UUID]:
    """Write both tables in one statement, rows in order: an act tells dozens of facts, and everybody waits for it."""
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH given AS MATERIALIZED (
                   SELECT uuidv7() AS id, ordered.* FROM (
                       SELECT place, stream, seq, kind, at, decoys FROM jsonb_to_recordset(%s::jsonb)
                       AS row(place int, stream text, seq bigint, kind text, at timestamptz, decoys text[])
                       ORDER BY place
                   ) AS ordered
               ), event AS (
                   INSERT INTO ledger_event (id, stream_id, seq, kind, at, decoys)
                   SELECT id, stream, seq, kind, at, decoys FROM given ORDER BY place
               ), told AS (
                   INSERT INTO ledger_disclosure (event_id, name, salt, value, digest)
                   SELECT given.id, fact.name, fact.salt, fact.value, fact.digest
                   FROM ROWS FROM (jsonb_to_recordset(%s::jsonb) AS (place int, name text, salt text,
                                                              value jsonb, digest text))
                   WITH ORDINALITY AS fact(place, name, salt, value, digest, number)
                   JOIN given ON given.place = fact.place ORDER BY number
               )
               SELECT id FROM given ORDER BY place""",
            [json.dumps(rows), json.dumps(facts)],
        )
        return [pk for (pk,) in cursor.fetchall()]
