"""Signed webhooks (Standard Webhooks 1.0): queueing in the transaction of the act, sending in order for each account.

Rows are the jobs. Of each line, one endpoint and one account, only the first waiting message may leave, so a receiver
that fails holds up nobody else and never reads two messages about one account in the wrong order.
"""

import logging
import secrets
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count
from standardwebhooks.webhooks import Webhook

from tipstaff.accounts.models import User
from tipstaff.notices import outbound, outbox
from tipstaff.notices.models import Delivery, Endpoint
from tipstaff.notices.outbox import OUTBOX
from tipstaff.permissions import Permission, roles_with
from tipstaff.time import now
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record
from tipstaff.workflow.refused import Refused
from tipstaff.workflow.unit import in_unit_of_work

if TYPE_CHECKING:
    from django.db.models import QuerySet

logger = logging.getLogger(__name__)
# The schedule that Standard Webhooks recommends: about three days and four hours in all.
PAUSES = (
    timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=5),
    timedelta(hours=10), timedelta(hours=14), timedelta(hours=20), timedelta(hours=24),
)  # fmt: skip
TRIES = len(PAUSES) + 1
JITTER = 0.2  # up to this much longer, so that what failed together does not come back together
LEASE = timedelta(minutes=2)  # how long one sender has before another may try; longer than GIVEN
GIVEN = 30.0  # seconds until a call counts as failed, however slowly the receiver drips
ROUND = 20.0  # seconds in which one round begins new calls
IN_FLIGHT = 4  # calls to one endpoint at a time, each about another account
AT_ONCE = 32  # calls at a time
SHOWN = 100  # messages told of one record
GONE = 410
QUIET = timedelta(hours=24)  # after one alarm about an endpoint, messages given up are only shown


def takers(event: str) -> list[Endpoint]:
    """The endpoints that `event` is queued for; asked first, so that without any no payload is made."""
    return list(Endpoint.objects.taking(event))


def queue(
    event: str,
    *,
    to: list[Endpoint],
    about: Record,
    line: Record,
    payload: dict[str, Any],
    actor: Actor,
    after: Record | None = None,
) -> list[Delivery]:
    """Queue `event` for the endpoints `to`, in this transaction. Messages of one `line` (the account) arrive in order,
    and not before the mail of the notice about `after` has left.
    """
    queued = []
    for endpoint in to:
        delivery = Delivery.draft(endpoint, event, about=about, line=line, payload=payload, after=after)
        delivery.queue(actor=actor, sha256=delivery.digest)
        queued.append(delivery)
    return queued


@dataclass(frozen=True)
class Told:
    """What one receiver was told of a record; `deliveries` newest first."""

    endpoint: Endpoint
    deliveries: list[Delivery]

    @property
    def head(self) -> Delivery:
        """The message that says how things stand: the one that all later ones wait for, else the newest."""
        waiting = [delivery for delivery in self.deliveries if delivery.state == Delivery.State.QUEUED]
        return waiting[-1] if waiting else self.deliveries[0]


def told_about(record: Record, *, only: Iterable[Record] | None = None) -> list[Told]:
    """By receiver, what was told of all whose acts stand in the history of `record`, or of those in `only`. One query,
    and no more than SHOWN messages.
    """
    found = Delivery.objects.about(record)
    if only is not None:
        found = found.filter(about__in=[one.reference for one in only])
    by_endpoint: dict[Endpoint, list[Delivery]] = {}
    for delivery in found[:SHOWN]:
        by_endpoint.setdefault(delivery.endpoint, []).append(delivery)
    told = [Told(endpoint, deliveries) for endpoint, deliveries in by_endpoint.items()]
    return sorted(told, key=lambda one: one.endpoint.description)


def missed_by_endpoint() -> dict[UUID, int]:
    """How many messages each receiver never got and nothing newer made up for: what somebody has to look at."""
    return _by_endpoint(Delivery.objects.missed())


def waiting_by_endpoint() -> dict[UUID, int]:
    return _by_endpoint(Delivery.objects.filter(state=Delivery.State.QUEUED))


def _by_endpoint(deliveries: "QuerySet[Delivery]") -> dict[UUID, int]:
    return dict(deliveries.order_by().values_list("endpoint").annotate(count=Count("pk")))


