"""How far a reporter was right before: counted from their own reports, in one query, when a new one is filed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import Lower

if TYPE_CHECKING:
    from cases.models.report import Report

UNFOUNDED = ("unfounded", "not_a_breach")  # how a report is declined that turned out to be wrong
COUNTED = 500  # the latest of a reporter; more would say nothing more


@dataclass(frozen=True)
class Standing:
    """`right`: reports that led to a breach which stands; `wrong`: those declined as unfounded. What was undecided, or
    decided otherwise, counts neither way.
    """

    right: int = 0
    wrong: int = 0

    @property
    def score(self) -> int:
        """From -50 to 50; 0 for no record. One report moves it a little, many move it much (Laplace's rule)."""
        return round(100 * (self.right + 1) / (self.right + self.wrong + 2)) - 50


def same_reporter(report: "Report") -> Q | None:
    """The reports of whoever filed `report`: the same flagger, colleague, machine or address; None if nobody is known.
    An address is what somebody typed: of a report where the link that we mailed there was not used, it is nobody's.
    """
    if report.flagger_id:
        return Q(flagger=report.flagger_id)
    if report.reported_by_id:
        return Q(reported_by=report.reported_by_id)
    if report.token:
        return Q(token=report.token)
    if report.contact and report.contact_proven_at:
        theirs = Q(address=report.contact.lower(), contact_proven_at__isnull=False, reported_by=None, token=None)
        return theirs & ~Q(contact="")
    return None


def standing_of(report: "Report") -> Standing:
    """From every earlier report of the same reporter."""
    theirs = same_reporter(report)
    if theirs is None:
        return Standing()
    rows: Any = type(report).objects.annotate(address=Lower("contact")).filter(theirs)
    if report.pk:
        rows = rows.exclude(pk=report.pk)
    decisions: Any = type(report)._meta.get_field("case").related_model._meta.get_field("decisions").related_model
    breach = decisions.objects.filter(
        case=OuterRef("case"), outcome="breach", issued_at__isnull=False, state__in=["issued", "upheld", "varied"]
    )
    latest = rows.order_by("-received_at").annotate(breach=Exists(breach))[:COUNTED]
    found = latest.aggregate(
        right=Count("pk", filter=Q(breach=True, state__in=["accepted", "answered", "closed"])),
        wrong=Count("pk", filter=Q(state="declined", decline_reason__in=UNFOUNDED)),
    )
    return Standing(**found)
