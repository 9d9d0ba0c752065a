"""What an authority is told, by when and by whom; and what the law keeps from an account holder until when."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from cases import lapses
from cases.models import Case, Decision, Referral, Withholding
from tests import factories
from tests.factories import person
from tipstaff.notices import outbox, reminders
from tipstaff.notices.models import Delivery, Message, Notice
from tipstaff.sla.models import Clock
from tipstaff.time import moved_to, now
from tipstaff.workflow.refused import NotPermitted, Refused

HOUR = timedelta(hours=1)
LAW = "Regulation (EU) 2022/2065, Article 18."


def told(case: Case, by: str = "custodian", **columns: Any) -> Referral:
    facts = {"authority": "Federal Police", "authority_ref": "BK-7", "basis": LAW, "handed_over": "E-1, account data."}
    made = Referral(case=case, made_by=person(by), **(facts | columns))
    made.make(actor=person(by))
    return made


def withheld(case: Case, by: str = "counsel", hours: float = 48, **columns: Any) -> Withholding:
    facts = {"authority": "District court", "order_ref": "12 Gs 3/26", "basis": LAW, "until": now() + hours * HOUR}
    order = Withholding(case=case, ordered_by=person(by), **(facts | columns))
    order.order(actor=person(by))
    return order


def clock(case: Case, kind: str = "authority") -> Clock:
    return Clock.objects.about(case).get(kind=kind)


def issued(case: Case) -> Decision:
    decision = factories.draft(case, outcome="insufficient_evidence")
    decision.propose(actor=person("reviewer"))
    decision.issue(actor=person("reviewer"))
    return decision


def statement() -> Message:
    return Message.objects.get(kind="decision_issued")


@pytest.fixture
def grave(people: dict) -> Case:
    case = factories.case(code="CH-03", severity=4, description="Unspeakable.")
    assert case.refers
    return case


@pytest.fixture
def case(people: dict) -> Case:
    return factories.claimed()


class TestClock:
    def test_starts_with_a_case_that_has_to_be_referred_and_is_set_by_law(self, grave: Case, case: Case) -> None:
        assert (clock(grave).target, clock(grave).statutory) == (HOUR, True)
        assert not Clock.objects.about(case).filter(kind="authority").exists()

    def test_stops_with_the_notice(self, grave: Case) -> None:
        told(grave)
        assert clock(grave).outcome == "met"

    def test_does_not_stop_with_the_decision(self, people: dict) -> None:
        case = factories.claimed(code="CH-03", severity=4)
        issued(case)
        assert clock(case).stopped_at is None
        assert clock(case, "interim").stopped_at is not None


class TestReferral:
    def test_custodians_hear_of_it_without_content(self, grave: Case) -> None:
        (mail,) = Message.objects.filter(kind="referral_owed")
        assert mail.recipient == person("custodian").email
        assert f"/desk/referrals/{grave.ref}/" in mail.text
        assert "Unspeakable" not in mail.text
        assert grave.rule.title not in mail.text

    def test_what_is_missing(self, grave: Case) -> None:
        with pytest.raises(Refused, match="Name the authority"):
            told(grave, handed_over="  ")

    def test_a_case_that_went_into_another(self, people: dict) -> None:
        one, other = factories.case(), factories.case()
        one.merge(actor=person("lead"), into=other, reason="The same.")
        with pytest.raises(Refused, match="went into another case"):
            told(one)

    def test_by_choice_too(self, case: Case) -> None:
        told(case, by="counsel")
        assert case.referrals.count() == 1

    @pytest.mark.parametrize("mailbox", ["reviewer", "adjudicator", "auditor", "admin", "compliance"])
    def test_not_for_everybody(self, grave: Case, mailbox: str) -> None:
        with pytest.raises(NotPermitted):
            told(grave, by=mailbox)


class TestWithholding:
    def test_the_statement_waits_and_leaves_by_itself(self, case: Case) -> None:
        order = withheld(case)
        issued(case)
        assert Notice.objects.filter(about__startswith="decision:").count() == 1  # the page stands; its key waits
        outbox.deliver_due()
        assert statement().state == "queued"
        with moved_to(order.until):
            assert outbox.deliver_due() >= 1
        assert statement().state == "handed_over"

    def test_no_clock_runs_until_it_may_leave(self, case: Case) -> None:
        order = withheld(case)
        decision = issued(case)
        assert not Clock.objects.about(decision).filter(kind="statement").exists()
        with moved_to(order.until + HOUR / 60):
            reminders.sweep(lapses.WATCHES)
        assert clock(decision, "statement").started_at == order.until  # type: ignore[arg-type]

    def test_a_mail_that_waits_already_waits_longer(self, case: Case) -> None:
        issued(case)
        order = withheld(case)
        assert statement().next_attempt_at == order.until

    def test_lifted_it_leaves_at_once(self, case: Case) -> None:
        order = withheld(case)
        decision = issued(case)
        order.lift(actor=person("counsel"), reason="The search is over.")
        assert statement().next_attempt_at <= now()
        assert clock(decision, "statement").stopped_at is None  # type: ignore[arg-type]

    def test_the_measure_does_not_wait(self, people: dict) -> None:
        factories.endpoint("http://127.0.0.1:9/hooks")
        decision = factories.proposed()
        withheld(decision.case)
        decision.issue(actor=person("senior"))
        assert not Delivery.objects.exclude(after="").exists()

    def test_the_time_to_appeal_runs_from_the_mail(self, people: dict) -> None:
        from cases.statement import appeal_closes_at

        decision = factories.proposed()
        withheld(decision.case)
        decision.issue(actor=person("senior"))
        assert appeal_closes_at(decision) is None

    def test_one_at_a_time(self, case: Case) -> None:
        order = withheld(case)
        with pytest.raises(Refused, match="already; lift that first"):
            withheld(case)
        with moved_to(order.until):
            withheld(case)

    @pytest.mark.parametrize("hours", [-1, 0, 24 * 400])
    def test_a_time_ahead_and_no_more_than_a_year(self, case: Case, hours: float) -> None:
        with pytest.raises(Refused, match="no more than a year"):
            withheld(case, hours=hours)

    def test_lifted_once(self, case: Case) -> None:
        order = withheld(case)
        order.lift(actor=person("counsel"), reason="Over.")
        with pytest.raises(Refused, match="on its way"):
            order.lift(actor=person("counsel"), reason="Over.")

    def test_sql_knows_that_it_ends(self, case: Case) -> None:
        order = withheld(case)
        with pytest.raises(IntegrityError), transaction.atomic():
            Withholding.objects.filter(pk=order.pk).update(until=order.ordered_at)

    def test_not_by_a_custodian(self, case: Case) -> None:
        with pytest.raises(NotPermitted):
            withheld(case, by="custodian")


class TestPages:
    def test_the_list_shows_no_content(self, enter: Any, grave: Case) -> None:
        page = enter("custodian").get("/desk/referrals/")
        assert grave.ref in page.text
        assert "Unspeakable" not in page.text
        told(grave)
        assert "Nothing is owed to an authority" in enter("custodian").get("/desk/referrals/").text

    def test_it_costs_the_same_for_one_and_for_many(
        self, enter: Any, grave: Case, django_assert_num_queries: Any
    ) -> None:
        browser = enter("custodian")
        for _turn in range(2):
            with django_assert_num_queries(6):  # session, person; cases, clocks, withholdings, referrals
                browser.get("/desk/referrals/")
            factories.case(code="CH-03", severity=4)

    def test_record_a_notice(self, enter: Any, grave: Case) -> None:
        browser, address = enter("custodian"), f"/desk/referrals/{grave.ref}/"
        facts = {"referral-authority": "Police", "referral-basis": LAW, "referral-handed_over": "ا" * 2000}
        assert "Record a notice" in browser.get(address).text
        refused = browser.post(address + "notice/", facts | {"referral-authority": ""})
        assert refused.status_code == 422
        assert "ا" * 2000 in refused.text
        assert browser.post(address + "notice/", facts).status_code == 302
        assert "Police" in browser.get(address).text
        assert "Police" in enter("counsel").get(f"/desk/cases/{grave.ref}/").text

    def test_keep_back_and_tell(self, enter: Any, case: Case) -> None:
        browser, address = enter("counsel"), f"/desk/referrals/{case.ref}/"
        until = (now() + 48 * HOUR).strftime("%Y-%m-%dT%H:%M")
        facts = {"withhold-authority": "Court", "withhold-order_ref": "12", "withhold-basis": LAW}
        assert browser.post(address + "withhold/", facts | {"withhold-until": "2020-01-01T10:00"}).status_code == 422
        assert browser.post(address + "withhold/", facts | {"withhold-until": until}).status_code == 302
        again = browser.post(address + "withhold/", facts | {"withhold-until": until})
        assert again.status_code == 409
        assert 'value="Court"' in again.text
        assert "The account holder is not told yet." in enter("lead").get(f"/desk/cases/{case.ref}/").text
        assert browser.post(address + "tell/", {"tell-reason": ""}).status_code == 422
        assert browser.post(address + "tell/", {"tell-reason": "Over."}).status_code == 302
        assert browser.post(address + "tell/", {"tell-reason": "Over."}).status_code == 409

    def test_who_may_do_neither_sees_neither(self, enter: Any, grave: Case) -> None:
        for mailbox in ("reviewer", "auditor", "compliance"):
            assert enter(mailbox).get("/desk/referrals/").status_code == 404
            assert enter(mailbox).get(f"/desk/referrals/{grave.ref}/").status_code == 404
