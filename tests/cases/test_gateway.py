"""What the provider's machines are told of decisions and measures: enough to act on, and nothing about anybody else."""

import json
from datetime import timedelta
from typing import Any

import pytest

from cases import lapses
from cases.models import Interim, Sanction
from tests import factories
from tests.factories import person
from tipstaff.notices import events, reminders
from tipstaff.notices.models import Delivery
from tipstaff.time import moved_to

pytestmark = pytest.mark.usefixtures("people")
ELSEWHERE = "http://127.0.0.1:9/hooks"


def bodies(event: str = "") -> list[dict[str, Any]]:
    found = Delivery.objects.filter(event=event) if event else Delivery.objects.all()
    return [json.loads(delivery.body) for delivery in found.order_by("endpoint", "place")]


def shape(value: Any) -> Any:
    """The keys of a payload, all the way down; a list is as its first element."""
    if isinstance(value, dict):
        return {key: {} if key == "terms" else shape(inner) for key, inner in value.items()}
    return shape(value[0]) if isinstance(value, list) and value else None


def test_without_a_receiver_nothing_is_made() -> None:
    factories.issued()
    assert not Delivery.objects.exists()


def test_an_issued_decision_tells_its_measures_and_itself() -> None:
    factories.endpoint(ELSEWHERE)
    decision = factories.issued()
    *measures, last = bodies()
    assert [body["data"]["sanction"]["ref"] for body in measures] == [s.ref for s in decision.sanctions.order_by("id")]
    assert last["type"] == "decision.issued"
    assert last["data"]["decision"] == {
        "ref": decision.ref,
        "state": "issued",
        "outcome": "breach",
        "rule": "SP-03",
        "policy": decision.rule.version.number,
        "tier": decision.tier,
        "issued_at": events.instant(decision.issued_at),
    }
    assert last["data"]["account"]["id"] == decision.case.subject.external_id
    limits = decision.sanctions.restricting()
    assert [m["ref"] for m in last["data"]["account"]["measures"]] == [s.ref for s in limits]
    assert limits


def test_a_reversal_ends_the_measures_and_says_what_still_holds() -> None:
    factories.endpoint(ELSEWHERE)
    decision = factories.issued()
    issued = Delivery.objects.count()
    factories.taken_up(decision).reverse(actor=person("appeals"), reasons=factories.REASONS)
    *revoked, reversed_ = bodies()[issued:]
    assert {body["type"] for body in revoked} == {"sanction.revoked"}
    assert {body["data"]["sanction"]["state"] for body in revoked} == {"revoked"}
    assert (reversed_["type"], reversed_["data"]["decision"]["state"]) == ("decision.reversed", "reversed")
    assert revoked[-1]["data"]["account"]["measures"] == reversed_["data"]["account"]["measures"] == []


def test_a_milder_tier_tells_what_took_whose_place() -> None:
    factories.endpoint(ELSEWHERE)
    appeal = factories.taken_up(factories.issued())
    issued = Delivery.objects.count()
    appeal.vary(actor=person("appeals"), reasons=factories.REASONS, tier="T2")
    told = bodies()[issued:]
    assert [body["type"] for body in told][-1] == "decision.varied"
    assert {body["type"] for body in told} == {"sanction.superseded", "sanction.imposed", "decision.varied"}
    assert told[-1]["data"]["decision"]["tier"] == "T2"
    for body in told:
        if body["type"] == "sanction.imposed":
            assert body["data"]["sanction"]["tier"] == "T2"
    now_held = Sanction.objects.filter(state="issued").restricting()
    assert [m["ref"] for m in told[-1]["data"]["account"]["measures"]] == [s.ref for s in now_held]
    assert {m["tier"] for m in told[-1]["data"]["account"]["measures"]} <= {"T2"}


def test_an_appeal_that_changes_nothing_is_told_as_that() -> None:
    factories.endpoint(ELSEWHERE)
    factories.taken_up().uphold(actor=person("appeals"), reasons=factories.REASONS)
    assert bodies()[-1]["type"] == "decision.upheld"


