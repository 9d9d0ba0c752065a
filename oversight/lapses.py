"""What waits for people who keep the files: one mail a week, not one a file."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db.models import DateTimeField, QuerySet, Value
from django.urls import reverse

from tipstaff.accounts.models import User
from tipstaff.notices import outbox
from tipstaff.notices.reminders import REMINDERS, Watch
from tipstaff.permissions import Role
from tipstaff.vault.models import Disposal


def monday(at: datetime) -> datetime:
    day = at.astimezone(UTC).date()
    return datetime.combine(day - timedelta(days=day.weekday()), time(), tzinfo=UTC)


def custodians_awaited(at: datetime) -> QuerySet[Any]:
    """The custodians, while disposals of before this week wait for approval."""
    week = monday(at)
    people = User.objects.with_role(Role.CUSTODIAN).annotate(ends=Value(week, DateTimeField()))
    return people if Disposal.objects.waiting().filter(proposed_at__lt=week).exists() else people.none()


def remind_custodian(person: Any) -> None:
    outbox.queue(
        "disposals_wait",
        to=person.email,
        about=person,
        actor=REMINDERS,
        link=reverse("vault:custody"),
        count=Disposal.objects.waiting().count(),
    )


WATCHES: tuple[Watch[Any], ...] = (Watch("disposals_wait", custodians_awaited, remind_custodian),)
