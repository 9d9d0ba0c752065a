"""A case's history as a document: every event with its signed leaf and its disclosures, ready to be checked."""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from cases.models import Case
from tipstaff.ledger.append import Entry, append
from tipstaff.ledger.disclosures import b64url
from tipstaff.ledger.models import Event, SigningKey
from tipstaff.ledger.render import instant
from tipstaff.time import now
from tipstaff.workflow.actors import Actor


def events_of(case: Case) -> QuerySet[Event]:
    """The events of a case in order, with what they tell and their leaves."""
    return (
        Event.objects.filter(stream_id=case.stream)
        .select_related("leaf")
        .prefetch_related("disclosures")
        .order_by("seq")
    )


@transaction.atomic
def export(case: Case, *, actor: Actor) -> dict[str, Any]:
    """The document, with `export.created` appended to the case's own stream first, so that it is part of it."""
    told = {
        "actor": {"kind": actor.actor_kind, "ref": actor.actor_ref},
        "about": {"ref": case.reference, "id": str(case.pk)},
        "facts.format": "tipstaff.history/1",
    }
    append([Entry(stream=case.stream, kind="export.created", at=now(), told=told)])
    return {
        "format": "tipstaff.history/1",
        "origin": settings.LEDGER_ORIGIN,
        "case": case.ref,
        "stream": case.stream,
        "made_at": instant(now()),
        "keys": [
            {"kid": key.kid, "kty": "OKP", "crv": "Ed25519", "x": b64url(bytes(key.public))}
            for key in SigningKey.objects.all()
        ],
        "events": [event_document(event) for event in events_of(case)],
    }


def event_document(event: Event) -> dict[str, Any]:
    """One event. `sd_jwt` is what any RFC 9901 library verifies; an event not signed yet has none."""
    leaf = getattr(event, "leaf", None)
    encoded = [disclosure.encoded for disclosure in event.disclosures.all() if disclosure.salt is not None]
    return {
        "seq": event.seq,
        "kind": event.kind,
        "at": instant(event.at),
        "told": event.told(),
        "erased": [disclosure.name for disclosure in event.disclosures.all() if disclosure.salt is None],
        "leaf_index": leaf.idx if leaf else None,
        "sd_jwt": "~".join([leaf.jws, *encoded, ""]) if leaf else None,
    }
