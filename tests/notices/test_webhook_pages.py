"""The administrator's pages for webhooks, and what the case and the decision show of them."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests import factories
from tests.factories import person
from tests.notices.receiver import Receiver
from tipstaff.ledger.models import Event
from tipstaff.notices import events, outbox, webhooks
from tipstaff.notices.models import Delivery, Endpoint, Message
from tipstaff.notices.models.endpoint import ENDPOINT_LIMIT
from tipstaff.notices.views.webhooks import PAGE
from tipstaff.time import moved_to, now

pytestmark = pytest.mark.usefixtures("people")
LIST = "/people/webhooks/"
TYPED = {"description": "Gateway", "url": "https://gateway.example.com/hooks", "types": list(events.TYPES)}


def again(record: Any) -> Any:
    return type(record).objects.get(pk=record.pk)


def words(page: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))


def told(receiver_url: str = "http://127.0.0.1:9/hooks") -> tuple[Endpoint, Delivery]:
    endpoint = factories.endpoint(receiver_url)
    account = factories.subject()
    return endpoint, queued(endpoint, account)


def queued(endpoint: Endpoint, account: Any) -> Delivery:
    """A message in the line of the account."""
    act = {"about": account, "line": account, "payload": {}, "actor": outbox.OUTBOX}
    return webhooks.queue("sanction.lifted", to=[endpoint], **act)[0]


class TestList:
    def test_an_empty_one_says_what_it_is_for(self, enter) -> None:
        page = enter("admin").get(LIST)
        assert "No machine is told yet" in words(page)
        assert "HMAC-SHA256" in page.text
        assert "decision.issued" in page.text

    def test_a_receiver_is_added_and_its_page_opens(self, enter) -> None:
        browser = enter("admin")
        answer = browser.post(LIST, TYPED)
        endpoint = Endpoint.objects.get()
        assert answer.url == f"{LIST}{endpoint.pk}/"
        page = browser.get(answer.url)
        assert "Nothing was sent yet" in words(page)
        assert endpoint.secret not in page.text
        assert Event.objects.get(kind="endpoint.registered").told()["changes.url"] == [None, TYPED["url"]]

    @pytest.mark.parametrize(
        ("url", "said"),
        [
            ("http://gateway.example.com/", "must start with https://"),
            ("ftp://gateway.example.com/", "must start with https://"),
            ("https://user:secret@gateway.example.com/", "Leave out user names"),
            ("https://gateway.example.com/#x", "Leave out user names"),
            ("https://10.1.2.3/", "private network"),
            ("https://[::ffff:127.0.0.1]/", "private network"),
            ("https://169.254.169.254/latest/", "private network"),
            ("https://localhost/", "private network"),
            ("https://db.internal/", "private network"),
            ("javascript:alert(1)", "Enter a valid URL"),
            ("https://" + "a" * 600 + ".example/", "at most 500 characters"),
        ],
    )
    def test_an_address_that_may_not_be_called_is_refused_and_kept(
        self, enter, settings: Any, url: str, said: str
    ) -> None:
        settings.WEBHOOK_ALLOWED_ADDRESSES, settings.WEBHOOK_ALLOW_HTTP = [], False
        page = enter("admin").post(LIST, TYPED | {"url": url})
        assert page.status_code == 422
        assert said in words(page)
        assert page.context["form"]["url"].value() == url
        assert not Endpoint.objects.exists()

    def test_the_same_twice_is_one(self, enter) -> None:
        browser = enter("admin")
        browser.post(LIST, TYPED)
        page = browser.post(LIST, TYPED)
        assert (page.status_code, Endpoint.objects.count()) == (422, 1)
        assert "Another receiver has this address already." in words(page)

    def test_there_is_a_limit_and_closed_ones_do_not_count(self, enter) -> None:
        made = [factories.endpoint(f"http://127.0.0.1:{port}/") for port in range(1, ENDPOINT_LIMIT + 1)]
        assert enter("admin").post(LIST, TYPED).status_code == 409
        made[0].close(actor=person("admin"))
        assert enter("admin").post(LIST, TYPED).status_code == 302

    def test_a_name_may_be_anything_and_is_shown_as_text(self, enter) -> None:
        browser = enter("admin")
        browser.post(LIST, TYPED | {"description": "<b>بوابة</b> " + "x" * 100})
        page = browser.get(LIST)
        assert "&lt;b&gt;بوابة" in page.text
        assert browser.post(LIST, TYPED | {"description": "x" * 5000}).status_code == 422

    def test_it_costs_as_many_queries_for_many_as_for_one(self, enter, django_assert_max_num_queries: Any) -> None:
        browser = enter("admin")
        for port in range(1, 9):
            told(f"http://127.0.0.1:{port}/")
        with django_assert_max_num_queries(6):
            assert browser.get(LIST).status_code == 200

    @pytest.mark.parametrize("mailbox", ["lead", "head", "auditor", "compliance"])
    def test_nobody_else_sees_or_does_anything(self, enter, mailbox: str) -> None:
        endpoint, delivery = told()
        browser = enter(mailbox)
        assert browser.get(LIST).status_code == 404
        assert browser.get(endpoint.get_absolute_url()).status_code == 404
        for act in ("secret", "rotate", "test", "disable", "enable", "close"):
            assert browser.post(f"{LIST}{endpoint.pk}/{act}/").status_code == 403, act
        assert browser.post(f"{LIST}deliveries/{delivery.pk}/retry/").status_code == 403
        assert again(endpoint).state == "active"


class TestEndpoint:
    def test_the_secret_is_shown_when_asked_for_and_not_kept_anywhere(self, enter) -> None:
        endpoint, browser = factories.endpoint("http://127.0.0.1:9/"), enter("admin")
        page = browser.post(f"{LIST}{endpoint.pk}/secret/")
        assert endpoint.secret in page.text
        assert "no-store" in page["Cache-Control"]
        assert endpoint.secret not in browser.get(endpoint.get_absolute_url()).text
        assert "looked at the secret" in words(page)

    def test_a_new_secret_says_until_when_the_old_one_signs(self, enter) -> None:
        endpoint, browser = factories.endpoint("http://127.0.0.1:9/"), enter("admin")
        browser.post(f"{LIST}{endpoint.pk}/rotate/")
        assert "signs as well until" in words(browser.get(endpoint.get_absolute_url()))
        with moved_to(now() + timedelta(hours=25)):
            assert "signs as well until" not in words(browser.get(endpoint.get_absolute_url()))

    def test_a_test_arrives(self, enter, receiver: Receiver) -> None:
        endpoint, browser = factories.endpoint(receiver.url, types=["decision.issued"]), enter("admin")
        assert browser.post(f"{LIST}{endpoint.pk}/test/").status_code == 302
        assert "on its way" in words(browser.get(endpoint.get_absolute_url()))
        webhooks.deliver_due()
        assert receiver.calls[0].verified_with(endpoint.secret) == events.TEST_EXAMPLE.example | {
            "timestamp": receiver.calls[0].payload["timestamp"]
        }
        assert "told" in words(browser.get(endpoint.get_absolute_url()))

    def test_off_on_and_closed(self, enter) -> None:
        endpoint, _delivery = told()
        browser, page = enter("admin"), endpoint.get_absolute_url()
        assert browser.post(f"{page}disable/", {"disable-reason": ""}).status_code == 422
        browser.post(f"{page}disable/", {"disable-reason": "It moves house"})
        assert "It moves house" in words(browser.get(page))
        assert "the receiver is switched off" in words(browser.get(page))
        assert browser.post(f"{page}test/").status_code == 409
        browser.post(f"{page}enable/")
        assert again(endpoint).state == "active"
        browser.post(f"{page}close/")
        assert again(endpoint).state == "closed"
        assert "the receiver was closed" in words(browser.get(page))
        assert webhooks.deliver_due() == 0
        assert webhooks.takers("decision.issued") == []
        for act in ("secret", "rotate", "test", "enable", "close"):
            assert browser.post(f"{page}{act}/").status_code == 409, act

    def test_a_change_takes_what_waits_to_the_new_address(self, enter, receiver: Receiver) -> None:
        endpoint, _delivery = told("http://127.0.0.1:9/hooks")
        browser = enter("admin")
        wrong = browser.post(endpoint.get_absolute_url(), TYPED | {"url": "nowhere at all"})
        assert wrong.status_code == 422
        assert "nowhere at all" in wrong.text
        assert again(endpoint).url == "http://127.0.0.1:9/hooks"
        typed = {"description": "Gateway 2", "url": receiver.url, "types": ["decision.issued"]}
        assert browser.post(endpoint.get_absolute_url(), typed).status_code == 302
        assert webhooks.deliver_due() == 1
        assert [e.pk for e in webhooks.takers("decision.issued")] == [endpoint.pk]
        assert webhooks.takers("sanction.imposed") == []

    def test_what_failed_says_so_and_when_it_is_tried_next(self, enter, receiver: Receiver) -> None:
        receiver.answer = lambda call: (500, {}, b"<script>alert(1)</script>")
        endpoint, _delivery = told(receiver.url)
        webhooks.deliver_due()
        page = enter("admin").get(endpoint.get_absolute_url())
        assert "1 try failed" in words(page)
        assert "<script>alert" not in page.text
        assert "answered 500: &lt;script&gt;" in page.text

    def test_what_was_given_up_is_counted_and_sent_again(self, enter, receiver: Receiver) -> None:
        endpoint, delivery = told(receiver.url)
        Delivery.objects.update(attempts=webhooks.TRIES - 1)
        receiver.answer = lambda call: 500
        webhooks.deliver_due()
        browser = enter("admin")
        assert "1 messages that a machine missed" in words(browser.get("/"))
        assert f"{endpoint.get_absolute_url()}?state=dead" in browser.get(LIST).text
        assert "given up" in words(browser.get(f"{endpoint.get_absolute_url()}?state=dead"))
        receiver.answer = lambda call: 200
        assert browser.post(f"{LIST}deliveries/{delivery.pk}/retry/").status_code == 302
        assert webhooks.deliver_due() == 1
        assert "0 messages that a machine missed" in words(browser.get("/"))
        assert browser.post(f"{LIST}deliveries/{delivery.pk}/retry/").status_code == 409

    def test_many_messages_come_by_the_page(self, enter, django_assert_max_num_queries: Any) -> None:
        endpoint = factories.endpoint("http://127.0.0.1:9/hooks")
        account = factories.subject()
        for _number in range(PAGE + 2):
            queued(endpoint, account)
        browser = enter("admin")
        with django_assert_max_num_queries(8):
            first = browser.get(endpoint.get_absolute_url())
        assert len(first.context["deliveries"]) == PAGE
        second = browser.get(f"{endpoint.get_absolute_url()}?before={first.context['older']}")
        assert len(second.context["deliveries"]) == 2
        seen = {d.pk for d in first.context["deliveries"]} | {d.pk for d in second.context["deliveries"]}
        assert len(seen) == PAGE + 2
        for odd in ("?before=x", "?before=", "?state=x", "?state=dead"):
            assert browser.get(endpoint.get_absolute_url() + odd).status_code == 200


class TestAlarm:
    def test_administrators_are_written_to_once_a_day(self, receiver: Receiver) -> None:
        endpoint = factories.endpoint(receiver.url)
        receiver.answer = lambda call: 500
        for _number in range(3):
            account = factories.subject()
            queued(endpoint, account)
        Delivery.objects.update(attempts=webhooks.TRIES - 1)
        webhooks.deliver_due()
        assert Delivery.objects.filter(state="dead").count() == 3
        mail = Message.objects.get(kind="webhook_alarm")
        assert mail.recipient == person("admin").email
        assert endpoint.get_absolute_url() in mail.text

    def test_and_when_a_receiver_says_it_is_gone(self, receiver: Receiver) -> None:
        receiver.answer = lambda call: 410
        told(receiver.url)
        webhooks.deliver_due()
        assert "410 Gone" in Message.objects.get(kind="webhook_alarm").text


class TestCase:
    def test_the_case_and_the_decision_say_what_machines_know(self, enter, receiver: Receiver) -> None:
        factories.endpoint(receiver.url)
        decision = factories.issued()
        browser = enter("lead")
        for page in (decision.case.get_absolute_url(), decision.page_url):
            assert "the mail to the account holder has not left yet" in words(browser.get(page)), page
        Message.objects.get(kind="decision_issued").hand_over(actor=outbox.OUTBOX)
        receiver.answer = lambda call: 503
        webhooks.deliver_due()
        for page in (decision.case.get_absolute_url(), decision.page_url):
            assert "1 try failed" in words(browser.get(page)), page
            assert "for an earlier message about the same account" in words(browser.get(page)), page
        receiver.answer = lambda call: 200
        with moved_to(now() + timedelta(hours=1)):
            webhooks.deliver_due()
            for page in (decision.case.get_absolute_url(), decision.page_url):
                assert re.search(
                    rf"Gateway told .* 4 messages decision.issued {decision.ref} ", words(browser.get(page))
                )
                assert browser.get(page).text.count('<span class="chip ok">told</span>') == 1 + Delivery.objects.count()
                assert "try failed" not in words(browser.get(page))

    def test_what_was_given_up_says_who_can_help(self, enter, receiver: Receiver) -> None:
        factories.endpoint(receiver.url)
        decision = factories.issued()
        Message.objects.get(kind="decision_issued").hand_over(actor=outbox.OUTBOX)
        Delivery.objects.update(attempts=webhooks.TRIES - 1)
        receiver.answer = lambda call: 500
        webhooks.deliver_due()
        assert "An administrator can send it again" in words(enter("lead").get(decision.page_url))

    def test_without_receivers_they_say_nothing(self, enter) -> None:
        decision = factories.issued()
        browser = enter("lead")
        for page in (decision.case.get_absolute_url(), decision.page_url):
            assert "Told to machines" not in browser.get(page).text


class TestDemoReceiver:
    def test_outside_a_demo_it_is_not_there(self, client: Client) -> None:
        assert client.get("/demo/webhooks/").status_code == 404
        assert client.post("/demo/webhooks/").status_code == 404

    def test_it_verifies_keeps_once_and_lists(self, people: dict, client: Client, settings: Any, tmp_path: Any) -> None:
        from tipstaff.demo import hooks

        settings.DEMO, settings.DEMO_HOOKS_DIR = True, tmp_path / "webhooks"
        assert "Nothing arrived yet" in client.get("/demo/webhooks/").text
        endpoint = hooks.register(people["admin"])
        assert hooks.register(people["admin"]) == endpoint
        endpoint.send_test(actor=people["admin"])
        delivery = Delivery.objects.get()
        body = delivery.body.encode()
        signed = webhooks.headers(body, delivery.message_id, endpoint.signing_secrets())
        strict = Client(enforce_csrf_checks=True)
        for _time in range(2):
            answer = strict.post("/demo/webhooks/", body, content_type="application/json", headers=signed)
            assert answer.status_code == 204
        page = client.get("/demo/webhooks/")
        assert page.text.count(delivery.message_id) == 2, "as the name of the body and in the footer, once listed"
        assert "1 verified message" in words(page)
        wrong = strict.post("/demo/webhooks/", body + b" ", content_type="application/json", headers=signed)
        assert wrong.status_code == 401
        assert strict.post("/demo/webhooks/", b"", content_type="application/json").status_code == 401

    def test_it_is_told_its_new_address_when_the_port_changed(self, people: dict, settings: Any) -> None:
        from tipstaff.demo import hooks

        first = hooks.register(people["admin"])
        settings.BASE_URL = "http://127.0.0.1:8765"
        assert again(hooks.register(people["admin"])).url == "http://127.0.0.1:8765/demo/webhooks/"
        assert Endpoint.objects.get().pk == first.pk
