"""What a decision rests on besides its rule: how the case began, whether software found it, and the law (DSA 17(3)).

How it began is written down with the decision, so that the notice, the desk and the machines are told the same for
ever, whatever is reported later.
"""

from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup.models import Rule
from tipstaff.workflow.refused import Refused

if TYPE_CHECKING:
    from cases.models.case import Case

LAW_LIMIT = 500


class Source(models.TextChoices):
    """Who brought a case to us. None of them names anybody."""

    NOTICE = "notice", gettext_lazy("A report from outside")
    FLAGGER = "trusted_flagger", gettext_lazy("A trusted flagger")
    MACHINE = "machine", gettext_lazy("A report by software")
    STAFF = "staff", gettext_lazy("Somebody who works here")


FROM_OUTSIDE = frozenset({Source.NOTICE, Source.FLAGGER})


class Automation(models.TextChoices):
    NONE = "none", gettext_lazy("People only")
    PARTIAL = "partial", gettext_lazy("A person with automated help")


def sources_of(case: "Case") -> list[str]:
    """By whom the case was reported, each kind once, in the order of `Source`. One query."""
    rows = case.reports.order_by().values_list("channel", "flagger", "token").distinct()
    found = {_source(channel, flagged=bool(flagger), machine=bool(token)) for channel, flagger, token in rows}
    return [source.value for source in Source if source in found]


def _source(channel: str, *, flagged: bool, machine: bool) -> Source:
    if flagged:
        return Source.FLAGGER
    if machine or channel == "api":
        return Source.MACHINE
    return Source.STAFF if channel == "internal" else Source.NOTICE


def found_by(case: "Case") -> str:
    """Whether software had a part in finding it, as far as the reports say."""
    return Automation.PARTIAL if case.reports.filter(token__isnull=False).exists() else Automation.NONE


class Grounded(models.Model):
    """The part of a decision that says how it came about and what it rests on."""

    sources = ArrayField(
        models.CharField(max_length=20, choices=Source),
        default=list,
        blank=True,
        editable=False,
        help_text="How the case came to us; nothing where we looked into it unasked.",
    )
    detection = models.CharField(
        max_length=12, choices=Automation, blank=True, help_text="Left empty, it follows from the reports."
    )
    legal_ground = models.CharField(
        max_length=LAW_LIMIT, blank=True, help_text="The law that it breaks as well, where somebody says so."
    )

    case: Any
    outcome: Any
    rule: Any

    class Meta:
        abstract = True

    @property
    def refers(self) -> bool:
        """Whether its rule makes referral to an authority compulsory."""
        return bool(self.rule.legal_referral == Rule.Referral.MANDATORY)

    @property
    def source_words(self) -> list[str]:
        return [str(Source(source).label) for source in self.sources]

    def ground(self) -> None:
        """Take from the reports how the case began and, unless somebody said, whether software found it."""
        self.sources = sources_of(self.case)
        self.detection = self.detection or found_by(self.case)
        self.legal_ground = self.legal_ground.strip()

    def check_ground(self) -> None:
        """Refused where it would tell the account holder something untrue, or leave out what the law asks for."""
        if self.detection == Automation.NONE and self.sources == [Source.MACHINE]:
            raise Refused(
                _("Every report in this case was sent by software. Say that it was found with automated help."),
                field="detection",
            )
        if self.outcome != "breach":
            self.legal_ground = ""
        elif self.refers and not self.legal_ground:
            raise Refused(
                _("This rule is about what the law forbids as well. Name the law, so that the notice can."),
                field="legal_ground",
            )
