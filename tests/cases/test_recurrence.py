"""Which earlier decisions count: what the account holder knew of, each time once, whatever the order of the rows."""

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.models import Case, Decision
from cases.models.recurrence import Standing, strikes
from cases.views.context import earlier_of
from tests import factories
from tests.factories import person
from tipstaff.accounts.models import Subject
from tipstaff.time import moved_to, now

DAY = timedelta(days=1)
START = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Told:
    pk: int
    conduct_at: datetime
    issued_at: datetime


TOLD = st.builds(
    lambda pk, day, later: Told(pk, START + day * DAY, START + (day + later) * DAY),
    st.integers(0, 10_000), st.integers(0, 90), st.integers(0, 30),
)  # fmt: skip


class TestStrikes:
    @given(st.lists(TOLD, max_size=8, unique_by=lambda one: one.pk), st.randoms())
    def test_the_order_changes_nothing(self, found: list[Any], random: Any) -> None:
        mixed = list(found)
        random.shuffle(mixed)
        assert strikes(mixed) == strikes(found)

    @given(st.lists(TOLD, max_size=8, unique_by=lambda one: one.pk))
    def test_between_two_that_count_somebody_was_told(self, found: list[Any]) -> None:
        counted = strikes(found)
        assert bool(counted) == bool(found)
        for one, following in itertools.pairwise(counted):
            assert following.conduct_at >= one.issued_at

    @given(st.lists(TOLD, max_size=8, unique_by=lambda one: one.pk), TOLD)
    def test_one_that_falls_leaves_what_there_would_have_been_without_it(self, found: list[Any], fallen: Any) -> None:
        """Voiding a strike and counting again equals the history in which it never existed."""
        rest = [one for one in found if one.pk != fallen.pk]
        assert strikes(one for one in [*rest, fallen] if one != fallen) == strikes(rest)


@pytest.mark.usefixtures("people")
class TestNoStacking:
    def account_with_two(self, second_day: int) -> tuple[Subject, list[Decision]]:
        """Two breaches of one night's kind: the second decided five days after the first."""
        account, first_at = factories.subject(), now()
        first = factories.issued(case_columns={"about": account}, conduct_at=first_at - DAY)
        with moved_to(first_at + 5 * DAY):
            second = factories.issued(
                case_columns={"about": account}, conduct_at=first_at + second_day * DAY + timedelta(hours=1)
            )
        return account, [first, second]

    def at(self, account: Subject, days: int) -> tuple[Case, Decision]:
        with moved_to(now() + days * DAY):
            case = factories.claimed(about=account)
            return case, factories.draft(case, conduct_at=now())

    def test_what_was_done_before_the_first_notice_is_one_strike_with_it(self) -> None:
        account, decisions = self.account_with_two(-2)
        assert decisions[1].recurrence == "first"
        _case, draft = self.at(account, 60)
        assert draft.recommend().recurrence == "repeat"
        said = {one.decision.pk: one.standing for one in earlier_of(draft)}
        assert said == {decisions[0].pk: Standing.COUNTS, decisions[1].pk: Standing.SAME_STRIKE}

    def test_what_was_done_after_it_is_another(self) -> None:
        account, decisions = self.account_with_two(2)
        assert decisions[1].recurrence == "persistent"  # while the rate limit of the first was in force
        _case, draft = self.at(account, 60)
        assert len(draft.recommend().counted) == 2

    def test_its_measure_runs_beside_the_first(self) -> None:
        _account, (first, second) = self.account_with_two(-2)
        ends = [one.sanctions.get(kind="rate_limit").ends_at for one in (first, second)]
        assert abs(ends[0] - ends[1]) < timedelta(minutes=1)

    def test_the_first_that_falls_leaves_the_second_as_the_strike(self) -> None:
        account, (first, second) = self.account_with_two(-2)
        _case, draft = self.at(account, 60)
        first.reverse(actor=factories.SYSTEM, reason="It did not stand.")
        assert draft.recommend().counted == [second]

    def test_each_reason_is_said(self) -> None:
        account = factories.subject()
        clear = factories.issued(case_columns={"about": account}, outcome="no_breach", by="reviewer")
        other = factories.issued(case_columns={"about": account, "code": "CY-01", "severity": 3})
        fell = factories.issued(case_columns={"about": account})
        fell.reverse(actor=factories.SYSTEM, reason="It did not stand.")
        contested = factories.issued(case_columns={"about": account})
        contested.contest(actor=factories.SYSTEM)
        counts = factories.issued(case_columns={"about": account}, conduct_at=now())
        _case, draft = self.at(account, 90)
        said = {one.decision.pk: one.standing for one in earlier_of(draft)}
        assert said == {
            clear.pk: Standing.NO_BREACH, other.pk: Standing.OTHER_RULES, fell.pk: Standing.FELL,
            contested.pk: Standing.CONTESTED, counts.pk: Standing.COUNTS,
        }  # fmt: skip
        draft.conduct_at = counts.issued_at - timedelta(minutes=1)
        assert {one.decision.pk: one.standing for one in earlier_of(draft)}[counts.pk] == Standing.TOLD_LATER
        draft.conduct_at = counts.issued_at + 181 * DAY
        assert {one.decision.pk: one.standing for one in earlier_of(draft)}[counts.pk] == Standing.EXPIRED

    def test_silence_that_the_law_asks_for_is_no_notice(self) -> None:
        from cases.models import Withholding

        account = factories.subject()
        decision = factories.proposed(case_columns={"about": account})
        Withholding.objects.create(
            case=decision.case, authority="The court", order_ref="1/26", basis="Art. 18", until=now() + 40 * DAY,
            ordered_by=person("custodian"),
        )  # fmt: skip
        decision.issue(actor=person("senior"))
        _case, draft = self.at(account, 10)
        assert draft.recommend().recurrence == "first"
        draft.conduct_at = now() + 50 * DAY
        assert draft.recommend().recurrence == "repeat"


class TestConsole:
    def test_earlier_decisions_are_folded_until_there_is_a_severity(self, enter: Any, people: dict) -> None:
        account = factories.subject()
        earlier = factories.issued(case_columns={"about": account})
        case = factories.claimed(about=account)
        browser = enter("reviewer")
        assert '<details data-after="severity">' in browser.get(case.get_absolute_url()).content.decode()
        browser.post(f"/desk/cases/{case.ref}/draft/", {"severity": "3"})
        page = browser.get(case.get_absolute_url()).content.decode()
        assert '<details open data-after="severity">' in page
        assert earlier.ref in page
