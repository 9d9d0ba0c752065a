"""Orders of silence travel with their case: when cases become one, what is kept back is kept back in all of it."""

from datetime import timedelta
from typing import Any

import pytest

from cases.models import Case, Decision, Withholding
from tests import factories
from tests.cases.test_hearing import asked
from tests.factories import person
from tipstaff.accounts.models import Subject
from tipstaff.notices.models import Message
from tipstaff.sla.models import Clock
from tipstaff.time import moved_to, now
from tipstaff.workflow.refused import Refused

pytestmark = pytest.mark.usefixtures("people")
HOUR = timedelta(hours=1)


def ordered(case: Case, hours: int = 48) -> Withholding:
    facts = {"authority": "Court", "order_ref": "12", "basis": "The law.", "until": now() + hours * HOUR}
    order = Withholding(case=case, ordered_by=person("counsel"), **facts)
    order.order(actor=person("counsel"))
    return order


def merged(one: Case, into: Case) -> Case:
    one.merge(actor=person("lead"), into=into, reason="The same people.")
    return Case.objects.get(pk=into.pk)


def issued_in(case: Case, **columns: Any) -> Decision:
    case.claim(actor=person("reviewer"))
    decision = factories.draft(case, **columns)
    decision.propose(actor=person("reviewer"))
    decision.issue(actor=person("senior"))
    return decision


def due(kind: str) -> Any:
    return Message.objects.get(kind=kind).next_attempt_at


@pytest.fixture
def joined() -> tuple[Withholding, Decision]:
    """An order about a case that went into another over a third, and the decision there."""
    first, second, third = factories.case(), factories.case(), factories.case()
    order = ordered(first)
    merged(first, second)
    return order, issued_in(merged(second, third))


def test_the_statement_waits_for_an_order_about_a_case_that_was_merged(joined: tuple[Withholding, Decision]) -> None:
    order, decision = joined
    assert due("decision_issued") == order.until
    assert not Clock.objects.filter(about=decision.reference, kind="statement").exists()


def test_lifting_it_there_lets_the_statement_go_and_starts_its_clock(joined: tuple[Withholding, Decision]) -> None:
    order, decision = joined
    order.lift(actor=person("counsel"), reason="Over.")
    assert due("decision_issued") <= now()
    assert Clock.objects.filter(about=decision.reference, kind="statement").exists()


def test_it_counts_as_told_from_the_end_of_the_silence(joined: tuple[Withholding, Decision]) -> None:
    order, decision = joined
    assert Decision.objects.with_notice().get(pk=decision.pk).notified_at == order.until
    soon = factories.draft(factories.case(about=decision.case.subject), conduct_at=now())
    assert soon.recommend().recurrence == "first"
    with moved_to(order.until + HOUR):
        later = factories.draft(factories.case(about=decision.case.subject), conduct_at=now() - timedelta(minutes=1))
        assert later.recommend().recurrence != "first"


def test_no_second_order_beside_it(joined: tuple[Withholding, Decision], enter: Any) -> None:
    order, decision = joined
    with pytest.raises(Refused, match="kept back until"):
        ordered(decision.case)
    page = enter("counsel").get(decision.case.get_absolute_url()).text
    assert "The account holder is not told yet." in page
    told = enter("counsel").post(f"/desk/referrals/{decision.case.ref}/tell/", {"tell-reason": "Over."})
    assert told.status_code == 302
    order.refresh_from_db()
    assert order.lifted_at is not None


def test_what_waits_in_the_case_that_goes_on_waits_as_long() -> None:
    silent, other = factories.case(), factories.claimed()
    order = ordered(silent)
    asked(other)
    assert due("hearing_asked") < order.until
    merged(silent, other)
    assert due("hearing_asked") == order.until


def test_of_two_orders_the_longer_one_holds() -> None:
    one, other = factories.case(), factories.case()
    short, long = ordered(one), ordered(other, hours=96)
    decision = issued_in(merged(one, other))
    assert due("decision_issued") == long.until
    short.lift(actor=person("counsel"), reason="Over.")
    assert due("decision_issued") == long.until
    assert not Clock.objects.filter(about=decision.reference, kind="statement").exists()
    long.lift(actor=person("counsel"), reason="Over.")
    assert due("decision_issued") <= now()


def test_the_holder_of_a_wider_account_hears_nothing_either() -> None:
    above: Subject = factories.subject(kind="workspace", contact="above@customer.example")
    case = factories.case(about=factories.subject(parent=above))
    decision = issued_in(case, scope=above, scope_reason="New keys each night.", scope_typed=above.external_id)
    order = ordered(decision.case)
    kinds = ("decision_issued", "measure_wider", "remediation_offered")
    waiting = Message.objects.filter(kind__in=kinds, state="queued")
    assert {message.kind for message in waiting} >= {"decision_issued", "measure_wider"}
    assert {message.next_attempt_at for message in waiting} == {order.until}
    order.lift(actor=person("counsel"), reason="Over.")
    assert all(message.next_attempt_at <= now() for message in waiting.all())
