"""The last days of the right to appeal, and appeals that lie: who is told, once, and not when it is moot."""

from datetime import datetime, timedelta

import pytest
from dateutil.relativedelta import relativedelta

from appeals import lapses
from appeals.models import Appeal
from cases.models import Decision
from cases.statement import appeal_closes_at
from tests import factories
from tests.factories import person
from tipstaff.accounts.models import User
from tipstaff.notices import outbox, reminders
from tipstaff.notices.models import Message
from tipstaff.time import moved_to
from tipstaff.workflow.refused import Refused

pytestmark = pytest.mark.usefixtures("people")
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def told_at(at: datetime) -> int:
    with moved_to(at):
        return reminders.sweep(lapses.WATCHES)


def mails(kind: str) -> list[Message]:
    return list(Message.objects.filter(kind=kind).order_by("id"))


@pytest.fixture
def decision() -> Decision:
    """One whose notice was handed over."""
    decided = factories.issued()
    message = Message.objects.get(kind="decision_issued", about=decided.reference)
    message.hand_over(actor=outbox.OUTBOX)
    return decided


class TestTheLastDaysToAppeal:
    def test_are_told_once_two_weeks_before(self, decision: Decision) -> None:
        closes = appeal_closes_at(decision)
        assert told_at(closes - 14 * DAY - SECOND) == 0
        assert told_at(closes - 14 * DAY) == 1
        assert told_at(closes - DAY) == 0
        (mail,) = mails("appeal_window")
        assert f"{closes.day} {closes:%B %Y}" in mail.subject
        assert "/notice/" in mail.text
        assert mail.recipient == decision.case.subject.contact

    @pytest.mark.parametrize("day", [(2027, 8, 31), (2028, 2, 29), (2027, 12, 30)])
    def test_end_when_the_window_does_in_any_month(self, day: tuple[int, int, int]) -> None:
        """SQL and Python count months alike."""
        at = datetime(*day, 12, tzinfo=factories.now().tzinfo)
        with moved_to(at):
            decided = factories.issued(conduct_at=at - DAY)
            Message.objects.get(about=decided.reference, kind="decision_issued").hand_over(actor=outbox.OUTBOX)
        (found,) = lapses.windows_closing(at + relativedelta(months=6) - 3 * DAY)
        assert found.ends == appeal_closes_at(decided) == at + relativedelta(months=6)

    def test_are_told_late_while_there_is_time_and_not_after(self, decision: Decision) -> None:
        closes = appeal_closes_at(decision)
        assert told_at(closes) == 0
        assert told_at(closes - SECOND) == 1

    def test_are_not_told_to_who_appealed_nor_of_what_was_never_delivered(self, decision: Decision) -> None:
        closes = appeal_closes_at(decision)
        factories.lodged(decision)
        factories.issued()
        assert told_at(closes - DAY) == 0

    def test_are_not_told_of_what_fell(self, decision: Decision) -> None:
        closes = appeal_closes_at(decision)
        factories.taken_up(decision).reverse(actor=person("appeals"), reasons=factories.REASONS)
        assert told_at(closes - DAY) == 0


class TestAnAppealThatLies:
    def test_is_told_to_the_lead_after_a_week_and_others_may_take_it_up(self) -> None:
        appeal = factories.taken_up()
        other = second_reviewer()
        with pytest.raises(Refused, match="hears this appeal"):
            appeal.take_up(actor=other)
        at = appeal.taken_up_at + 7 * DAY
        assert told_at(at - SECOND) == 0
        assert told_at(at) == 1
        assert told_at(at + DAY) == 0
        (mail,) = mails("left_untouched")
        assert mail.recipient == person("lead").email
        assert person("appeals").name in mail.text
        with moved_to(at):
            with pytest.raises(Refused, match="hears this appeal"):
                appeal.take_up(actor=person("appeals"))
            appeal.take_up(actor=other)
            assert appeal.reviewer == other
            with pytest.raises(Refused, match="hears this appeal"):
                appeal.uphold(actor=person("appeals"), reasons=factories.REASONS)
            appeal.uphold(actor=other, reasons=factories.REASONS)

    def test_goes_over_at_once_when_who_heard_it_has_left(self) -> None:
        appeal = factories.taken_up()
        User.objects.filter(pk=appeal.reviewer_id).update(is_active=False)
        Appeal.objects.get(pk=appeal.pk).take_up(actor=second_reviewer())

    def test_is_not_told_of_once_it_is_decided(self) -> None:
        appeal = factories.taken_up()
        appeal.uphold(actor=person("appeals"), reasons=factories.REASONS)
        assert told_at(appeal.taken_up_at + 8 * DAY) == 0


def second_reviewer() -> User:
    """Somebody else who may hear appeals and had no part."""
    User.objects.filter(pk=person("product").pk).update(roles=["appeals_reviewer"])
    return person("product")
