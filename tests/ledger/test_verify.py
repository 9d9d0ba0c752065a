"""`ledger verify` names the place of every change, whoever made it: here the superuser, with the triggers off."""

import os
import threading
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction

from tests.ledger.log import entry, faults, record, sign_all
from tipstaff.ledger.append import append
from tipstaff.ledger.models import Disclosure, Event, Leaf, SigningKey, Stream, StreamTip
from tipstaff.ledger.sequencer import sequence
from tipstaff.ledger.verify import Tally, verify

MODELS = (Event, Disclosure, Leaf, Stream, StreamTip, SigningKey)
EVENT = "(SELECT id FROM ledger_event WHERE stream_id = 'case:one' AND seq = 2)"
OTHER = "(SELECT id FROM ledger_event WHERE stream_id = 'case:two' AND seq = 2)"
# Columns that say nothing about what happened: no proof rests on them.
IMMATERIAL = {"ledger_disclosure.id", "ledger_signingkey.created_at"}

# What is done, and what the first fault must say. `{leaf}` is the index of case:one's second event.
COLUMNS = {
    "ledger_event.id": (f"UPDATE ledger_event SET id = uuidv7() WHERE id = {EVENT}", "index {leaf} is missing"),
    "ledger_event.stream_id": (f"UPDATE ledger_event SET stream_id = 'case:x' WHERE id = {EVENT}", "leaf {leaf}: "),
    "ledger_event.seq": (f"UPDATE ledger_event SET seq = 99 WHERE id = {EVENT}", "leaf {leaf}: "),
    "ledger_event.kind": (
        f"UPDATE ledger_event SET kind = 'case.x' WHERE id = {EVENT}",
        "leaf {leaf}: type in the table",
    ),
    "ledger_event.at": (
        f"UPDATE ledger_event SET at = at + interval '1 microsecond' WHERE id = {EVENT}",
        "leaf {leaf}: at in the table",
    ),
    "ledger_event.decoys": (
        f"UPDATE ledger_event SET decoys = decoys[2:] WHERE id = {EVENT}",
        "leaf {leaf}: _sd in the table",
    ),
    "ledger_disclosure.event_id": (
        f"UPDATE ledger_disclosure SET event_id = {OTHER}, name = 'moved' WHERE event_id = {EVENT} AND name = 'text'",
        "leaf {leaf}: _sd in the table",
    ),
    "ledger_disclosure.name": (
        f"UPDATE ledger_disclosure SET name = 'x' WHERE event_id = {EVENT} AND name = 'text'",
        "leaf {leaf}: x was changed",
    ),
    "ledger_disclosure.salt": (
        f"UPDATE ledger_disclosure SET salt = NULL WHERE event_id = {EVENT} AND name = 'text'",
        "leaf {leaf}: text has a value without its salt",
    ),
    "ledger_disclosure.value": (
        f"UPDATE ledger_disclosure SET value = '\"x\"' WHERE event_id = {EVENT} AND name = 'text'",
        "leaf {leaf}: text was changed",
    ),
    "ledger_disclosure.digest": (
        f"UPDATE ledger_disclosure SET digest = 'x' WHERE event_id = {EVENT} AND name = 'text'",
        "leaf {leaf}: _sd in the table",
    ),
    "ledger_leaf.idx": (f"UPDATE ledger_leaf SET idx = 9999 WHERE event_id = {EVENT}", "index {leaf} is missing"),
    "ledger_leaf.event_id": (
        "UPDATE ledger_leaf SET event_id = (SELECT id FROM ledger_event WHERE stream_id = 'case:pending')"
        f" WHERE event_id = {EVENT}",
        "leaf {leaf}: ",
    ),
    "ledger_leaf.jws": (
        f"UPDATE ledger_leaf SET jws = jws || 'A' WHERE event_id = {EVENT}",
        "leaf {leaf}: the stored hash",
    ),
    "ledger_leaf.leaf_hash": (
        f"UPDATE ledger_leaf SET leaf_hash = sha256(leaf_hash) WHERE event_id = {EVENT}",
        "leaf {leaf}: the stored hash",
    ),
    "ledger_stream.name": (
        "UPDATE ledger_stream SET name = 'case:x' WHERE name = 'case:one'",
        "stream case:x: the head says 3",
    ),
    "ledger_stream.head_seq": (
        "UPDATE ledger_stream SET head_seq = 4 WHERE name = 'case:one'",
        "stream case:one: the head says 4 events, the last one is 3",
    ),
    "ledger_streamtip.stream": (
        "UPDATE ledger_streamtip SET stream = 'case:x' WHERE stream = 'case:one'",
        "stream case:one: ",
    ),
    "ledger_streamtip.seq": ("UPDATE ledger_streamtip SET seq = 2 WHERE stream = 'case:one'", "stream case:one: "),
    "ledger_streamtip.leaf_hash": (
        "UPDATE ledger_streamtip SET leaf_hash = sha256(leaf_hash) WHERE stream = 'case:one'",
        "stream case:one: the sequencer's tip",
    ),
    "ledger_signingkey.kid": ("UPDATE ledger_signingkey SET kid = 'x'", "leaf 0: the signature does not verify"),
    "ledger_signingkey.public": (
        "UPDATE ledger_signingkey SET public = sha256(public)",
        "leaf 0: the signature does not verify",
    ),
}
ROWS = {
    "a fact swapped with one of another event": (
        "CREATE TEMPORARY TABLE swap AS"
        f" SELECT id, CASE event_id WHEN {EVENT} THEN {OTHER} ELSE {EVENT} END AS to_event FROM ledger_disclosure"
        f" WHERE name = 'text' AND event_id IN ({EVENT}, {OTHER});"
        " ALTER TABLE ledger_disclosure DROP CONSTRAINT disclosure_once_per_event;"
        " UPDATE ledger_disclosure d SET event_id = to_event, name = 'text' FROM swap WHERE d.id = swap.id",
        "leaf {leaf}: _sd in the table",
    ),
    "the salted values of two facts swapped": (
        "UPDATE ledger_disclosure mine SET salt = theirs.salt, value = theirs.value FROM ledger_disclosure theirs"
        f" WHERE mine.event_id IN ({EVENT}, {OTHER}) AND theirs.event_id IN ({EVENT}, {OTHER})"
        " AND mine.event_id <> theirs.event_id AND mine.name = 'text' AND theirs.name = 'text'",
        "leaf {leaf}: text was changed",
    ),
    "a fact dropped": (
        f"DELETE FROM ledger_disclosure WHERE event_id = {EVENT} AND name = 'text'",
        "leaf {leaf}: _sd in the table",
    ),
    "a fact added": (
        "INSERT INTO ledger_disclosure (event_id, name, salt, value, digest)"
        f" SELECT event_id, 'forged', salt, value, digest FROM ledger_disclosure WHERE event_id = {EVENT} LIMIT 1",
        "leaf {leaf}: _sd in the table",
    ),
    "a leaf dropped": (f"DELETE FROM ledger_leaf WHERE event_id = {EVENT}", "index {leaf} is missing"),
    "an event dropped with all of it": (
        f"WITH gone AS {EVENT}, a AS (DELETE FROM ledger_leaf WHERE event_id IN (SELECT id FROM gone)),"
        " b AS (DELETE FROM ledger_disclosure WHERE event_id IN (SELECT id FROM gone))"
        " DELETE FROM ledger_event WHERE id IN (SELECT id FROM gone)",
        "index {leaf} is missing",
    ),
    "an event dropped under its leaf": (f"DELETE FROM ledger_event WHERE id = {EVENT}", "index {leaf} is missing"),
    "two events swapped": (
        "UPDATE ledger_event SET seq = CASE seq WHEN 2 THEN -3 ELSE -2 END"
        " WHERE stream_id = 'case:one' AND seq IN (2, 3);"
        " UPDATE ledger_event SET seq = -seq WHERE seq < 0",
        "leaf {leaf}: stream case:one jumps from 1 to 3",
    ),
    "an event slipped in": (
        "INSERT INTO ledger_event (stream_id, seq, kind, at, decoys) VALUES ('case:one', 0, 'case.noted', now(), '{}')",
        "stream case:one has a gap before 0",
    ),
    "the last event dropped with its leaf": (
        "WITH gone AS (SELECT event_id AS id FROM ledger_leaf ORDER BY idx DESC LIMIT 1),"
        " a AS (DELETE FROM ledger_leaf WHERE event_id IN (SELECT id FROM gone)),"
        " b AS (DELETE FROM ledger_disclosure WHERE event_id IN (SELECT id FROM gone))"
        " DELETE FROM ledger_event WHERE id IN (SELECT id FROM gone)",
        "stream case:two: the sequencer's tip is not the stream's last leaf",
    ),
    "the last event and the tip dropped": (
        "WITH gone AS (SELECT event_id AS id FROM ledger_leaf ORDER BY idx DESC LIMIT 1),"
        " a AS (DELETE FROM ledger_leaf WHERE event_id IN (SELECT id FROM gone)),"
        " b AS (DELETE FROM ledger_disclosure WHERE event_id IN (SELECT id FROM gone)),"
        " c AS (UPDATE ledger_streamtip SET seq = 2, leaf_hash = (SELECT leaf_hash FROM ledger_leaf"
        f" WHERE event_id = {OTHER}) WHERE stream = 'case:two')"
        " DELETE FROM ledger_event WHERE id IN (SELECT id FROM gone)",
        "stream case:two: the head says 3 events, the last one is 2",
    ),
    "an event that waits to be signed dropped": (
        "DELETE FROM ledger_disclosure WHERE event_id = (SELECT id FROM ledger_event WHERE stream_id = 'case:pending');"
        " DELETE FROM ledger_event WHERE stream_id = 'case:pending'",
        "stream case:pending: the head says 1 events, the last one is 0",
    ),
    "an event that waits to be signed altered": (
        "UPDATE ledger_disclosure SET value = '1' WHERE event_id ="
        " (SELECT id FROM ledger_event WHERE stream_id = 'case:pending')",
        "(not yet signed): text was changed",
    ),
    "a leaf in letters that no signer wrote": (
        f"UPDATE ledger_leaf SET jws = jws || 'é' WHERE event_id = {EVENT}",
        "leaf {leaf}: the leaf is not the ASCII text",
    ),
    "a leaf that is no leaf": (
        f"UPDATE ledger_leaf SET jws = 'W10.e30.AAAA', leaf_hash = sha256('\\x00'::bytea || 'W10.e30.AAAA'::bytea)"
        f" WHERE event_id = {EVENT}",
        "leaf {leaf}: the signature does not verify",
    ),
    "a key of another length": ("UPDATE ledger_signingkey SET public = 'x'", "this is not an Ed25519 key"),
    "the keys dropped": ("DELETE FROM ledger_signingkey", "leaf 0: the signature does not verify"),
}


