"""The right to appeal before it ends, and appeals that somebody took up and left: who is told. The window itself is
computed from the day the notice was delivered, whether or not anybody was told.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.db.models import (
    Case,
    DateTimeField,
    Exists,
    F,
    Func,
    IntegerField,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
    When,
)

from appeals.models import Appeal
from aup.models import DecisionMatrix
from cases.lapses import tell_subject
from cases.models import Decision
from cases.models.decision import STANDING
from cases.statement import APPEAL_MONTHS
from tipstaff.notices.models import Notice
from tipstaff.notices.reminders import Watch, lately, reference_in, tell_untouched
from tipstaff.permissions import Role

AHEAD = timedelta(days=14)
AFTER = timedelta(days=20)  # a window of a month is told of when a third of it is left
SLACK = timedelta(days=60)  # a mail is handed over, or given up, long before


class MonthsLater(Func):
    """`at + months` by the calendar, as `relativedelta` has it."""

    template = "(%(expressions)s))"
    arg_joiner = " + make_interval(months => "
    output_field = DateTimeField()


def _months() -> tuple[Case, int]:
    """How long the tier of a decision lets people appeal, by its own version of the matrix, and the most that any does.
    There are few versions.
    """
    tiers: dict[tuple[Any, int], list[str]] = defaultdict(list)
    for version, document in DecisionMatrix.objects.values_list("version", "document"):
        for tier in document.get("tiers", []):
            tiers[version, tier.get("appeal_months", APPEAL_MONTHS)].append(tier["code"])
    said = [
        When(rule__version=version, tier__in=codes, then=Value(months))
        for (version, months), codes in tiers.items()
        if months != APPEAL_MONTHS
    ]
    usual = Case(*said, default=Value(APPEAL_MONTHS), output_field=IntegerField())
    return usual, max((months for _version, months in tiers), default=APPEAL_MONTHS)


def windows_closing(at: datetime) -> QuerySet[Any]:
    """Breaches that can be appealed for a last while, and were not, of which the notice reached the account holder."""
    months, most = _months()
    delivered = Notice.objects.filter(about=reference_in(Decision), action="appeals:lodge", scope="subject")
    appealed = Appeal.objects.filter(decision=OuterRef("pk")).exclude(state__in=["inadmissible", "withdrawn"])
    rows = Decision.objects.filter(
        outcome=Decision.Outcome.BREACH,
        state__in=STANDING,
        contested_at=None,
        issued_at__gt=at - relativedelta(months=most) - SLACK,
    )
    rows = rows.exclude(Exists(appealed)).select_related("case__subject")
    reached = delivered.reached().values("reached")[:1]  # type: ignore[misc]  # an annotation
    window: QuerySet[Any] = rows.annotate(delivered_at=Subquery(reached))
    window = window.filter(delivered_at__lte=at - AFTER).annotate(ends=MonthsLater(F("delivered_at"), months))
    return window.filter(ends__gt=at, ends__lte=at + AHEAD)


def idle(at: datetime) -> QuerySet[Any]:
    """Taken up, and neither decided nor withdrawn since."""
    rows = Appeal.objects.filter(state=Appeal.State.UNDER_REVIEW).select_related("reviewer")
    return lately(rows, F("taken_up_at") + timedelta(days=settings.IDLE_DAYS), at)


def tell_idle(appeal: Any) -> None:
    tell_untouched(appeal, Role.LEAD, holder=appeal.reviewer, since=appeal.taken_up_at)


WATCHES: tuple[Watch[Any], ...] = (
    Watch("appeal_window", windows_closing, partial(tell_subject, "appeal_window")),
    Watch("appeal_idle", idle, tell_idle),
)
