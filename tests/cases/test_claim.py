"""Research in good faith: claimed, assessed by somebody else, and in the way of a breach until then and after."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from cases.models import Case, Claim, Decision
from cases.statement import sections
from tests import factories
from tests.cases.test_commit import typed
from tests.factories import person
from tipstaff.notices.models import Notice
from tipstaff.time import now
from tipstaff.workflow.operations import available_to
from tipstaff.workflow.refused import NotPermitted, Refused

pytestmark = pytest.mark.usefixtures("people")
WHY = "The test needed four hundred posts to show the flaw, on boards of their own, and they wrote to us the same day."
LIGHT = {"intent": "inadvertent", "sensitivity": "public"}


def claimed_in(case: Case, by: str = "reviewer", **columns: Any) -> Claim:
    today = now().date()
    facts = {
        "made_by": Claim.By.ACCOUNT_HOLDER, "scope": "How far one account can post.", "disclosed": "To us, on the day.",
        "began_on": today - timedelta(days=3), "ended_on": today,
    }  # fmt: skip
    claim = Claim(case=case, entered_by=person(by), **(facts | columns))
    claim.enter(actor=person(by))
    return claim


@pytest.fixture
def case(people: dict) -> Case:
    return factories.claimed()


class TestInTheWay:
    def test_while_it_is_open_nothing_is_proposed_that_restricts(self, case: Case) -> None:
        claimed_in(case)
        with pytest.raises(Refused, match="somebody assesses that"):
            factories.draft(case).propose(actor=person("reviewer"))
        decision = factories.draft(case, **LIGHT)
        decision.propose(actor=person("reviewer"))
        assert decision.tier == "T1"

    def test_nor_issued_where_it_came_after_the_proposal(self, case: Case) -> None:
        decision = factories.draft(case)
        decision.propose(actor=person("reviewer"))
        claim = claimed_in(Case.objects.get(pk=case.pk))
        with pytest.raises(Refused, match="somebody assesses that"):
            decision.issue(actor=person("senior"))
        claim.refuse(actor=person("adjudicator"), reasons=WHY, limits=["sale"])
        decision.issue(actor=person("senior"))
        told = str(Notice.objects.get(about=decision.reference).sections)
        assert WHY in told
        assert "Selling access" in told

    def test_conduct_on_other_days_is_not_covered(self, case: Case) -> None:
        day = now().date() - timedelta(days=9)
        claimed_in(case, began_on=day, ended_on=day)
        factories.draft(case).propose(actor=person("reviewer"))

    def test_an_accepted_one_leaves_protected_research_only(self, case: Case) -> None:
        claimed_in(case).accept(actor=person("adjudicator"), reasons=WHY)
        with pytest.raises(Refused, match="Protected research"):
            factories.draft(case, **LIGHT).propose(actor=person("reviewer"))
        decision = factories.draft(case, outcome="safe_harbour")
        decision.propose(actor=person("reviewer"))
        decision.issue(actor=person("senior"))
        assert not decision.sanctions.exists()
        assert "Why we treat this as research" in str(Notice.objects.get(about=decision.reference).sections)

    def test_a_withdrawn_one_is_in_nobodys_way(self, case: Case) -> None:
        claimed_in(case).withdraw(actor=person("reviewer"), reasons="They wrote that it was no test.")
        factories.draft(case).propose(actor=person("reviewer"))

    def test_what_is_of_the_gravest_kind_waits_for_none_and_its_notice_says_so(self) -> None:
        facts = {"intent": "negligent", "sensitivity": "internal"}
        for severity in (3, 4):
            case = factories.claimed(code="CY-04", severity=severity, about=factories.subject())
            claimed_in(case)
            decision = factories.draft(case, **facts, departure_reason="As the law wants it.", tier="T4")
            if severity == 3:
                with pytest.raises(Refused, match="somebody assesses that"):
                    decision.propose(actor=person("reviewer"))
        decision.propose(actor=person("reviewer"))
        assert decision.tier_restricts
        told = str(sections(decision))
        assert "could not wait" in told
        assert "If you appeal" in told

    def test_plain_sql_is_refused_as_well(self, case: Case) -> None:
        claim = claimed_in(case)
        case.take_part(person("reviewer"), "investigated")  # type: ignore[arg-type]
        row = {"tier": "T3", "recommended_tier": "T3", "recurrence": "first"}
        with pytest.raises(IntegrityError), transaction.atomic():
            factories.draft(case, **row).save(force_insert=True)
        with transaction.atomic():  # what is of the gravest kind waits for no claim
            factories.draft(case, **(row | {"severity": 4})).save(force_insert=True)
            transaction.set_rollback(True)
        factories.draft(case, **(row | {"tier": "T2", "recommended_tier": "T2"})).save(force_insert=True)
        for change in (
            "state = 'accepted'",
            "state = 'accepted', reasons = 'x', assessed_at = now(), assessed_by_id = entered_by_id",
            "ended_on = began_on - 1",
            "entered_by_id = NULL",
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                connection.cursor().execute(f"UPDATE cases_claim SET {change} WHERE id = %s", [claim.pk])


class TestWho:
    def test_somebody_else_than_who_wrote_it_down_or_investigated(self, case: Case) -> None:
        claim = claimed_in(case, by="reviewer2")
        factories.finding(case)
        for mailbox in ("reviewer", "reviewer2"):
            with pytest.raises((Refused, NotPermitted)):
                claim.accept(actor=person(mailbox), reasons=WHY)
        assert "accept" not in {act.name for act in available_to(claim, person("reviewer"))}
        with pytest.raises(NotPermitted):
            claim.accept(actor=person("auditor"), reasons=WHY)
        claim.accept(actor=person("adjudicator"), reasons=WHY)
        with pytest.raises(Refused, match="accepted by now"):
            claim.refuse(actor=person("senior"), reasons=WHY, limits=[])

    def test_reasons_are_reasons_and_days_in_their_order(self, case: Case) -> None:
        today = now().date()
        with pytest.raises(Refused, match="before the first"):
            claimed_in(case, began_on=today, ended_on=today - timedelta(days=1))
        with pytest.raises(Refused, match="future"):
            claimed_in(case, began_on=today + timedelta(days=2), ended_on=today + timedelta(days=3))
        with pytest.raises(Refused, match="characters"):
            claimed_in(case).refuse(actor=person("adjudicator"), reasons="No.", limits=[])

    def test_after_the_decision_it_belongs_into_an_appeal(self) -> None:
        with pytest.raises(Refused, match="in an appeal"):
            claimed_in(factories.issued().case)

    def test_a_case_with_a_claim_is_not_merged_away(self, case: Case) -> None:
        claimed_in(case)
        into = factories.case(about=factories.subject())
        case.release(actor=person("reviewer"))
        with pytest.raises(Refused, match="claimed in this case"):
            case.merge(actor=person("lead"), into=into, reason="Same.")


class TestPages:
    def entered(self, case: Case, **columns: str) -> dict[str, str]:
        day = f"{now():%Y-%m-%d}"
        return {
            "claim-made_by": "operator", "claim-scope": "How far one account can post.", "claim-began_on": day,
            "claim-ended_on": day, "claim-disclosed": "To us.",
        } | columns  # fmt: skip

    def test_from_the_letter_to_the_outcome(self, enter: Any, case: Case) -> None:
        browser, address = enter("reviewer"), f"/desk/cases/{case.ref}/claims/"
        assert browser.post(address, self.entered(case)).status_code == 302
        claim = Claim.objects.get()
        page = browser.get(case.get_absolute_url()).content.decode()
        assert "Research in good faith is claimed." in page
        answer = browser.post(f"/desk/cases/{case.ref}/propose/", typed(case, "breach"))
        assert answer.status_code == 409
        assert "somebody assesses that" in answer.text
        other = enter("adjudicator")
        assert case.ref in other.get("/desk/decisions/").content.decode()
        facts = {"assess-accepted": "no", "assess-reasons": "Short.", "assess-limits": "sale"}
        short = other.post(f"{address}{claim.pk}/", facts)
        assert short.status_code == 422
        assert "Short." in short.text
        assert other.post(f"{address}{claim.pk}/", facts | {"assess-reasons": WHY}).status_code == 302
        claim.refresh_from_db()
        assert (claim.state, claim.limits) == ("refused", ["sale"])
        again = other.post(f"{address}{claim.pk}/", facts | {"assess-reasons": WHY})
        assert again.status_code == 409

    def test_what_was_typed_stays(self, enter: Any, case: Case) -> None:
        answer = enter("reviewer").post(
            f"/desk/cases/{case.ref}/claims/",
            self.entered(case, **{"claim-ended_on": "2020-01-01", "claim-scope": "ب" * 2000}),
        )
        assert answer.status_code == 409
        assert list(answer.context["claim_form"].errors) == ["ended_on"]
        assert "ب" * 2000 in answer.text

    def test_who_may_not(self, enter: Any, case: Case) -> None:
        claim = claimed_in(case)
        address = f"/desk/cases/{case.ref}/claims/"
        assert enter("auditor").post(address, self.entered(case)).status_code in (403, 404)
        assert enter("reviewer").post(f"{address}{claim.pk}/", {}).status_code in (403, 404)
        assert (
            enter("adjudicator").post(f"/desk/cases/{factories.case().ref}/claims/{claim.pk}/", {}).status_code == 404
        )

    def test_everybody_reads_the_limits_and_the_counts(self, client: Any, case: Case) -> None:
        claimed_in(case).accept(actor=person("adjudicator"), reasons=WHY)
        page = client.get("/how-we-enforce/").content.decode()
        for label in Claim.Limit.labels:
            assert str(label) in page
        assert "1 accepted, 0 refused, 0 being looked at" in page
        assert Decision.objects.count() == 0