def deliver_due(seconds: float = ROUND) -> int:
    """Send what is due, beginning no call after `seconds`; returns how many messages were taken. Calls run in threads,
    everything in the database in this one.
    """
    taken, ends = 0, monotonic() + seconds
    flying: dict[Future[outbound.Answer], tuple[Delivery, float]] = {}
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook")
    try:
        while True:
            if monotonic() < ends:
                for delivery in lease(Counter(flown.endpoint_id for flown, _until in flying.values())):
                    flying[pool.submit(_call, *_request(delivery))] = (delivery, monotonic() + GIVEN)
            if not flying:
                return taken
            wait(flying, timeout=1.0, return_when=FIRST_COMPLETED)
            for call in [call for call, (_delivery, until) in flying.items() if call.done() or monotonic() > until]:
                delivery, _until = flying.pop(call)
                taken += _settle(delivery, call.result() if call.done() else outbound.Answer(None, "too slow"))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def lease(flying: Counter[Any]) -> list[Delivery]:
    """The next messages to send, marked so that nobody else takes them for LEASE. At most IN_FLIGHT an endpoint and
    AT_ONCE in all, counting what is `flying`; oldest due first.
    """
    leased: list[Delivery] = []
    for endpoint in Endpoint.objects.filter(state=Endpoint.State.ACTIVE):
        room = min(IN_FLIGHT - flying[endpoint.pk], AT_ONCE - flying.total() - len(leased))
        if room > 0:
            leased += _lease_of(endpoint, room)
    return leased


def _lease_of(endpoint: Endpoint, room: int) -> list[Delivery]:
    with transaction.atomic():
        due = Delivery.objects.due(now()).filter(endpoint=endpoint).order_by("next_attempt_at", "place")
        locked = [d.pk for d in due.select_for_update(skip_locked=True, no_key=True, of=("self",))[:room]]
        if not locked:
            return []
        # Asked again now that they are locked: one that was given up may have been put back in line before it.
        first = list(Delivery.objects.free().filter(pk__in=locked).order_by("next_attempt_at", "place"))
        for delivery in first:
            delivery.endpoint = endpoint
            delivery.attempts += 1
            delivery.leased_until = now() + LEASE
            delivery.save(update_fields=["attempts", "leased_until"])
        return first


def _request(delivery: Delivery) -> tuple[str, bytes, str, list[str]]:
    """Everything a call needs, so that its thread asks the database nothing."""
    return delivery.endpoint.url, delivery.body.encode(), delivery.message_id, delivery.endpoint.signing_secrets()


def _call(url: str, body: bytes, message_id: str, signing: list[str]) -> outbound.Answer:
    return outbound.post(url, body, headers(body, message_id, signing))


def headers(body: bytes, message_id: str, signing: list[str]) -> dict[str, str]:
    """Signed now, by the real clock: receivers refuse what is older than five minutes."""
    at = datetime.now(UTC)
    return {
        "Content-Type": "application/json",
        "User-Agent": "Tipstaff-Webhooks/1",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(message_id, at, body.decode()) for secret in signing),
    }


def _settle(delivery: Delivery, answer: outbound.Answer) -> bool:
    logger.info("webhook %s, try %s: %s", delivery.message_id, delivery.attempts, answer.status)
    try:
        if answer.taken and answer.status is not None:
            delivery.hand_over(actor=OUTBOX, status=answer.status)
            return True
        if answer.status == GONE or delivery.attempts >= TRIES:
            in_unit_of_work(lambda _work: _give_up(delivery, answer))
        else:
            _try_again(delivery, answer)
    except Refused as refused:  # its lease ran out, or a person switched it off meanwhile
        logger.warning("webhook %s was left as it is: %s", delivery.message_id, refused)
    return False


def _give_up(delivery: Delivery, answer: outbound.Answer) -> None:
    """After days of trying, or at once when the receiver wants no more (Standard Webhooks: disable it). Administrators
    are told: the first time in a day, and whenever one is switched off.
    """
    endpoint = Endpoint.objects.get(pk=delivery.endpoint_id)
    gone = answer.status == GONE and endpoint.state == Endpoint.State.ACTIVE
    known = endpoint.deliveries.filter(given_up_at__gt=now() - QUIET).exists()
    delivery.give_up(actor=OUTBOX, status=answer.status, error=answer.error)
    if gone:
        endpoint.disable(actor=OUTBOX, reason="The receiver answered 410 Gone.")
    if gone or not known:
        for person in User.objects.with_role(*roles_with(Permission.WEBHOOK_MANAGE)):
            link = endpoint.get_absolute_url()
            outbox.queue("webhook_alarm", to=person.email, about=endpoint, actor=OUTBOX, link=link, off=gone)


def _try_again(delivery: Delivery, answer: outbound.Answer) -> None:
    pause = PAUSES[delivery.attempts - 1] * (1 + JITTER * secrets.randbelow(1000) / 1000)
    ours = Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.QUEUED, attempts=delivery.attempts)
    ours.update(
        next_attempt_at=now() + pause, leased_until=None, last_status=answer.status, last_error=answer.error[:300]
    )
