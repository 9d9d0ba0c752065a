"""Webhooks to a receiver that is up, down, slow, gone or unwilling: signed, in order for each account, never lost."""

import json
import socket
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from django.db import IntegrityError, transaction
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests import factories
from tests.factories import endpoint as registered
from tests.factories import person
from tests.notices.conftest import Server
from tests.notices.receiver import Receiver
from tipstaff.ledger.models import Event
from tipstaff.notices import outbox, webhooks
from tipstaff.notices.models import Delivery, Endpoint
from tipstaff.notices.tasks import deliver_webhooks
from tipstaff.time import moved_to, now
from tipstaff.workflow.refused import NotPermitted, Refused

pytestmark = pytest.mark.usefixtures("people")
LATER = timedelta(days=1)


def again(record: Any) -> Any:
    return type(record).objects.get(pk=record.pk)


def queued(endpoint: Endpoint, about: Any, number: int = 0, event: str = "sanction.imposed") -> Delivery:
    """A message in the line of the account `about`."""
    made = webhooks.queue(
        event, to=[endpoint], about=about, line=about, payload={"number": number}, actor=outbox.OUTBOX
    )
    return made[0]


def numbers(receiver: Receiver) -> list[int]:
    return [call.payload["data"]["number"] for call in receiver.calls]


