"""Telling of endings: what ends soon, what ended by itself, what waits for an answer. Each is found in the rows, told
once, and told late after an outage; what became moot meanwhile is found no more. Nothing ends because of this.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal
from uuid import UUID

from django.db.models import CharField, Exists, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Concat

from tipstaff.accounts.models import User
from tipstaff.notices import outbox
from tipstaff.notices.models import Message, Reminder
from tipstaff.permissions import Role
from tipstaff.time import now
from tipstaff.workflow.actors import System
from tipstaff.workflow.models import Record
from tipstaff.workflow.unit import UnitOfWork, in_unit_of_work

logger = logging.getLogger(__name__)
REMINDERS = System("reminders")
LATE = timedelta(days=30)  # an ending that was longer ago is told to nobody: it is no news any more
BATCH = 200
AT_ONCE = 1000  # of one kind in one tick; the rest is told in the next


@dataclass(frozen=True)
class Watch[R: Record]:
    """One thing that is told. `due(at)` are the records to tell of at `at`, each with its `ends`, whether or not that
    was done; `tell` queues the mails, in the transaction that writes down that it was told.
    """

    kind: str
    due: Callable[[datetime], QuerySet[Any]]
    tell: Callable[[R], object]
    act: Literal["remind", "tell", "note"] = "remind"
    once: bool = False  # ever, whatever becomes of the ending

    def untold(self, at: datetime) -> QuerySet[R]:
        rows = self.due(at)
        told = Reminder.objects.filter(about=reference_in(rows.model), kind=self.kind)
        if not self.once:
            told = told.filter(ends_at=OuterRef("ends"))
        return rows.filter(~Exists(told)).order_by("ends", "pk")

    def write(self, record: R, ends_at: datetime) -> None:
        """Tell of it, and write down that it was told."""
        reminder = Reminder.of(record, self.kind, ends_at)
        if self.act == "note":
            reminder.note(actor=REMINDERS, holder=getattr(record, record.owner_field))
        else:
            (reminder.remind if self.act == "remind" else reminder.tell)(actor=REMINDERS)
        self.tell(record)


def tell_untouched(about: Record, role: Role, *, holder: User | None, since: datetime | None) -> None:
    """Tell everybody with `role` that `holder` took `about` up and has not touched it since."""
    for person in User.objects.with_role(role).order_by("email"):
        outbox.queue(
            "left_untouched",
            to=person.email,
            about=about,
            actor=REMINDERS,
            link=about.get_absolute_url(),
            person=person,
            holder=holder,
            since=since,
        )


def lately(rows: QuerySet[Any], ends: Any, at: datetime) -> QuerySet[Any]:
    """Those of `rows` whose `ends` (an expression) was reached by `at`, and is still news."""
    return rows.annotate(ends=ends).filter(ends__lte=at, ends__gt=at - LATE)


def reference_in(model: type[Record]) -> Concat:
    """`case:C-0001` of the row of `model` around a subquery, as mails and reminders name it."""
    return Concat(Value(f"{model.reference_prefix}:"), Cast(OuterRef(model.reference_field), CharField()))


def asked_at(model: type[Record], mail: str) -> Subquery:
    """When the newest mail of this kind about a row of `model` was queued; null where there was no address for one."""
    mails = Message.objects.filter(about=reference_in(model), kind=mail).order_by("-queued_at")
    return Subquery(mails.values("queued_at")[:1])


def sweep(watches: Iterable[Watch[Any]]) -> int:
    """Tell of everything that `watches` find, the oldest ending first; how many."""
    return sum(_tell_due(watch, now()) for watch in watches)


def _tell_due(watch: Watch[Any], at: datetime) -> int:
    """Safe twice at once: a row in somebody's hands is left for the next tick, and one that fails holds up no other."""
    seen: set[UUID] = set()
    told = 0
    while batch := list(watch.untold(at).exclude(pk__in=seen).values_list("pk", flat=True)[:BATCH]):
        for pk in batch:
            seen.add(pk)
            try:
                told += in_unit_of_work(partial(_tell, watch, pk, at))
            except Exception:
                logger.exception("%s of %s could not be told", watch.kind, pk)
        if len(batch) < BATCH or len(seen) >= AT_ONCE:
            break
    return told


def _tell(watch: Watch[Any], pk: UUID, at: datetime, _work: UnitOfWork) -> bool:
    """Tell of one ending if it is still to be told once its row is locked; nobody changes it from then on."""
    rows = watch.due(at).model._base_manager.filter(pk=pk)
    if not rows.select_for_update(skip_locked=True, no_key=True).values_list("pk").first():
        return False
    record = watch.untold(at).filter(pk=pk).first()
    if record is None:
        return False
    watch.write(record, record.ends)
    return True
