"""What a webhook can tell: every type with an example payload. Form, pages and documentation read it here."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

TEST = "webhook.test"  # sent when an administrator asks for it, to whatever the endpoint takes


def instant(at: datetime | None) -> str | None:
    """`2026-03-02T14:02:00Z`, as payloads carry it."""
    return at.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z") if at else None


def written(event: str, at: datetime, payload: dict[str, Any]) -> str:
    """The message as it is signed and sent: ASCII, so that nothing in it can pass for anything else."""
    body = {"type": event, "timestamp": instant(at), "data": payload}
    return json.dumps(body, separators=(",", ":"), allow_nan=False)


@dataclass(frozen=True)
class EventType:
    """One type. `example` is its whole payload; a test holds what is sent to the same keys."""

    name: str
    label: "StrOrPromise"
    example: dict[str, Any]

    @property
    def example_text(self) -> str:
        return json.dumps(self.example, indent=2)


_SUSPENSION = {
    "ref": "S-0001",
    "state": "issued",
    "kind": "temporary_suspension",
    "starts_at": "2026-03-02T14:02:00Z",
    "ends_at": "2026-03-09T14:02:00Z",
    "terms": {},
    "decision": "D-0001",
    "rule": "SP-03",
    "tier": "T5",
    "interim": False,
}
_QUOTA = _SUSPENSION | {"ref": "S-0002", "kind": "rate_limit", "terms": {"quota_percent": 50}, "tier": "T3"}


_INTERIM = _SUSPENSION | {"decision": None, "tier": None, "interim": True}


def _account(*measures: dict[str, Any]) -> dict[str, Any]:
    return {"id": "acct_1842", "kind": "organisation", "measures": list(measures)}


def _decision(state: str, tier: str, *measures: dict[str, Any]) -> dict[str, Any]:
    decision = {
        "ref": "D-0001",
        "state": state,
        "outcome": "breach",
        "rule": "SP-03",
        "policy": "1.0",
        "tier": tier,
        "issued_at": "2026-03-02T14:02:00Z",
    }
    return {"decision": decision, "case": "C-0001", "account": _account(*measures)}


def _sanction(state: str, *measures: dict[str, Any]) -> dict[str, Any]:
    return {"sanction": _SUSPENSION | {"state": state}, "case": "C-0001", "account": _account(*measures)}


def _type(name: str, label: "StrOrPromise", example: dict[str, Any]) -> EventType:
    return EventType(name, label, {"type": name, "timestamp": "2026-03-02T14:02:00Z", "data": example})


def _clock(level: int) -> dict[str, Any]:
    times = {"due_at": "2026-03-03T14:02:00Z", "reached_at": "2026-03-02T14:02:00Z"}
    told = {"id": "0199b2f4-7c1e-7d6a-8c53-3f2f7d0a9b11", "kind": "decision", "level": level}
    return {"clock": told | times | {"detected_at": "2026-03-02T14:02:04Z"}, "about": "case:C-0001"}


# `account.measures` is all that limits the account after the act, so whoever missed one converges with the next.
TYPES: dict[str, EventType] = {
    event.name: event
    for event in (
        _type("decision.issued", gettext_lazy("A decision was issued"), _decision("issued", "T5", _SUSPENSION)),
        _type("decision.upheld", gettext_lazy("An appeal upheld a decision"), _decision("upheld", "T5", _SUSPENSION)),
        _type("decision.varied", gettext_lazy("An appeal made a decision milder"), _decision("varied", "T3", _QUOTA)),
        _type("decision.reversed", gettext_lazy("An appeal reversed a decision"), _decision("reversed", "T5")),
        _type("sanction.imposed", gettext_lazy("A measure was imposed"), _sanction("issued", _SUSPENSION)),
        _type(
            "sanction.extended",
            gettext_lazy("An interim measure may last longer"),
            _sanction("issued", _INTERIM) | {"sanction": _INTERIM},
        ),
        _type(
            "sanction.shortened",
            gettext_lazy("A measure ends sooner, because something was put right"),
            _sanction("issued", _SUSPENSION),
        ),
        _type("sanction.expired", gettext_lazy("A measure ended by itself"), _sanction("expired")),
        _type("sanction.stayed", gettext_lazy("A measure stands still while an appeal is heard"), _sanction("stayed")),
        _type(
            "sanction.resumed",
            gettext_lazy("A measure that stood still goes on"),
            _sanction("issued", _SUSPENSION),
        ),
        _type("sanction.lifted", gettext_lazy("A measure was lifted early"), _sanction("lifted")),
        _type("sanction.revoked", gettext_lazy("A measure was revoked with its decision"), _sanction("revoked")),
        _type(
            "sanction.superseded",
            gettext_lazy("A measure was replaced, or ended with the decision"),
            _sanction("superseded"),
        ),
        _type("clock.warned", gettext_lazy("Half or three quarters of a time limit are used up"), _clock(75)),
        _type("clock.breached", gettext_lazy("A time limit was missed"), _clock(100)),
        _type("clock.escalated", gettext_lazy("A time limit was missed by half its length or more"), _clock(150)),
    )
}
TEST_EXAMPLE = _type(
    TEST,
    gettext_lazy("A test that an administrator asked for"),
    {"text": "A test from Tipstaff. There is nothing to do."},
)
