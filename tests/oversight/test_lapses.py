"""Custodians hear once a week of disposals that wait, and of none that do not."""

from datetime import UTC, datetime, timedelta

import pytest

from oversight import lapses
from tests import factories
from tests.factories import person
from tipstaff.notices import reminders
from tipstaff.notices.models import Message
from tipstaff.time import moved_to
from tipstaff.vault.models import Disposal

pytestmark = pytest.mark.usefixtures("people")
THURSDAY = datetime(2031, 5, 8, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def told_at(at: datetime) -> int:
    with moved_to(at):
        return reminders.sweep(lapses.WATCHES)


def test_one_mail_a_week_while_something_waits() -> None:
    with moved_to(THURSDAY):
        for _file in range(3):
            waiting = Disposal(file=factories.sealed(), ground="erasure", reason="They asked for it.")
            waiting.proposed_by = person("compliance")
            waiting.propose(actor=person("compliance"))
    assert told_at(THURSDAY + DAY) == 0
    assert told_at(THURSDAY + 4 * DAY) == 1
    assert told_at(THURSDAY + 5 * DAY) == told_at(THURSDAY + 10 * DAY) == 0
    assert told_at(THURSDAY + 11 * DAY) == 1
    first, second = Message.objects.filter(kind="disposals_wait").order_by("id")
    assert first.recipient == second.recipient == person("custodian").email
    assert first.subject.endswith(": 3")


def test_none_where_nothing_waits() -> None:
    assert told_at(THURSDAY) == 0
