"""The board of clocks: what is late, due or still, who may see what of it, and how a reason gets there."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from oversight.clock_board import LISTS, MANY, PAGE, Board
from tests import factories
from tests.sla.many import as_planned, many_clocks
from tipstaff.ledger.models import Event
from tipstaff.sla.attainment import counted
from tipstaff.sla.models import Clock
from tipstaff.sla.sweep import sweep
from tipstaff.time import moved_to

START = datetime(2031, 3, 3, 12, 0, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
BOARD = "/clocks/"
WHY = {"reason": "language", "comment": "Nobody on the shift reads Arabic: لم يقرأها أحد."}


@pytest.fixture
def read(client, people):
    def page(address: str, by: str = "lead", **query: Any) -> str:
        client.force_login(factories.person(by))
        with moved_to(START):
            return " ".join(client.get(address, query).content.decode().split())

    return page


@pytest.fixture
def send(client, people):
    def post(address: str, by: str = "lead", **typed: Any) -> Any:
        client.force_login(factories.person(by))
        with moved_to(START):
            return client.post(address, typed)

    return post


def late_case(by: timedelta = 3 * HOUR, **columns: Any) -> tuple[Any, Clock]:
    """A case whose decision (severity 2: 14 days) is late by this much at START, seen by a sweep."""
    with moved_to(START - 14 * DAY - by):
        made = factories.case(**columns)
    with moved_to(START):
        sweep()
    return made, Clock.objects.about(made).get(kind="decision")


def rows(page: str) -> list[str]:
    return re.findall(r"<th scope=\"row\">.*?</tr>", page)


class TestLists:
    def test_an_empty_board_says_that_nothing_is_late(self, read):
        assert "Nothing is late. That is the goal." in read(BOARD)
        assert "Nothing is due so soon." in read(BOARD, list="due")
        assert "No clock stands still." in read(BOARD, list="still")
        assert "Everything that was missed has its reason." in read(BOARD, list="explain")
        assert "As soon as a clock is stopped or runs out" in read("/clocks/attainment/")

    def test_the_most_overdue_stands_first_with_its_target_and_calendar(self, read):
        recent, _clock = late_case(3 * HOUR)
        oldest, _clock = late_case(5 * DAY)
        first, second = rows(read(BOARD, kind="decision"))
        assert oldest.ref in first
        assert "missed by 5 days" in first
        assert recent.ref in second
        assert "Missed by 3 hours; the target is 14 days, and it was due Mon 3 Mar 09:00" in second
        assert "Decision, severity 2: 14 days" in second
        assert "around the clock" in second

    def test_what_no_sweep_has_seen_is_late_all_the_same(self, read):
        with moved_to(START - 15 * DAY):
            made = factories.case()
        assert "missed by 24 hours" in rows(read(BOARD, kind="decision"))[0]
        assert made.ref in read(BOARD)

    def test_due_within_hours_the_soonest_first(self, read):
        for left in (30 * HOUR, 2 * HOUR, 20 * HOUR):
            with moved_to(START - 14 * DAY + left):
                factories.case()
        assert [re.search(r"(\d+) hours left", row)[1] for row in rows(read(BOARD, list="due"))] == ["2", "20"]
        assert len(rows(read(BOARD, list="due", hours="4"))) == 1
        assert len(rows(read(BOARD, list="due", hours="168"))) == 3

    def test_what_stands_still_says_for_whom_and_until_when(self, read):
        with moved_to(START - DAY):
            held = factories.claimed()
            held.await_information(actor=factories.person("reviewer"), awaiting="account_holder", question="Who?")
        (row,) = rows(read(BOARD, list="still"))
        assert "Stands still: waiting for the account holder; goes on by itself Sun 16 Mar 12:00" in row
        assert rows(read(BOARD, list="due", hours="168")) == []

    def test_it_can_be_narrowed_by_kind_severity_and_hands(self, read):
        with moved_to(START - 15 * DAY):
            mine = factories.claimed("lead")
            factories.case(severity=3, code="SP-03")
        lead = str(factories.person("lead").pk)
        assert len(rows(read(BOARD, kind="decision"))) == 2
        assert mine.ref in read(BOARD, owner=lead, kind="decision")
        assert len(rows(read(BOARD, owner=lead, kind="decision"))) == 1
        assert all('data-level="3"' in row for row in rows(read(BOARD, severity="3")))
        assert "No clock matches" in read(BOARD, kind="waiver")
        assert len(rows(read(BOARD, kind="nonsense", severity="9", owner="me", hours="-1"))) > 1

    def test_pages_go_on_where_the_last_one_ended(self, read, people):
        many_clocks(PAGE + 20, START - 2 * DAY)
        first = read(BOARD)
        assert len(rows(first)) == PAGE
        after = re.search(r'rel="next" href="([^"]+)"', first)[1].replace("&amp;", "&")
        second = read(f"{BOARD}{after}")
        refs = re.findall(r"N-O\d+", first + second)
        assert len(set(refs)) == PAGE + 20
        assert "Missed and still open" in read(f"{BOARD}?after=nonsense~1")


class TestSight:
    def test_who_may_not_see_a_record_sees_its_reference_only(self, read):
        made, _clock = late_case()
        assert f'href="{made.get_absolute_url()}"' in read(BOARD)
        page = read(BOARD, by="admin")
        assert f'<span class="id">{made.ref}</span>' in page
        assert f'href="{made.get_absolute_url()}"' not in page
        assert "not for you to see" in page
        assert "Say why" not in page

    def test_the_page_of_a_clock_is_for_who_sees_its_record_or_has_the_board(self, client, read):
        _made, clock = late_case()
        address = reverse("board:clock", args=[clock.pk])
        for mailbox, status in (("lead", 200), ("reviewer", 200), ("admin", 200), ("policy", 404), ("legal", 404)):
            client.force_login(factories.person(mailbox))
            assert client.get(address).status_code == status, mailbox

    def test_the_nav_shows_the_way_to_who_has_the_board(self, read):
        assert f'href="{BOARD}"' in read("/", by="lead")
        assert f'href="{BOARD}"' not in read("/", by="reviewer")


class TestReasons:
    def test_a_reason_is_asked_for_and_kept_with_who_said_it(self, read, send):
        made, clock = late_case()
        address = reverse("board:explain", args=[clock.pk])
        assert "Say why it was late" in read(reverse("board:clock", args=[clock.pk]), by="reviewer")
        answer = send(address, by="reviewer", **WHY)
        assert answer.url == made.get_absolute_url()
        clock.refresh_from_db()
        assert (clock.breach_reason, clock.explained_by) == ("language", factories.person("reviewer"))
        assert made.ref not in read(BOARD, list="explain")
        assert "لم يقرأها أحد" in read(reverse("board:clock", args=[clock.pk]))

    def test_it_can_be_corrected_and_both_stay_in_the_history(self, send):
        _made, clock = late_case()
        address = reverse("board:explain", args=[clock.pk])
        send(address, **WHY)
        assert send(address, by="head", back="board", reason="volume", comment="Twice the reports.").url.endswith(
            "?list=explain"
        )
        told = [event.told() for event in Event.objects.filter(kind="clock.explained").order_by("seq")]
        assert [facts["facts.reason"] for facts in told] == ["language", "volume"]

    def test_what_was_typed_is_kept_when_something_is_missing_or_too_long(self, send):
        _made, clock = late_case()
        address = reverse("board:explain", args=[clock.pk])
        for typed in (
            {"reason": "language", "comment": ""},
            {"reason": "", "comment": "Kept."},
            WHY | {"comment": "x" * 5000},
        ):
            answer = send(address, **typed)
            assert answer.status_code == 422
        assert "x" * 5000 in answer.content.decode()
        assert Clock.objects.get(pk=clock.pk).breach_reason == ""

    def test_what_was_not_missed_is_not_explained(self, read, send):
        with moved_to(START - HOUR):
            made = factories.case()
        clock = Clock.objects.about(made).get()
        answer = send(reverse("board:explain", args=[clock.pk]), **WHY)
        assert answer.status_code == 409
        assert "This target was not missed." in answer.content.decode()

    def test_only_who_may_see_the_record_can_say_why(self, send):
        _made, clock = late_case()
        address = reverse("board:explain", args=[clock.pk])
        assert send(address, by="policy", **WHY).status_code == 404  # explains feedback, sees no cases
        assert send(address, by="chair", **WHY).status_code == 409  # has the board, sees no cases
        assert send(address, by="admin", **WHY).status_code == 403
        assert Clock.objects.get(pk=clock.pk).breach_reason == ""

    def test_ones_own_stand_first(self, read):
        late_case(HOUR)
        with moved_to(START - 15 * DAY):
            mine = factories.claimed("lead")
        with moved_to(START):
            sweep()
        page = read(BOARD, list="explain")
        own = page[page.index("Yours to explain") : page.index("Missed by others")]
        assert mine.ref in own
        assert len(re.findall(rf">{mine.ref}</a>", page)) == 1


class TestSize:
    def test_a_full_board_takes_twelve_queries_at_most(self, client, people, django_assert_max_num_queries):
        many_clocks(PAGE, START - 2 * DAY)
        for _number in range(3):
            late_case()
        with moved_to(START - 60 * DAY):
            factories.lodged()
            factories.waiver()
            factories.feedback()
        client.force_login(factories.person("lead"))
        for name in LISTS:
            with moved_to(START), django_assert_max_num_queries(12):
                assert client.get(BOARD, {"list": name}).status_code == 200

    def test_each_list_reads_its_own_index(self, clone):
        many_clocks(4000, START - 2 * DAY)
        many_clocks(4000, START - 90 * DAY, done=True)
        as_planned()
        board = Board(START)
        wanted = {
            "missed": "clock_open_by_promise",
            "due": "clock_open_by_promise",
            "still": "clock_still",
            "explain": "clock_missed",
        }
        for name, index in wanted.items():
            plan = json.dumps(json.loads(board.list_of(name)[: PAGE + 1].explain(format="json")))
            assert index in plan, name
            assert "Seq Scan" not in plan, name

    def test_attainment_reads_indexes_and_not_everything(self, clone):
        many_clocks(8000, START - 400 * DAY, done=True)
        many_clocks(300, START + DAY)
        as_planned()
        plan = counted(START).explain()
        assert "clock_stopped" in plan
        assert "clock_open_by_promise" in plan
        assert "Seq Scan" not in plan

    def test_counts_end_somewhere(self, read, people):
        many_clocks(MANY + 200, START - 2 * DAY)
        assert Board(START).counts()["missed"] == MANY + 1
        assert "<b>999+</b>" in read(BOARD)
