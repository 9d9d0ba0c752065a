"""What holds for every sound matrix, whatever its dimensions and tiers, and what `problems` says of an unsound one."""

import copy
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from aup.evaluation import evaluate, recurrence_of
from aup.matrix import shape
from aup.matrix.editing import digest, with_cells
from aup.matrix.soundness import Check, problems
from aup.matrix.table import CELLS_LIMIT, cells, dimensions, named, tiers, wanted
from aup.matrix.why import why
from tests.aup import matrices
from tests.aup.matrices import NAMES, sound

FACTORS = {"sorry": -1, "profit": 1, "hidden": 2}
factors = st.lists(st.sampled_from(sorted(FACTORS)), unique=True)


def rule(minimum=None, referral="none"):
    return {"code": "XX-01", "minimum_tier": minimum, "legal_referral": referral, "zero_tolerance": False}


def found(cell):
    return dict(zip(NAMES, cell, strict=True))


@st.composite
def cases(draw):
    """A sound matrix, a rule that fits it, a cell and some factors."""
    document = draw(sound())
    order = list(tiers(document))
    given_rule = rule(draw(st.sampled_from([None, *order])), draw(st.sampled_from(["none", "mandatory"])))
    return document, given_rule, draw(st.sampled_from(wanted(document))), draw(factors)


@given(cases())
def test_the_result_lies_between_the_minimum_and_the_top_and_within_the_cap(case):
    document, given_rule, cell, named_factors = case
    order = list(tiers(document))
    result = evaluate(document, given_rule, **found(cell), factors=named_factors)
    base, floor = order.index(cells(document)[cell]), order.index(given_rule["minimum_tier"] or order[0])
    limit = document["adjustments"]["max_total_steps"]
    total = max(-limit, min(limit, sum(FACTORS[name] for name in named_factors)))
    assert order.index(result.tier) == max(floor, min(len(order) - 1, max(base, floor) + total))


@given(cases())
def test_the_explanation_is_one_sentence_that_ends_in_the_tier(case):
    document, given_rule, cell, named_factors = case
    result = evaluate(document, given_rule, **found(cell), factors=named_factors)
    assert result.explanation.endswith(f"the result is {result.tier}, {result.title.lower()}.")
    assert result.explanation.count(". ") == 0
    assert ("compulsory" in result.explanation) == (given_rule["legal_referral"] == "mandatory")


@given(cases(), st.data())
def test_a_worse_finding_never_gives_a_lighter_tier(case, data):
    document, given_rule, cell, named_factors = case
    order, name = list(tiers(document)), data.draw(st.sampled_from(NAMES))
    values = dimensions(document)[name]
    worse = data.draw(st.sampled_from(values[values.index(found(cell)[name]) :]))
    before = evaluate(document, given_rule, **found(cell), factors=named_factors)
    after = evaluate(document, given_rule, **found(cell) | {name: worse}, factors=named_factors)
    assert order.index(after.tier) >= order.index(before.tier)


@given(cases(), st.data())
def test_the_order_of_factors_does_not_matter(case, data):
    document, given_rule, cell, named_factors = case
    shuffled = data.draw(st.permutations(named_factors))
    first = evaluate(document, given_rule, **found(cell), factors=named_factors)
    assert evaluate(document, given_rule, **found(cell), factors=shuffled).tier == first.tier


@given(sound())
def test_a_sound_matrix_has_no_problem_and_no_formula(document):
    assert problems(document) == []
    assert len(cells(document)) == len(wanted(document)) <= CELLS_LIMIT
    assert not any(why(document, cell).departs for cell in wanted(document))


@given(sound(), st.data())
def test_the_problems_of_an_edited_cell_are_exactly_its_descents(document, data):
    cell = data.draw(st.sampled_from(wanted(document)))
    order = list(tiers(document))
    now, tier = cells(document)[cell], data.draw(st.sampled_from(order))
    edited = with_cells(document, [found(cell) | {"was": now, "tier": tier, "reason": "A try."}])
    table = cells(edited)
    broken = {
        (milder, worse)
        for milder, worse in product(table, table)
        if distance(document, milder, worse) == 1 and order.index(table[milder]) > order.index(table[worse])
    }
    assert {(step.milder, step.worse) for step in Check(edited).descents} == broken
    assert len(problems(edited)) == len(broken)


def distance(document, milder, worse):
    """1 where `worse` is one step worse in one dimension and the same in the others; else something else."""
    steps = [
        dimensions(document)[name].index(b) - dimensions(document)[name].index(a)
        for name, a, b in zip(NAMES, milder, worse, strict=True)
    ]
    return sum(steps) if all(step >= 0 for step in steps) else -1


@given(sound(), st.data())
def test_every_missing_cell_is_named_and_nothing_else(document, data):
    gone = data.draw(st.sets(st.sampled_from(wanted(document)), min_size=1))
    holed = copy.deepcopy(document)
    for row in holed["matrix"]:
        for recurrence in dimensions(document)["recurrence"]:
            if (row["intent"], row["sensitivity"], row["severity"], recurrence) in gone:
                del row[recurrence]
    assert set(problems(holed)) == {f"The cell {named(cell)} is missing." for cell in gone}
    assert Check(holed).filled == len(wanted(document)) - len(gone)


@given(sound(), st.integers(0, 9), st.booleans())
def test_recurrence_is_the_count_up_to_the_last_value(document, count, under_sanction):
    order = dimensions(document)["recurrence"]
    expected = order[-1] if under_sanction else order[min(count, len(order) - 1)]
    assert recurrence_of(document, count, under_sanction) == expected


@given(sound())
def test_the_digest_is_that_of_the_content(document):
    backwards = dict(reversed(copy.deepcopy(document).items()))
    assert digest(backwards) == digest(document)


def test_one_of_our_own_making_is_read():
    document = matrices.own()
    assert shape.problems(document) == problems(document) == []
    worst = evaluate(document, rule(), intent="wilful", sensitivity="secret", severity=4, recurrence="again")
    assert (worst.tier, worst.prior_warning_needed) == ("BAN", True)
