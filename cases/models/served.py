"""What an account bore already before the decision: it counts towards the measure that the decision imposes."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import BooleanField, Case, Func, Q, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from cases.models.effect import INTERIM_KINDS

LEAST = timedelta(hours=1)  # that a measure lasts, however much was served
# A case, those that were merged into it, and those merged into them.
JOINED = """WITH RECURSIVE joined (id) AS (
    SELECT %s::uuid UNION SELECT merged.id FROM cases_case merged JOIN joined ON merged.merged_into_id = joined.id
) SELECT id FROM joined"""

# The case that goes on, whichever of them is asked about, and all that went into it.
WHOLE = """WITH RECURSIVE up (id, into_id) AS (
    SELECT id, merged_into_id FROM cases_case WHERE id = %s
    UNION SELECT above.id, above.merged_into_id FROM cases_case above JOIN up ON above.id = up.into_id
), whole (id) AS (
    SELECT id FROM up UNION SELECT merged.id FROM cases_case merged JOIN whole ON merged.merged_into_id = whole.id
) SELECT id FROM whole"""


class Joined(Func):
    """Whether the first case is the second, or went into it: `joined` for the rows of an outer query."""

    arg_joiner = " = ANY(ARRAY(WITH RECURSIVE joined (id) AS (SELECT "
    template = (
        "(%(expressions)s UNION SELECT merged.id FROM cases_case merged JOIN joined "
        "ON merged.merged_into_id = joined.id) SELECT id FROM joined)))"
    )
    output_field = BooleanField()


def joined(case_id: UUID) -> RawSQL:
    """The ids of the case and of every one that went into it."""
    return RawSQL(JOINED, [case_id])  # noqa: S611  no text of anybody is in it


def whole(case_id: UUID) -> RawSQL:
    """The ids of every case that became one with this one, itself among them."""
    return RawSQL(WHOLE, [case_id])  # noqa: S611  no text of anybody is in it


def left_of(length: timedelta, decision: Any, kind: str, *, at: datetime) -> timedelta:
    """How much of `length` is left once the time under other measures of the same kind is taken off: interim ones, and
    those of a decision about the same rules that the account holder heard of only after this conduct. Such a measure
    is not put on top of the one before it (P3); the two run beside each other.
    """
    if kind not in INTERIM_KINDS:
        return length
    Sanction: Any = apps.get_model("cases", "Sanction")
    beside = Q(
        case__subject=decision.case.subject_id,
        decision__rule__group=decision.rule.group_id,
        decision__issued_at__gt=decision.conduct_at,
    )
    borne = Sanction.objects.filter(Q(interim__case__in=joined(decision.case_id)) | beside, kind=kind, starts_at__lt=at)
    borne = borne.exclude(state="revoked").exclude(decision__state="reversed").exclude(decision=decision.pk)
    stopped = Coalesce("ended_at", Case(When(state="stayed", then="stayed_at")))
    spans = borne.values_list("starts_at", "ends_at", stopped)
    return max(length - _covered((starts, min(at, ends or at, ended or at)) for starts, ends, ended in spans), LEAST)


def _covered(spans: Iterable[tuple[datetime, datetime]]) -> timedelta:
    """How much time the spans cover together; what two of them share is counted once."""
    total, until = timedelta(), None
    for starts, ends in sorted(spans):
        begins = starts if until is None else max(starts, until)
        if ends > begins:
            total, until = total + (ends - begins), ends
    return total
