"""Senders and queuers at the same moment, with real commits: nothing twice, nothing overtaken."""

import json
import threading
from collections import Counter
from typing import Any

from django.db import connections, transaction

from tests import factories
from tests.factories import endpoint as registered
from tests.notices.receiver import Receiver
from tipstaff.notices import outbox, tasks, webhooks
from tipstaff.notices.models import Delivery, Endpoint


def queued(endpoint: Endpoint, about: Any, number: int) -> None:
    payload = {"number": number}
    webhooks.queue("sanction.imposed", to=[endpoint], about=about, line=about, payload=payload, actor=outbox.OUTBOX)


def test_places_follow_the_order_of_commit(clone: str, receiver: Receiver) -> None:
    """Who queues for the same account waits until the other's transaction has ended."""
    endpoint, account = registered(receiver.url), factories.subject()
    began, order = threading.Event(), []

    def second() -> None:
        began.wait(10)
        queued(endpoint, account, 2)
        order.append("second is in")
        connections.close_all()

    thread = threading.Thread(target=second)
    thread.start()
    with transaction.atomic():
        queued(endpoint, account, 1)
        began.set()
        thread.join(0.5)
        order.append("first commits")
    thread.join(10)
    assert order == ["first commits", "second is in"]
    assert [d.place for d in Delivery.objects.order_by("queued_at")] == [1, 2]


def test_each_message_leaves_once_and_each_account_keeps_its_order(clone: str, receiver: Receiver) -> None:
    endpoint = registered(receiver.url)
    accounts = [factories.subject() for _ in range(6)]
    for number in range(5):
        for account in accounts:
            queued(endpoint, account, number)
    busy: Counter[str] = Counter()
    overlaps, guard, key = [], threading.Lock(), {d.message_id: d.subject_key for d in Delivery.objects.all()}

    def answer(call: Any) -> int:
        with guard:
            busy[key[call.id]] += 1
            overlaps.append(busy[key[call.id]])
        threading.Event().wait(0.01)
        with guard:
            busy[key[call.id]] -= 1
        return 200

    receiver.answer = answer
    ready, taken, trouble = threading.Barrier(3), [], []

    def run() -> None:
        try:
            ready.wait(10)
            taken.append(webhooks.deliver_due())
        except BaseException as error:
            trouble.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not trouble
    assert sum(taken) == len(receiver.calls) == 30
    assert max(overlaps) == 1, "two messages about one account were on their way at once"
    for account in accounts:
        mine = [c.payload["data"]["number"] for c in receiver.calls if key[c.id] == account.reference]
        assert mine == [0, 1, 2, 3, 4]
    assert set(Delivery.objects.values_list("attempts", flat=True)) == {1}


def test_one_round_at_a_time_whoever_ticks(clone: str, receiver: Receiver) -> None:
    endpoint, released, arrived = registered(receiver.url), threading.Event(), threading.Event()
    queued(endpoint, factories.subject(), 1)

    def answer(call: Any) -> int:
        arrived.set()
        released.wait(60)
        return 200

    def first() -> None:
        tasks.deliver_webhooks()
        connections.close_all()

    receiver.answer = answer
    thread = threading.Thread(target=first)
    thread.start()
    assert arrived.wait(10)
    queued(endpoint, factories.subject(), 2)
    tasks.deliver_webhooks()
    assert thread.is_alive(), "the second tick waited for the first"
    released.set()
    thread.join(30)
    assert sorted(call.payload["data"]["number"] for call in receiver.calls) == [1, 2], "the first round took both"
    with tasks.alone("deliver webhooks") as free:
        assert free


def test_two_decisions_about_one_account_at_the_same_moment(clone: str, receiver: Receiver) -> None:
    endpoint, account = registered(receiver.url), factories.subject()
    decisions = [factories.proposed(case_columns={"about": account, "code": code}) for code in ("SP-03", "FR-02")]
    trouble: list[BaseException] = []
    ready = threading.Barrier(2)

    def issue(decision: Any) -> None:
        try:
            ready.wait(10)
            decision.issue(actor=factories.person("senior"))
        except BaseException as error:
            trouble.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=issue, args=(decision,)) for decision in decisions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not trouble
    sent = list(endpoint.deliveries.order_by("place"))
    assert [delivery.place for delivery in sent] == list(range(1, len(sent) + 1))
    last = json.loads(sent[-1].body)["data"]["account"]["measures"]
    assert {measure["decision"] for measure in last} == {decision.ref for decision in decisions}
