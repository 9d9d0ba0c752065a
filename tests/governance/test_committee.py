"""The committee: who may be seated, and when it is one at all."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from governance.models import Committee, Membership
from governance.quorum import SEATS_MINIMUM, Seat, lacking
from tests import factories
from tests.factories import person
from tipstaff.ledger.models import Event
from tipstaff.time import now
from tipstaff.workflow.refused import NotPermitted, Refused

pytestmark = pytest.mark.usefixtures("people")
FINE = [Seat("ethics", False, True), Seat("legal", False, True), Seat("engineering", True, True)] + [
    Seat("external", True, False)
] * 2


class TestComposition:
    def test_five_mixed_people_are_a_committee(self) -> None:
        assert lacking(FINE) == []

    @pytest.mark.parametrize(
        ("seats", "said"),
        [
            (FINE[:4], "1 more member is needed."),
            (FINE[:2], "3 more members are needed."),
            ([Seat("legal", n == 0, n != 1) for n in range(5)], "same function"),
            ([Seat(seat.function, False, seat.affiliated) for seat in FINE], "works in the field"),
            ([Seat(seat.function, True, seat.affiliated) for seat in FINE], "outside the field"),
            ([Seat(seat.function, seat.in_field, True) for seat in FINE], "no tie to the provider"),
        ],
    )
    def test_what_is_missing_is_said(self, seats: list[Seat], said: str) -> None:
        assert any(said in sentence for sentence in lacking(seats))

    def test_nobody_at_all_lacks_everything(self) -> None:
        assert len(lacking([])) == 5
        assert SEATS_MINIMUM == 5


class TestSeat:
    def test_a_committee_of_six_is_constituted(self) -> None:
        made = factories.committee()
        assert made.lacking(now()) == []
        assert made.seated(now()).count() == 6

    def test_an_empty_one_is_not(self) -> None:
        assert "5 more members are needed." in factories.committee(seats=[]).lacking(now())

    def test_only_compliance_constitutes(self) -> None:
        for mailbox in ("chair", "member1", "admin", "head", "auditor"):
            with pytest.raises(NotPermitted):
                Committee(name="Another", remit="None").establish(actor=person(mailbox))

    def test_nobody_is_seated_twice_nor_by_plain_sql(self) -> None:
        made = factories.committee()
        seat = made.seated(now()).get(person=person("member1"))
        again = {"committee": made, "person": seat.person, "function": "legal", "in_field": False, "affiliated": True}
        with pytest.raises(Refused, match="seated already"):
            Membership(**again).seat(actor=person("compliance"))
        with pytest.raises(IntegrityError), transaction.atomic():
            Membership.objects.create(**again)

    def test_nobody_seats_themselves(self) -> None:
        both = person("compliance")
        both.change_roles(actor=factories.SYSTEM, roles=["compliance", "member"])
        seat = Membership(
            committee=factories.committee(), person=both, function="legal", in_field=False, affiliated=True
        )
        with pytest.raises(Refused, match="cannot seat yourself"):
            seat.seat(actor=person("compliance"))

    def test_it_takes_the_role_first(self) -> None:
        seat = Membership(
            committee=factories.committee(), person=person("lead"), function="legal", in_field=True, affiliated=True
        )
        with pytest.raises(Refused, match="no role in a committee"):
            seat.seat(actor=person("compliance"))

    def test_leaving_is_computed_and_kept(self) -> None:
        made = factories.committee()
        before = now()
        seat = made.seated(now()).get(person=person("member4"))
        seat.unseat(actor=person("compliance"), reason="Moved away.")
        assert made.seated(now()).count() == 5
        assert made.seated(before).count() == 6
        with pytest.raises(Refused, match="has left"):
            seat.unseat(actor=person("compliance"), reason="Again.")
        kinds = list(Event.objects.filter(stream=made.stream).values_list("kind", flat=True))
        assert kinds.count("membership.seated") == 6
        assert kinds.count("membership.unseated") == 1

    def test_a_seat_is_never_dropped(self) -> None:
        factories.committee()
        for statement in ("DELETE FROM governance_membership", "DELETE FROM governance_committee"):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
