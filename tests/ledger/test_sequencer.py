"""Signing: one order for all streams, whoever signs and whenever it is killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command
from django.db import connections, transaction

from tests.ledger.log import entry, faults, record, sign_all
from tipstaff.ledger import keys
from tipstaff.ledger.append import append
from tipstaff.ledger.models import Event, Leaf, SigningKey, StreamTip
from tipstaff.ledger.sequencer import ADVISORY_LOCK, sequence
from tipstaff.time import moved_to, now

ROOT = Path(__file__).resolve().parents[2]


WAITS_FOR_LEAF = """
SELECT EXISTS (SELECT 1 FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
               WHERE c.relname = 'ledger_leaf' AND NOT l.granted)"""
NOBODY_SIGNS = """
SELECT NOT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = %s
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"""


class FailsAfter:
    """A real key that breaks at its n-th signature, as a disk or a hardware module may."""

    def __init__(self, key: Ed25519PrivateKey, good: int) -> None:
        self.key, self.good = key, good

    def sign(self, message: bytes) -> bytes:
        self.good -= 1
        if self.good < 0:
            raise OSError("the key is gone")
        return self.key.sign(message)

    def public_key(self) -> Any:
        return self.key.public_key()


class TestSequence:
    def test_it_signs_all_streams_in_one_order(self, signed: str) -> None:
        assert list(Leaf.objects.values_list("idx", flat=True)) == list(range(Event.objects.count()))
        assert StreamTip.objects.get(stream="case:one").seq == 3
        assert faults() == []

    def test_nothing_pending_signs_nothing(self, signed: str, signer: Any) -> None:
        assert sequence(kid=signer[0], key=signer[1]) == 0

    def test_a_batch_ends_at_its_limit_and_the_next_goes_on(self, clone: str, signer: Any) -> None:
        sign_all(signer)
        for number in range(5):
            record("case:a", number=number)
        assert [sequence(kid=signer[0], key=signer[1], limit=2) for _ in range(4)] == [2, 2, 1, 0]
        assert faults() == []

    def test_a_clock_that_steps_back_changes_the_time_and_not_the_order(self, clone: str, signer: Any) -> None:
        record("case:a", number=1)
        with moved_to(now() - timedelta(days=2)):
            record("case:a", number=2)
        sign_all(signer)
        first, second = Event.objects.filter(stream="case:a").order_by("leaf__idx")
        assert (first.seq, second.seq) == (1, 2)
        assert second.at < first.at
        assert faults() == []

    def test_ids_out_of_order_within_a_stream_are_signed_by_number(
        self, clone: str, signer: Any, connect: Callable[[str], psycopg.Connection]
    ) -> None:
        """What a machine clock that stepped back between two acts leaves: the later event has the smaller id."""
        sign_all(signer)
        record("case:a", number=1)
        with connect("app") as app:
            app.execute("UPDATE ledger_stream SET head_seq = 2 WHERE name = 'case:a'")
            app.execute(
                "INSERT INTO ledger_event (id, stream_id, seq, kind, at, decoys)"
                " VALUES (uuidv7(interval '-1 day'), 'case:a', 2, 'case.noted', now(), '{}')"
            )
        assert sign_all(signer) == 2
        assert list(Event.objects.filter(stream="case:a").order_by("leaf__idx").values_list("seq", flat=True)) == [1, 2]
        assert faults() == []

    def test_what_hangs_on_an_event_out_of_sight_waits_and_holds_up_nobody(
        self, clone: str, signer: Any, connect: Callable[[str], psycopg.Connection]
    ) -> None:
        record("case:gap")
        sign_all(signer)
        with connect("app") as app:
            app.execute("UPDATE ledger_stream SET head_seq = 3 WHERE name = 'case:gap'")
            app.execute(
                "INSERT INTO ledger_event (stream_id, seq, kind, at, decoys) VALUES ('case:gap', 3, 'x.y', now(), '{}')"
            )
        record("case:other")
        assert sign_all(signer) == 1
        assert Leaf.objects.filter(event__stream="case:other").exists()
        assert Leaf.objects.filter(event__stream="case:gap").count() == 1
        assert [fault for fault in faults() if "case:gap has a gap before 3" in fault]

    def test_more_waiting_events_than_a_batch_holds_do_not_stop_it(
        self, clone: str, signer: Any, connect: Callable[[str], psycopg.Connection]
    ) -> None:
        sign_all(signer)
        with connect("app") as app:
            app.execute("INSERT INTO ledger_stream (name, head_seq) VALUES ('case:gap', 4)")
            app.execute(
                "INSERT INTO ledger_event (stream_id, seq, kind, at, decoys)"
                " SELECT 'case:gap', n, 'x.y', now(), '{}' FROM generate_series(2, 4) n"
            )
        record("case:other")
        assert sequence(kid=signer[0], key=signer[1], limit=3) == 1
        assert Leaf.objects.filter(event__stream="case:other").exists()

    def test_an_event_is_signed_only_after_its_commit(self, clone: str, signer: Any) -> None:
        sign_all(signer)
        started, finish = threading.Event(), threading.Event()

        def slow() -> None:
            with transaction.atomic():
                append([entry("case:slow")])
                started.set()
                finish.wait(10)
            connections.close_all()

        writer = threading.Thread(target=slow)
        writer.start()
        started.wait(10)
        record("case:quick")
        assert sign_all(signer) == 1
        finish.set()
        writer.join()
        assert sign_all(signer) == 1
        assert faults() == []

    def test_two_at_once_sign_each_event_once(self, clone: str, signer: Any) -> None:
        for number in range(60):
            record(f"case:{number % 7}", number=number)
        pending, signed, ready = Event.objects.filter(leaf=None).count(), [], threading.Barrier(2)

        def run() -> None:
            ready.wait(10)
            while batch := sequence(kid=signer[0], key=signer[1], limit=5):
                signed.append(batch)
            connections.close_all()

        threads = [threading.Thread(target=run) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(signed) == pending
        assert faults() == []

    @pytest.mark.parametrize("good", [0, 1, 3])
    def test_a_key_that_breaks_leaves_nothing_of_the_batch(self, clone: str, signer: Any, good: int) -> None:
        before = Leaf.objects.count()
        for number in range(4):
            record("case:a", number=number)
        with pytest.raises(OSError, match="the key is gone"):
            sequence(kid=signer[0], key=FailsAfter(signer[1], good))
        assert (Leaf.objects.count(), StreamTip.objects.count(), SigningKey.objects.count()) == (before, 0, 0)
        sign_all(signer)
        assert faults() == []

    def test_a_new_key_signs_on_and_the_old_leaves_still_verify(self, signed: str, tmp_path: Path) -> None:
        record("case:one", number=4)
        sign_all(keys.load_or_create(tmp_path / "next.pem"))
        assert SigningKey.objects.count() == 2
        assert faults() == []


def manage(clone: str, *arguments: str, key: Path) -> subprocess.Popen:
    addresses = {
        name: os.environ[f"TEST_{name}"].removesuffix("NAME") + clone
        for name in ("DATABASE_URL", "OWNER_DATABASE_URL", "SEQUENCER_DATABASE_URL", "ERASER_DATABASE_URL")
    }
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=os.environ | addresses | {"LEDGER_KEY_FILE": str(key)})


class TestCommand:
    def test_killed_in_the_middle_it_leaves_nothing_and_the_next_run_everything(
        self, clone: str, tmp_path: Path, connect: Callable[[str], psycopg.Connection]
    ) -> None:
        """The process is held inside its transaction, after the leaves' order is drawn and before they are in."""
        record("case:a")
        key = tmp_path / "keys" / "ledger.pem"
        holder = connect("admin")
        holder.execute("LOCK TABLE ledger_leaf IN EXCLUSIVE MODE")  # readers pass, the sequencer's insert waits
        running = manage(clone, "sequencer", "--once", key=key)
        watcher = connect("admin")
        watcher.autocommit = True
        _until(watcher, WAITS_FOR_LEAF)
        running.send_signal(signal.SIGKILL)
        assert running.wait(10) == -signal.SIGKILL
        holder.rollback()
        _until(watcher, NOBODY_SIGNS, ADVISORY_LOCK)
        assert (Leaf.objects.count(), StreamTip.objects.count()) == (0, 0)
        sign_all(keys.load_or_create(key))
        assert not Event.objects.filter(leaf=None).exists()
        assert faults() == []

    def test_it_runs_until_it_is_told_to_stop(self, clone: str, tmp_path: Path) -> None:
        running = manage(clone, "sequencer", "--pause", "0.05", key=tmp_path / "ledger.pem")
        try:
            _wait(lambda: Leaf.objects.exists() and not Event.objects.filter(leaf=None).exists())
            record("case:late")
            _wait(lambda: not Event.objects.filter(leaf=None).exists())
        finally:
            running.send_signal(signal.SIGTERM)
        assert running.wait(10) == 0
        assert faults() == []

    def test_a_file_that_holds_no_key_is_named(self, clone: str, settings: Any, tmp_path: Path) -> None:
        settings.LEDGER_KEY_FILE = tmp_path / "ledger.pem"
        settings.LEDGER_KEY_FILE.write_text("not a key")
        with pytest.raises(CommandError, match="signing key cannot be read"):
            call_command("sequencer", "--once")


