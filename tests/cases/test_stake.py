"""Whoever has a stake in a case does nothing in it, whatever the act, and reads nothing about their own account."""

from typing import Any

import pytest
from django.apps import apps

from appeals.models import Appeal
from cases.models import Case, Claim, Decision, Hand, Report, Sanction
from tests import factories
from tests.factories import person
from tipstaff.accounts.models import Subject
from tipstaff.workflow.models import Record
from tipstaff.workflow.operations import Operation, operations_of
from tipstaff.workflow.refused import Refused

# What one does about one's own stake: say so, and let go.
DESPITE = {"conflict.declare", "case.release"}


def rests_on(model: type[Record], case: Case) -> Record | None:
    """An unsaved row of `model` whose acts stand in the history of `case`; None for a model that has none there."""
    columns = {field.name for field in model._meta.concrete_fields}
    if model is Case:
        return case
    if "case" in columns:
        row = model(case=case)
    elif "decision" in columns:
        row = model(decision=Decision(case=case))
    else:
        return None
    return row if row.history_of() is case else None


def row_of(model: type[Record], case: Case) -> Record:
    row = rests_on(model, case)
    assert row is not None
    return row


def acts() -> list[tuple[type[Record], Operation]]:
    models = [model for model in apps.get_models() if issubclass(model, Record)]
    probe = Case()
    return [(model, act) for model in models if rests_on(model, probe) for act in operations_of(model)]


ACTS = acts()


def test_the_walk_finds_what_hangs_on_a_case() -> None:
    found = {model.__name__ for model, _act in ACTS}
    assert {"Case", "Decision", "Claim", "Interim", "Sanction", "Verdict", "Finding", "Note", "Appeal"} <= found
    assert {f"{model.reference_prefix}.{act.name}" for model, act in ACTS if act.despite_stake} == DESPITE


@pytest.mark.parametrize("stake", ["your own account", "account above", "stayed out of", "declared a conflict"])
def test_no_act_is_open_to_who_has_a_stake(stake: str, people: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    who, subject = person("senior"), factories.subject()
    if stake == "your own account":
        subject.amend(actor=factories.SYSTEM, contact=who.email.upper())
    if stake == "account above":
        above = factories.subject(kind="organisation", contact=who.email)
        subject.amend(actor=factories.SYSTEM, parent=above)
    case = factories.case(about=subject)
    if stake == "declared a conflict":
        case.take_part(who, Hand.Part.INVESTIGATED)
    if stake in ("stayed out of", "declared a conflict"):
        factories.conflict(case, who)
    monkeypatch.setattr(Operation, "state_refusal", lambda *_args: None)  # whatever the state is
    case, words = Case.objects.get(pk=case.pk), {"account above": "your own account"}.get(stake, stake)
    told = {
        f"{model.__name__}.{act.name}": act.refusal(row_of(model, case), who)
        for model, act in ACTS
        if not act.despite_stake
    }
    assert [name for name, refusal in told.items() if words not in (refusal or "")] == []
    assert Case.claim.operation.refusal(case, person("reviewer")) is None


class TestReading:
    @pytest.fixture
    def own(self, people: dict) -> Subject:
        above = factories.subject(kind="organisation", contact=person("head").email.upper())
        return factories.subject(parent=above)

    def test_no_list_holds_it(self, own: Subject) -> None:
        appeal = factories.lodged(factories.issued(case_columns={"about": own}))
        for model in (Case, Decision, Report, Appeal, Sanction):
            assert model.objects.visible_to(person("appeals" if model is Appeal else "lead")).exists(), model
            assert not model.objects.visible_to(person("head")).exists(), model
        assert not Subject.objects.visible_to(person("head")).filter(pk=own.pk).exists()
        assert appeal.case is not None
        factories.case()
        assert Case.objects.visible_to(person("head")).count() == 1

    def test_no_page_shows_it(self, own: Subject, enter: Any) -> None:
        decision = factories.issued(case_columns={"about": own})
        report = decision.case.reports.get()
        pages = [decision.case.get_absolute_url(), decision.page_url, report.get_absolute_url(), own.get_absolute_url()]
        browser, lead = enter("head"), enter("lead")
        assert [lead.get(page).status_code for page in pages] == [200] * 4
        assert [browser.get(page).status_code for page in pages] == [404] * 4
        assert "Nothing of that name" in browser.get(f"/desk/find/?q={decision.case.ref}").text

    def test_a_report_that_names_it(self, own: Subject, enter: Any) -> None:
        report = factories.report(account=own.external_id)
        assert not Report.objects.visible_to(person("head")).exists()
        assert Report.objects.visible_to(person("lead")).get() == report
        own.parent.amend(actor=factories.SYSTEM, contact=person("lead").email)
        with pytest.raises(Refused, match="your own account"):
            report.decline(actor=person("lead"), reason="insufficient", note="")
        again = factories.report()
        with pytest.raises(Refused, match="your own account"):
            again.accept(actor=person("lead"), subject=own, rule=factories.rule(), severity=2)


class TestHolesThatWere:
    def test_nobody_lifts_a_measure_on_their_own_account(self, people: dict) -> None:
        own = factories.subject(contact=person("senior").email)
        sanction = factories.issued(by="adjudicator", case_columns={"about": own}).sanctions.first()
        assert sanction is not None
        with pytest.raises(Refused, match="your own account"):
            sanction.lift(actor=person("senior"), reason="It is over.")

    def test_who_stayed_out_assesses_no_claim(self, people: dict) -> None:
        claim = factories.claim()
        factories.conflict(claim.case, person("senior"))
        with pytest.raises(Refused, match="stayed out of"):
            Claim.objects.get(pk=claim.pk).accept(actor=person("senior"), reasons="It was research." * 10)

    def test_a_conflict_may_still_be_told_about_ones_own_account(self, people: dict) -> None:
        case = factories.case(about=factories.subject(contact=person("senior").email))
        factories.conflict(case, person("senior"))
        assert case.conflicts.get().person == person("senior")
