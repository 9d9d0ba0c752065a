"""Turns committed events into signed leaves, in one order. Runs as its own process with its own database role and key.

It takes events that have no leaf (an anti-join): a cursor on ids would lose the events of slow transactions.
"""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import transaction
from django.db.models import Max

from tipstaff.ledger import disclosures, keys
from tipstaff.ledger.models import Event, Leaf, SigningKey, StreamTip
from tipstaff.ledger.render import instant

ADVISORY_LOCK = 0x71_65_71  # one sequencer signs at a time, whoever started it


def sequence(*, kid: str, key: Ed25519PrivateKey, limit: int = 1000, using: str = "sequencer") -> int:
    """Sign up to `limit` pending events and return how many. Safe to run twice at once and to kill at any moment:
    one transaction holds a batch, and a batch that did not commit is signed again.
    """
    with transaction.atomic(using=using):
        with transaction.get_connection(using).cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ADVISORY_LOCK])
        SigningKey.objects.using(using).get_or_create(kid=kid, defaults={"public": keys.raw_public(key)})
        last = Leaf.objects.using(using).aggregate(last=Max("idx"))["last"]
        first = 0 if last is None else last + 1
        leaves, more = _batch(limit, first=first, kid=kid, key=key, using=using)
        while more and not leaves:  # a whole batch that waits for its predecessors must not stop the others
            limit *= 4
            leaves, more = _batch(limit, first=first, kid=kid, key=key, using=using)
        Leaf.objects.using(using).bulk_create(leaves)
        StreamTip.objects.using(using).bulk_create(
            {leaf.event.stream_id: _tip(leaf) for leaf in leaves}.values(),
            update_conflicts=True,
            unique_fields=["stream"],
            update_fields=["seq", "leaf_hash"],
        )
        return len(leaves)


def _batch(limit: int, *, first: int, kid: str, key: Ed25519PrivateKey, using: str) -> tuple[list[Leaf], bool]:
    """Leaves for those of the first `limit` pending events whose turn it is, and whether more may be pending."""
    pending = list(
        Event.objects.using(using).filter(leaf__isnull=True).order_by("id").prefetch_related("disclosures")[:limit]
    )
    streams = {event.stream_id for event in pending}
    tips = {tip.stream: tip for tip in StreamTip.objects.using(using).filter(stream__in=streams)}
    return _leaves(pending, tips, first=first, kid=kid, key=key), len(pending) == limit


def _tip(leaf: Leaf) -> StreamTip:
    return StreamTip(stream=leaf.event.stream_id, seq=leaf.event.seq, leaf_hash=leaf.leaf_hash)


def _leaves(
    pending: list[Event], tips: dict[str, StreamTip], *, first: int, kid: str, key: Ed25519PrivateKey
) -> list[Leaf]:
    """Leaves for `pending`, each stream in its own order even if a clock stepped back between two events; moves `tips`.
    An event whose predecessor is not in sight yet waits for the next batch.
    """
    by_stream: dict[str, list[Event]] = {}
    for event in pending:
        by_stream.setdefault(event.stream_id, []).append(event)
    for waiting in by_stream.values():
        waiting.sort(key=lambda event: event.seq)
    leaves: list[Leaf] = []
    for turn in pending:
        waiting = by_stream[turn.stream_id]
        tip = tips.get(turn.stream_id)
        if not waiting or waiting[0].seq != (tip.seq if tip else 0) + 1:
            continue
        event = waiting.pop(0)
        jws = sign_event(event, prev=bytes(tip.leaf_hash) if tip else None, kid=kid, key=key)
        leaf_hash = disclosures.leaf_hash(jws)
        leaves.append(Leaf(idx=first + len(leaves), event=event, jws=jws, leaf_hash=leaf_hash))
        tips[event.stream_id] = _tip(leaves[-1])
    return leaves


def sign_event(event: Event, *, prev: bytes | None, kid: str, key: Ed25519PrivateKey) -> str:
    """The leaf of `event`, which follows the leaf hashed `prev` in its stream."""
    digests = [disclosure.digest for disclosure in event.disclosures.all()]
    claims = disclosures.payload(
        origin=settings.LEDGER_ORIGIN,
        event_id=str(event.id),
        stream=event.stream_id,
        seq=event.seq,
        prev=disclosures.b64url(bytes(prev)) if prev is not None else None,
        kind=event.kind,
        at=instant(event.at),
        digests=[*digests, *event.decoys],
    )
    return disclosures.sign(claims, kid=kid, key=key)
