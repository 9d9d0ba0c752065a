"""The matrix gives a tier for every finding, never a lighter one for a worse finding, and says each step."""

import copy
import json
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aup.evaluation import OUTCOMES_WITHOUT_TIER, evaluate, outcomes_without_tier, severities
from aup.loading import default_documents
from aup.matrix.soundness import problems
from aup.matrix.table import cells

DOCUMENT = default_documents().matrix
ORDERS = {name: dimension["order"] for name, dimension in DOCUMENT["dimensions"].items()}
TIERS = [tier["code"] for tier in DOCUMENT["tiers"]]
FACTORS = [f["id"] for kind in ("mitigating", "aggravating") for f in DOCUMENT["adjustments"][kind]]
PLAIN = {"code": "XX-01", "minimum_tier": None, "legal_referral": "none", "zero_tolerance": False}

findings = st.fixed_dictionaries({name: st.sampled_from(order) for name, order in ORDERS.items()})
rules = st.fixed_dictionaries(
    {
        "code": st.just("XX-01"),
        "minimum_tier": st.sampled_from([None, *TIERS]),
        "legal_referral": st.sampled_from(["none", "discretionary", "mandatory"]),
        "zero_tolerance": st.booleans(),
    }
)
factors = st.lists(st.sampled_from(FACTORS), unique=True)


def found(**changed):
    return {"intent": "negligent", "sensitivity": "personal", "severity": 2, "recurrence": "repeat"} | changed


class TestExamples:
    def test_a_cell_is_the_answer_and_the_only_step(self):
        result = evaluate(DOCUMENT, PLAIN, **found())
        assert (result.tier, result.base_tier, len(result.steps)) == ("T4", "T4", 1)
        assert result.explanation == (
            "Negligent, personal data, severity 2, repeat violation: the matrix gives T4; the result is T4, "
            "feature restriction."
        )
        assert (result.approver, result.four_eyes, result.prior_warning_needed) == ("senior_adjudicator", False, False)

    def test_factors_move_it_by_one_in_total(self):
        result = evaluate(DOCUMENT, PLAIN, **found(), factors=["profit", "concealment", "wide-harm"])
        assert (result.base_tier, result.tier) == ("T4", "T5")
        assert result.steps[-1]["why"].startswith("Aggravating factors move it by one step")

    def test_factors_that_cancel_out_are_said(self):
        result = evaluate(DOCUMENT, PLAIN, **found(), factors=["profit", "early-report"])
        assert result.tier == "T4"
        assert "cancel out" in result.explanation

    def test_the_minimum_tier_holds_against_mitigation(self):
        result = evaluate(DOCUMENT, PLAIN | {"minimum_tier": "T7"}, **found(), factors=["early-report"])
        assert [step["to"] for step in result.steps] == ["T4", "T7", "T7"]
        assert "at its lowest for this rule" in result.explanation

    def test_mandatory_referral_needs_four_eyes_at_any_tier(self):
        result = evaluate(
            DOCUMENT, PLAIN | {"legal_referral": "mandatory"}, **found(intent="inadvertent", recurrence="first")
        )
        assert result.tier == "T2"
        assert result.adds_referral
        assert result.four_eyes
        assert result.sanctions[-1]["type"] == "legal_referral"

    def test_closing_an_account_needs_an_earlier_warning_unless_zero_tolerance(self):
        worst = found(intent="deliberate", severity=4, recurrence="persistent")
        assert evaluate(DOCUMENT, PLAIN, **worst).prior_warning_needed
        assert not evaluate(DOCUMENT, PLAIN | {"zero_tolerance": True}, **worst).prior_warning_needed

    def test_the_overrides_without_tier_are_named_with_their_outcome(self):
        listed = outcomes_without_tier(DOCUMENT)
        assert {override["id"]: override["outcome"] for override in listed} == OUTCOMES_WITHOUT_TIER
        assert all(f"outcome {override['outcome']}" in override["effect"] for override in listed)


