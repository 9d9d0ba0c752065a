"""A measure that stands still while an appeal is heard: its time is frozen, and goes on afterwards."""

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import gateway, silence
from cases.models.effect import AT_THE_GATEWAY
from tipstaff.notices import outbox
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.operations import operation

if TYPE_CHECKING:
    from cases.models.sanction import Sanction

CAN_STAND_STILL = tuple(kind for kind in AT_THE_GATEWAY if kind != "content_removal")  # what was taken down stays down


def can_be_stayed(sanction: "Sanction", actor: Actor) -> str | None:
    """It limits an account, is not over, belongs to a decision under appeal, and was not stayed before."""
    if sanction.kind not in CAN_STAND_STILL:
        return _("Only what limits an account can stand still.")
    if sanction.decision is None or sanction.decision.contested_at is None:
        return _("No appeal against its decision is open.")
    if sanction.ends_at and sanction.ends_at <= now():
        return _("It ended by itself.")
    if sanction.stayed_at:
        return _("It stood still once already.")
    return None


class Stayed(models.Model):
    stayed_at = models.DateTimeField(null=True)
    resumed_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    @operation(
        source="issued",
        target="stayed",
        permission=Permission.APPEAL_DECIDE,
        guard=can_be_stayed,
        said=gettext_lazy("let a measure stand still"),
    )
    def stay(self: Any, *, actor: Actor, reason: str) -> None:
        """Stop it while the appeal is heard. What is left of its time stays as it is (A14)."""
        self.stayed_at = now()
        self._tell_stay("measure_stayed", actor)
        gateway.tell_sanction(self, "stayed", actor=actor)

    @operation(
        source="stayed",
        target="issued",
        permission=Permission.APPEAL_WITHDRAW,
        said=gettext_lazy("let a measure go on"),
    )
    def resume(self: Any, *, actor: Actor) -> None:
        """The decision was not changed: it goes on, and ends as much later as it stood still."""
        self.resumed_at = now()
        stood = self.resumed_at - self.stayed_at
        if self.starts_at > self.stayed_at:  # it had not begun
            self.starts_at += stood
        if self.ends_at:
            self.ends_at += stood
        self._tell_stay("measure_resumed", actor)
        gateway.tell_sanction(self, "resumed", actor=actor)

    def _tell_stay(self: Any, mail: str, actor: Actor) -> None:
        outbox.queue(
            mail,
            to=self.subject.contact,
            about=self,
            actor=actor,
            language=self.subject.language,
            not_before=silence.withheld_until(self.case),
        )


def stood_still(at: Any) -> Q:
    """Those that stood still at `at`."""
    return Q(stayed_at__lte=at) & (Q(resumed_at=None) | Q(resumed_at__gt=at))
