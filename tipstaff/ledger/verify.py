"""Checks the whole ledger against itself: signatures, `prev`, indices, gap-free streams and every disclosure."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db.models import F, Max, OuterRef, Subquery
from django.db.models.functions import Coalesce

from tipstaff.ledger import disclosures
from tipstaff.ledger.models import Event, Leaf, SigningKey, Stream, StreamTip
from tipstaff.ledger.render import instant


@dataclass(frozen=True)
class Fault:
    """Something that does not hold, and where: a leaf index, or an event that has no leaf yet."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass
class Tally:
    leaves: int = 0
    pending: int = 0
    erased: int = 0


def verify(tally: Tally) -> Iterator[Fault]:
    """Yield every fault, in the order of the log, and count into `tally`. Memory does not grow with the log."""
    public: dict[str, Ed25519PublicKey] = {}
    for key in SigningKey.objects.all():
        try:
            public[key.kid] = Ed25519PublicKey.from_public_bytes(bytes(key.public))
        except ValueError:
            yield Fault(f"key {key.kid}", "this is not an Ed25519 key")
    tips: dict[str, tuple[int, bytes]] = {}
    leaves = Leaf.objects.select_related("event").prefetch_related("event__disclosures").order_by("idx")
    for expected, leaf in enumerate(leaves.iterator(chunk_size=500)):
        tally.leaves += 1
        where = f"leaf {leaf.idx}"
        if leaf.idx != expected:
            yield Fault(where, f"index {expected} is missing before it")
            return
        yield from (Fault(where, what) for what in _leaf_faults(leaf, public, tips))
        tally.erased += sum(disclosure.salt is None for disclosure in leaf.event.disclosures.all())
        tips[leaf.event.stream_id] = (leaf.event.seq, bytes(leaf.leaf_hash))
    yield from _tip_faults(tips)
    yield from _pending_faults(tally)
    yield from _head_faults()


def _leaf_faults(leaf: Leaf, public: dict[str, Ed25519PublicKey], tips: dict[str, tuple[int, bytes]]) -> Iterator[str]:
    event = leaf.event
    if not leaf.jws.isascii():
        yield "the leaf is not the ASCII text that was signed"
        return
    if disclosures.leaf_hash(leaf.jws) != bytes(leaf.leaf_hash):
        yield "the stored hash is not that of the leaf"
    claims = _signed_claims(leaf.jws, public)
    if claims is None:
        yield "the signature does not verify with a known key"
        return
    seq, prev = tips.get(event.stream_id, (0, None))
    if event.seq != seq + 1:
        yield f"stream {event.stream_id} jumps from {seq} to {event.seq}"
    facts = [disclosure.digest for disclosure in event.disclosures.all()]
    told = disclosures.payload(
        origin=claims.get("iss", ""),
        event_id=str(event.id),
        stream=event.stream_id,
        seq=event.seq,
        prev=disclosures.b64url(prev) if prev is not None else None,
        kind=event.kind,
        at=instant(event.at),
        digests=[*facts, *event.decoys],
    )
    yield from (f"{name} in the table is not what was signed" for name in told if told[name] != claims.get(name))
    yield from _disclosure_faults(event)


def _signed_claims(jws: str, public: dict[str, Ed25519PublicKey]) -> dict | None:
    """The claims of `jws`, or None when it is not a leaf signed by a key in `public`."""
    try:
        header, claims, signature = jws.split(".")
        head = json.loads(disclosures.unb64url(header))
        if head.get("alg") != "EdDSA" or head.get("typ") != "tipstaff-event+sd-jwt":
            return None
        public[head["kid"]].verify(disclosures.unb64url(signature), f"{header}.{claims}".encode("ascii"))
        return json.loads(disclosures.unb64url(claims))
    except (ValueError, KeyError, AttributeError, InvalidSignature):
        return None


def _disclosure_faults(event: Event) -> Iterator[str]:
    for disclosure in event.disclosures.all():
        if disclosure.salt is None and disclosure.value is not None:
            yield f"{disclosure.name} has a value without its salt"
        elif disclosure.salt is not None and disclosures.digest(disclosure.encoded) != disclosure.digest:
            yield f"{disclosure.name} was changed"


def _tip_faults(tips: dict[str, tuple[int, bytes]]) -> Iterator[Fault]:
    stored = {tip.stream: (tip.seq, bytes(tip.leaf_hash)) for tip in StreamTip.objects.all()}
    for stream in sorted(tips.keys() | stored.keys()):
        if tips.get(stream) != stored.get(stream):
            yield Fault(f"stream {stream}", "the sequencer's tip is not the stream's last leaf")


def _pending_faults(tally: Tally) -> Iterator[Fault]:
    """Events without a leaf: their disclosures must hold, and each must follow its stream's last leaf without a gap."""
    tip = StreamTip.objects.filter(stream=OuterRef("stream_id")).values("seq")
    pending = (
        Event.objects.filter(leaf__isnull=True)
        .annotate(tip=Coalesce(Subquery(tip), 0))
        .prefetch_related("disclosures")
        .order_by("stream_id", "seq")
    )
    reached: dict[str, int] = {}
    for event in pending.iterator(chunk_size=500):
        tally.pending += 1
        where = f"event {event.id} (not yet signed)"
        if event.seq != reached.get(event.stream_id, event.tip or 0) + 1:
            yield Fault(where, f"stream {event.stream_id} has a gap before {event.seq}")
        reached[event.stream_id] = event.seq
        yield from (Fault(where, what) for what in _disclosure_faults(event))


def _head_faults() -> Iterator[Fault]:
    """A stream's head must be its last event: a missing tail shows here."""
    wrong = Stream.objects.annotate(last=Coalesce(Max("events__seq"), 0)).exclude(last=F("head_seq"))
    for stream in wrong.iterator():
        yield Fault(f"stream {stream.name}", f"the head says {stream.head_seq} events, the last one is {stream.last}")
