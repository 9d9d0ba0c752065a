"""Whoever confirms or issues says first what they would decide; until then what was proposed is kept from them."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from cases.models import Decision, Verdict
from cases.models.verdict import agreement, hidden_from
from tests import factories
from tests.factories import person
from tipstaff.workflow.refused import NotPermitted, Refused

WHY = "The log shows it plainly."


@pytest.fixture(autouse=True)
def first(settings: Any) -> None:
    settings.OWN_VERDICT_FIRST = True


@pytest.fixture
def decision(people: dict) -> Decision:
    return factories.proposed(reasons="Xylophone. " + factories.REASONS)


def given(decision: Decision, by: str = "senior", **columns: Any) -> Verdict:
    facts = {"outcome": "breach", "tier": "T3", "reason": WHY} | columns
    verdict = Verdict(decision=decision, person=person(by), **facts)
    verdict.pronounce(actor=person(by))
    return verdict


class TestBefore:
    def test_nobody_issues_without(self, decision: Decision) -> None:
        with pytest.raises(Refused, match="your own verdict first"):
            decision.issue(actor=person("senior"))
        given(decision)
        decision.issue(actor=person("senior"))
        assert decision.state == "issued"

    def test_nor_confirms(self, people: dict) -> None:
        decision = factories.proposed(tier="T4", departure_reason="It went on for weeks.")
        with pytest.raises(Refused, match="your own verdict first"):
            decision.confirm(actor=person("adjudicator"))
        given(decision, by="adjudicator")
        decision.confirm(actor=person("adjudicator"))

    def test_nor_reads_the_proposal_on_any_other_page(self, decision: Decision, enter: Any) -> None:
        browser, case = enter("senior"), decision.case
        page, find = case.get_absolute_url(), "/desk/find/?q="
        lists = ["/", "/desk/decisions/", "/desk/cases/", "/desk/queue/?all=1", case.subject.get_absolute_url()]
        pages = [decision.page_url, page, f"{page}history/", f"{page}reports/", find + decision.ref, find + case.ref]
        for address in [*lists, *pages]:
            answer = browser.get(address)
            assert answer.status_code in {200, 404}, address
            main = answer.text.partition("<main")[2]
            for word in ("Xylophone", decision.recommended_tier, "outcome=breach"):
                assert word not in main.replace('value="T3"', "").replace("T3:", ""), (address, word)
        assert "Breach" not in browser.get(f"/desk/find/?q={decision.ref}").text

    def test_another_persons_verdict_does_not_count(self, decision: Decision) -> None:
        given(decision, by="adjudicator")
        with pytest.raises(Refused, match="your own verdict first"):
            decision.issue(actor=person("senior"))

    def test_who_issues_their_own_proposal_needs_none(self, people: dict) -> None:
        decision = factories.proposed(outcome="no_breach")
        decision.issue(actor=person("reviewer"))

    def test_an_organisation_can_do_without(self, decision: Decision, settings: Any) -> None:
        settings.OWN_VERDICT_FIRST = False
        decision.issue(actor=person("senior"))


class TestGiving:
    def test_once(self, decision: Decision) -> None:
        given(decision)
        with pytest.raises(Refused, match="already"):
            given(decision, tier="T1")
        with pytest.raises(IntegrityError), transaction.atomic():
            Verdict.objects.create(decision=decision, person=person("senior"), outcome="exempt", reason=WHY)

    def test_not_on_ones_own(self, decision: Decision, people: dict) -> None:
        own = factories.proposed()
        people["reviewer"].roles = ["reviewer", "adjudicator"]
        people["reviewer"].save()
        with pytest.raises(Refused, match="You proposed"):
            given(own, by="reviewer")

    def test_a_reason_and_a_tier(self, decision: Decision) -> None:
        with pytest.raises(Refused, match="at least 20"):
            given(decision, reason="   Yes.   ")
        with pytest.raises(Refused, match="Choose the tier"):
            given(decision, tier="T99")

    def test_not_once_it_is_settled(self, decision: Decision) -> None:
        decision.send_back(actor=person("head"), reason="More.")
        with pytest.raises(Refused, match="waits for nobody"):
            given(decision)

    @pytest.mark.parametrize("mailbox", ["reviewer2", "lead", "auditor", "appeals"])
    def test_not_for_everybody(self, decision: Decision, mailbox: str) -> None:
        with pytest.raises(NotPermitted):
            given(decision, by=mailbox)

    def test_agreement_is_counted(self, people: dict) -> None:
        for tier in ("T3", "T3", "T2"):
            one = factories.proposed()
            given(one, tier=tier)
            one.issue(actor=person("senior"))
        assert agreement() == (2, 3)


class TestPages:
    def test_the_proposal_is_kept_until_then(self, enter: Any, decision: Decision) -> None:
        browser = enter("senior")
        for address in (decision.page_url, f"/desk/cases/{decision.case.ref}/", "/desk/decisions/"):
            text = browser.get(address).text
            assert "Xylophone" not in text, address
            assert "Rate limit" not in text, address
            assert "<strong>T3</strong>" not in text, address
        facts = {"outcome": "breach", "tier": "T2", "reason": WHY}
        assert browser.post(decision.page_url + "verdict/", facts).status_code == 302
        text = browser.get(decision.page_url).text
        assert "Xylophone" in text
        assert "differs" in text
        assert "T3" in browser.get("/desk/decisions/").text

    def test_a_second_post_is_told_and_keeps_what_was_typed(self, enter: Any, decision: Decision) -> None:
        browser, facts = enter("senior"), {"outcome": "breach", "tier": "T3", "reason": "ا" * 1000}
        assert browser.post(decision.page_url + "verdict/", facts | {"tier": ""}).status_code == 422
        assert browser.post(decision.page_url + "verdict/", facts).status_code == 302
        again = browser.post(decision.page_url + "verdict/", facts)
        assert again.status_code == 409
        assert "ا" * 1000 in again.text

    def test_who_decides_nothing_here_reads_it(self, enter: Any, decision: Decision) -> None:
        for mailbox in ("lead", "reviewer", "auditor"):
            assert "Xylophone" in enter(mailbox).get(decision.page_url).text, mailbox

    def test_no_other_act_shows_it(self, enter: Any, decision: Decision) -> None:
        browser = enter("senior")
        assert "Xylophone" not in browser.post(decision.page_url + "send-back/", {}).text
        assert "Xylophone" not in browser.post(decision.page_url + "issue/", {}).text

    def test_nor_the_history(self, enter: Any, decision: Decision, people: dict) -> None:
        people["senior"].roles = ["senior_adjudicator", "auditor"]
        people["senior"].save()
        address = f"/oversight/cases/{decision.case.ref}/"
        page = enter("senior").get(address)
        assert page.status_code == 409
        assert "Xylophone" not in page.text
        given(decision)
        assert "Xylophone" in enter("senior").get(address).text

    def test_hidden_costs_one_query(self, decision: Decision, django_assert_num_queries: Any) -> None:
        other = factories.proposed()
        for one in (decision, other):
            list(one.case.hands.all())
            one.case.hands.all()
        someone = person("senior")
        with django_assert_num_queries(3):  # the hands of both, and the verdicts
            assert hidden_from(someone, decision, other) == {decision.pk, other.pk}
