"""The entrances for reports: what each is called, where it is, and what it promises by the targets in force."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy

from cases.models.answerable import Answerable, Pathway
from tipstaff import languages
from tipstaff.sla.models import Kind, Target
from tipstaff.sla.models.target import first_match
from tipstaff.sla.promises import spans

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    from cases.models.report import Report


@dataclass(frozen=True)
class Entrance:
    """A door for one kind of reporter, in plain words. `who` stands on the door, `what` below it."""

    pathway: Pathway
    name: str  # of its address
    who: "StrPromise"
    what: "StrPromise"

    @property
    def url(self) -> str:
        return reverse(f"cases:{self.name}")


ENTRANCES = (
    Entrance(
        Pathway.PUBLIC,
        "report",
        gettext_lazy("I am a customer, or anybody else"),
        gettext_lazy("No account is needed, and you need not say who you are."),
    ),
    Entrance(
        Pathway.AUDITOR,
        "report_auditor",
        gettext_lazy("I audit this provider"),
        gettext_lazy("A finding is acknowledged in writing and answered by a date."),
    ),
    Entrance(
        Pathway.INTERNAL,
        "report_internal",
        gettext_lazy("I work here"),
        gettext_lazy("Sign in first. You are then kept out of every other part of the case."),
    ),
    Entrance(
        Pathway.PARTNER,
        "report_partner",
        gettext_lazy("I report for a partner or an authority"),
        gettext_lazy("With a link of your own, or from your system to ours."),
    ),
)
PROMISED = (Kind.RECEIPT, Kind.TRIAGE, Kind.DECISION, Kind.REPORTER, Kind.FINDING, Kind.APPEAL, Kind.AUTHORITY)


def entrance_of(pathway: Pathway) -> Entrance:
    return next(entrance for entrance in ENTRANCES if entrance.pathway == pathway)


def shown(pathway: Pathway) -> dict[str, Any]:
    """For the page of an entrance: itself, the others, its times in words, and who answers for it. Two queries."""
    return {
        "entrance": entrance_of(pathway),
        "others": [entrance for entrance in ENTRANCES if entrance.pathway != pathway],
        "times": spans(*PROMISED),
        "answerable": Answerable.objects.of(pathway),
    }


def mailed(report: "Report") -> dict[str, Any]:
    """What `told` says, in the language of the reporter, whoever sends the mail."""
    with translation.override(languages.known(report.language) or "en"):
        return told(report)


def told(report: "Report") -> dict[str, Any]:
    """For its receipt and its status: within what time this very report is read and answered, and who answers for it.
    Two queries.
    """
    kinds = (Kind.TRIAGE, Kind.DECISION, Kind.FINDING, Kind.APPEAL)
    rows = list(Target.objects.in_force().filter(kind__in=kinds))
    times = {kind.value: first_match(rows, kind, report.severity, referral=report.refers) for kind in kinds}
    return {
        "times": {kind: target.spoken if target else "" for kind, target in times.items()},
        "answerable": Answerable.objects.of(report.pathway),
    }
