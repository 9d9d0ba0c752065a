"""What a measure does at a given time, and whether the provider's gateway has confirmed it. Each is computed twice, for
a row in memory and for a query; a test holds the two together.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    from cases.models.sanction import Sanction


class Effect(models.TextChoices):
    PENDING = "pending", gettext_lazy("Pending")
    IN_FORCE = "in_force", gettext_lazy("In force")
    GIVEN = "given", gettext_lazy("Given")
    EXPIRED = "expired", gettext_lazy("Expired")
    STAYED = "stayed", gettext_lazy("Stands still")
    LIFTED = "lifted", gettext_lazy("Lifted")
    REVOKED = "revoked", gettext_lazy("Revoked")
    SUPERSEDED = "superseded", gettext_lazy("Replaced")


class Acknowledged(models.TextChoices):
    """What a gateway may say."""

    APPLIED = "applied", gettext_lazy("Applied")
    ENDED = "ended", gettext_lazy("Ended")
    FAILED = "failed", gettext_lazy("Failed")


class Confirmation(models.TextChoices):
    """Whether the gateway has said that it did what the effect asks of it: apply what is in force, end what is over."""

    NOT_NEEDED = "not_needed", gettext_lazy("Nothing to confirm")
    AWAITED = "awaited", gettext_lazy("Not confirmed yet")
    CONFIRMED = "confirmed", gettext_lazy("Confirmed")
    FAILED = "failed", gettext_lazy("Failed")


# What may be imposed before a decision: it ends by itself, and can be undone.
INTERIM_KINDS = ("rate_limit", "feature_restriction", "temporary_suspension")
PASSING = ("warning", "guidance", "legal_referral")  # given once; they do not last
# What limits an account is carried out by the gateway; the rest by people or by the notice itself.
AT_THE_GATEWAY = (
    "content_removal", "rate_limit", "feature_restriction", "temporary_suspension", "permanent_termination",
)  # fmt: skip


def effect_of(sanction: "Sanction", at: datetime) -> str:
    if sanction.state != "issued":
        return str(sanction.state)
    if sanction.starts_at > at:
        return Effect.PENDING
    if sanction.ends_at and sanction.ends_at <= at:
        return Effect.EXPIRED
    return Effect.GIVEN if sanction.kind in PASSING else Effect.IN_FORCE


def effect_is(effects: Iterable[str], at: datetime) -> Q:
    """The rows whose effect at `at` is one of `effects`."""
    return Q.create([_effect(effect, at) for effect in effects], connector=Q.OR)


def _effect(effect: str, at: datetime) -> Q:
    begun, running = Q(state="issued", starts_at__lte=at), Q(ends_at=None) | Q(ends_at__gt=at)
    match effect:
        case Effect.PENDING:
            return Q(state="issued", starts_at__gt=at)
        case Effect.EXPIRED:
            return begun & Q(ends_at__lte=at)
        case Effect.GIVEN:
            return begun & running & Q(kind__in=PASSING)
        case Effect.IN_FORCE:
            return begun & running & ~Q(kind__in=PASSING)
    return Q(state=effect)


def stopped_at(sanction: "Sanction") -> datetime | None:
    """Since when one that is neither pending nor in force nor over by itself stands still or has ended."""
    return sanction.ended_at or sanction.stayed_at


def confirmation_of(sanction: "Sanction", at: datetime) -> str:
    said, effect = sanction.acknowledged_effect, effect_of(sanction, at)
    if sanction.kind not in AT_THE_GATEWAY or effect == Effect.PENDING:
        return Confirmation.NOT_NEEDED
    if effect == Effect.IN_FORCE:
        wanted = Acknowledged.APPLIED
        since: datetime | None = sanction.starts_at
    else:
        wanted, since = Acknowledged.ENDED, (sanction.ends_at if effect == Effect.EXPIRED else stopped_at(sanction))
        if since is not None and since <= sanction.starts_at:
            return Confirmation.NOT_NEEDED  # it ended before it began
    if said == wanted:
        return Confirmation.CONFIRMED
    heard_since = since is not None and sanction.acknowledged_at is not None and sanction.acknowledged_at >= since
    return Confirmation.FAILED if said == Acknowledged.FAILED and heard_since else Confirmation.AWAITED


def confirmation_at(at: datetime) -> Case:
    """The confirmation of a row at `at`, as an expression."""
    in_force, expired, stopped = _effect(Effect.IN_FORCE, at), _effect(Effect.EXPIRED, at), ~Q(state="issued")
    needless = (
        ~Q(kind__in=AT_THE_GATEWAY) | _effect(Effect.PENDING, at) | stopped & Q(stopped_since__lte=F("starts_at"))
    )
    heard_since = (
        in_force & Q(acknowledged_at__gte=F("starts_at"))
        | expired & Q(acknowledged_at__gte=F("ends_at"))
        | stopped & Q(acknowledged_at__gte=F("stopped_since"))
    )
    return Case(
        When(needless, then=Value(Confirmation.NOT_NEEDED)),
        When(in_force & Q(acknowledged_effect=Acknowledged.APPLIED), then=Value(Confirmation.CONFIRMED)),
        When(~in_force & Q(acknowledged_effect=Acknowledged.ENDED), then=Value(Confirmation.CONFIRMED)),
        When(Q(acknowledged_effect=Acknowledged.FAILED) & heard_since, then=Value(Confirmation.FAILED)),
        default=Value(Confirmation.AWAITED),
        output_field=models.CharField(),
    )
