"""A finding says how sure the evidence makes of it, and whether a person or the system did it."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from cases.models import Case, Finding
from tests import factories
from tests.factories import person
from tipstaff.workflow.refused import Refused


@pytest.fixture
def case(people: dict) -> Case:
    return factories.claimed()


class TestWhatTheSystemDid:
    def test_is_no_breach_by_the_account_holder(self, case: Case) -> None:
        factories.finding(case)
        factories.finding(case, behaviour="system")
        with pytest.raises(Refused, match="choose the outcome System behaviour") as refused:
            factories.draft(case).propose(actor=person("reviewer"))
        assert refused.value.field == "outcome"
        assert Case.objects.get(pk=case.pk).state == "investigating"

    def test_ends_as_system_behaviour(self, case: Case) -> None:
        factories.finding(case, behaviour="system", conclusion="no_breach")
        decision = factories.draft(case, outcome="system_behaviour")
        decision.propose(actor=person("reviewer"))
        assert decision.state == "proposed"

    def test_the_newest_finding_counts(self, case: Case) -> None:
        factories.finding(case, behaviour="system")
        factories.finding(case, facts="They asked it to, in as many words.", standard="clear")
        decision = factories.draft(case)
        decision.propose(actor=person("reviewer"))
        assert decision.outcome == "breach"


def test_nothing_else_is_a_standard(case: Case) -> None:
    with pytest.raises(IntegrityError, match="finding_said_whole"), transaction.atomic():
        factories.finding(case, standard="certain")


def test_it_is_chosen_and_shown(case: Case, enter: Any) -> None:
    browser, page = enter("reviewer"), case.get_absolute_url()
    facts = {
        "finding-rule": case.rule.code,
        "finding-conclusion": "no_breach",
        "finding-facts": "It answered alone.",
    }
    assert browser.post(f"{page}finding/", facts).status_code == 422
    browser.post(f"{page}finding/", facts | {"finding-behaviour": "system", "finding-standard": "clear"})
    found = Finding.objects.get()
    assert (found.behaviour, found.standard) == ("system", "clear")
    text = browser.get(page).text
    assert "What the system did" in text
    assert "Clear and convincing" in text
