"""Sanction: what a decision imposes. Pending, in force and expired are computed from stored times, never swept.

What limits an account is carried out by the provider's gateway, which says so (`acknowledge`). In our eyes a measure
has its effect whether or not that happened; what was not confirmed, or failed, is shown to staff.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import gateway, silence
from cases.models import served
from cases.models.case import Case
from cases.models.effect import (
    AT_THE_GATEWAY,
    INTERIM_KINDS,
    PASSING,
    Acknowledged,
    Confirmation,
    Effect,
    confirmation_at,
    confirmation_of,
    effect_is,
    effect_of,
)
from cases.models.stake import others
from cases.models.staying import Stayed, stood_still
from tipstaff.accounts.models import Subject, Token
from tipstaff.notices import outbox
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import NextRef, Record, RefQuerySet
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused
from tipstaff.workflow.states import StateField

DETAIL_LIMIT = 300


class SanctionQuerySet(RefQuerySet["Sanction"]):
    def visible_to(self, person: Any) -> Self:
        """Whoever sees cases, and the gateway that carries measures out."""
        sees = person.may(Permission.CASE_VIEW) or person.may(Permission.SANCTION_ACKNOWLEDGE)
        return others(self, person) if sees else self.none()

    def in_force(self, at: datetime) -> Self:
        return self.filter(Q(ends_at=None) | Q(ends_at__gt=at), state=Sanction.State.ISSUED, starts_at__lte=at)

    def was_in_force(self, at: datetime) -> Self:
        """In force at `at` as far as is known now: one revoked since then never was, nor one whose decision fell."""
        ended_later = Q(state__in=["lifted", "superseded"], ended_at__gt=at)
        rows = self.filter(
            Q(state__in=["issued", "stayed"]) | ended_later, Q(ends_at=None) | Q(ends_at__gt=at), starts_at__lte=at
        )
        return rows.exclude(stood_still(at)).exclude(decision__state="reversed")

    def standing(self, at: datetime) -> Self:
        """In force, or to be: issued and not over."""
        return self.filter(Q(ends_at=None) | Q(ends_at__gt=at), state=Sanction.State.ISSUED)

    def decided(self) -> Self:
        """What decisions imposed, without what was imposed before one."""
        return self.filter(decision__isnull=False)

    def restricting(self) -> Self:
        return self.exclude(kind__in=Sanction.WITHOUT_RESTRICTION)

    def limiting(self) -> Self:
        """Those that limit the account while they last. What was taken down stays down, and limits nothing later."""
        return self.restricting().exclude(kind=Sanction.Kind.CONTENT_REMOVAL)

    def with_effect(self, effects: Iterable[str], at: datetime) -> Self:
        return self.filter(effect_is(effects, at))

    def with_confirmation(self, words: Iterable[str], at: datetime) -> Self:
        """In words of `Confirmation`. What is left to do is found by an index of it."""
        rows = self
        if not set(words) - {Confirmation.FAILED}:
            rows = rows.filter(acknowledged_effect=Acknowledged.FAILED)
        elif not set(words) - {Confirmation.AWAITED, Confirmation.FAILED}:
            rows = rows.filter(kind__in=AT_THE_GATEWAY).exclude(acknowledged_effect=Acknowledged.ENDED)
        rows = rows.alias(stopped_since=Coalesce("ended_at", "stayed_at"))
        return rows.alias(confirmed=confirmation_at(at)).filter(confirmed__in=words)

    def unconfirmed(self, at: datetime) -> Self:
        """What the gateway still has to do, or could not do."""
        return self.with_confirmation([Confirmation.AWAITED, Confirmation.FAILED], at)


def carried_out_by_a_gateway(sanction: "Sanction", actor: Actor) -> str | None:
    if not sanction.at_the_gateway:
        return _("This is nothing that a gateway applies.")
    if sanction.effect(now()) == Effect.PENDING:
        return _("This measure has not begun yet.")
    return None


def still_lasts(sanction: "Sanction", actor: Actor) -> str | None:
    """Something is left to end: it has a duration, which is not over."""
    if not sanction.lasts:
        return _("This was given once, so there is nothing to end.")
    if sanction.ends_at and sanction.ends_at <= now():
        return _("It ended by itself.")
    return None


@references.register("sanction")
class Sanction(Stayed, Record):
    class State(models.TextChoices):
        ISSUED = "issued", gettext_lazy("Issued")
        STAYED = "stayed", gettext_lazy("Stands still during an appeal")
        LIFTED = "lifted", gettext_lazy("Lifted")
        REVOKED = "revoked", gettext_lazy("Revoked")
        SUPERSEDED = "superseded", gettext_lazy("Replaced")

    class Kind(models.TextChoices):
        WARNING = "warning", gettext_lazy("Written warning")
        GUIDANCE = "guidance", gettext_lazy("Guidance")
        MANDATORY_TRAINING = "mandatory_training", gettext_lazy("Mandatory training")
        CONTENT_REMOVAL = "content_removal", gettext_lazy("Removal of hosted outputs")
        RATE_LIMIT = "rate_limit", gettext_lazy("Rate limit")
        FEATURE_RESTRICTION = "feature_restriction", gettext_lazy("Feature restriction")
        TEMPORARY_SUSPENSION = "temporary_suspension", gettext_lazy("Suspension")
        PERMANENT_TERMINATION = "permanent_termination", gettext_lazy("Permanent termination")
        LEGAL_REFERRAL = "legal_referral", gettext_lazy("Legal referral")

    WITHOUT_RESTRICTION = (Kind.WARNING, Kind.GUIDANCE, Kind.MANDATORY_TRAINING, Kind.LEGAL_REFERRAL)

    ref = models.CharField(max_length=20, unique=True, db_default=NextRef("S"), editable=False)
    state = StateField(max_length=12, choices=State, default=State.ISSUED)
    case = models.ForeignKey(Case, models.PROTECT, related_name="sanctions")
    decision = models.ForeignKey("cases.Decision", models.PROTECT, null=True, related_name="sanctions")
    interim = models.OneToOneField(
        "cases.Interim",
        models.PROTECT,
        null=True,
        related_name="measure",
        help_text="Where it was imposed before a decision: no finding, never a strike, and it always has an end.",
    )
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="sanctions")
    kind = models.CharField(max_length=24, choices=Kind)
    terms = models.JSONField(
        default=dict, help_text="What the tier says besides kind and days: quota, scope, due days."
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, help_text="Empty: without end.")
    ended_at = models.DateTimeField(null=True)
    ended_reason = models.CharField(max_length=300, blank=True)
    acknowledged_effect = models.CharField(
        max_length=8, choices=Acknowledged, blank=True, help_text="Says the gateway."
    )
    acknowledged_detail = models.CharField(max_length=DETAIL_LIMIT, blank=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(Token, models.PROTECT, null=True, related_name="+", db_index=False)

    objects = SanctionQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at", "ref"]
        indexes = [
            models.Index(fields=["subject", "starts_at"], name="sanction_by_subject"),
            models.Index(
                fields=["-id"],
                condition=Q(kind__in=AT_THE_GATEWAY) & ~Q(acknowledged_effect="ended"),
                name="sanction_at_the_gateway",
            ),
            models.Index(fields=["id"], condition=Q(acknowledged_effect="failed"), name="sanction_failed"),
            models.Index(
                fields=["ends_at"], condition=Q(state="issued", ends_at__isnull=False), name="sanction_ending"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(decision__isnull=False, interim=None)
                | Q(decision=None, interim__isnull=False, ends_at__isnull=False, kind__in=INTERIM_KINDS),
                name="sanction_of_a_decision_or_interim",
            ),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=models.F("starts_at")), name="sanction_ends_after_start"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["issued", "stayed"], ended_at=None)
                | (~Q(state__in=["issued", "stayed"]) & Q(ended_at__isnull=False)),
                name="sanction_ended_at",
            ),
            models.CheckConstraint(
                condition=Q(stayed_at=None, resumed_at=None) & ~Q(state="stayed")
                | Q(stayed_at__isnull=False, decision__isnull=False, resumed_at=None) & ~Q(state="issued")
                | Q(stayed_at__isnull=False, decision__isnull=False, resumed_at__isnull=False)
                & Q(resumed_at__gte=models.F("stayed_at"))
                & ~Q(state="stayed"),
                name="sanction_stayed_at",
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_effect="", acknowledged_at=None, acknowledged_by=None)
                | (~Q(acknowledged_effect="") & Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False)),
                name="sanction_acknowledged_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    def history_of(self) -> Record:
        return self.case

    @classmethod
    def of_tier(cls, decision: Any, spec: dict[str, Any], *, at: datetime) -> "Sanction":
        """An unsaved sanction from one line of a tier in the decision matrix, starting at `at`."""
        days = spec.get("days")
        return cls(
            case=decision.case,
            decision=decision,
            subject=decision.reached if spec["type"] in AT_THE_GATEWAY else decision.case.subject,
            kind=spec["type"],
            terms={key: value for key, value in spec.items() if key not in {"type", "days"}},
            starts_at=at,
            ends_at=at + served.left_of(timedelta(days=days), decision, spec["type"], at=at) if days else None,
        )

    @property
    def at_the_gateway(self) -> bool:
        """Whether it limits the account, so that a gateway carries it out."""
        return self.kind in AT_THE_GATEWAY

    @property
    def lasts(self) -> bool:
        """Whether it has a duration: a warning is given once, a suspension is in force."""
        return self.kind not in PASSING

    def effect(self, at: datetime) -> str:
        """A word of `Effect`, or the state that ended or stopped it."""
        return effect_of(self, at)

    def confirmation(self, at: datetime) -> str:
        """A word of `Confirmation`."""
        return confirmation_of(self, at)

    @property
    def confirmed(self) -> str:
        """The same, now."""
        return self.confirmation(now())

    @property
    def standing(self) -> str:
        """Its effect now, in words."""
        effect = self.effect(now())
        return str(Effect(effect).label) if effect in Effect.values else self.get_state_display()

    @property
    def is_in_force(self) -> bool:
        at = now()
        return self.state == self.State.ISSUED and self.starts_at <= at and not (self.ends_at and self.ends_at <= at)

    @operation(creates=True, permission=Permission.SANCTION_IMPOSE, said=gettext_lazy("imposed a measure"))
    def impose(self, *, actor: Actor) -> None:
        """Take effect at `starts_at`, in the transaction that issues the decision."""
        gateway.tell_sanction(self, "imposed", actor=actor)

    @operation(
        source=State.ISSUED,
        permission=Permission.INTERIM_SECOND,
        guard=still_lasts,
        said=gettext_lazy("let an interim measure last longer"),
    )
    def extend(self, *, actor: Actor, until: datetime) -> None:
        """Let an interim measure last until `until`, once somebody else agreed to it."""
        self.ends_at = until
        gateway.tell_sanction(self, "extended", actor=actor)

    @operation(
        source=State.ISSUED,
        target=State.SUPERSEDED,
        permission=Permission.DECISION_ISSUE,
        said=gettext_lazy("ended an interim measure with the decision"),
    )
    def give_way(self, *, actor: Actor, decision: Any) -> None:
        """An interim measure ends with the decision, whatever that says."""
        self._end(_("%(decision)s was issued.") % {"decision": decision.ref})
        gateway.tell_sanction(self, "superseded", actor=actor)

    @operation(
        source=[State.ISSUED, State.STAYED],
        target=State.LIFTED,
        permission=Permission.SANCTION_LIFT,
        guard=still_lasts,
        label=gettext_lazy("Lift"),
        said=gettext_lazy("lifted a measure"),
    )
    def lift(self, *, actor: Actor, reason: str) -> None:
        """End it early and tell the account holder why, and the holder of a wider account that it reached; the decision
        stands.
        """
        self._end(reason)
        below = self.case.subject if self.case.subject_id != self.subject_id else None
        for account in filter(None, [self.subject, below]):
            outbox.queue(
                "measure_lifted" if self.decision_id else "interim_lifted",
                to=account.contact,
                about=self,
                actor=actor,
                language=account.language,
                not_before=silence.withheld_until(self.case),
                reason=self.ended_reason,
            )
        gateway.tell_sanction(self, "lifted", actor=actor)

    @operation(
        source=State.ISSUED,
        target=State.LIFTED,
        permission=Permission.REMEDIATION_ASSESS,
        guard=still_lasts,
        said=gettext_lazy("ended a measure because it was put right"),
    )
    def remedy(self, *, actor: Actor, reason: str) -> None:
        """End it early because its breach was put right; the mail about that says so."""
        self._end(reason)
        gateway.tell_sanction(self, "lifted", actor=actor)

    @operation(
        source=State.ISSUED,
        permission=Permission.REMEDIATION_ASSESS,
        guard=still_lasts,
        said=gettext_lazy("made a measure shorter"),
    )
    def shorten(self, *, actor: Actor, until: datetime) -> None:
        """Let it end at `until`, sooner than it would have."""
        if self.ends_at is not None and until >= self.ends_at:
            raise Refused(_("It ends no later than that already."))
        self.ends_at = until
        gateway.tell_sanction(self, "shortened", actor=actor)

    @operation(
        source=[State.ISSUED, State.STAYED],
        target=State.REVOKED,
        permission=Permission.APPEAL_DECIDE,
        said=gettext_lazy("revoked a measure"),
    )
    def revoke(self, *, actor: Actor, reason: str) -> None:
        """End it because the decision did not stand: it counts as never imposed."""
        self._end(reason)
        gateway.tell_sanction(self, "revoked", actor=actor)

    @operation(
        source=[State.ISSUED, State.STAYED],
        target=State.SUPERSEDED,
        permission=Permission.APPEAL_DECIDE,
        said=gettext_lazy("replaced a measure"),
    )
    def supersede(self, *, actor: Actor, reason: str) -> None:
        """End it because a milder one takes its place."""
        self._end(reason)
        gateway.tell_sanction(self, "superseded", actor=actor)

    @operation(
        permission=Permission.SANCTION_ACKNOWLEDGE,
        guard=carried_out_by_a_gateway,
        label=gettext_lazy("Say what became of it"),
        said=gettext_lazy("said what became of a measure"),
    )
    def acknowledge(self, *, actor: Token, effect: str, detail: str = "") -> None:
        """Say that a measure was applied, that its end was carried out, or that either failed. Decides nothing."""
        at = now()
        in_force = self.effect(at) == Effect.IN_FORCE
        if effect == Acknowledged.APPLIED and not in_force:
            raise Refused(_("This measure is over: undo it, and say `ended` when that is done."))
        if effect == Acknowledged.ENDED and in_force:
            raise Refused(_("This measure is in force: apply it, and say `applied` when that is done."))
        before, said = self.confirmation(at), (self.acknowledged_effect, self.acknowledged_detail)
        if said == (effect, detail) and before != Confirmation.AWAITED:
            raise Refused(_("You have said so already."))
        self.acknowledged_effect, self.acknowledged_detail = effect, detail
        self.acknowledged_at, self.acknowledged_by = at, actor
        if effect == Acknowledged.FAILED and before != Confirmation.FAILED:
            gateway.alarm(self, applying=in_force, actor=actor)

    def _end(self, reason: str) -> None:
        self.ended_at, self.ended_reason = now(), reason[:300]