def tamper(statement: str) -> None:
    with connection.cursor() as superuser:
        superuser.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for model in MODELS:
            superuser.execute(f"ALTER TABLE {model._meta.db_table} DISABLE TRIGGER ALL")
        superuser.execute("ALTER TABLE ledger_event DROP CONSTRAINT event_seq_from_one")
        superuser.execute(statement)


@pytest.fixture(scope="module")
def superuser(untouched: str, django_db_blocker: Any) -> Iterator[None]:
    """All of Django connected as the superuser, whom nothing but the log itself can catch."""
    address = urlsplit(os.environ["TEST_ADMIN_URL"])
    ours = connection.settings_dict
    before = dict(ours)
    connection.close()
    ours |= {"NAME": untouched, "USER": address.username, "PASSWORD": address.password}
    with django_db_blocker.unblock():
        yield
        connection.close()
    ours.clear()
    ours |= before


@pytest.fixture
def tampering(superuser: None) -> Iterator[None]:
    """A transaction that never commits."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_every_column_is_tampered_with() -> None:
    columns = {f"{model._meta.db_table}.{field.column}" for model in MODELS for field in model._meta.concrete_fields}
    assert set(COLUMNS) == columns - IMMATERIAL


@pytest.mark.parametrize("what", [*COLUMNS, *ROWS])
def test_it_names_the_place(tampering: None, what: str) -> None:
    append([entry("case:pending", text="not signed yet")])
    leaf = Leaf.objects.get(event__stream="case:one", event__seq=2).idx
    assert faults() == []
    statement, said = (COLUMNS | ROWS)[what]
    tamper(statement)
    assert said.format(leaf=leaf) in "\n".join(faults()[:1])


class TestCommand:
    def test_a_whole_ledger_ends_with_0_and_says_what_was_counted(self, signed: str) -> None:
        record("case:one", text="waits")
        said = StringIO()
        call_command("ledger", "verify", stdout=said)
        assert f"{Leaf.objects.count()} signed events, 1 waiting to be signed, 0 facts erased" in said.getvalue()

    def test_a_changed_one_ends_with_30_and_names_each_fault(
        self, signed: str, connect: Callable[[str], psycopg.Connection]
    ) -> None:
        with connect("owner") as owner:
            owner.execute("ALTER TABLE ledger_event DISABLE TRIGGER ledger_event_same")
            owner.execute(f"UPDATE ledger_event SET kind = 'case.x' WHERE id IN ({EVENT}, {OTHER})".encode())
        named = StringIO()
        with pytest.raises(CommandError, match="2 faults in") as ended:
            call_command("ledger", "verify", stderr=named)
        assert ended.value.returncode == 30
        assert named.getvalue().count("type in the table is not what was signed") == 2

    def test_an_empty_ledger_is_whole(self, clone: str) -> None:
        assert list(verify(Tally())) == []

    def test_what_is_written_and_signed_meanwhile_is_no_fault(self, signed: str, signer: tuple) -> None:
        done, trouble = threading.Event(), []

        def write_and_sign() -> None:
            try:
                while not done.is_set():
                    record("case:one", text="meanwhile")
                    record("case:two", text="meanwhile")
                    sequence(kid=signer[0], key=signer[1])
            except Exception as error:
                trouble.append(error)
            finally:
                connections.close_all()

        writer = threading.Thread(target=write_and_sign)
        writer.start()
        try:
            for _turn in range(15):
                call_command("ledger", "verify", stdout=StringIO())
        finally:
            done.set()
            writer.join()
        assert not trouble
        sign_all(signer)
        assert Event.objects.filter(stream="case:one").count() > 5
