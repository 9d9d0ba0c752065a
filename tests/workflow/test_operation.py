"""`@operation`: who may, when, what is written down, and what is left when it fails."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connections, transaction

from tests.workflow.boxes import STRANGER, SYSTEM, Box, Card
from tipstaff.ledger.models import Event
from tipstaff.ledger.render import NotAFact
from tipstaff.permissions import Permission
from tipstaff.workflow import unit
from tipstaff.workflow.operations import available_to, operations_of
from tipstaff.workflow.refused import NotPermitted, Refused

pytestmark = pytest.mark.usefixtures("boxes")


def made(ref: str = "B-1", **columns: Any) -> Box:
    box = Box(ref=ref, **columns)
    box.create(actor=SYSTEM)
    return box


def kinds(box: Box) -> list[str]:
    return list(Event.objects.filter(stream=box.stream).order_by("seq").values_list("kind", flat=True))


def stored(record: Any) -> Any:
    return type(record).objects.get(pk=record.pk)


class TestPermission:
    def test_the_outermost_act_needs_it(self) -> None:
        box = made()
        box.close(actor=SYSTEM)
        with pytest.raises(NotPermitted) as refused:
            box.open(actor=STRANGER)
        assert (refused.value.permission, refused.value.about) == (Permission.CASE_LEAD, box.stream)
        assert (box.state, stored(box).state, kinds(box)) == ("shut", "shut", ["box.created", "box.closed"])

    def test_what_happens_inside_does_not(self) -> None:
        other = made("B-2")
        other.close(actor=SYSTEM)
        box = made()
        box.then = (lambda _box: other.open(actor=STRANGER),)
        box.close(actor=STRANGER)
        assert stored(other).state == "open"

    def test_a_record_that_does_not_exist_yet_is_named_by_its_kind(self) -> None:
        class Nobody:
            actor_kind, actor_ref = "person", "person:x"

            def may(self, permission: Permission) -> bool:
                return False

        with pytest.raises(NotPermitted) as refused:
            Box(ref="B-1").create(actor=Nobody())
        assert refused.value.about == "box"
        assert not Box.objects.exists()


class TestRefusal:
    def test_a_guard_says_why(self) -> None:
        box = made(note="sealed")
        with pytest.raises(Refused, match="The box is sealed"):
            box.close(actor=SYSTEM)
        assert (stored(box).state, kinds(box)) == ("open", ["box.created"])

    def test_a_guard_is_asked_inside_too_and_everything_around_is_undone(self) -> None:
        sealed, box = made("B-2", note="sealed"), made()
        box.then = (lambda _box: sealed.close(actor=SYSTEM),)
        with pytest.raises(Refused, match="The box is sealed"):
            box.close(actor=SYSTEM)
        assert [(b.state, b.note) for b in (box, stored(box))] == [("open", "")] * 2
        assert kinds(box) == ["box.created"]

    def test_the_state_says_why(self) -> None:
        box = made()
        with pytest.raises(Refused, match="B-1 is open by now, so this can no longer be done"):
            box.open(actor=SYSTEM)
        box.close(actor=SYSTEM)
        with pytest.raises(Refused, match="B-1 is shut by now"):
            box.close(actor=SYSTEM)

    def test_what_counts_is_the_row_and_not_what_memory_says(self) -> None:
        box, old = made(), None
        old = stored(box)
        box.close(actor=SYSTEM)
        with pytest.raises(Refused, match="B-1 is shut by now"):
            old.close(actor=SYSTEM)
        assert kinds(box) == ["box.created", "box.closed"]

    def test_it_is_brought_into_being_once(self) -> None:
        box = made()
        with pytest.raises(Refused, match="done already"):
            box.create(actor=SYSTEM)
        assert kinds(box) == ["box.created"]

    def test_buttons_show_what_could_be_done(self) -> None:
        box = made()
        assert [act.name for act in operations_of(Box)] == ["create", "close", "open", "weigh"]
        assert [act.name for act in available_to(box, SYSTEM)] == ["close", "weigh"]
        box.close(actor=SYSTEM)
        assert [act.name for act in available_to(box, SYSTEM)] == ["open", "weigh"]
        assert [act.name for act in available_to(box, STRANGER)] == ["weigh"]
        assert available_to(made("B-2", note="sealed"), SYSTEM) == []


class TestRow:
    def test_only_what_changed_is_written(self, django_assert_num_queries: Any) -> None:
        box = made()
        Box.objects.filter(pk=box.pk).update(weight=5)
        box.then = (lambda box: Box.objects.filter(pk=box.pk).update(weight=9),)
        box.close(actor=SYSTEM)
        assert (stored(box).state, stored(box).weight) == ("shut", 9)

    def test_an_act_that_changes_nothing_writes_no_row(self, django_assert_num_queries: Any) -> None:
        with django_assert_num_queries(5):  # savepoint, row, stream, event with its facts, savepoint
            box = made()
        with django_assert_num_queries(5):  # the lock in place of the row
            box.weigh(actor=SYSTEM, weight=0)


class TestEvent:
    def test_one_act_is_one_event_with_its_facts_and_changes(self) -> None:
        box = made()
        box.weigh(actor=STRANGER, weight=7)
        event = Event.objects.get(kind="box.weighed")
        assert event.stream_id == f"box:{box.pk}"
        assert event.told() == {
            "actor": {"kind": "link", "ref": "reporter"},
            "about": {"ref": "box:B-1", "id": str(box.pk)},
            "facts.weight": 7,
            "changes.weight": [0, 7],
        }

    def test_a_move_is_among_the_changes_and_the_answer_comes_through(self) -> None:
        box = made()
        assert box.close(actor=SYSTEM) == "shut it"
        told = Event.objects.get(kind="box.closed").told()
        assert {name: value for name, value in told.items() if name.startswith("changes.")} == {
            "changes.state": ["open", "shut"],
            "changes.note": ["", "shutting"],
        }

    def test_a_creation_tells_every_column(self) -> None:
        box = made(weight=3)
        told = Event.objects.get(kind="box.created").told()
        assert told["changes.weight"] == [None, 3]
        assert told["changes.id"] == [None, str(box.pk)]
        assert told["changes.state"] == [None, "open"]

    def test_events_stand_in_the_order_in_which_acts_began(self) -> None:
        box, other = made(), made("B-2")
        box.then = (
            lambda box: Card(box=box, text="one").add(actor=SYSTEM),
            lambda _box: other.close(actor=SYSTEM),
            lambda box: Card(box=box, text="two").add(actor=SYSTEM),
        )
        box.close(actor=SYSTEM)
        assert kinds(box) == ["box.created", "box.closed", "card.added", "card.added"]
        assert kinds(other) == ["box.created", "box.closed"]

    def test_a_record_without_a_state_works_the_same_way(self) -> None:
        box = made()
        card = Card(box=box, text="hello")
        card.add(actor=SYSTEM)
        card.change(actor=SYSTEM, text="bye")
        assert stored(card).text == "bye"
        assert kinds(box) == ["box.created", "card.added", "card.changed"]
        assert card.stream == box.stream

    def test_a_refusal_inside_that_is_caught_takes_its_events_and_rows_away_and_no_others(self) -> None:
        def try_it(box: Box) -> None:
            Card(box=box, text="before").add(actor=SYSTEM)
            other.then = (lambda _box: sealed.close(actor=SYSTEM),)
            with pytest.raises(Refused), transaction.atomic():
                other.close(actor=SYSTEM)
            Card(box=box, text="after").add(actor=SYSTEM)

        box, other, sealed = made(), made("B-2"), made("B-3", note="sealed")
        box.then = (try_it,)
        box.close(actor=SYSTEM)
        assert kinds(box) == ["box.created", "box.closed", "card.added", "card.added"]
        assert (kinds(other), stored(other).state, other.state, other.note) == (["box.created"], "open", "open", "")
        assert (stored(box).state, box.cards.count()) == ("shut", 2)


def fail(_box: Box) -> None:
    raise ZeroDivisionError


def break_a_constraint(box: Box) -> None:
    box.weight = -1


def tell_what_is_no_fact(box: Box) -> None:
    box.weigh(actor=SYSTEM, weight=1.5)


class TestMemory:
    """Whatever goes wrong, the object in memory is what it was: a form that is shown again must not lie."""

    @pytest.mark.parametrize(
        ("what", "error"),
        [(fail, ZeroDivisionError), (break_a_constraint, IntegrityError), (tell_what_is_no_fact, NotAFact)],
    )
    def test_a_failed_act_leaves_no_trace(self, what: Callable[[Box], None], error: type[Exception]) -> None:
        box = made(note="before")
        box.then = (what,)
        with pytest.raises(error):
            box.close(actor=SYSTEM)
        assert (box.state, box.note, box.weight) == ("open", "before", 0)
        assert (stored(box).state, stored(box).note, kinds(box)) == ("open", "before", ["box.created"])
        box.then = ()
        box.close(actor=SYSTEM)
        assert stored(box).state == "shut"

    @pytest.mark.parametrize(
        ("what", "error"),
        [(fail, ZeroDivisionError), (break_a_constraint, IntegrityError), (tell_what_is_no_fact, NotAFact)],
    )
    def test_a_creation_that_failed_can_be_tried_again(
        self, what: Callable[[Box], None], error: type[Exception]
    ) -> None:
        box = Box(ref="B-1")
        box.then = (what,)
        with pytest.raises(error):
            box.create(actor=SYSTEM)
        assert box._state.adding
        assert not isinstance(box.pk, str)
        assert not Box.objects.exists()
        box.then = ()
        box.create(actor=SYSTEM)
        assert stored(box) == box

    def test_a_related_record_in_memory_stays(self) -> None:
        box = made()
        card = Card(box=box, text="one")
        box.close(actor=SYSTEM)
        with pytest.raises(Refused, match="The box is shut"):
            card.add(actor=SYSTEM)
        assert card.box is box
        assert card._state.adding
        box.open(actor=SYSTEM)
        card.add(actor=SYSTEM)
        assert card.box is box

    def test_what_had_succeeded_inside_is_put_back_too(self) -> None:
        box, other, card = made(), made("B-2"), Card(text="one")
        card.box = other
        box.then = (lambda _box: card.add(actor=SYSTEM), lambda _box: other.close(actor=SYSTEM), fail)
        with pytest.raises(ZeroDivisionError):
            box.close(actor=SYSTEM)
        assert (other.state, other.note) == ("open", "")
        assert card._state.adding
        assert stored(other).state == "open"

    def test_a_failure_at_the_very_end_puts_everything_back(self) -> None:
        """The ledger refuses: a stream's name is too long for it."""
        box = Box(ref="B-1")
        box.reference_prefix = "b" * 190  # type: ignore[misc]
        with pytest.raises(Exception, match="too long"):
            box.create(actor=SYSTEM)
        assert box._state.adding
        del box.reference_prefix
        box.create(actor=SYSTEM)
        assert stored(box).state == "open"