class TestOverrides:
    @pytest.mark.parametrize(("override", "outcome"), OUTCOMES_WITHOUT_TIER.items())
    def test_each_ends_it_without_a_tier_and_says_so(self, override, outcome):
        rule = PLAIN | {"disposition": "restricted", "support_first": True}
        result = evaluate(DOCUMENT, rule, **found(), applying=[override])
        assert (result.outcome, result.override, result.tier, result.sanctions) == (outcome, override, "", ())
        assert f"no tier follows and the outcome is {outcome.replace('_', ' ')}." in result.explanation

    def test_they_are_looked_at_from_top_to_bottom(self):
        assert evaluate(DOCUMENT, PLAIN, **found(), applying=["correction", "exemption"]).override == "exemption"

    def test_a_permitted_rule_needs_none_named(self):
        result = evaluate(DOCUMENT, PLAIN | {"disposition": "permitted"}, **found())
        assert (result.outcome, result.override) == ("no_breach", "permitted")

    def test_the_compulsory_referral_outlasts_a_good_faith_report(self):
        rule = PLAIN | {"legal_referral": "mandatory"}
        result = evaluate(DOCUMENT, rule, **found(), applying=["good-faith-report"])
        assert (result.adds_referral, result.four_eyes) == (True, True)
        assert [sanction["type"] for sanction in result.sanctions] == ["legal_referral"]
        assert not evaluate(DOCUMENT, rule, **found(), applying=["exemption"]).adds_referral

    @pytest.mark.parametrize(
        ("override", "words"),
        [
            ("permitted", "the rule prohibits this"),
            ("support-first", "the rule is not one of support first"),
            ("minimum-tier", "is no override of this matrix that ends a case"),
            ("bribe", "is no override of this matrix that ends a case"),
        ],
    )
    def test_one_that_the_rule_or_the_matrix_does_not_admit(self, override, words):
        with pytest.raises(ValueError, match=words):
            evaluate(DOCUMENT, PLAIN | {"disposition": "prohibited"}, **found(), applying=[override])

    def test_factors_need_a_second_person_where_the_matrix_says_so(self):
        document = copy.deepcopy(DOCUMENT)
        document["adjustments"]["four_eyes"] = True
        assert evaluate(document, PLAIN, **found(), factors=["profit"]).four_eyes
        assert not evaluate(document, PLAIN, **found()).four_eyes

    def test_the_cap_is_said(self):
        result = evaluate(DOCUMENT, PLAIN, **found(), factors=["profit", "concealment"])
        assert "by one step, the most they can in total" in result.explanation

    def test_a_cell_without_a_tier_is_refused(self):
        document = copy.deepcopy(DOCUMENT)
        document["matrix"] = []
        with pytest.raises(ValueError, match="the matrix gives no tier for this"):
            evaluate(document, PLAIN, **found())


class TestRefusals:
    @pytest.mark.parametrize(
        ("changed", "words"),
        [
            ({"intent": "evil"}, "is not a value of intent"),
            ({"sensitivity": ""}, "is not a value of sensitivity"),
            ({"severity": 5}, "is not a value of severity"),
            ({"severity": True}, "is not a value of severity"),
            ({"recurrence": "never"}, "is not a value of recurrence"),
        ],
    )
    def test_an_unknown_value(self, changed, words):
        with pytest.raises(ValueError, match=words):
            evaluate(DOCUMENT, PLAIN, **found(**changed))

    def test_an_unknown_factor(self):
        with pytest.raises(ValueError, match="is not a listed factor"):
            evaluate(DOCUMENT, PLAIN, **found(), factors=["bad-mood"])

    def test_a_factor_twice(self):
        with pytest.raises(ValueError, match="named twice"):
            evaluate(DOCUMENT, PLAIN, **found(), factors=["profit", "profit"])

    def test_an_unknown_minimum_tier(self):
        with pytest.raises(ValueError, match="minimum tier"):
            evaluate(DOCUMENT, PLAIN | {"minimum_tier": "T10"}, **found())

    def test_a_severity_far_from_the_rules_own(self):
        rule = PLAIN | {"severity": 4}
        assert severities(rule, DOCUMENT) == [3, 4]
        with pytest.raises(ValueError, match="may be moved by 1: use one of 3, 4"):
            evaluate(DOCUMENT, rule, **found(severity=2))


