"""Beat without a file: what ran when stands in the rows, so a new start, a second beat or a restored backup changes
nothing. A job of once a day is sent when its row says that it is due, and again every quarter of an hour until a worker
has begun it.
"""

import logging
from datetime import timedelta
from typing import Any

from celery.beat import ScheduleEntry, Scheduler
from celery.schedules import schedstate
from django.db import DatabaseError, connections

from tipstaff.jobs.models import Tick
from tipstaff.queues import AGAIN, SELDOM
from tipstaff.time import now

logger = logging.getLogger(__name__)


class RowScheduler(Scheduler):
    """CELERY_BEAT_SCHEDULER."""

    def setup_schedule(self) -> None:
        self.merge_inplace(self.app.conf.beat_schedule)
        self.sent: dict[str, Any] = {}
        self.up_since = now()

    def is_due(self, entry: ScheduleEntry) -> schedstate:
        every = entry.schedule.run_every
        if every.total_seconds() < SELDOM:
            return super().is_due(entry)
        try:
            tick = Tick.objects.filter(pk=entry.name).first()
        except DatabaseError as error:
            logger.warning("the schedule cannot be read; %s waits", entry.name, exc_info=error)
            return schedstate(False, 30)
        finally:
            connections.close_all()
        return self.by_row(entry.name, tick, every)

    def by_row(self, name: str, tick: Tick | None, every: timedelta) -> schedstate:
        """Whether the job is to be sent now, and in how many seconds to look again."""
        at = now()
        last = (tick.begun_at or tick.since) if tick else self.up_since
        left = (last + every - at).total_seconds()
        if left > 0:
            return schedstate(False, min(left, AGAIN))
        sent = self.sent.get(name)
        if sent is not None and (at - sent).total_seconds() < AGAIN:
            return schedstate(False, AGAIN - (at - sent).total_seconds())
        self.sent[name] = at
        return schedstate(True, AGAIN)
