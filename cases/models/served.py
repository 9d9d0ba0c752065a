"""What an account bore already before the decision: it counts towards the measure that the decision imposes."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models.expressions import RawSQL

from cases.models.effect import INTERIM_KINDS

LEAST = timedelta(hours=1)  # that a measure lasts, however much was served
# A case, those that were merged into it, and those merged into them.
JOINED = """WITH RECURSIVE joined (id) AS (
    SELECT %s::uuid UNION SELECT merged.id FROM cases_case merged JOIN joined ON merged.merged_into_id = joined.id
) SELECT id FROM joined"""


def joined(case_id: UUID) -> RawSQL:
    """The ids of the case and of every one that went into it."""
    return RawSQL(JOINED, [case_id])  # noqa: S611  no text of anybody is in it


def left_of(length: timedelta, case_id: UUID, kind: str, *, at: datetime) -> timedelta:
    """How much of `length` is left once the time under interim measures of the same kind is taken off."""
    if kind not in INTERIM_KINDS:
        return length
    Sanction: Any = apps.get_model("cases", "Sanction")
    borne = Sanction.objects.filter(interim__case__in=joined(case_id), kind=kind, starts_at__lt=at)
    spans = borne.exclude(state="revoked").values_list("starts_at", "ends_at", "ended_at")
    served = sum((min(at, ends, ended or at) - starts for starts, ends, ended in spans), timedelta())
    return max(length - served, LEAST)