def test_a_measure_that_is_lifted_is_told() -> None:
    factories.endpoint(ELSEWHERE)
    sanction = factories.issued().sanctions.restricting()[0]
    sanction.lift(actor=person("adjudicator"), reason="They put it right, as Anna Nowak wrote.")
    last = bodies()[-1]
    assert (last["type"], last["data"]["sanction"]["state"]) == ("sanction.lifted", "lifted")
    assert sanction.ref not in [m["ref"] for m in last["data"]["account"]["measures"]]


def test_each_receiver_gets_what_it_takes() -> None:
    factories.endpoint(ELSEWHERE, "All")
    only = factories.endpoint("http://127.0.0.1:10/hooks", "Only decisions", types=["decision.issued"])
    factories.issued()
    assert list(only.deliveries.values_list("event", flat=True)) == ["decision.issued"]


def test_nothing_that_a_person_wrote_or_is_called_travels() -> None:
    factories.endpoint(ELSEWHERE)
    account = factories.subject(name="Jane Doe Holding")
    appeal = factories.taken_up(factories.issued(case_columns={"about": account}))
    appeal.vary(actor=person("appeals"), reasons=factories.REASONS + " As Jane Doe wrote.", tier="T2")
    sent = json.dumps(bodies()).lower()
    words = ["jane", "doe", "customer.example", "people.example", "demo.example", "four hundred", "forty accounts"]
    words += [worker.name.lower() for worker in (person("reviewer"), person("senior"), person("appeals"))]
    assert [word for word in words if word in sent] == []


def is_interim(body: dict) -> bool:
    return body["data"].get("sanction", {}).get("interim", False)


def test_what_is_sent_has_the_keys_of_the_examples() -> None:
    """Documentation and receivers are written from the examples."""
    factories.endpoint(ELSEWHERE)
    varied = factories.taken_up(factories.issued())
    varied.vary(actor=person("appeals"), reasons=factories.REASONS, tier="T2")
    reversed_ = factories.taken_up(factories.issued())
    reversed_.reverse(actor=person("appeals"), reasons=factories.REASONS)
    stayed = factories.taken_up()
    stayed.stay(actor=person("appeals"), reason="Their shop would be closed before this is read to the end.")
    stayed.uphold(actor=person("appeals"), reasons=factories.REASONS)
    factories.issued().sanctions.restricting()[0].lift(actor=person("adjudicator"), reason="Put right.")
    expired = factories.issued().sanctions.get(ends_at__isnull=False)
    with moved_to(expired.ends_at):
        reminders.sweep(lapses.WATCHES)
    shorter = factories.issued().sanctions.get(ends_at__isnull=False)
    shorter.shorten(actor=person("adjudicator"), until=shorter.ends_at - timedelta(days=1))
    limited = factories.claimed(code="FR-02", severity=4)
    interim = Interim(case=limited, needed=True, answered_by=person("reviewer"), reason=factories.REASONS)
    interim.impose(actor=person("reviewer"), kind="rate_limit", terms={})
    interim.second(actor=person("senior"))
    seen = set()
    for body in [body for body in bodies() if not is_interim(body) or body["type"] == "sanction.extended"]:
        example, seen = events.TYPES[body["type"]].example, seen | {body["type"]}
        if not (body["data"]["account"]["measures"] and example["data"]["account"]["measures"]):
            body["data"]["account"]["measures"] = example["data"]["account"]["measures"]
        assert shape(body) == shape(example), body["type"]
    of_clocks = {name for name in events.TYPES if name.startswith("clock.")}  # tests/sla/test_telling.py
    assert seen == set(events.TYPES) - of_clocks, "each type is sent by some act"


def test_an_outcome_without_a_measure_is_told_too() -> None:
    factories.endpoint(ELSEWHERE)
    decision = factories.proposed(outcome="no_breach")
    decision.issue(actor=person("senior"))
    (body,) = bodies()
    assert body["data"]["decision"]["tier"] is None
    assert body["data"]["account"]["measures"] == []