def _until(watcher: psycopg.Connection, question: str, *values: object) -> None:
    _wait(lambda: watcher.execute(question, values).fetchone()[0])


def _wait(done: Callable[[], bool]) -> None:
    for _turn in range(3000):
        if done():
            return
        time.sleep(0.02)
    raise AssertionError("waited for a minute in vain")


class TestKeys:
    def test_the_key_is_made_once_and_only_its_owner_may_read_it(self, tmp_path: Path) -> None:
        path = tmp_path / "a" / "ledger.pem"
        first, again = keys.load_or_create(path), keys.load_or_create(path)
        assert first[0] == again[0]
        assert path.stat().st_mode & 0o777 == 0o600
        assert [file.name for file in path.parent.iterdir()] == ["ledger.pem"]

    def test_a_start_that_was_killed_on_the_way_does_not_stop_the_next(self, tmp_path: Path) -> None:
        path = tmp_path / "ledger.pem"
        (tmp_path / f"ledger.{os.getpid()}").write_text("half a key")
        assert keys.load_or_create(path)[0] == keys.load_or_create(path)[0]

    def test_many_starts_at_once_agree_on_one_key(self, tmp_path: Path) -> None:
        path, seen, ready = tmp_path / "ledger.pem", [], threading.Barrier(8)

        def start() -> None:
            ready.wait(10)
            seen.append(keys.load_or_create(path)[0])

        threads = [threading.Thread(target=start) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(seen) == 8
        assert len(set(seen)) == 1

    def test_another_kind_of_key_is_refused(self, tmp_path: Path) -> None:
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        other = ec.generate_private_key(ec.SECP256R1())
        path = tmp_path / "ledger.pem"
        path.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        with pytest.raises(keys.KeyRefused, match="holds no Ed25519 key"):
            keys.load_or_create(path)
