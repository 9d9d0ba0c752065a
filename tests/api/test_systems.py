"""`GET /api/v1/systems/` and `/controls/`: what each system may do, and what enforces the rules in it."""

from governance.coverage import survey
from governance.intake import KEYS
from governance.models import AISystem
from tests import factories
from tests.api.callers import Caller
from tests.factories import person
from tipstaff.time import now


def test_a_system_is_told_with_its_answers_and_how_its_rules_stand(caller: Caller) -> None:
    system = factories.ai_system(name="Order assistant", geographies=["EU"])
    control = factories.control(system, verified=True)
    factories.control(system, name="Old").retire(actor=person("owner"), reason="Replaced.")
    told = caller.get(f"/systems/{system.ref}/").json()
    assert (told["state"], told["name"], told["geographies"]) == ("approved", "Order assistant", ["EU"])
    assert (set(told["answers"]), told["unanswered"]) == (set(KEYS), [])
    assert told["controls"] == [control.ref]
    tally = survey([AISystem.objects.get()], now()).tally()
    assert told["coverage"] == {str(result): count for result, count in tally.parts}
    assert told["coverage"]["enforced"] == 1
    assert told["available"] == []
    assert "Leo" not in str(told)


def test_one_without_answers_is_undocumented_and_a_retired_one_has_no_rules(caller: Caller) -> None:
    system = factories.ai_system("proposed", answered=False)
    told = caller.get(f"/systems/{system.ref}/").json()
    assert told["unanswered"] == list(KEYS)
    assert told["coverage"]["undocumented"] > 50
    assert told["coverage"]["gap"] == 0
    system.retire(actor=person("owner"), reason="Replaced.")
    assert set(caller.get(f"/systems/{system.ref}/").json()["coverage"].values()) == {0}


def test_a_control_is_told_without_people(caller: Caller) -> None:
    control = factories.control(verified=True, kind="rate_limit")
    told = caller.get(f"/controls/{control.ref}/").json()
    assert (told["system"], told["rules"], told["kind"]) == (control.system.ref, ["SP-03"], "rate_limit")
    assert told["verified_until"] > told["last_verified_at"]
    assert (told["failed_at"], told["available"]) == (None, [])
    assert "Yuki" not in str(told)


def test_lists_are_narrowed(caller: Caller) -> None:
    first, second = factories.ai_system(), factories.ai_system("in_review", channel="api", risk_class="high")
    one = factories.control(first, mode="manual")
    two = factories.control(second, rules=["SP-01", "SP-02"], stage="output")
    assert caller.refs("/systems/") == [second.ref, first.ref]
    assert caller.refs("/systems/?state=approved") == [first.ref]
    assert caller.refs("/systems/?channel=api&risk_class=high") == [second.ref]
    assert caller.refs("/controls/") == [two.ref, one.ref]
    assert caller.refs("/controls/?rule=sp-02") == [two.ref]
    assert caller.refs(f"/controls/?system={first.ref}&mode=manual&mode=technical") == [one.ref]
    assert caller.refs("/controls/?stage=output&state=active") == [two.ref]


def test_lists_cost_the_same_for_one_and_for_many(caller: Caller) -> None:
    for _turn in range(3):
        factories.control()
        assert len(caller.queries("/systems/")) == 4  # the token; systems, their controls, the rules in force
        assert len(caller.queries("/controls/")) == 2  # the token; controls


def test_they_need_their_own_scope(people: dict) -> None:
    control = factories.control()
    for path in ("/systems/", f"/systems/{control.system.ref}/", "/controls/", f"/controls/{control.ref}/"):
        assert Caller(["case:view"]).get(path).status_code == 403
        assert Caller(["system:view"]).get(path).status_code == 200
