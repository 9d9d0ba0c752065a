"""What an appeal makes of a decision: it is contested, and stands, becomes milder or falls."""

from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import gateway, putting_right, wider
from cases.models import measured
from cases.models.recurrence import STANDING
from cases.models.sanction import Sanction
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused

LIVE = (Sanction.State.ISSUED, Sanction.State.STAYED)


class Contested(models.Model):
    contested_at: Any
    settled_at: Any
    varied_tier: Any

    class Meta:
        abstract = True

    @operation(
        source=STANDING,
        permission=Permission.APPEAL_LODGE,
        said=gettext_lazy("contested the decision"),
    )
    def contest(self: Any, *, actor: Actor) -> None:
        """An appeal is open: the decision is shown to others but not counted until it ends."""
        self.contested_at = now()

    @operation(
        source=STANDING,
        permission=Permission.APPEAL_WITHDRAW,
        said=gettext_lazy("ended the contest of the decision"),
    )
    def uncontest(self: Any, *, actor: Actor) -> None:
        """The appeal ended without looking at the decision."""
        self.contested_at = None
        self._go_on(actor)

    @operation(
        source=STANDING,
        target="upheld",
        permission=Permission.APPEAL_DECIDE,
        said=gettext_lazy("upheld the decision"),
    )
    def uphold(self: Any, *, actor: Actor) -> None:
        """The decision stands."""
        self.contested_at, self.settled_at = None, now()
        self._go_on(actor)
        gateway.tell_decision(self, "upheld", actor=actor)

    def _go_on(self: Any, actor: Actor) -> None:
        """What stood still while the appeal was heard goes on."""
        for sanction in self.sanctions.filter(state=Sanction.State.STAYED).order_by("id"):
            sanction.resume(actor=actor)

    @operation(
        source=STANDING,
        target="reversed",
        permission=Permission.APPEAL_DECIDE,
        said=gettext_lazy("reversed the decision"),
    )
    def reverse(self: Any, *, actor: Actor, reason: str) -> None:
        """The decision falls: its sanctions end now, it counts for nothing, and the reporters are told."""
        self.contested_at, self.settled_at = None, now()
        for sanction in self.sanctions.filter(state__in=LIVE).order_by("id"):
            sanction.revoke(actor=actor, reason=reason)
        putting_right.call_off(self, actor=actor)
        for report in self.case.reports.filter(state="answered").order_by("id"):
            report.tell_reversal(actor=actor)
        wider.tell_changed(self, actor=actor)
        gateway.tell_decision(self, "reversed", actor=actor)

    @operation(
        source=STANDING,
        target="varied",
        permission=Permission.APPEAL_DECIDE,
        said=gettext_lazy("made the decision milder"),
    )
    def vary(self: Any, *, actor: Actor, tier: str, reason: str) -> None:
        """A milder tier takes the place of the one imposed; what was already served counts (no worse outcome)."""
        tiers = self.rule.version.matrix.tiers
        if tier not in self.milder_tiers:
            raise Refused(
                _("An appeal can only make the outcome milder; choose a tier below %(tier)s.") % {"tier": self.tier}
            )
        self.contested_at, self.settled_at, self.varied_tier = None, now(), tier
        begins = self.issued_at or now()
        for sanction in self.sanctions.filter(state__in=LIVE).order_by("id"):
            if sanction.state == Sanction.State.STAYED:  # what it stood still was not served
                begins = max(begins, self.issued_at + (self.settled_at - sanction.stayed_at))
            sanction.supersede(actor=actor, reason=reason)
        lines = measured.adjusted(self.imposed_by(tiers[tier]), days=self.days, left_out=self.left_out, milder=True)
        for document in lines:
            Sanction.of_tier(self, document, at=begins).impose(actor=actor)
        wider.tell_changed(self, actor=actor)
        gateway.tell_decision(self, "varied", actor=actor)

    @property
    def milder_tiers(self: Any) -> list[str]:
        """The codes of every tier lighter than the one that holds."""
        order = list(self.rule.version.matrix.tiers)
        return order[: order.index(self.effective_tier)] if self.effective_tier in order else []

    @property
    def effective_tier(self: Any) -> str:
        return self.varied_tier or self.tier
