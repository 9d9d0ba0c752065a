"""Coverage is a pure function of rule, system, controls and instant. Nothing here touches a database."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aup.models import Rule
from governance.coverage import EU, Coverage, Survey, Tally, applies, coverage
from governance.intake import KEYS
from governance.models import AISystem, Control
from governance.models.control import VERIFIED_FOR

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
ANSWERS = dict.fromkeys(KEYS, "Said.")
Mode = Control.Mode


def rule(**facts: Any) -> Rule:
    return Rule(
        **{
            "code": "SP-03",
            "disposition": "prohibited",
            "modalities": ["text"],
            "audience": ["user"],
            "jurisdictions": ["*"],
        }
        | facts
    )


def system(**facts: Any) -> AISystem:
    columns = {"modalities": ["text"], "channel": "interface", "geographies": ["*"], "answers": ANSWERS}
    return AISystem(id=uuid4(), **columns | facts)


def control(of: AISystem, mode: str = Mode.TECHNICAL, *, days_ago: float | None = None, **facts: Any) -> Control:
    verified_at = AT - timedelta(days=days_ago) if days_ago is not None else None
    return Control(system=of, mode=mode, last_verified_at=verified_at, **{"rules": ["SP-03"]} | facts)


class TestApplies:
    @pytest.mark.parametrize(
        ("of_rule", "of_system", "expected"),
        [
            ({}, {}, True),
            ({"enabled": False}, {}, False),
            ({"disposition": "permitted"}, {}, False),
            ({"disposition": "restricted"}, {}, True),
            ({"modalities": ["image", "video"]}, {}, False),
            ({"modalities": ["image"]}, {"modalities": ["text", "image"]}, True),
            ({"modalities": []}, {}, True),
            ({"modalities": ["image"]}, {"modalities": []}, True),
            ({"audience": ["developer", "deployer"]}, {"channel": "interface"}, False),
            ({"audience": ["developer", "deployer"]}, {"channel": "internal"}, False),
            ({"audience": ["developer"]}, {"channel": "api"}, True),
            ({"audience": ["deployer"]}, {"channel": "api"}, False),
            ({"audience": ["deployer"]}, {"channel": "distributor"}, True),
            ({"audience": ["deployer"]}, {"channel": "weights"}, True),
            ({"audience": []}, {}, True),
            ({"jurisdictions": ["CN"]}, {"geographies": ["EU", "GB"]}, False),
            ({"jurisdictions": ["CN"]}, {"geographies": ["*"]}, True),
            ({"jurisdictions": ["*"]}, {"geographies": ["IS"]}, True),
            ({"jurisdictions": ["EU"]}, {"geographies": ["FR"]}, True),
            ({"jurisdictions": ["FR", "PL"]}, {"geographies": ["EU"]}, True),
            ({"jurisdictions": ["EU"]}, {"geographies": ["NO", "CH"]}, False),
            ({"jurisdictions": ["FR"]}, {"geographies": ["DE"]}, False),
            ({"jurisdictions": ["FR"]}, {"geographies": []}, True),
        ],
    )
    def test_by_the_facts_of_both(self, of_rule: dict, of_system: dict, expected: bool) -> None:
        assert applies(rule(**of_rule), system(**of_system)) is expected

    def test_the_union_has_27_members(self) -> None:
        assert len(EU) == 27


class TestResult:
    def test_a_rule_that_does_not_apply_has_none(self) -> None:
        ours = system()
        assert coverage(rule(modalities=["video"]), ours, [control(ours, days_ago=1)], AT) is None

    def test_the_policy_itself_is_no_control(self) -> None:
        assert coverage(rule(), system(), [], AT) == Coverage.GAP

    @pytest.mark.parametrize("facts", [{"answers": {}}, {"modalities": []}, {"geographies": []}])
    def test_without_answers_or_facts_nobody_can_tell(self, facts: dict) -> None:
        ours = system(**facts)
        assert coverage(rule(), ours, [control(ours, days_ago=1)], AT) == Coverage.UNDOCUMENTED

    @pytest.mark.parametrize("key", KEYS)
    def test_one_open_question_is_enough(self, key: str) -> None:
        assert coverage(rule(), system(answers=ANSWERS | {key: "  "}), [], AT) == Coverage.UNDOCUMENTED

    @pytest.mark.parametrize(
        ("mode", "days_ago", "expected"),
        [
            (Mode.TECHNICAL, 1, Coverage.ENFORCED),
            (Mode.AUTOMATED, 179.9, Coverage.ENFORCED),
            (Mode.TECHNICAL, 180, Coverage.WEAK),
            (Mode.AUTOMATED, 400, Coverage.WEAK),
            (Mode.TECHNICAL, None, Coverage.WEAK),
            (Mode.MANUAL, 1, Coverage.WEAK),
            (Mode.MANUAL, None, Coverage.WEAK),
            (Mode.SELF_REPORTED, 1, Coverage.WEAK),
            (Mode.SELF_REPORTED, 180, Coverage.GAP),
            (Mode.SELF_REPORTED, None, Coverage.GAP),
        ],
    )
    def test_by_mode_and_age(self, mode: str, days_ago: float | None, expected: Coverage) -> None:
        ours = system()
        assert coverage(rule(), ours, [control(ours, mode, days_ago=days_ago)], AT) == expected

    @pytest.mark.parametrize("facts", [{"rules": ["SP-01"]}, {"state": "retired"}, {"failed_at": AT}])
    def test_what_covers_nothing(self, facts: dict) -> None:
        ours = system()
        assert coverage(rule(), ours, [control(ours, days_ago=1, **facts)], AT) == Coverage.GAP

    def test_controls_of_other_systems_are_theirs(self) -> None:
        assert coverage(rule(), system(), [control(system(), days_ago=1)], AT) == Coverage.GAP

    def test_a_verification_of_tomorrow_does_not_count_today(self) -> None:
        ours = system()
        assert coverage(rule(), ours, [control(ours, days_ago=-1)], AT) == Coverage.WEAK


ages = st.none() | st.floats(min_value=0, max_value=1000, allow_nan=False)
modes = st.sampled_from(Mode.values)
CODES = ["SP-03", "SP-01", "CY-02", "DV-01", "JX-04"]
some_modalities = st.lists(st.sampled_from(AISystem.Modality.values), max_size=3)
some_places = st.lists(st.sampled_from(["*", "EU", "FR", "DE", "CN", "US"]), max_size=3)
rules = st.builds(
    rule,
    code=st.sampled_from(CODES),
    disposition=st.sampled_from(Rule.Disposition.values),
    enabled=st.booleans(),
    modalities=some_modalities,
    audience=st.lists(st.sampled_from(Rule.Audience.values), max_size=2),
    jurisdictions=some_places,
)
systems = st.builds(
    system,
    modalities=some_modalities,
    channel=st.sampled_from(AISystem.Channel.values),
    geographies=some_places,
    answers=st.sampled_from([ANSWERS, {}, ANSWERS | {"data": ""}]),
)
RANK = {Coverage.GAP: 0, Coverage.WEAK: 1, Coverage.ENFORCED: 2}


def some(of: AISystem, drawn: list[tuple[str, float | None]]) -> list[Control]:
    return [control(of, mode, days_ago=age) for mode, age in drawn]


class TestProperties:
    @given(st.lists(st.tuples(modes, ages), max_size=6), modes, ages)
    def test_another_control_never_makes_it_worse(self, drawn: list, mode: str, age: float | None) -> None:
        ours = system()
        before = coverage(rule(), ours, some(ours, drawn), AT)
        after = coverage(rule(), ours, [*some(ours, drawn), control(ours, mode, days_ago=age)], AT)
        assert RANK[after] >= RANK[before]

    @given(st.lists(st.tuples(modes, ages), max_size=6), st.randoms())
    def test_the_order_of_controls_is_nothing(self, drawn: list, shuffler: Any) -> None:
        ours = system()
        controls = some(ours, drawn)
        shuffled = list(controls)
        shuffler.shuffle(shuffled)
        assert coverage(rule(), ours, controls, AT) == coverage(rule(), ours, shuffled, AT)

    @given(st.lists(st.tuples(modes, ages), max_size=6), st.floats(min_value=0, max_value=1000))
    def test_time_alone_never_makes_it_better(self, drawn: list, days: float) -> None:
        ours = system()
        controls = some(ours, drawn)
        later = coverage(rule(), ours, controls, AT + timedelta(days=days))
        assert RANK[later] <= RANK[coverage(rule(), ours, controls, AT)]

    @given(st.lists(st.tuples(modes, ages), max_size=6))
    def test_enforced_means_a_machine_and_somebody_who_looked_in_time(self, drawn: list) -> None:
        ours = system()
        enforced = any(
            mode in (Mode.TECHNICAL, Mode.AUTOMATED) and age is not None and timedelta(days=age) < VERIFIED_FOR
            for mode, age in drawn
        )
        assert (coverage(rule(), ours, some(ours, drawn), AT) == Coverage.ENFORCED) is enforced

    @given(st.lists(rules, max_size=5, unique_by=lambda one: one.code), st.lists(systems, max_size=4), st.data())
    def test_a_survey_says_of_every_pair_what_the_function_says(self, of: list, on: list, data: Any) -> None:
        controls = [
            control(ours, mode, days_ago=age, rules=codes, failed_at=AT if broken else None)
            for ours in on
            for mode, age, codes, broken in data.draw(
                st.lists(
                    st.tuples(modes, ages, st.lists(st.sampled_from(CODES), max_size=3), st.booleans()), max_size=3
                )
            )
        ]
        found = Survey(on, of, controls, AT)
        each = {(ours.pk, one.code): coverage(one, ours, controls, AT) for ours in on for one in of}
        assert found.results == {pair: result for pair, result in each.items() if result}
        whole = found.tally()
        assert whole.total == len(found.results) == sum(number for _result, number in whole.parts)
        assert sum(found.tally(systems=[ours]).total for ours in on) == whole.total
        assert sum(found.tally(rules=[one]).total for one in of) == whole.total
        assert found.tally(systems=[]).total == found.tally(rules=[]).total == 0


def test_a_tally_names_the_worst() -> None:
    ours = system()
    found = Survey([ours], [rule(), rule(code="SP-01")], [control(ours, days_ago=1)], AT)
    assert (found.tally().worst, found.tally().of_worst) == (Coverage.GAP, 1)
    assert found.tally(rules=[found.rules[0]]).worst == Coverage.ENFORCED
    assert found.tally(rules=[]).worst is None
    assert isinstance(found.tally(), Tally)
