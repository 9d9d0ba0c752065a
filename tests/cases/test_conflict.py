"""Who has a stake in a case says so and is out of it; where it is known without that, nobody has to say it."""

from typing import Any

import pytest
from django.db import DatabaseError, transaction

from appeals.models import Appeal
from cases.models import Case, Conflict, Hand
from oversight.history import events_of
from tests import factories
from tests.factories import person
from tipstaff.workflow.refused import NotPermitted, Refused

WHY = "My brother runs this account."


def declared(case: Case, by: str = "reviewer", reason: str = WHY) -> Conflict:
    made = Conflict(case=Case.objects.get(pk=case.pk), person=person(by), reason=reason)
    made.declare(actor=person(by))
    return made


@pytest.fixture
def case(people: dict) -> Case:
    return factories.case()


class TestDeclaring:
    def test_the_case_leaves_their_hands_and_their_queue(self, case: Case) -> None:
        case.claim(actor=person("reviewer"))
        declared(case)
        case.refresh_from_db()
        assert case.claimant is None
        assert Case.objects.claim_next(actor=person("reviewer")) is None
        with pytest.raises(Refused, match="stayed out of this case"):
            case.claim(actor=person("reviewer"))
        assert Case.objects.claim_next(actor=person("reviewer2")) == case

    def test_no_part_is_left_to_them_by_key(self, case: Case) -> None:
        declared(case)
        with pytest.raises(DatabaseError), transaction.atomic():
            Hand.objects.create(case=case, person=person("reviewer"), part=Hand.Part.ISSUED)

    def test_who_investigated_before_is_kept_out_too(self, case: Case) -> None:
        case.claim(actor=person("reviewer"))
        factories.finding(case)
        declared(case)
        again = Case.objects.get(pk=case.pk)
        assert again.part_of(person("reviewer")) == Hand.Part.INVESTIGATED
        assert Case.objects.claim_next(actor=person("reviewer")) is None
        with pytest.raises(Refused, match="declared a conflict"):
            again.claim(actor=person("reviewer"))
        with pytest.raises(DatabaseError), transaction.atomic():
            Case.objects.filter(pk=case.pk).update(claimed_by=person("reviewer"), claimed_until=case.opened_at)
        again.claim(actor=person("reviewer2"))
        with pytest.raises(Refused, match="cannot take this case now"):
            again.pass_on(actor=person("reviewer2"), to=person("reviewer"), note="Yours?")

    def test_who_would_issue(self, people: dict) -> None:
        decision = factories.proposed()
        declared(decision.case, by="senior")
        with pytest.raises(Refused, match="stayed out of"):
            factories.Decision.objects.get(pk=decision.pk).issue(actor=person("senior"))

    def test_who_would_hear_the_appeal(self, people: dict) -> None:
        appeal = factories.lodged()
        declared(appeal.case, by="appeals")  # type: ignore[arg-type]
        with pytest.raises(Refused, match="stayed out of"):
            Appeal.objects.get(pk=appeal.pk).take_up(actor=person("appeals"))

    def test_once_and_with_a_reason(self, case: Case) -> None:
        with pytest.raises(Refused, match="Say in a word"):
            declared(case, reason=" ")
        declared(case)
        with pytest.raises(Refused, match="already"):
            declared(case)

    def test_the_reason_is_in_no_event(self, case: Case) -> None:
        declared(case)
        event = events_of(case).get(kind="conflict.declared")
        assert WHY not in str(event.told())

    def test_skipping_for_closeness_is_one(self, case: Case) -> None:
        case.claim(actor=person("reviewer"))
        case.skip(actor=person("reviewer"), reason="closeness", note="A friend.")
        assert case.conflicts.get().reason == "A friend."
        with pytest.raises(Refused, match="stayed out of"):
            Case.objects.get(pk=case.pk).claim(actor=person("reviewer"))

    @pytest.mark.parametrize("mailbox", ["auditor", "admin", "member1"])
    def test_not_by_who_has_no_work_in_cases(self, case: Case, mailbox: str) -> None:
        with pytest.raises(NotPermitted):
            declared(case, by=mailbox)


class TestKnownWithoutTelling:
    def test_ones_own_account(self, people: dict) -> None:
        subject = factories.subject()
        subject.amend(actor=factories.SYSTEM, contact=person("reviewer").email.upper())
        case = factories.case(about=subject)
        assert Case.objects.claim_next(actor=person("reviewer")) is None
        with pytest.raises(Refused, match="your own account"):
            case.claim(actor=person("reviewer"))
        assert Case.objects.claim_next(actor=person("reviewer2")) == case

    def test_not_as_approver_either(self, people: dict) -> None:
        subject = factories.subject()
        subject.amend(actor=factories.SYSTEM, contact=person("senior").email)
        decision = factories.proposed(case_columns={"about": subject})
        with pytest.raises(Refused, match="your own account"):
            decision.issue(actor=person("senior"))


class TestPages:
    def test_it_costs_no_key_and_one_line_says_it(self, case: Case, enter: Any) -> None:
        browser, address = enter("reviewer"), case.get_absolute_url()
        case.claim(actor=person("reviewer"))
        page = browser.get(address).text
        assert "By working on it you declare" in page
        assert browser.post(address + "conflict/", {"conflict-reason": ""}).status_code == 422
        for _turn in range(2):
            done = browser.post(address + "conflict/", {"conflict-reason": "ا" * 1000})
            assert (done.status_code, done.url) == (302, "/desk/queue/")
        assert case.conflicts.count() == 1
        page = browser.get(address).text
        assert "By working on it you declare" not in page
        assert "ا" * 1000 not in page
        assert "ا" * 1000 in enter("lead").get(address).text

    def test_on_the_page_of_a_decision(self, people: dict, enter: Any, settings: Any) -> None:
        decision = factories.proposed()
        assert "By working on it you declare" in enter("senior").get(decision.page_url).text  # the verdict first
        settings.OWN_VERDICT_FIRST = False
        assert "By working on it you declare" in enter("senior").get(decision.page_url).text

    @pytest.mark.parametrize("mailbox", ["auditor", "compliance"])
    def test_the_door_is_shut_to_others(self, case: Case, enter: Any, mailbox: str) -> None:
        browser, address = enter(mailbox), case.get_absolute_url()
        assert "By working on it you declare" not in browser.get(address).text
        assert browser.post(address + "conflict/", {"conflict-reason": WHY}).status_code == 403