class TestProperties:
    @settings(deadline=None)  # a busy machine is no reason to fail
    @given(rule=rules, finding=findings, named=factors)
    def test_bounds_hold_and_the_steps_lead_to_the_tier(self, rule, finding, named):
        result = evaluate(DOCUMENT, rule, **finding, factors=named)
        base, tier = TIERS.index(result.base_tier), TIERS.index(result.tier)
        floor = TIERS.index(rule["minimum_tier"] or TIERS[0])
        assert tier >= floor
        assert abs(tier - max(base, floor)) <= 1
        assert result.steps[0]["from"] == result.base_tier
        assert all(before["to"] == after["from"] for before, after in zip(result.steps, result.steps[1:], strict=False))
        assert result.steps[-1]["to"] == result.tier
        assert json.loads(json.dumps(result.as_json())) == result.as_json()

    @settings(deadline=None)
    @given(rule=rules, finding=findings, named=factors, data=st.data())
    def test_a_worse_finding_never_gives_a_lighter_tier(self, rule, finding, named, data):
        dimension = data.draw(st.sampled_from(sorted(ORDERS)))
        order = ORDERS[dimension]
        worse = data.draw(st.sampled_from(order[order.index(finding[dimension]) :]))
        before = evaluate(DOCUMENT, rule, **finding, factors=named)
        after = evaluate(DOCUMENT, rule, **finding | {dimension: worse}, factors=named)
        assert TIERS.index(after.tier) >= TIERS.index(before.tier)

    @settings(deadline=None)
    @given(rule=rules, finding=findings, named=factors, data=st.data())
    def test_the_order_of_factors_does_not_matter(self, rule, finding, named, data):
        shuffled = data.draw(st.permutations(named))
        first = evaluate(DOCUMENT, rule, **finding, factors=named)
        assert evaluate(DOCUMENT, rule, **finding, factors=shuffled).tier == first.tier

    @settings(deadline=None)
    @given(cell=st.sampled_from(sorted(cells(DOCUMENT))), tier=st.sampled_from(TIERS))
    def test_an_edit_is_a_problem_exactly_when_it_breaks_the_order(self, cell, tier):
        document = copy.deepcopy(DOCUMENT)
        for row in document["matrix"]:
            if (row["intent"], row["sensitivity"], row["severity"]) == cell[:3]:
                row[cell[3]] = tier
        table = cells(document)
        assert bool(problems(document)) == any(
            TIERS.index(table[milder]) > TIERS.index(table[worse]) for milder, worse in product(table, table)
            if all(
                order.index(milder[axis]) <= order.index(worse[axis]) for axis, order in enumerate(ORDERS.values())
            )
        )  # fmt: skip


class TestProblems:
    def test_the_default_matrix_has_none(self):
        assert len(cells(DOCUMENT)) == 144
        assert problems(DOCUMENT) == []

    def test_a_missing_cell_is_named(self):
        document = copy.deepcopy(DOCUMENT)
        del document["matrix"][0]["repeat"]
        assert problems(document) == ["The cell inadvertent, public, severity 1, repeat is missing."]

    def test_a_row_that_stands_twice_is_named(self):
        document = copy.deepcopy(DOCUMENT)
        document["matrix"].append(document["matrix"][0])
        assert problems(document) == ["The row inadvertent, public, severity 1 stands twice."]

    def test_a_lighter_tier_for_a_worse_finding_is_named(self):
        document = copy.deepcopy(DOCUMENT)
        document["matrix"][-1]["persistent"] = "T1"
        assert any("lighter than" in problem for problem in problems(document))

    def test_an_unknown_tier_and_an_unreadable_document_are_problems(self):
        document = copy.deepcopy(DOCUMENT)
        document["matrix"][0]["first"] = "T0"
        assert problems(document) == ["The cell inadvertent, public, severity 1, first has the unknown tier T0."]
        assert "cannot be read" in problems({})[0]
