"""Celery's part in the cases: ticks. What came to rest, and what waits to be read, is computed from the rows."""

import logging
from datetime import timedelta

from celery import shared_task
from dateutil.relativedelta import relativedelta

from cases import committing, lapses
from cases.models import Case, Evidence
from cases.models.course import at_rest
from cases.statement import APPEAL_MONTHS
from tipstaff.notices import reminders
from tipstaff.time import now
from tipstaff.vault import derive, fixity, storage
from tipstaff.vault.models import SealedFile
from tipstaff.workflow.actors import System

logger = logging.getLogger(__name__)
COURSE = System("course")
FRESH = timedelta(days=1)  # older evidence that nobody prepared is prepared when somebody opens it
AT_ONCE = 20
BATCH = 200


@shared_task(ignore_result=True)
def close_at_rest() -> None:
    """Close decided cases for which the time to appeal is over. Nothing depends on when this runs."""
    oldest = Case.objects.filter(state="decided", decided_at__lt=now() - relativedelta(months=APPEAL_MONTHS))
    for case in oldest.order_by("decided_at")[:BATCH]:
        if at_rest(case, COURSE) is None:
            case.close(actor=COURSE)


@shared_task
def issue_committed() -> int:
    """Issue what its proposers issue alone, once the ten seconds to take it back are over."""
    return committing.leave_due()


@shared_task(ignore_result=True)
def prepare_evidence() -> None:
    """Make what can be read of evidence that came in. What the law keeps from most people is not opened for it."""
    waiting = (
        Evidence.objects.filter(
            added_at__gt=now() - FRESH,
            file__state=SealedFile.State.SEALED,
            file__damaged_at=None,
            file__derivatives=None,
        )
        .exclude(case__handling="sealed")
        .exclude(file__scan_result=SealedFile.Scan.FOUND)
    )
    for exhibit in waiting.select_related("file").order_by("-added_at")[:AT_ONCE]:
        try:
            derive.prepare(exhibit.file)
        except storage.Damaged:
            exhibit.file.report_damage(actor=fixity.FIXITY)
        except Exception:  # one file must not keep the others waiting
            logger.exception("file %s could not be prepared", exhibit.file_id)


@shared_task(ignore_result=True)
def tell_endings() -> None:
    """Tell of measures and claims that end, and ask again where an answer is missing."""
    reminders.sweep(lapses.WATCHES)
