"""Measures stand still while an appeal is heard: for its reviewer alone, told to everybody, and no time is lost."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from appeals.models import Appeal
from cases.models import Sanction
from cases.models.effect import Confirmation, Effect
from tests import factories
from tests.factories import person
from tipstaff.notices.models import Delivery, Message
from tipstaff.time import moved_to, now
from tipstaff.workflow.actors import LinkHolder
from tipstaff.workflow.refused import NotPermitted, Refused

WHY = "Their shop would be closed before this is read to the end."
DAY = timedelta(days=1)
REASONS = factories.REASONS


@pytest.fixture
def appeal(people: dict) -> Appeal:
    return factories.taken_up(factories.issued())


def measure(appeal: Appeal) -> Sanction:
    return Sanction.objects.get(decision=appeal.decision, kind="rate_limit")


def stayed(appeal: Appeal) -> Sanction:
    appeal.stay(actor=person("appeals"), reason=WHY)
    return measure(appeal)


def test_nothing_limits_the_account_meanwhile(appeal: Appeal) -> None:
    factories.endpoint("http://127.0.0.1:9/hooks")
    found = stayed(appeal)
    assert (found.state, found.effect(now()), found.is_in_force) == ("stayed", Effect.STAYED, False)
    assert not Sanction.objects.in_force(now()).limiting().exists()
    assert list(Sanction.objects.with_effect([Effect.STAYED], now())) == [found]
    assert found.confirmation(now()) in {Confirmation.AWAITED, Confirmation.NOT_NEEDED}
    assert list(Sanction.objects.with_confirmation([found.confirmation(now())], now()).filter(pk=found.pk)) == [found]
    told = Delivery.objects.order_by("id").last()
    assert told is not None
    assert told.event == "sanction.stayed"
    account = json.loads(told.body)["data"]["account"]
    assert found.ref not in [one["ref"] for one in account["measures"]]
    assert "Its time is frozen." in Message.objects.get(kind="measure_stayed").text
    assert Message.objects.get(kind="measure_stayed").recipient == found.subject.contact


def test_it_goes_on_where_the_decision_stands_and_ends_that_much_later(appeal: Appeal) -> None:
    factories.endpoint("http://127.0.0.1:9/hooks")
    was = measure(appeal).ends_at
    stayed(appeal)
    with moved_to(now() + 5 * DAY):
        appeal.uphold(actor=person("appeals"), reasons=REASONS)
        found = measure(appeal)
        assert (found.state, found.is_in_force) == ("issued", True)
        assert found.ends_at - was == found.resumed_at - found.stayed_at
        assert 5 * DAY <= found.resumed_at - found.stayed_at < 6 * DAY
        assert Message.objects.filter(kind="measure_resumed").count() == 1
        resumed = Delivery.objects.get(event="sanction.resumed")
        account = json.loads(resumed.body)["data"]["account"]
        assert [one["state"] for one in account["measures"] if one["ref"] == found.ref] == ["issued"]
        during = found.stayed_at + DAY
        assert not Sanction.objects.filter(pk=found.pk).was_in_force(during).exists()
        assert Sanction.objects.filter(pk=found.pk).was_in_force(found.starts_at).exists()
        assert Sanction.objects.filter(pk=found.pk).was_in_force(now()).exists()


@pytest.mark.parametrize("ends", ["withdraw", "reverse", "vary", "remand"])
def test_every_end_of_the_appeal_ends_the_stay(appeal: Appeal, ends: str) -> None:
    found = stayed(appeal)
    if ends == "withdraw":
        appeal.withdraw(actor=LinkHolder("subject", appeal.decision.reference))
    elif ends == "vary":
        appeal.vary(actor=person("appeals"), reasons=REASONS, tier="T1")
    else:
        getattr(appeal, ends)(actor=person("appeals"), reasons=REASONS)
    found.refresh_from_db()
    states = {"withdraw": "issued", "reverse": "revoked", "vary": "superseded", "remand": "revoked"}
    assert found.state == states[ends]
    assert not Sanction.objects.filter(state="stayed").exists()


def test_what_stood_still_does_not_count_as_served_where_it_becomes_milder(people: dict) -> None:
    decision = factories.issued(tier="T4", departure_reason="It went on for weeks.")
    appeal = factories.taken_up(decision)
    stayed(appeal)
    with moved_to(now() + 5 * DAY):
        appeal.vary(actor=person("appeals"), reasons=REASONS, tier="T3")
        milder = Sanction.objects.get(decision=decision, kind="rate_limit", state="issued")
        assert milder.ends_at is not None
        assert milder.ends_at - now() > 13 * DAY


def test_is_for_whoever_hears_the_appeal_and_once(appeal: Appeal, enter: Any) -> None:
    for mailbox in ("lead", "reviewer", "senior"):
        with pytest.raises((Refused, NotPermitted)):
            appeal.stay(actor=person(mailbox), reason=WHY)
    with pytest.raises((Refused, NotPermitted)):
        measure(factories.taken_up(factories.issued())).stay(actor=person("senior"), reason=WHY)
    stayed(appeal)
    with pytest.raises(Refused, match="Nothing limits the account"):
        appeal.stay(actor=person("appeals"), reason=WHY)


def test_a_measure_of_a_decision_that_nobody_contests_cannot_stand_still(people: dict) -> None:
    sanction = factories.issued().sanctions.limiting()[0]
    with pytest.raises(Refused, match="No appeal"):
        sanction.stay(actor=person("appeals"), reason=WHY)


def test_on_the_page(appeal: Appeal, enter: Any) -> None:
    browser, address = enter("appeals"), appeal.get_absolute_url()
    assert "Let the measures stand still" in browser.get(address).text
    assert "Let the measures stand still" not in enter("lead").get(address).text
    empty = browser.post(f"{address}stay/", {"stay-reason": " "})
    assert empty.status_code == 422
    page = browser.post(f"{address}stay/", {"stay-reason": WHY}, follow=True).text
    assert "The measures stand still until" in page
    assert "Let them stand still" not in page
    case = enter("reviewer").get(appeal.case.get_absolute_url()).text
    assert "Stands still" in case


def test_plain_sql_cannot_pretend(appeal: Appeal) -> None:
    found = measure(appeal)
    for change in ("state = 'stayed'", "stayed_at = now()", "resumed_at = now()"):
        with pytest.raises(IntegrityError), transaction.atomic():
            connection.cursor().execute(f"UPDATE cases_sanction SET {change} WHERE id = %s", [found.pk])