class TestDeadlock:
    """Each act locks its own box and then the other's. PostgreSQL ends one of them, which is tried again."""

    def cross(self, first: Callable[[Callable], None], second: Callable[[Callable], None]) -> list[BaseException]:
        ready, trouble = threading.Barrier(2), []

        def wait_once() -> Callable[[Any], None]:
            waited: list[bool] = []

            def wait(_box: Any) -> None:
                if not waited:
                    waited.append(True)
                    ready.wait(10)

            return wait

        def run(act: Callable[[Callable], None]) -> None:
            try:
                act(wait_once())
            except BaseException as error:
                trouble.append(error)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=run, args=[act]) for act in (first, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        return trouble

    def test_the_loser_is_tried_again_and_both_happen_once(self) -> None:
        one, two = made("B-1"), made("B-2")

        def crossing(mine: Box, theirs: Box) -> Callable[[Callable], None]:
            def act(wait: Callable) -> None:
                box, other = stored(mine), stored(theirs)
                box.then = (wait, lambda _box: other.weigh(actor=SYSTEM, weight=other.weight + 1))
                box.close(actor=SYSTEM)

            return act

        assert not self.cross(crossing(one, two), crossing(two, one))
        assert {stored(box).state for box in (one, two)} == {"shut"}
        assert sorted(kinds(one)) == sorted(kinds(two)) == ["box.closed", "box.created", "box.weighed"]

    def test_a_creation_that_lost_is_tried_again(self) -> None:
        one, two = made("B-1"), made("B-2")

        def creating(ref: str, order: tuple[Box, Box]) -> Callable[[Callable], None]:
            def act(wait: Callable) -> None:
                first, second = (stored(box) for box in order)
                box = Box(ref=ref)
                box.then = (
                    lambda _box: first.weigh(actor=SYSTEM, weight=5),
                    wait,
                    lambda _box: second.weigh(actor=SYSTEM, weight=5),
                )
                box.create(actor=SYSTEM)

            return act

        assert not self.cross(creating("B-3", (one, two)), creating("B-4", (two, one)))
        assert Box.objects.filter(ref__in=["B-3", "B-4"]).count() == 2
        assert kinds(one).count("box.weighed") == 2

    def test_inside_somebody_elses_transaction_it_is_not_tried_again(self) -> None:
        one, two = made("B-1"), made("B-2")

        def crossing(mine: Box, theirs: Box) -> Callable[[Callable], None]:
            def act(wait: Callable) -> None:
                box, other = stored(mine), stored(theirs)
                box.then = (wait, lambda _box: other.weigh(actor=SYSTEM, weight=9))
                with transaction.atomic():
                    box.close(actor=SYSTEM)

            return act

        trouble = self.cross(crossing(one, two), crossing(two, one))
        assert [type(error) for error in trouble] == [OperationalError]
        assert sorted(stored(box).state for box in (one, two)) == ["open", "shut"]

    def test_another_failure_of_the_database_is_not_tried_again(self) -> None:
        box, tries = made(), []

        def fail(_box: Box) -> None:
            tries.append(1)
            with connections["default"].cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout = 10")
                cursor.execute("SELECT pg_sleep(1)")

        box.then = (fail,)
        with pytest.raises(OperationalError, match="statement timeout"):
            box.close(actor=SYSTEM)
        assert len(tries) == 1
        assert unit._current.get() is None
