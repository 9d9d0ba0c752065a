"""What each database role may do to the history: the application adds, and nobody changes or drops."""

from collections.abc import Callable

import psycopg
import pytest
from psycopg import errors, sql

from tests.ledger.log import faults, record
from tipstaff.ledger import roles
from tipstaff.ledger.models import Disclosure, Event, Leaf, SigningKey, Stream, StreamTip

Connect = Callable[[str], psycopg.Connection]
TABLES = {model._meta.db_table: model for model in (Event, Disclosure, Stream, Leaf, StreamTip, SigningKey)}
CHANGES = {
    "update": "UPDATE {table} SET {column} = {column}",
    "delete": "DELETE FROM {table}",
    "truncate": "TRUNCATE {table} CASCADE",
    "disable triggers": "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "drop a trigger": "DROP TRIGGER {trigger} ON {table}",
    "drop": "DROP TABLE {table} CASCADE",
}
WRITE = ("update", "delete", "truncate")


def attempt(connection: psycopg.Connection, change: str, table: str) -> None:
    statement = sql.SQL(CHANGES[change]).format(
        table=sql.Identifier(table),
        column=sql.Identifier(TABLES[table]._meta.concrete_fields[-1].column),
        trigger=sql.Identifier(f"{table}_keep"),
    )
    connection.execute(statement)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", CHANGES)
def test_the_application_cannot(signed_template: str, connect_to: Connect, change: str, table: str) -> None:
    with pytest.raises((errors.InsufficientPrivilege, errors.RestrictViolation)):
        attempt(connect_to("app"), change, table)


@pytest.mark.parametrize("role", ["app", "sequencer", "eraser", "owner"])
def test_no_role_switches_triggers_off_for_itself(connect_to: Connect, role: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        connect_to(role).execute("SET session_replication_role = replica")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", WRITE)
@pytest.mark.parametrize("role", ["sequencer", "eraser"])
def test_the_other_roles_cannot(connect_to: Connect, role: str, change: str, table: str) -> None:
    with pytest.raises((errors.InsufficientPrivilege, errors.RestrictViolation)):
        attempt(connect_to(role), change, table)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", WRITE)
def test_the_triggers_refuse_even_the_superuser_who_replays_a_replica(
    connect_to: Connect, change: str, table: str
) -> None:
    admin = connect_to("admin")
    admin.execute("SET LOCAL session_replication_role = replica")
    with pytest.raises(
        errors.RestrictViolation, match=r"refused: (history is only added to|a signed fact|a stream only)"
    ):
        attempt(admin, change, table)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO ledger_leaf (idx, event_id, jws, leaf_hash) SELECT 99999, id, 'x', 'x' FROM ledger_event LIMIT 1",
        "INSERT INTO ledger_streamtip (stream, seq, leaf_hash) VALUES ('case:x', 1, 'x')",
        "INSERT INTO ledger_signingkey (kid, public) VALUES ('mine', 'x')",
        "UPDATE ledger_stream SET head_seq = head_seq - 1 WHERE name = 'case:one'",
        "UPDATE ledger_stream SET name = 'case:three', head_seq = 9 WHERE name = 'case:one'",
        "UPDATE ledger_disclosure SET salt = NULL, value = NULL",
        "DELETE FROM django_migrations",
        "INSERT INTO django_migrations (app, name, applied) VALUES ('ledger', '9999', now())",
        "CREATE TABLE mine (id int)",
        "SET ROLE tipstaff_owner",
    ],
)
def test_the_application_cannot_sign_shrink_erase_or_migrate(connect_to: Connect, statement: str) -> None:
    with pytest.raises((errors.InsufficientPrivilege, errors.RestrictViolation)):
        connect_to("app").execute(statement.encode())


def test_the_application_adds_and_a_head_grows(connect_to: Connect) -> None:
    app = connect_to("app")
    app.execute("UPDATE ledger_stream SET head_seq = head_seq + 1 WHERE name = 'case:one'")
    app.execute(
        "INSERT INTO ledger_event (stream_id, seq, kind, at, decoys) VALUES ('case:one', 4, 'case.noted', now(), '{}')"
    )


def test_the_sequencer_writes_no_event(connect_to: Connect) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        connect_to("sequencer").execute(
            "INSERT INTO ledger_event (stream_id, seq, kind, at, decoys) VALUES ('case:one', 4, 'a.b', now(), '{}')"
        )


class TestErasure:
    ERASE = "UPDATE ledger_disclosure SET salt = NULL, value = NULL WHERE event_id = %s AND name = 'text'"

    def test_the_eraser_takes_a_fact_away_and_every_proof_still_holds(self, signed: str, connect: Connect) -> None:
        event = Event.objects.get(stream="case:one", seq=2)
        with connect("eraser") as eraser:
            assert eraser.execute(self.ERASE, [event.pk]).rowcount == 1
        event = Event.objects.get(pk=event.pk)
        assert event.told() == {"number": 2}
        with pytest.raises(ValueError, match="was erased"):
            event.disclosures.get(name="text").encoded  # noqa: B018
        assert faults() == []

    def test_an_event_that_is_not_signed_yet_keeps_its_facts(self, signed: str, connect: Connect) -> None:
        event = record("case:one", text="too early")
        with pytest.raises(errors.RestrictViolation, match="can be erased, never altered"):
            connect("eraser").execute(self.ERASE, [event.pk])

    @pytest.mark.parametrize(
        "change",
        [
            "salt = 'x', value = NULL",
            "salt = NULL",
            "value = NULL",
            "value = '1'",
            "salt = NULL, value = NULL, digest = 'x'",
            "salt = NULL, value = NULL, name = 'x'",
            "salt = NULL, value = NULL, event_id = uuidv7()",
        ],
    )
    def test_nothing_else_of_a_fact_can_change(self, connect_to: Connect, change: str) -> None:
        for role in ("eraser", "admin"):
            with pytest.raises((errors.InsufficientPrivilege, errors.RestrictViolation)):
                connect_to(role).execute(f"UPDATE ledger_disclosure SET {change} WHERE name = 'text'".encode())

    @pytest.mark.parametrize("role", ["app", "sequencer"])
    def test_nobody_else_erases(self, connect_to: Connect, role: str) -> None:
        with pytest.raises(errors.InsufficientPrivilege):
            connect_to(role).execute("UPDATE ledger_disclosure SET salt = NULL, value = NULL WHERE name = 'text'")


class TestGrant:
    def test_append_only_and_sequencer_tables_exist(self, signed: str, connect: Connect) -> None:
        known = {row[0] for row in connect("owner").execute("SELECT tablename FROM pg_tables").fetchall()}
        assert set(roles.APPEND_ONLY + roles.SEQUENCER_ONLY) <= known

    def test_granting_again_leaves_no_moment_in_which_more_is_allowed(self, signed: str, connect: Connect) -> None:
        from django.db import connections

        watched: list[bool] = []
        beside = connect("admin")
        beside.autocommit = True
        asked = "SELECT has_table_privilege('tipstaff_app', 'ledger_event', 'UPDATE')"

        def look(execute: Callable, statement: str, *rest: object) -> object:
            result = execute(statement, *rest)
            watched.append(beside.execute(asked).fetchone()[0])
            return result

        with connections["owner"].execute_wrapper(look):
            roles.grant("owner")
        assert len(watched) > 5
        assert not any(watched)
