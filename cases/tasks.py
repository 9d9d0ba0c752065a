"""Celery's part in the cases: a tick. What came to rest is computed from the rows."""

from celery import shared_task
from dateutil.relativedelta import relativedelta

from cases.models import Case
from cases.models.course import at_rest
from cases.statement import APPEAL_MONTHS
from tipstaff.time import now
from tipstaff.workflow.actors import System

COURSE = System("course")
BATCH = 200


@shared_task(ignore_result=True)
def close_at_rest() -> None:
    """Close decided cases for which the time to appeal is over. Nothing depends on when this runs."""
    oldest = Case.objects.filter(state="decided", decided_at__lt=now() - relativedelta(months=APPEAL_MONTHS))
    for case in oldest.order_by("decided_at")[:BATCH]:
        if at_rest(case, COURSE) is None:
            case.close(actor=COURSE)
