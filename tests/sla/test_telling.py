"""Who is told of a level, by mail and by webhook: once, of the highest, and only what they may see."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import factories
from tests.cases.test_gateway import shape
from tipstaff.notices import events
from tipstaff.notices.models import Delivery, Message
from tipstaff.permissions import Role
from tipstaff.sla import clocks, telling
from tipstaff.sla.levels import HEARD_BY, HEARD_OF_KIND, hearers
from tipstaff.sla.models import LEVELS, Clock, Kind, Untold
from tipstaff.sla.sweep import sweep
from tipstaff.time import moved_to

pytestmark = pytest.mark.usefixtures("people")
START = datetime(2031, 3, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
SINGLE, LIST = "clock_escalated", "clocks_escalated"


def started(count: int, kind: Kind = Kind.DECISION) -> list[Clock]:
    """Clocks about accounts, 24 hours each, a second apart."""
    made = []
    for number in range(count):
        with moved_to(START + timedelta(seconds=number)):
            made.append(clocks.start(factories.subject(f"acct_{number:03}"), kind, severity=4))
    return made


def swept(length: timedelta) -> int:
    with moved_to(START + length):
        return sweep()


def mailed(mailbox: str) -> list[Message]:
    mails = Message.objects.filter(kind__in=[SINGLE, LIST], recipient=f"{mailbox}@demo.example")
    return list(mails.order_by("queued_at", "id"))


def killed() -> None:
    raise KeyboardInterrupt


class TestMail:
    def test_many_are_one_mail_a_person_and_sweep(self) -> None:
        started(3)
        assert swept(DAY * 1.1) == 3
        (mail,) = mailed("lead")
        assert mail.kind == LIST
        assert mail.about == factories.person("lead").reference
        assert mail.subject == "3 matters are late or due soon"
        places = [mail.text.index(f"acct_{number:03}") for number in range(3)]
        assert places == sorted(places), "the longest overdue comes first"
        assert "/clocks/mine/" in mail.text
        assert mailed("head") == []

    def test_a_single_one_reads_for_itself(self) -> None:
        started(1)
        swept(DAY * 1.1)
        (mail,) = mailed("lead")
        assert (mail.kind, mail.about) == (SINGLE, "subject:acct_000")
        assert "is late" in mail.subject

    def test_no_more_than_so_many_are_listed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(telling, "SHOWN", 2)
        started(5)
        swept(DAY * 1.1)
        (mail,) = mailed("lead")
        assert "acct_001" in mail.text
        assert "acct_002" not in mail.text
        assert "And 3 more." in mail.text

    def test_each_sweep_tells_of_what_is_new(self) -> None:
        started(2)
        for percent in (60, 80, 110, 120, 160, 210, 250):
            swept(DAY * percent / 100)
        assert len(mailed("lead")) == 3  # at 100, 150 and 200 %
        assert len(mailed("head")) == 2
        assert not Untold.objects.exists()

    def test_what_was_done_meanwhile_needs_no_mail(self) -> None:
        clock = started(1)[0]
        with moved_to(START + DAY * 1.1):
            clocks.stop(factories.Subject.objects.get(external_id="acct_000"), Kind.DECISION)
            assert list(clock.alerts.values_list("level", flat=True).order_by("level")) == [50, 75, 100]
            sweep()
        assert not Message.objects.filter(kind__in=[SINGLE, LIST]).exists()
        assert not Untold.objects.exists()

    @pytest.mark.parametrize("matters", [1, 2])
    def test_who_may_not_see_a_matter_hears_its_reference_alone(self, matters: int) -> None:
        """The chair hears at twice the time, and is led to the board, which shows her references and no more."""
        with moved_to(START):
            cases = [factories.case(code="SP-03", severity=1) for _number in range(matters)]
        swept(DAY * 100)
        assert Role.CHAIR in hearers(Kind.DECISION, 200)
        (mail,) = mailed("chair")
        assert "/clocks/" in mail.text
        for case in cases:
            assert case.ref in mail.text
            assert case.get_absolute_url() not in mail.text
            assert case.subject.external_id not in mail.text

    def test_who_has_no_board_either_hears_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tipstaff.sla.telling.hearers", lambda _kind, _level: frozenset({Role.POLICY_EDITOR}))
        monkeypatch.setattr("tipstaff.sla.telling.heard_at_all", lambda: frozenset({Role.POLICY_EDITOR}))
        started(2)
        swept(DAY * 2.1)
        assert mailed("policy") == []

    def test_what_the_killed_sweep_had_no_time_to_tell_is_told_by_the_next(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        started(2)
        with monkeypatch.context() as patched:
            patched.setattr("tipstaff.sla.sweep.tell", killed)
            with pytest.raises(KeyboardInterrupt):
                swept(DAY * 1.1)
        assert mailed("lead") == []
        swept(DAY * 1.2)
        assert [mail.subject for mail in mailed("lead")] == ["2 matters are late or due soon"]

    def test_the_number_of_queries_does_not_grow_with_the_number_of_matters(self) -> None:
        def queries(count: int) -> int:
            Clock.objects.update(next_check_at=None)
            for _number in range(count):
                with moved_to(START):
                    clocks.start(factories.subject(), Kind.DECISION, severity=4)
            with CaptureQueriesContext(
                connection,
            ) as seen:
                assert swept(DAY * 1.1) == count
            return len(seen)

        assert queries(12) == queries(3)


class TestWhoHears:
    @pytest.mark.parametrize("kind", Kind)
    def test_whoever_hears_of_a_level_hears_of_the_graver_ones(self, kind: Kind) -> None:
        heard = [hearers(kind, level) for level in LEVELS]
        assert all(less <= more for less, more in pairwise(heard))
        assert heard[2], "somebody hears of every breach"

    def test_the_tables_name_kinds_and_levels_that_exist(self) -> None:
        assert set(HEARD_OF_KIND) <= set(Kind)
        assert all(tuple(part) == LEVELS for part in (HEARD_BY, *HEARD_OF_KIND.values()))


class TestWebhook:
    def bodies(self) -> list[dict]:
        return [json.loads(body) for body in Delivery.objects.order_by("pk").values_list("body", flat=True)]

    def test_each_takes_the_highest_level_of_what_it_takes_with_the_keys_of_the_example(self) -> None:
        factories.endpoint("http://127.0.0.1:9/all")
        factories.endpoint("http://127.0.0.1:9/breaches", types=["clock.breached"])
        clock = started(1)[0]
        for percent in (60, 110, 210):
            swept(DAY * percent / 100)
        bodies = self.bodies()
        told = [(body["type"], body["data"]["clock"]["level"]) for body in bodies]
        breached = [("clock.breached", 100)] * 2
        assert told == [("clock.warned", 50), *breached, ("clock.escalated", 200)]
        for body in bodies:
            assert shape(body) == shape(events.TYPES[body["type"]].example)
            assert (body["data"]["clock"]["id"], body["data"]["about"]) == (str(clock.pk), "subject:acct_000")

    def test_after_an_outage_a_taker_of_breaches_hears_of_the_breach(self) -> None:
        factories.endpoint("http://127.0.0.1:9/breaches", types=["clock.breached"])
        started(2)
        swept(9 * DAY)
        (body, _other) = self.bodies()
        assert (body["type"], body["data"]["clock"]["reached_at"]) == ("clock.breached", "2031-03-02T12:00:00Z")


class TestPage:
    def test_it_shows_own_work_and_what_one_was_told_of(self, enter: Callable[[str], Client]) -> None:
        with moved_to(START):
            held, other = factories.claimed(code="VE-02", severity=4), factories.case(code="VE-02", severity=4)
        swept(DAY * 1.1)
        with moved_to(START + DAY * 1.1):
            lead, reviewer = enter("lead").get("/clocks/mine/"), enter("reviewer").get("/clocks/mine/")
        assert {line.record.reference for line in reviewer.context["own"]} >= {held.reference}
        assert reviewer.context["told"] == []
        assert {held.reference, other.reference} <= {line.record.reference for line in lead.context["told"]}
        due = [line.clock.due_at for line in lead.context["told"]]
        assert due == sorted(due)
        assert "late" in lead.text

    def test_it_shows_nobody_what_they_may_not_see(self, enter: Callable[[str], Client]) -> None:
        with moved_to(START):
            case = factories.case(code="VE-02", severity=4)
        swept(DAY * 3)
        for mailbox in ("chair", "admin", "policy"):
            page = enter(mailbox).get("/clocks/mine/")
            assert (page.status_code, page.context["told"]) == (200, [])
            assert case.ref not in page.text
            assert "Nothing is running out" in page.text

    def test_it_goes_on_where_the_page_before_ended_in_few_queries(
        self, enter: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tipstaff.sla.views.mine.PAGE", 2)
        started(5)
        swept(DAY * 1.1)
        browser, address, seen = enter("lead"), "/clocks/mine/", []
        while address:
            with CaptureQueriesContext(connection) as queries:
                page = browser.get(address)
            assert len(queries) <= 12
            seen += [line.record.title for line in page.context["told"]]
            address = page.context["next_url"]
        assert len(seen) == len(set(seen)) == 5

    @pytest.mark.parametrize(
        "after", ["x", "_", "2031-01-01_x", "2031-01-01T00:00:00_0198f0d2-0000-7000-8000-000000000000"]
    )
    def test_a_place_that_is_none_is_the_first_page(self, enter: Callable[[str], Client], after: str) -> None:
        assert enter("lead").get("/clocks/mine/", {"after": after}).status_code == 200

    def test_it_needs_a_sign_in(self, client: Client) -> None:
        assert client.get("/clocks/mine/").status_code == 302
