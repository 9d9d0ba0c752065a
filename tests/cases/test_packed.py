"""What is read with the row of a case is what a query of its own would give."""

from typing import Any

import pytest
from django.db import models

from cases.models import Case
from cases.models.note import Note
from cases.packed import unpacked
from cases.panels import RARE, rows_of, there
from tests import factories
from tests.cases.test_everything_at_once import everything
from tests.cases.test_remediation import breach


def columns(row: models.Model) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@pytest.fixture
def case(people: dict) -> Case:
    return Case.objects.annotate(**there()).get(pk=everything().pk)


@pytest.mark.parametrize("name", [name for name in RARE if name != "remediations"])
def test_every_rare_matter_comes_back_as_its_query_gives_it(case: Case, name: str, django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        found = rows_of(case, name)
        people = [[str(getattr(row, link)) for link in RARE[name][1] if getattr(row, f"{link}_id")] for row in found]
    asked = list(getattr(case, name).all())
    assert [columns(row) for row in found] == [columns(row) for row in asked]
    assert people == [
        [str(getattr(row, link)) for link in RARE[name][1] if getattr(row, f"{link}_id")] for row in asked
    ]
    assert all(not row._state.adding for row in found)
    assert found, "nothing was compared: let everything() make one"


def test_so_do_remediations(people: dict) -> None:
    decision = breach("T6")
    case = Case.objects.annotate(**there()).get(pk=decision.case_id)
    found = rows_of(case, "remediations")
    assert found
    assert [columns(row) for row in found] == [columns(row) for row in case.remediations.all()]


def test_notes_on_the_case_and_its_account_come_newest_first(case: Case) -> None:
    found = unpacked(Note, case.packed_notes, "author")  # type: ignore[attr-defined]
    assert [columns(row) for row in found] == [columns(row) for row in Note.objects.around(case)]
    assert {bool(row.subject_id) for row in found} == {True, False}


def test_a_case_with_nothing_rare_has_empty_lists(people: dict) -> None:
    case = Case.objects.annotate(**there()).get(pk=factories.case().pk)
    assert [rows_of(case, name) for name in RARE] == [[] for _name in RARE]
