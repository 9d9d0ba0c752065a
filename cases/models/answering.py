"""The part of a report that its case ends: what the reporter is told of the outcome, and that they may contest it.

DSA 16(5) and 20(1): whoever reported hears what was found and can have it looked at again. They hear nothing about
anybody's account: not whose it is, not what was imposed, not who needed help.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from dateutil.relativedelta import relativedelta
from django.db import models
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import silence
from cases.statement import APPEAL_MONTHS
from tipstaff.permissions import Permission
from tipstaff.sla import clocks
from tipstaff.sla.models import Clock
from tipstaff.time import now
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.operations import operation

if TYPE_CHECKING:
    from cases.models.case import Case
    from cases.models.report import Report


class Outcome(models.TextChoices):
    """What a reporter is told. Nothing, where the law keeps it back or somebody needed help rather than a measure."""

    BREACH = "breach", gettext_lazy("We found that a rule was broken, and acted on it.")
    NO_BREACH = "no_breach", gettext_lazy("We found that no rule was broken.")
    UNCLEAR = "unclear", gettext_lazy("What we have does not show that a rule was broken.")
    ALLOWED = "allowed", gettext_lazy("We found that what was done was allowed here.")
    CORRECTED = "corrected", gettext_lazy("What you reported has been put right, and no measure was needed.")
    SYSTEM = "system", gettext_lazy("We found that the fault was in the system itself, and have it mended.")


OF_DECISION = {
    "breach": Outcome.BREACH,
    "no_breach": Outcome.NO_BREACH,
    "insufficient_evidence": Outcome.UNCLEAR,
    "exempt": Outcome.ALLOWED,
    "safe_harbour": Outcome.ALLOWED,
    "corrected": Outcome.CORRECTED,
    "system_behaviour": Outcome.SYSTEM,
}
SPENT = ("inadmissible", "withdrawn", "reversed", "remanded")  # an appeal that ended so, and another may follow
CONTESTABLE = (Outcome.NO_BREACH, Outcome.UNCLEAR, Outcome.ALLOWED, Outcome.CORRECTED)


def for_reporters(case: "Case", outcome: str) -> str:
    """What the reporters of `case` hear of its outcome; empty where it is only that the case was decided."""
    if silence.withheld_until(case):
        return ""
    return OF_DECISION.get(outcome, "")


def contest_closes_at(answered_at: datetime | None) -> datetime | None:
    """Six months from the answer (DSA 20(1)); None where there was none."""
    return answered_at + relativedelta(months=APPEAL_MONTHS) if answered_at else None


def contest_refused(report: "Report") -> str | None:
    """Why this reporter cannot contest what they were told; None if they can."""
    if report.state == "declined":
        return None
    closes = report.contest_closes_at
    if report.state != "answered" or closes is None:
        return _("A report can be appealed that was declined, or that was answered without a breach.")
    if closes <= now():
        return _("The time to appeal ended on %(day)s.") % {"day": date_format(closes, "DATE_FORMAT")}
    return None


class Answering(models.Model):
    outcome = models.CharField(max_length=12, choices=Outcome, blank=True)
    answered_at = models.DateTimeField(null=True)
    contested_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True

    @property
    def contest_closes_at(self) -> datetime | None:
        """Until when the reporter may appeal what they were told; None if they may not."""
        return contest_closes_at(self.answered_at) if self.outcome in CONTESTABLE else None

    @operation(
        source="accepted",
        target="answered",
        permission=Permission.DECISION_ISSUE,
        said=gettext_lazy("answered the reporter"),
    )
    def answer(self: Any, *, actor: Actor, outcome: str) -> None:
        """Tell the reporter what was found, without anybody's personal data (DSA 16(5))."""
        self.outcome, self.answered_at = outcome, now()
        clocks.stop(self, Clock.Kind.FINDING)
        if self.tell("report_answered", actor):
            clocks.start_if_set(self, Clock.Kind.REPORTER, severity=self.severity, referral=self.refers)

    @operation(
        source=["answered"],
        permission=Permission.APPEAL_LODGE,
        said=gettext_lazy("contested the answer"),
        despite_stake=True,
    )
    def contest(self: Any, *, actor: Actor) -> None:
        """The reporter appealed: the case does not come to rest until somebody has looked at it again."""
        self.contested_at = now()

    @operation(
        source=["answered", "accepted"],
        permission=Permission.APPEAL_WITHDRAW,
        said=gettext_lazy("ended the contest of the answer"),
        despite_stake=True,
    )
    def uncontest(self: Any, *, actor: Actor) -> None:
        """That appeal ended."""
        self.contested_at = None

    @operation(
        source="answered",
        permission=Permission.APPEAL_DECIDE,
        said=gettext_lazy("told the reporter of the reversal"),
    )
    def tell_reversal(self: Any, *, actor: Actor) -> None:
        """Tell the reporter that the decision they were told of did not stand."""
        self.outcome = ""
        self.tell("report_reversed", actor)

    @operation(
        source="answered",
        target="accepted",
        permission=Permission.APPEAL_DECIDE,
        said=gettext_lazy("put the report back into the case"),
    )
    def wait_again(self: Any, *, actor: Actor) -> None:
        """The case is open again: its reporter will be answered anew."""
        self.outcome, self.answered_at = "", None
        clocks.stop(self, Clock.Kind.REPORTER, cancelled=Clock.CancelReason.ENDED)
