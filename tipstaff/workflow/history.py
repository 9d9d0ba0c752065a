"""A record's history in words, for the pages that show it: who did what, when, with the entry's number."""

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tipstaff.ledger.models import Event
from tipstaff.workflow import references
from tipstaff.workflow.models import Record
from tipstaff.workflow.operations import operations_of, past

READABLE = re.compile(r"[A-Z]-[0-9A-Z]{4,}")


@dataclass(frozen=True)
class Step:
    """One event for `parts/trail.html`."""

    at: datetime
    who: str
    text: str
    entry: int
    kind: str
    told: dict[str, Any]


def steps_of(record: Record, *, limit: int | None = None, without: str = "") -> list[Step]:
    """The newest `limit` events of the record's stream, newest first; all of them without a limit. Three queries.
    `without` is the prefix of a record that the page shows apart.
    """
    events = Event.objects.filter(stream_id=record.stream)
    if without:
        events = events.exclude(kind__startswith=f"{without}.")
    events = events.order_by("-seq").prefetch_related("disclosures")
    return describe(events[:limit] if limit else events, unnamed=record.unnamed())


def describe(events: Iterable[Event], *, unnamed: str = "") -> list[Step]:
    """Each event in words; whoever acts under the reference `unnamed` is called the reporter."""
    told = [(event, event.told()) for event in events]
    actors = [facts.get("actor", {}).get("ref", "") for _event, facts in told]
    people = references.find_many({ref for ref in actors if ref.startswith(("person:", "token:"))})
    return [
        Step(
            at=event.at,
            who=_who(facts.get("actor", {}), people, unnamed),
            text=_text(event.kind, facts),
            entry=event.seq,
            kind=event.kind,
            told=facts,
        )
        for event, facts in told
    ]


def _who(actor: dict[str, str], people: dict[str, Record], unnamed: str) -> str:
    ref = actor.get("ref", "")
    if unnamed and ref == unnamed:
        return _("The reporter")
    if person := people.get(ref):
        return person.title
    match actor.get("kind"):
        case "link":
            scopes = {
                "subject": _("The account holder"),
                "applicant": _("The applicant"),
                "writer": _("Whoever wrote it"),
            }
            return scopes.get(ref.partition(":")[0], _("The reporter"))
        case "system":
            return "Tipstaff"
        case "token":
            return _("A machine")
    return _("Somebody")


def _text(kind: str, told: dict[str, Any]) -> str:
    said = _sentences().get(kind) or kind.partition(".")[2].replace("_", " ")
    ref = told.get("about", {}).get("ref", "").partition(":")[2]
    return f"{said} ({ref})" if READABLE.fullmatch(ref) else str(said)


@functools.cache
def _sentences() -> dict[str, Any]:
    """What each kind of event is called in a history, from the declarations of the operations."""
    sentences: dict[str, Any] = {
        "access.refused": gettext_lazy("was refused"),
        "export.created": gettext_lazy("took the history away"),
        "file.access_denied": gettext_lazy("was refused the file"),
    }
    for prefix, model in references.registered().items():
        sentences |= {f"{prefix}.{past(act.name)}": act.said for act in operations_of(model)}
    return sentences
