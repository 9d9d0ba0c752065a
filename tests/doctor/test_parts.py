"""What the doctor says of clocks, broker, workers, sequencer, mail and webhooks."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import connections

from tests import factories
from tests.doctor.conftest import Break, Told
from tests.ledger import log as ledger
from tests.notices.conftest import Server, server  # noqa: F401
from tipstaff.celery import broker
from tipstaff.demo.services import Services
from tipstaff.doctor import parts
from tipstaff.ledger import keys
from tipstaff.notices import outbox, webhooks
from tipstaff.notices.models import Message
from tipstaff.sla.tasks import sweep
from tipstaff.time import moved_to, now


class TestClocks:
    def test_they_agree(self, place: str) -> None:
        assert [sentence for _state, sentence, _do in Told(parts.clocks)] == [
            "The clocks of this machine and of PostgreSQL agree.",
            "The clocks of this machine and of the broker agree.",
        ]

    @pytest.mark.parametrize(("seconds", "state"), [(-3, "warning"), (60, "failing")])
    def test_this_machine_is_wrong(self, place: str, seconds: int, state: str) -> None:
        with time_machine.travel(now() + timedelta(seconds=seconds), tick=True):
            told = Told(parts.clocks)
        word = "ahead of" if seconds < 0 else "behind"
        for (known, sentence, do), name in zip(told, ("PostgreSQL", "the broker"), strict=True):
            assert known == state
            assert sentence.startswith(f"The clock of {name} is ")
            assert sentence.endswith(f" s {word} this machine's.")
            assert "NTP" in do


class TestBroker:
    def test_it_throws_tasks_away(self, place: str) -> None:
        with broker() as line:
            client = line.default_channel.client
            client.config_set("maxmemory-policy", "allkeys-lru")
            try:
                told = Told(parts.valkey)
            finally:
                client.config_set("maxmemory-policy", "noeviction")
        (sentence,) = told.failing
        assert sentence == "The broker may throw tasks away when its memory is full (maxmemory-policy allkeys-lru)."
        assert [state for state, *_rest in Told(parts.valkey)] == ["ok"]

    def test_it_is_stopped(self, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with Services(tmp_path, durable=False, postgres=False) as services:
            monkeypatch.setenv("CELERY_BROKER_READ_URL", services.broker_url())
            assert [state for state, *_rest in Told(parts.valkey)] == ["ok"]
        told = Told(parts.valkey)
        (sentence,) = told.failing
        assert sentence.startswith("The broker does not answer at redis://:**@127.0.0.1:")
        assert services.keys["VALKEY_PASSWORD"] not in sentence
        assert "Nothing is lost meanwhile" in told.advice(sentence)
        workers = Told(parts.workers)
        assert workers.failing[0] == "Whether a worker is there cannot be told without the broker."
        assert [sentence for _state, sentence, _do in Told(parts.clocks)] == [
            "The clocks of this machine and of PostgreSQL agree."
        ]


class TestWorkers:
    def test_none_is_there_and_none_ever_was(self, superuser: Break) -> None:
        superuser("DELETE FROM jobs_tick")
        assert Told(parts.workers).failing == [
            "No worker answers.",
            "No sweep has run yet: clocks do not warn, and no mail leaves.",
        ]

    def test_beat_stopped_a_while_ago(self, superuser: Break, settings: Any) -> None:
        with moved_to(now() - timedelta(minutes=12)):
            sweep.apply()
        told = Told(parts.workers)
        assert (
            told.failing[1] == f"The last sweep was 12 minutes ago, and one is due every {settings.SWEEP_SECONDS:g} s."
        )
        sweep.apply()
        assert Told(parts.workers).all_of("ok")[0].startswith("The last sweep was ")


class TestSequencer:
    @pytest.fixture
    def key(self, place: str, tmp_path: Path, settings: Any) -> Path:
        """The key that has signed everything in this database."""
        settings.LEDGER_KEY_FILE = tmp_path / "keys" / "ledger.pem"
        ledger.sign_all(keys.load_or_create(settings.LEDGER_KEY_FILE))
        return settings.LEDGER_KEY_FILE

    @pytest.fixture
    def connected(self, key: Path) -> Iterator[None]:
        connections["sequencer"].ensure_connection()
        yield
        connections["sequencer"].close()

    def test_all_is_well(self, key: Path, connected: None) -> None:
        told = Told(parts.sequencer)
        assert told.failing == told.warnings == []
        assert told[0][1] == f"The signing key {keys.load_or_create(key)[0]} is private and is the one that signs."
        assert told[1][1] == "The sequencer is connected; no events wait to be signed."

    def test_it_is_not_there(self, key: Path) -> None:
        connections["sequencer"].close()
        assert Told(parts.sequencer).failing == ["The sequencer is not connected to the database."]

    def test_events_wait_for_it(self, key: Path, superuser: Break) -> None:
        connections["sequencer"].close()
        with moved_to(now() - timedelta(hours=5)):
            ledger.record("case:one", text="long ago")
        told = Told(parts.sequencer)
        assert told.failing == ["1 events wait to be signed, the oldest for 5 hours: the sequencer is not connected."]
        connections["sequencer"].ensure_connection()
        superuser("SELECT pg_stat_clear_snapshot()")
        assert Told(parts.sequencer).failing[0].endswith("the sequencer is connected and gets no further.")

    def test_others_can_read_its_key(self, key: Path, connected: None) -> None:
        key.chmod(0o640)
        told = Told(parts.sequencer)
        (sentence,) = told.failing
        assert sentence == f"Others than its owner can read the signing key {key} (mode 640)."
        assert told.advice(sentence).startswith(f"chmod 600 {key}")

    def test_its_key_is_gone_or_no_key_or_another(self, key: Path, connected: None) -> None:
        kept = key.read_bytes()
        key.write_bytes(b"not a key")
        assert Told(parts.sequencer).failing[0].startswith("The signing key cannot be read: ")
        key.unlink()
        assert Told(parts.sequencer).failing == [f"There is no signing key at {key}."]
        other, _key = keys.load_or_create(key)
        assert Told(parts.sequencer).failing == [f"The key {other} in {key} has never signed, and another one has."]
        key.write_bytes(kept)
        assert Told(parts.sequencer).failing == []

    def test_another_machine_has_it(self, key: Path, connected: None, settings: Any) -> None:
        key.unlink()
        before = settings.DATABASES["sequencer"]["USER"]
        settings.DATABASES["sequencer"]["USER"] = "tipstaff_app"
        try:
            told = Told(parts.sequencer)
        finally:
            settings.DATABASES["sequencer"]["USER"] = before
        assert told.failing == []
        assert told[0][1].startswith("The signing key is not on this machine, as it should be")


class TestMail:
    def test_the_server_takes_us_and_nothing_is_sent(self, server: Server) -> None:  # noqa: F811
        assert Told(parts.mail) == [("ok", f"The mail server takes us at 127.0.0.1:{server.port}.", "")]
        assert server.keeper.mails == []

    def test_the_server_is_stopped(self, server: Server) -> None:  # noqa: F811
        server.down()
        told = Told(parts.mail)
        server.up()
        (sentence,) = told.failing
        assert sentence.startswith(f"The mail server does not take us at 127.0.0.1:{server.port}: ")
        assert "Connection refused" in sentence
        assert "Mail waits in the outbox" in told.advice(sentence)

    @pytest.mark.parametrize(
        ("more", "why"),
        [
            ({"username": "us", "password": "word"}, "SMTP AUTH"),
            ({"use_tls": True}, "STARTTLS"),
            ({"use_ssl": True}, "SSL"),
        ],
    )
    def test_the_server_cannot_what_we_were_told(self, server: Server, settings: Any, more: dict, why: str) -> None:  # noqa: F811
        settings.MAILERS["default"]["OPTIONS"] |= more
        (sentence,) = Told(parts.mail).failing
        assert why in sentence

    def test_mail_goes_nowhere(self, settings: Any) -> None:
        settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.dummy.EmailBackend"}}
        assert Told(parts.mail).warnings == [
            "Mail goes through django.core.mail.backends.dummy.EmailBackend and not to a server."
        ]

    def test_one_is_sent_when_asked_for(self, server: Server) -> None:  # noqa: F811
        told = Told(lambda: parts.send_mail("me@people.example"))
        assert told[0][1] == "The mail server took a test mail to me@people.example. Look whether it arrived."
        assert server.keeper.mails[0]["To"] == "me@people.example"
        server.keeper.refuse["me@people.example"] = "550 unknown"
        assert Told(lambda: parts.send_mail("me@people.example")).failing[0].startswith("The test mail was not taken: ")
        assert Told(lambda: parts.send_mail("nobody\n@x")).failing[0].startswith("The test mail was not taken: ")
        assert mail.outbox == []


class TestOutbox:
    def test_a_mail_waits_too_long(self, people: dict) -> None:
        with moved_to(now() - timedelta(hours=3)):
            factories.report()
        Message.objects.update(last_error="ConnectionRefusedError", attempts=7)
        told = Told(parts.outbox)
        assert told.failing == [
            "1 mails have waited for more than an hour. The oldest was tried 7 times: ConnectionRefusedError."
        ]

    def test_a_receiver_is_unwilling_or_off(self, people: dict) -> None:
        receiver = factories.endpoint("https://gateway.example/hook")
        assert Told(parts.outbox)[-1][1] == "All 1 webhook receivers take what they are sent."
        (delivery,) = webhooks.queue(
            "sanction.imposed", to=[receiver], about=receiver, line=receiver, payload={}, actor=outbox.OUTBOX
        )
        delivery.give_up(actor=outbox.OUTBOX, status=500, error="no")
        told = Told(parts.outbox)
        (sentence,) = told.failing
        assert sentence.endswith("0 messages wait after 3 tries or more, and 1 were given up since yesterday.")
        assert "gateway.example" not in sentence
        assert str(receiver.pk) in sentence
        receiver.disable(actor=factories.person("admin"), reason="x")
        (sentence,) = Told(parts.outbox).warnings
        assert sentence == f"The webhook receiver {receiver.pk} is switched off: what happens waits for it."


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (90, "90 s"), (150, "2 minutes"), (7300, "2 hours"), (200_000, "2 days")]
)
def test_a_length_of_time_is_said_as_people_say_it(seconds: float, words: str) -> None:
    assert parts.told(seconds) == words
