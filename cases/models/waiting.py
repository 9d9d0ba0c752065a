"""A case that waits for somebody's answer, and goes on: when it came, when nobody waits for it any more, or when its
time is over.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.models.holding import Holding, claimed_by_actor, free_to_claim
from tipstaff.accounts.models import User
from tipstaff.permissions import Permission
from tipstaff.sla import clocks
from tipstaff.sla.models import Clock
from tipstaff.time import now
from tipstaff.workflow.actors import Actor, System
from tipstaff.workflow.operations import operation

if TYPE_CHECKING:
    from cases.models.case import Case

HEARINGS = System("hearings")


class Awaiting(models.TextChoices):
    """Whose answer an investigation can wait for."""

    ACCOUNT_HOLDER = "account_holder", gettext_lazy("the account holder")
    REPORTER = "reporter", gettext_lazy("a reporter")
    COLLEAGUES = "colleagues", gettext_lazy("another team of ours")
    OUTSIDE = "outside", gettext_lazy("somebody outside")


def free_to_go_on(case: "Case", actor: Actor) -> str | None:
    if case.hearings.filter(state="asked", until__gt=now()).exists():
        return _("The account holder can still answer. Take the question back first if you need no answer any more.")
    return free_to_claim(case, actor)


class Waiting(Holding):
    class Meta:
        abstract = True

    @operation(
        source="investigating",
        target="awaiting_information",
        permission=Permission.CASE_INVESTIGATE,
        guard=claimed_by_actor,
        label=gettext_lazy("Wait for an answer"),
        said=gettext_lazy("began to wait for an answer"),
    )
    def await_information(
        self: Any, *, actor: Actor, awaiting: str, question: str, until: datetime | None = None
    ) -> None:
        """Set the case aside until somebody answers, and no longer than `until`. The decision clock stands still
        meanwhile, unless it is for ourselves that the case waits.
        """
        self.awaiting = awaiting
        self.let_go()
        if awaiting != Awaiting.COLLEAGUES:
            clocks.pause(self, Clock.Kind.DECISION, reason=Clock.PauseReason(awaiting), until=until)

    @operation(
        source="awaiting_information",
        target="investigating",
        permission=Permission.CASE_CLAIM,
        guard=free_to_go_on,
        label=gettext_lazy("Go on"),
        said=gettext_lazy("went on with the investigation"),
    )
    def resume(self: Any, *, actor: User, answer: str = "") -> None:
        """The answer came, or will not: the clock runs again and whoever says so holds the case. Refused while the
        account holder can still answer what they were asked.
        """
        self.awaiting = ""
        for question in self.hearings.filter(state="asked"):  # its time is over, and no sweep has seen it
            question.case = self
            question.lapse(actor=HEARINGS)
        self.hold(actor, timedelta(minutes=settings.CLAIM_MINUTES))
        self.due_at = clocks.resume(self, Clock.Kind.DECISION)

    @operation(
        source="awaiting_information",
        target="investigating",
        permission=Permission.CASE_CLAIM,
        said=gettext_lazy("put the case back into the queue"),
    )
    def stop_waiting(self: Any, *, actor: Actor) -> None:
        """What the case waited for came, or is not waited for any more: it can be claimed, and its clock runs again."""
        self.awaiting = ""
        self.due_at = clocks.resume(self, Clock.Kind.DECISION)
