"""Whoever judged something on the way to a decision may confirm or issue it, and never hears the appeal."""

from collections.abc import Callable
from functools import partial

import pytest
from django.db import DatabaseError, connection, transaction

from appeals.models import Appeal
from cases.models import Case, Claim, Decision, Hand, Verdict
from tests import factories
from tests.cases.test_interim import grave, imposed
from tests.factories import person
from tipstaff.workflow.refused import Refused

pytestmark = pytest.mark.usefixtures("people")
WHY = "The test needed four hundred posts to show the flaw, on boards of their own, and they wrote to us the same day."


def assessed_claim() -> Case:
    claim = factories.claim()
    claim.refuse(actor=person("senior"), reasons=WHY, limits=["harm"])
    return claim.case


def seconded() -> Case:
    interim = imposed(grave())
    interim.second(actor=person("senior"))
    return interim.case


def sent_back() -> Case:
    decision = factories.proposed()
    decision.send_back(actor=person("senior"), reason="The second night is missing.")
    return decision.case


def own_verdict() -> Case:
    decision = factories.proposed()
    pronounced(decision)
    return decision.case


def pronounced(decision: Decision, by: str = "senior") -> Verdict:
    verdict = Verdict(decision=decision, person=person(by), outcome="no_breach", reason="It breaks no rule at all.")
    verdict.pronounce(actor=person(by))
    return verdict


JUDGED = [assessed_claim, seconded, sent_back, own_verdict]


@pytest.mark.parametrize("judge", JUDGED)
def test_judging_leaves_a_hand(judge: Callable[[], Case]) -> None:
    case = Case.objects.get(pk=judge().pk)
    assert case.part_of(person("senior")) == Hand.Part.JUDGED
    assert Case.objects.filter(pk=case.pk).queued().offered_to(person("senior"), case.opened_at).count() == 0
    with pytest.raises(Refused, match="helped to judge"):
        case.take_part(person("senior"), Hand.Part.REVIEWED_APPEAL)
    with pytest.raises(DatabaseError), transaction.atomic():
        Hand.objects.create(case=case, person=person("senior"), part=Hand.Part.REVIEWED_APPEAL)


@pytest.mark.parametrize("part", ["reported", "investigated", "reviewed_appeal", "assessed"])
def test_nobody_with_another_part_judges(part: str) -> None:
    decision = factories.proposed()
    decision.case.take_part(person("senior"), Hand.Part(part))
    decision = Decision.objects.get(pk=decision.pk)
    for judge in (partial(pronounced, decision), partial(decision.send_back, actor=person("senior"), reason="No.")):
        with pytest.raises(Refused, match=r"this case; someone else must do this\."):
            judge()
    claim = factories.claim(decision.case)
    with pytest.raises(Refused, match=r"this case; someone else must do this\."):
        claim.accept(actor=person("senior"), reasons=WHY)


class TestGoingOn:
    def test_to_issue_after_a_verdict(self) -> None:
        decision = factories.proposed()
        pronounced(decision)
        decision.issue(actor=person("senior"))
        assert Hand.objects.get(case=decision.case, person=person("senior")).part == Hand.Part.ISSUED

    def test_to_confirm_and_then_not_to_issue(self) -> None:
        decision = factories.proposed(intent="deliberate", sensitivity="special_category", severity=3)
        pronounced(decision, "adjudicator")
        decision.confirm(actor=person("adjudicator"))
        assert Hand.objects.get(case=decision.case, person=person("adjudicator")).part == Hand.Part.CONFIRMED
        with pytest.raises(Refused, match="confirmed this case"):
            Decision.objects.get(pk=decision.pk).issue(actor=person("adjudicator"))

    def test_not_to_the_appeal(self) -> None:
        claim = factories.claim()
        claim.refuse(actor=person("adjudicator"), reasons=WHY, limits=["harm"])
        case = Case.objects.get(pk=claim.case.pk)
        decision = factories.draft(case)
        decision.propose(actor=person("reviewer"))
        decision.issue(actor=person("senior"))
        appeal = factories.lodged(decision)
        person("adjudicator").change_roles(actor=factories.SYSTEM, roles=["adjudicator", "appeals_reviewer"])
        with pytest.raises(Refused, match="had no part must hear the appeal"):
            Appeal.objects.get(pk=appeal.pk).take_up(actor=person("adjudicator"))

    @pytest.mark.parametrize(
        ("had", "becomes"), [("judged", "reviewed_appeal"), ("investigated", "issued"), ("issued", "judged")]
    )
    def test_no_other_change_by_sql(self, had: str, becomes: str) -> None:
        case = factories.case()
        case.take_part(person("senior"), Hand.Part(had))
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE cases_hand SET part = %s WHERE case_id = %s", [becomes, case.pk])

    def test_one_who_confirms_may_have_assessed_the_claim(self) -> None:
        claim = factories.claim()
        claim.refuse(actor=person("senior"), reasons=WHY, limits=["harm"])
        assert Claim.objects.get().assessed_by == person("senior")
        decision = factories.draft(Case.objects.get(pk=claim.case.pk))
        decision.propose(actor=person("reviewer"))
        decision.issue(actor=person("senior"))
        assert decision.issued_part == "issued"
