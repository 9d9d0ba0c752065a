"""Merging and splitting carry along what keeps people apart, and take no decision away from an account holder."""

from typing import Any

import pytest
from django.urls import reverse

from cases.models import Case, Hand, Interim
from oversight.history import events_of
from tests import factories
from tests.cases.test_hearing import answered, asked
from tests.cases.test_interim import grave, imposed
from tests.factories import person
from tipstaff.workflow.refused import Refused

pytestmark = pytest.mark.usefixtures("people")
WHY = "The reports name the wrong account."


def again(case: Case) -> Case:
    return Case.objects.get(pk=case.pk)


def merged(case: Case, into: Case) -> Case:
    again(case).merge(actor=person("lead"), into=again(into), reason=WHY)
    return again(into)


def split(case: Case, into_account: Any = None) -> Case:
    """The case that the second report of `case` goes into."""
    reports = list(case.reports.order_by("received_at", "id"))
    facts = {"subject": into_account or factories.subject(), "rule": case.rule, "severity": 2, "reason": WHY}
    return again(case).split(actor=person("lead"), reports=[reports[-1].ref], **facts)


def of_two(**columns: Any) -> Case:
    case = factories.case(**columns)
    factories.report(**columns).accept(actor=person("lead"), subject=case.subject, rule=case.rule, severity=2)
    return again(case)


class TestConflicts:
    def test_go_along_when_cases_are_merged(self) -> None:
        case, into = factories.case(), factories.case()
        factories.conflict(case, person("reviewer"))
        merged(case, into)
        assert again(into).part_of(person("reviewer")) == Hand.Part.STAYED_OUT
        assert Case.objects.claim_next(actor=person("reviewer")) is None
        with pytest.raises(Refused, match="stayed out of"):
            again(into).claim(actor=person("reviewer"))
        carried = events_of(into).get(kind="conflict.carried").told()
        assert carried["actor"]["ref"] == f"person:{person('lead').pk}"

    def test_go_along_when_reports_are_split_off(self) -> None:
        case = of_two()
        factories.conflict(case, person("reviewer"))
        into = split(case)
        assert again(into).stake_of(person("reviewer")) is not None

    def test_take_the_case_out_of_their_hands(self) -> None:
        case, into = factories.case(), factories.case()
        factories.conflict(case, person("reviewer"))
        into.claim(actor=person("reviewer"))
        factories.finding(into)
        assert merged(case, into).claimant is None
        with pytest.raises(Refused, match="declared a conflict"):
            again(into).claim(actor=person("reviewer"))


class TestParts:
    def test_who_investigated_here_issues_nothing_there(self) -> None:
        case = of_two()
        case.take_part(person("senior"), Hand.Part.INVESTIGATED)
        into = split(case)
        assert again(into).part_of(person("senior")) == Hand.Part.INVESTIGATED

    def test_a_reporter_goes_with_their_report_alone(self) -> None:
        case = of_two(reported_by=person("reviewer2"))
        theirs = factories.report(reported_by=person("adjudicator"))
        theirs.accept(actor=person("lead"), subject=case.subject, rule=case.rule, severity=2)
        into = split(again(case))
        assert again(into).part_of(person("adjudicator")) == Hand.Part.REPORTED
        assert again(into).part_of(person("reviewer2")) is None

    def test_nobody_gets_two_and_nobody_is_named(self) -> None:
        case, into = factories.case(reported_by=person("reviewer2")), factories.case()
        into.take_part(person("reviewer2"), Hand.Part.INVESTIGATED)
        with pytest.raises(Refused, match="nobody may have two") as refused:
            merged(case, into)
        assert person("reviewer2").name not in str(refused.value)
        assert again(case).state == "open"

    def test_who_reported_does_not_go_on_holding_the_case(self) -> None:
        case, into = factories.case(reported_by=person("reviewer2")), factories.case()
        into.claim(actor=person("reviewer2"))
        assert merged(case, into).claimant is None


class TestAcrossAccounts:
    def test_not_after_the_holder_was_limited(self) -> None:
        case = grave()
        imposed(case)
        case.release(actor=person("reviewer"))
        with pytest.raises(Refused, match="a decision about them"):
            merged(case, grave("reviewer2"))
        assert Interim.objects.get().case == case

    def test_not_after_the_holder_was_asked(self) -> None:
        case = factories.claimed()
        answered(asked(case))
        into = factories.case()
        with pytest.raises(Refused, match="a decision about them"):
            merged(case, into)


class TestNeverNamed:
    def test_the_colleague_who_reported(self, enter: Any) -> None:
        case = factories.case(reported_by=person("reviewer2"))
        name = person("reviewer2").name
        with pytest.raises(Refused) as refused:
            case.take_part(person("reviewer2"), Hand.Part.INVESTIGATED)
        assert str(refused.value).startswith("A colleague reported")
        case.claim(actor=person("reviewer"))
        with pytest.raises(Refused) as refused:
            case.pass_on(actor=person("reviewer"), to=person("reviewer2"), note="Yours?")
        assert "reported" not in str(refused.value)
        factories.finding(case)
        page = enter("auditor").get(reverse("oversight:case_history", args=[case.ref])).text
        assert "A colleague" in page
        assert name not in page
        assert person("reviewer").name in page
