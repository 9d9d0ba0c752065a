"""What changed between two texts: pure, word by word, field by field, cell by cell."""

import copy
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aup.diff import Part, compare, words
from aup.loading import default_documents

DOCUMENTS = default_documents()
VERSION = {"number": "1.0", "summary": "You may use it.", "scope": {"data": ["Prompts."], "tasks": [], "contexts": []}}


def text(**changed):
    rest = {key: value for key, value in DOCUMENTS.taxonomy.items() if key != "groups"}
    whole = {
        "policy": {"title": "Policy", "publisher": "Example AI", "binding_instrument": "The terms."},
        "version": VERSION,
        "linked_documents": [],
        "groups": DOCUMENTS.taxonomy["groups"],
        "catalogue": rest,
        "matrix": DOCUMENTS.matrix,
    }
    return copy.deepcopy(whole | changed)


def rule_of(document, code):
    return next(rule for group in document["groups"] for rule in group["rules"] if rule["code"] == code)


def test_the_same_is_nothing():
    assert not compare(text(), text())


def test_a_changed_rule_field_by_field():
    after = text()
    rule_of(after, "LW-01")["statement"] = rule_of(after, "LW-01")["statement"].replace("Do not", "Never", 1)
    rule_of(after, "LW-01")["severity"] += 1
    rule_of(after, "LW-01")["examples"]["allowed"].append("One more.")
    (change,) = compare(text(), after).rules
    assert (change.code, change.kind) == ("LW-01", "changed")
    assert [field.name for field in change.fields] == ["statement", "severity", "examples.allowed"]
    statement, severity, examples = change.fields
    assert statement.before[0] == Part("removed", "Do not")
    assert statement.after[0] == Part("added", "Never")
    assert statement.before[1] == statement.after[1]
    assert statement.after[1].mark == "same"
    assert [part.mark for part in severity.after] == ["added"]
    assert examples.after[-1].text.strip() == "One more."
    assert [part.mark for part in examples.before] == ["same"]


def test_rules_that_came_went_and_moved():
    after = text()
    removed = after["groups"][0]["rules"].pop(0)
    moved = after["groups"][1]["rules"].pop(0)
    after["groups"][2]["rules"].append(moved)
    new = copy.deepcopy(removed) | {"code": "LW-77", "title": "New"}
    after["groups"][0]["rules"].append(new)
    found = compare(text(), after)
    assert {(change.code, change.kind) for change in found.rules} == {
        (removed["code"], "removed"),
        (moved["code"], "changed"),
        ("LW-77", "added"),
    }
    by_code = {change.code: change for change in found.rules}
    assert [field.name for field in by_code[moved["code"]].fields] == ["group"]
    assert all(not field.before for field in by_code["LW-77"].fields)
    assert all(not field.after for field in by_code[removed["code"]].fields)
    assert (found.count("added"), found.count("removed"), found.count("changed")) == (1, 1, 1)


def test_another_order_or_other_spaces_are_no_change():
    after = text()
    after["groups"].reverse()
    after["groups"][0]["rules"].reverse()
    rule_of(after, "LW-01")["statement"] = "  " + rule_of(after, "LW-01")["statement"].replace(" ", "  ")
    assert not compare(text(), after)


def test_a_key_that_only_one_side_has():
    before, after = text(), text()
    rule_of(after, "LW-01")["products"] = []
    rule_of(after, "LW-02")["products"] = ["Chat"]
    (change,) = compare(before, after).rules
    assert [(change.code, field.name) for field in change.fields] == [("LW-02", "products")]


def test_wording_and_families():
    after = text(version=VERSION | {"summary": "You may not use it.", "scope": {"data": []}})
    after["groups"][0]["title"] = "Law"
    found = compare(text(), after)
    assert [change.name for change in found.wording] == ["version.summary", "version.scope.data"]
    assert [part for part in found.wording[0].after if part.mark == "added"] == [Part("added", "not")]
    assert [change.name for change in found.groups] == ["LW"]


def test_cells_and_the_rest_of_the_matrix():
    after = text()
    after["matrix"]["matrix"][0]["first"] = "T2"
    after["matrix"]["tiers"][0]["appeal_months"] = 12
    dropped = after["matrix"]["matrix"].pop()
    found = compare(text(), after)
    assert (found.cells[0].before, found.cells[0].after, found.cells[0].recurrence) == ("T1", "T2", "first")
    assert {(cell.before, cell.after) for cell in found.cells[1:]} == {
        (dropped[key], "") for key in ("first", "repeat", "persistent")
    }
    assert [(entry.path, entry.before, entry.after) for entry in found.matrix] == [
        ("tiers › T1 › appeal_months", "6", "12")
    ]


def test_a_matrix_with_other_values_is_compared_too():
    after = text()
    after["matrix"]["matrix"] = [{"intent": "any", "sensitivity": "any", "severity": 1, "first": "T1", "second": "T2"}]
    found = compare(text(), after)
    assert len(found.cells) == 144 + 2
    assert sum(not cell.before for cell in found.cells) == 2


prose = st.lists(st.sampled_from(["a", "rule", "not", "Do", "\n", "\n\n", "قاعدة", "x."]), max_size=30).map(" ".join)


@given(before=prose, after=prose)
def test_each_side_keeps_all_its_words_and_the_same_ones_are_the_same(before, after):
    left, right = words(before, after)
    assert " ".join(part.text for part in left).split() == before.split()
    assert " ".join(part.text for part in right).split() == after.split()
    assert {part.mark for part in left} <= {"same", "removed"}
    assert [part.text for part in left if part.mark == "same"] == [part.text for part in right if part.mark == "same"]


@pytest.mark.parametrize("length", [400, 5000])
def test_long_texts_take_no_time(length):
    old = " ".join(f"the {number} of" for number in range(length))
    new = " ".join(f"of {number + 7} the" for number in range(length))
    start = time.process_time()
    left, right = words(old, new)
    assert time.process_time() - start < 3
    assert (left[0].mark, right[0].mark) != ("same", "same")


def test_everything_changed_in_110_rules_takes_no_time():
    after = text()
    for group in after["groups"]:
        for rule in group["rules"]:
            for name in ("title", "statement", "action", "threshold"):
                rule[name] = " ".join(reversed(rule[name].split())) + " now"
    start = time.process_time()
    found = compare(text(), after)
    assert len(found.rules) == 110
    assert all(change.fields for change in found.rules)
    assert time.process_time() - start < 3