class TestSend:
    def test_other_peoples_library_verifies_it(self, receiver: Receiver) -> None:
        endpoint = registered(receiver.url)
        delivery = queued(endpoint, factories.subject())
        assert webhooks.deliver_due() == 1
        (call,) = receiver.calls
        assert call.verified_with(endpoint.secret)["type"] == "sanction.imposed"
        assert call.id == delivery.message_id
        assert call.headers["content-type"] == "application/json"
        delivery = again(delivery)
        assert (delivery.state, delivery.attempts, delivery.last_status) == ("delivered", 1, 200)
        assert Event.objects.get(kind="delivery.handed_over").stream_id == delivery.about_stream
        with pytest.raises(WebhookVerificationError):
            call.verified_with("whsec_" + "A" * 43 + "=")

    def test_it_is_signed_by_the_real_clock_whatever_the_demo_says(self, receiver: Receiver) -> None:
        endpoint = registered(receiver.url)
        with moved_to(now() + timedelta(days=400)):
            queued(endpoint, factories.subject())
            assert webhooks.deliver_due() == 1
        assert receiver.calls[0].verified_with(endpoint.secret)

    def test_it_is_sent_once(self, receiver: Receiver) -> None:
        queued(registered(receiver.url), factories.subject())
        assert [webhooks.deliver_due() for _ in range(3)] == [1, 0, 0]
        with moved_to(now() + timedelta(days=30)):
            deliver_webhooks()
        assert len(receiver.calls) == 1

    @pytest.mark.parametrize("status", [200, 201, 202, 204])
    def test_any_2xx_is_taken(self, receiver: Receiver, status: int) -> None:
        receiver.answer = lambda call: status
        delivery = queued(registered(receiver.url), factories.subject())
        assert webhooks.deliver_due() == 1
        assert again(delivery).last_status == status

    def test_no_proxy_of_the_environment_is_asked(self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        queued(registered(receiver.url), factories.subject())
        assert webhooks.deliver_due() == 1


class TestOrder:
    def test_one_account_is_told_in_order_though_the_first_fails(self, receiver: Receiver) -> None:
        endpoint, account, other = registered(receiver.url), factories.subject(), factories.subject()
        first, *_rest = [queued(endpoint, account, number) for number in (1, 2, 3)]
        queued(endpoint, other, 9)
        receiver.answer = lambda call: 500 if call.payload["data"]["number"] == 1 else 200
        assert webhooks.deliver_due() == 1
        assert sorted(numbers(receiver)) == [1, 9], "another account is not held up"
        assert again(first).state == "queued"
        receiver.answer = lambda call: 200
        receiver.calls.clear()
        with moved_to(now() + LATER):
            assert webhooks.deliver_due() == 3
        assert numbers(receiver) == [1, 2, 3]

    def test_one_receiver_that_is_down_holds_up_no_other(self, receiver: Receiver) -> None:
        dead = Receiver()
        dead.close()
        down, up, account = registered(dead.url, "Down"), registered(receiver.url, "Up"), factories.subject()
        for number in range(20):
            queued(down, factories.subject(), number)
        queued(up, account, 1)
        assert webhooks.deliver_due(seconds=1) == 1
        assert numbers(receiver) == [1]

    def test_what_was_given_up_blocks_nothing(self, receiver: Receiver) -> None:
        endpoint, account = registered(receiver.url), factories.subject()
        first, second = queued(endpoint, account, 1), queued(endpoint, account, 2)
        Delivery.objects.filter(pk=first.pk).update(attempts=webhooks.TRIES - 1)
        receiver.answer = lambda call: 500 if call.payload["data"]["number"] == 1 else 200
        webhooks.deliver_due()
        assert (again(first).state, again(second).state) == ("dead", "delivered")
        told = Event.objects.get(kind="delivery.given_up").told()
        assert (told["facts.status"], told["facts.error"]) == (500, "answered 500")


class TestTrouble:
    def test_it_is_tried_again_on_the_recommended_schedule(self, receiver: Receiver) -> None:
        delivery, at, pauses = queued(registered(receiver.url), factories.subject()), now(), []
        receiver.answer = lambda call: (503, {}, b"Come\nback <b>later\x00\xff</b>")
        for _try in range(webhooks.TRIES - 1):
            with moved_to(at):
                assert webhooks.deliver_due() == 0
            delivery = again(delivery)
            pauses.append(delivery.next_attempt_at - at)
            at = delivery.next_attempt_at
        assert delivery.last_error.startswith("answered 503: Come back <b>later")
        assert delivery.last_error.isprintable()
        for pause, recommended in zip(pauses, webhooks.PAUSES, strict=True):
            assert recommended <= pause <= recommended * 1.21
        with moved_to(at):
            webhooks.deliver_due()
        delivery = again(delivery)
        assert (delivery.state, delivery.attempts, delivery.last_status) == ("dead", webhooks.TRIES, 503)
        assert len({call.id for call in receiver.calls}) == 1
        assert len({call.body for call in receiver.calls}) == 1, "the same bytes at every try"

    def test_a_redirect_is_not_followed(self, receiver: Receiver) -> None:
        elsewhere = Receiver()
        receiver.answer = lambda call: (302, {"Location": elsewhere.url}, b"")
        delivery = queued(registered(receiver.url), factories.subject())
        assert webhooks.deliver_due() == 0
        elsewhere.close()
        assert elsewhere.calls == []
        assert again(delivery).last_error == "answered 302: redirects are not followed"

    def test_gone_switches_the_receiver_off_and_keeps_what_waits(self, receiver: Receiver) -> None:
        endpoint, account = registered(receiver.url), factories.subject()
        first, second = queued(endpoint, account, 1), queued(endpoint, account, 2)
        receiver.answer = lambda call: 410
        assert webhooks.deliver_due() == 0
        endpoint = again(endpoint)
        assert (endpoint.state, endpoint.disabled_reason) == ("disabled", "The receiver answered 410 Gone.")
        assert (again(first).state, again(second).state) == ("dead", "queued")
        third = queued(webhooks.takers("sanction.lifted")[0], account, 3)
        with moved_to(now() + LATER):
            assert webhooks.deliver_due() == 0
        assert len(receiver.calls) == 1
        receiver.answer = lambda call: 200
        endpoint.enable(actor=person("admin"))
        assert webhooks.deliver_due() == 2
        assert numbers(receiver) == [1, 2, 3]
        assert again(third).state == "delivered"

    def test_a_crash_between_sending_and_noting_repeats_it_with_the_same_id(
        self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class PowerFailure(BaseException):
            pass

        def crash(*_args: object, **_facts: object) -> None:
            raise PowerFailure

        delivery = queued(registered(receiver.url), factories.subject())
        with monkeypatch.context() as patched:
            patched.setattr(Delivery, "hand_over", crash)
            with pytest.raises(PowerFailure):
                webhooks.deliver_due()
        assert again(delivery).state == "queued"
        assert webhooks.deliver_due() == 0, "somebody may still be at it"
        with moved_to(now() + webhooks.LEASE):
            assert webhooks.deliver_due() == 1
        assert [call.id for call in receiver.calls] == [delivery.message_id] * 2

    def test_a_receiver_that_drips_is_cut_off(self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
        released = threading.Event()
        monkeypatch.setattr(webhooks, "GIVEN", 0.3)
        receiver.answer = lambda call: released.wait(10) and 200
        delivery = queued(registered(receiver.url), factories.subject())
        assert webhooks.deliver_due(seconds=0.2) == 0
        released.set()
        assert again(delivery).last_error == "too slow"
        assert again(delivery).leased_until is None

    def test_a_name_that_leads_nowhere_is_tried_again(self, receiver: Receiver) -> None:
        delivery = queued(registered("http://nowhere.invalid/hooks"), factories.subject())
        assert webhooks.deliver_due() == 0
        assert again(delivery).last_error.startswith("the name could not be found")
        assert again(delivery).state == "queued"


class TestPrivateAddresses:
    """What an administrator, or a name server, can make Tipstaff call (SSRF)."""

    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:a9fe:a9fe]", "10.0.0.1",
            "192.168.1.1", "[fd00::1]", "0.0.0.0", "localhost", "2130706433", "0x7f000001", "[64:ff9b::7f00:1]",
        ],
    )  # fmt: skip
    def test_it_is_not_called(self, receiver: Receiver, settings: Any, host: str) -> None:
        settings.WEBHOOK_ALLOWED_ADDRESSES = []
        port = receiver.server.server_port
        delivery = queued(registered(f"http://{host}:{port}/"), factories.subject())
        assert webhooks.deliver_due() == 0
        assert receiver.calls == []
        assert again(delivery).last_error.startswith("not called"), again(delivery).last_error
        assert again(delivery).state == "queued"

    def test_a_name_that_leads_inside_is_not_called(
        self, receiver: Receiver, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The name server is the attacker's here, so it is the one thing replaced."""
        settings.WEBHOOK_ALLOWED_ADDRESSES = []

        def resolve(host: str, *_more: object) -> list:
            assert host == "gateway.example.com"
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        delivery = queued(registered(f"http://gateway.example.com:{receiver.server.server_port}/"), factories.subject())
        assert webhooks.deliver_due() == 0
        assert receiver.calls == []
        assert again(delivery).last_error.startswith("not called")

    def test_plain_http_is_not_called_outside_a_demo(self, receiver: Receiver, settings: Any) -> None:
        endpoint = registered(receiver.url)
        settings.WEBHOOK_ALLOW_HTTP = False
        delivery = queued(endpoint, factories.subject())
        assert webhooks.deliver_due() == 0
        assert receiver.calls == []
        assert again(delivery).last_error.startswith("not called")


@pytest.fixture
def certificate(tmp_path: Path) -> str:
    """A certificate for gateway.example.com that vouches for itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gateway.example.com")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(datetime.now(UTC) - timedelta(days=1))
    made = made.not_valid_after(datetime.now(UTC) + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("gateway.example.com")]), critical=False)
    pem = made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    file = tmp_path / "certificate.pem"
    file.write_bytes(pem + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return str(file)


class TestTls:
    """The connection goes to the address that was checked, and the certificate must be the name's."""

    def told(self, certificate: str, host: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Receiver, Delivery]:
        receiver = Receiver(certificate=certificate)
        addresses = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]
        real = socket.getaddrinfo
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda name, *more, **most: addresses if name == host else real(name, *more, **most),
        )
        delivery = queued(registered(f"https://{host}:{receiver.server.server_port}/hooks"), factories.subject())
        webhooks.deliver_due()
        receiver.close()
        return receiver, again(delivery)

    def test_a_certificate_of_an_authority_of_our_own(
        self, certificate: str, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.WEBHOOK_CA_FILE = certificate
        receiver, delivery = self.told(certificate, "gateway.example.com", monkeypatch)
        assert (delivery.state, delivery.last_error) == ("delivered", "")
        assert receiver.calls[0].headers["host"].startswith("gateway.example.com")

    def test_one_that_nobody_vouches_for(self, certificate: str, monkeypatch: pytest.MonkeyPatch) -> None:
        receiver, delivery = self.told(certificate, "gateway.example.com", monkeypatch)
        assert receiver.calls == []
        assert delivery.last_error == "the certificate of the receiver could not be verified"

    def test_one_for_another_name(self, certificate: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        settings.WEBHOOK_CA_FILE = certificate
        receiver, delivery = self.told(certificate, "other.example.com", monkeypatch)
        assert receiver.calls == []
        assert delivery.last_error == "the certificate of the receiver could not be verified"


class TestSecret:
    def test_the_database_does_not_hold_it(self, receiver: Receiver, settings: Any) -> None:
        endpoint = registered(receiver.url)
        secret = endpoint.secret
        assert secret.startswith("whsec_")
        kept = [str(getattr(endpoint, field.attname)) for field in Endpoint._meta.concrete_fields]
        assert not [value for value in kept if secret.removeprefix("whsec_") in value]
        settings.WEBHOOK_KEY = "another"
        assert endpoint.secret != secret
        assert registered("http://127.0.0.1:9/", "Other").secret != endpoint.secret

    def test_after_a_rotation_both_sign_for_a_day(self, receiver: Receiver) -> None:
        endpoint = registered(receiver.url)
        old, start = endpoint.secret, now()
        with moved_to(start):
            endpoint.rotate(actor=person("admin"))
            queued(endpoint, factories.subject())
            webhooks.deliver_due()
        new = again(endpoint).secret
        assert new != old
        assert len(receiver.calls[0].headers["webhook-signature"].split()) == 2
        assert receiver.calls[0].verified_with(old)
        assert receiver.calls[0].verified_with(new)
        with moved_to(start + timedelta(hours=24)):
            queued(endpoint, factories.subject())
            webhooks.deliver_due()
        assert receiver.calls[1].verified_with(new)
        with pytest.raises(WebhookVerificationError):
            receiver.calls[1].verified_with(old)

    def test_rotating_twice_ends_the_old_one_at_once(self, receiver: Receiver) -> None:
        endpoint = registered(receiver.url)
        old = endpoint.secret
        endpoint.rotate(actor=person("admin"))
        endpoint.rotate(actor=person("admin"))
        queued(endpoint, factories.subject())
        webhooks.deliver_due()
        with pytest.raises(WebhookVerificationError):
            receiver.calls[0].verified_with(old)

    def test_who_looked_at_it_stays_in_the_history_and_it_does_not(self, receiver: Receiver) -> None:
        endpoint = registered(receiver.url)
        assert endpoint.reveal(actor=person("admin")) == endpoint.secret
        events = [event.told() for event in Event.objects.filter(stream=endpoint.stream)]
        assert events[-1]["actor"]["ref"] == person("admin").reference
        assert endpoint.secret not in json.dumps(events)

    def test_a_changed_body_or_an_old_timestamp_does_not_verify(self, receiver: Receiver) -> None:
        endpoint = registered(receiver.url)
        queued(endpoint, factories.subject())
        webhooks.deliver_due()
        (call,) = receiver.calls
        with pytest.raises(WebhookVerificationError):
            Webhook(endpoint.secret).verify(call.body.replace(b"0", b"1"), call.headers)
        old = datetime.now(UTC) - timedelta(minutes=6)
        call.headers["webhook-timestamp"] = str(int(old.timestamp()))
        with pytest.raises(WebhookVerificationError):
            call.verified_with(endpoint.secret)


class TestRetry:
    def dead(self, receiver: Receiver, endpoint: Endpoint, account: Any, number: int = 1) -> Delivery:
        delivery = queued(endpoint, account, number)
        Delivery.objects.filter(pk=delivery.pk).update(attempts=webhooks.TRIES - 1)
        receiver.answer = lambda call: 500
        webhooks.deliver_due()
        receiver.answer = lambda call: 200
        receiver.calls.clear()
        return again(delivery)

    def test_it_goes_back_to_its_place_in_the_line(self, receiver: Receiver) -> None:
        endpoint, account = registered(receiver.url), factories.subject()
        dead = self.dead(receiver, endpoint, account)
        queued(endpoint, account, 2)
        dead.retry(actor=person("admin"))
        assert webhooks.deliver_due() == 2
        assert numbers(receiver) == [1, 2]
        assert receiver.calls[0].id == dead.message_id

    def test_old_news_does_not_follow_newer(self, receiver: Receiver) -> None:
        endpoint, account = registered(receiver.url), factories.subject()
        dead = self.dead(receiver, endpoint, account)
        queued(endpoint, account, 2)
        webhooks.deliver_due()
        with pytest.raises(Refused, match="Something newer about the same account arrived since"):
            dead.retry(actor=person("admin"))
        assert again(dead).state == "dead"

    def test_not_while_a_newer_one_is_on_its_way(self, receiver: Receiver) -> None:
        endpoint, account = registered(receiver.url), factories.subject()
        dead = self.dead(receiver, endpoint, account)
        queued(endpoint, account, 2)
        (leased,) = webhooks.lease(Counter())
        assert leased.being_sent
        with pytest.raises(Refused, match="being sent right now"):
            dead.retry(actor=person("admin"))

    @pytest.mark.parametrize("mailbox", ["lead", "head", "auditor"])
    def test_only_an_administrator(self, receiver: Receiver, mailbox: str) -> None:
        dead = self.dead(receiver, registered(receiver.url), factories.subject())
        with pytest.raises(NotPermitted):
            dead.retry(actor=person(mailbox))


class TestMailFirst:
    def test_the_gateway_hears_after_the_notice_has_left(self, receiver: Receiver, server: Server) -> None:
        registered(receiver.url)
        factories.issued()
        assert webhooks.deliver_due() == 0
        assert receiver.calls == []
        assert all(d.mail_waits for d in Delivery.objects.explained() if d.place == 1)
        outbox.deliver_due()
        assert webhooks.deliver_due() == Delivery.objects.count() > 1
        assert receiver.types[-1] == "decision.issued"
        assert set(receiver.types[:-1]) == {"sanction.imposed"}

    def test_or_once_it_is_known_that_it_cannot(self, receiver: Receiver, server: Server) -> None:
        registered(receiver.url)
        server.keeper.refuse["holder@customer.example"] = "550 no such person"
        factories.issued()
        outbox.deliver_due()
        assert webhooks.deliver_due() == Delivery.objects.count() > 1

    def test_and_at_once_where_nobody_can_be_written_to(self, receiver: Receiver) -> None:
        registered(receiver.url)
        account = factories.subject()
        account.amend(actor=factories.SYSTEM, contact="")
        factories.issued(case_columns={"about": account})
        assert webhooks.deliver_due() == Delivery.objects.count() > 1


class TestRow:
    """What SQL itself refuses."""

    @pytest.mark.parametrize(
        "change",
        [
            {"body": "{}"}, {"event": "x"}, {"place": 9}, {"subject_key": "x"}, {"about": "x"},
            {"after": "decision:D-1"}, {"queued_at": datetime(2020, 1, 1, tzinfo=UTC)},
        ],
    )  # fmt: skip
    def test_a_queued_message_does_not_change(self, change: dict[str, Any]) -> None:
        delivery = queued(registered("http://127.0.0.1:9/"), factories.subject())
        with pytest.raises(IntegrityError, match="a queued message does not change"), transaction.atomic():
            Delivery.objects.filter(pk=delivery.pk).update(**change)

    def test_a_delivered_one_stays_as_it_is(self, receiver: Receiver) -> None:
        delivery = queued(registered(receiver.url), factories.subject())
        webhooks.deliver_due()
        with pytest.raises(IntegrityError, match="a delivered message does not change"), transaction.atomic():
            Delivery.objects.filter(pk=delivery.pk).update(attempts=0)

    def test_two_cannot_have_one_place(self) -> None:
        delivery = queued(registered("http://127.0.0.1:9/"), factories.subject())
        delivery.pk, delivery._state.adding = None, True
        with pytest.raises(IntegrityError, match="delivery_place_once"), transaction.atomic():
            delivery.save(force_insert=True)


class TestLease:
    def test_who_was_too_slow_and_finds_it_settled_goes_on(self, receiver: Receiver) -> None:
        endpoint = registered(receiver.url)
        delivery, other = queued(endpoint, factories.subject()), queued(endpoint, factories.subject())
        leased = webhooks.lease(Counter())
        again(delivery).hand_over(actor=outbox.OUTBOX, status=200)
        for mine in leased:
            webhooks._settle(mine, webhooks.outbound.Answer(200))
        assert {again(delivery).state, again(other).state} == {"delivered"}
        assert Event.objects.filter(kind="delivery.handed_over").count() == 2
