"""What may be limited before a decision: by whom, for how long, who hears of it, and that it ends by itself."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from cases import lapses
from cases.models import Case, Decision, Hand, Interim, Sanction
from tests import factories
from tests.factories import person
from tipstaff.accounts.models import Token
from tipstaff.ledger.models import Event
from tipstaff.notices import reminders
from tipstaff.notices.models import Delivery, Message, Notice
from tipstaff.permissions import Permission
from tipstaff.sla.models import Clock
from tipstaff.time import moved_to, now
from tipstaff.workflow.refused import NotPermitted, Refused

HOUR = timedelta(hours=1)
WHY = "Hundreds of posts go out every hour and reach people who did not ask for them."


def grave(by: str = "reviewer", severity: int = 4, **columns: Any) -> Case:
    return factories.claimed(by, severity=severity, code="FR-02" if severity > 1 else "SP-03", **columns)


def imposed(case: Case, by: str = "reviewer", kind: str = "rate_limit", **columns: Any) -> Interim:
    interim = Interim(case=case, needed=True, answered_by=person(by), **({"reason": WHY} | columns))
    interim.impose(actor=person(by), kind=kind, terms={"quota_percent": 25} if kind == "rate_limit" else {})
    return interim


def ruled_out(case: Case, by: str = "reviewer") -> Interim:
    interim = Interim(case=case, needed=False, answered_by=person(by), reason=WHY)
    interim.rule_out(actor=person(by))
    return interim


def clock(case: Case) -> Clock:
    return Clock.objects.about(case).get(kind="interim")


def mails(kind: str) -> list[Message]:
    return list(Message.objects.filter(kind=kind).order_by("id"))


@pytest.fixture
def case(people: dict) -> Case:
    return grave()


class TestClock:
    def test_starts_with_a_grave_case_and_no_other(self, people: dict) -> None:
        assert clock(grave(severity=4)).target == 8 * HOUR
        assert clock(grave(severity=3)).stopped_at is None
        assert not Clock.objects.about(grave(severity=2)).filter(kind="interim").exists()

    def test_a_case_that_becomes_grave_gets_one(self, people: dict) -> None:
        about = factories.subject()
        case = factories.case(about=about, code="FR-02", severity=2)
        factories.case(about=about, code="FR-02", severity=3)
        assert clock(case).severity == 3
        factories.case(about=about, code="FR-02", severity=4)
        assert clock(case).severity == 4

    def test_stops_with_the_measure(self, case: Case) -> None:
        imposed(case)
        assert clock(case).outcome == "met"

    def test_stops_with_the_word_that_none_is_needed(self, case: Case) -> None:
        ruled_out(case)
        assert clock(case).outcome == "met"

    def test_stops_with_the_decision(self, people: dict) -> None:
        case = factories.issued(by="head", case_columns={"severity": 3}).case
        assert clock(case).stopped_at is not None

    def test_does_not_wait_for_answers(self, case: Case) -> None:
        case.await_information(actor=person("reviewer"), awaiting="reporter", question="Which?")
        assert clock(case).paused_at is None
        assert Clock.objects.about(case).get(kind="decision").paused_at is not None

    def test_is_called_off_where_the_case_joins_another(self, people: dict) -> None:
        case, into = grave(), grave("reviewer2")
        case.release(actor=person("reviewer"))
        case.merge(actor=person("lead"), into=into, reason="The same night.")
        assert clock(case).outcome == "cancelled"

    def test_is_told_on_the_case_page(self, enter: Any, case: Case) -> None:
        assert "Interim measure" in enter("reviewer").get(f"/desk/cases/{case.ref}/").text


class TestImpose:
    def test_limits_at_once_for_as_long_as_one_person_may(self, case: Case) -> None:
        measure = imposed(case).measure
        assert measure.is_in_force
        assert measure.ends_at - measure.starts_at == 24 * HOUR
        assert (measure.decision, measure.terms) == (None, {"quota_percent": 25})

    def test_less_where_the_policy_says_less(self, people: dict) -> None:
        measure = imposed(grave(severity=3)).measure
        assert measure.ends_at - measure.starts_at == 24 * HOUR
        assert measure.interim.longest_until == measure.ends_at

    def test_lapses_by_itself(self, case: Case) -> None:
        measure = imposed(case).measure
        with moved_to(now() + 24 * HOUR):
            assert not measure.is_in_force
            assert measure.standing == "Expired"
            assert not Sanction.objects.in_force(now()).exists()

    def test_the_holder_is_told_with_it(self, case: Case) -> None:
        interim = imposed(case)
        (mail,) = mails("interim_imposed")
        notice = Notice.objects.get(about=interim.reference)
        assert mail.recipient == "holder@customer.example"
        assert notice.message == mail
        assert WHY in str(notice.sections)
        assert notice.given_at == interim.measure.starts_at

    def test_the_page_of_the_notice_says_what_it_is_not(self, client: Any, case: Case) -> None:
        text = client.get(Notice.objects.get(about=imposed(case).reference).get_absolute_url()).text
        assert "Rate limit" in text
        assert "does not count as an earlier" in text

    def test_too_light_a_case(self, people: dict) -> None:
        with pytest.raises(Refused, match="from severity 3; this case has 2"):
            imposed(grave(severity=2))

    def test_a_decided_case(self, people: dict) -> None:
        with pytest.raises(Refused, match="decided"):
            imposed(factories.issued(by="head", case_columns={"severity": 3}).case)

    def test_a_second_while_one_is_in_force(self, case: Case) -> None:
        imposed(case)
        with pytest.raises(Refused, match="is in force in this case"):
            imposed(case, kind="feature_restriction")

    def test_one_after_another_is_no_longer_than_one(self, case: Case) -> None:
        first = imposed(case).measure
        with moved_to(now() + 60 * HOUR):
            case.claim(actor=person("reviewer"))
            assert imposed(case).measure.ends_at == first.starts_at + 72 * HOUR
        with moved_to(now() + 73 * HOUR), pytest.raises(Refused, match="72 hours"):
            imposed(case)

    def test_a_suspension_says_why_nothing_lighter_will_do(self, case: Case) -> None:
        with pytest.raises(Refused, match="is not enough"):
            imposed(case, kind="temporary_suspension")
        assert imposed(case, kind="temporary_suspension", lighter=WHY).is_in_force

    def test_what_the_policy_does_not_list(self, case: Case) -> None:
        with pytest.raises(Refused, match="does not allow"):
            imposed(case, kind="permanent_termination")

    def test_no_reason_no_measure(self, case: Case) -> None:
        with pytest.raises(Refused, match="at least 30"):
            imposed(case, reason="  Bad.  ")

    def test_who_reported_may_not(self, people: dict) -> None:
        case = grave()
        case.take_part(person("lead"), Hand.Part.REPORTED)
        with pytest.raises(Refused, match="You reported this case"):
            imposed(case, by="lead")

    def test_who_imposed_issues_nothing(self, case: Case) -> None:
        imposed(case, by="head")
        decision = factories.draft(case, tier="T4", departure_reason="Milder, as it was the first time.")
        decision.propose(actor=person("reviewer"))
        decision.confirm(actor=person("senior"))
        with pytest.raises(Refused, match="You investigated"):
            decision.issue(actor=person("head"))

    @pytest.mark.parametrize("mailbox", ["compliance", "auditor", "admin", "custodian"])
    def test_not_for_everybody(self, case: Case, mailbox: str) -> None:
        with pytest.raises(NotPermitted):
            imposed(case, by=mailbox)

    def test_sql_knows_that_it_ends(self, case: Case) -> None:
        measure = imposed(case).measure
        for wrong in ({"ends_at": None}, {"kind": "permanent_termination"}, {"interim": None}):
            with pytest.raises(IntegrityError), transaction.atomic():
                Sanction.objects.filter(pk=measure.pk).update(**wrong)


class TestSecond:
    def test_lets_it_last_to_the_limit_and_tells_the_holder(self, case: Case) -> None:
        interim = imposed(case)
        interim.second(actor=person("senior"))
        assert interim.measure.ends_at == interim.measure.starts_at + 72 * HOUR
        assert "until" in mails("interim_extended")[0].subject

    def test_not_by_who_imposed_it(self, case: Case) -> None:
        with pytest.raises(Refused, match="someone else must agree"):
            imposed(case, by="senior").second(actor=person("senior"))

    def test_not_by_who_investigates(self, people: dict) -> None:
        interim = imposed(grave("reviewer"), by="adjudicator")
        ruled_out(interim.case, by="senior")
        with pytest.raises(Refused, match="You investigated this case"):
            interim.second(actor=person("senior"))

    def test_once(self, case: Case) -> None:
        interim = imposed(case)
        interim.second(actor=person("senior"))
        with pytest.raises(Refused, match="agreed to it already"):
            interim.second(actor=person("adjudicator"))

    def test_not_once_it_lapsed(self, case: Case) -> None:
        interim = imposed(case)
        with moved_to(now() + 25 * HOUR), pytest.raises(Refused, match="in force any more"):
            interim.second(actor=person("senior"))

    def test_leaves_who_agreed_free_to_confirm(self, case: Case) -> None:
        imposed(case).second(actor=person("head"))
        decision = factories.draft(case)
        decision.propose(actor=person("reviewer"))
        decision.confirm(actor=person("head"))
        assert Case.objects.get(pk=case.pk).part_of(person("head")) == "confirmed"


class TestEnd:
    def test_lifted_and_told(self, case: Case) -> None:
        interim = imposed(case)
        interim.lift(actor=person("reviewer"), reason="They stopped.")
        assert not Interim.objects.get().is_in_force
        assert "They stopped." in mails("interim_lifted")[0].text
        with pytest.raises(Refused, match="in force any more"):
            interim.lift(actor=person("reviewer"), reason="Again.")

    def test_told_once_when_it_lapsed(self, case: Case) -> None:
        measure = imposed(case).measure
        with moved_to(measure.ends_at + HOUR):
            assert reminders.sweep(lapses.WATCHES) >= 1
            assert len(mails("interim_ended")) == 1
            reminders.sweep(lapses.WATCHES)
        assert len(mails("interim_ended")) == 1
        assert not mails("measure_ended")

    def test_gives_way_to_the_decision(self, case: Case) -> None:
        measure = imposed(case).measure
        decision = self.decide(case)
        measure.refresh_from_db()
        assert (measure.state, measure.ended_reason) == ("superseded", f"{decision.ref} was issued.")

    def decide(self, case: Case, by: str = "reviewer") -> Decision:
        decision = factories.draft(case, by, outcome="insufficient_evidence")
        decision.propose(actor=person(by))
        decision.issue(actor=person(by))
        return decision


class TestCounting:
    def test_never_a_strike(self, people: dict) -> None:
        """Under a measure of a decision a breach is persistent; under an interim one it is the first."""
        about = factories.subject()
        imposed(factories.claimed(about=about, code="FR-02", severity=4))
        decision = factories.draft(factories.claimed(about=about, code="DI-01", severity=3))
        with moved_to(now() + 2 * HOUR):
            decision.conduct_at = now() - HOUR
            assert decision.recommend().recurrence == "first"

    def test_is_taken_off_the_final_measure(self, people: dict) -> None:
        case = grave(severity=3)
        imposed(case)
        at = now() + 10 * HOUR
        with moved_to(at):
            limit = Sanction.of_tier(factories.draft(case), {"type": "rate_limit", "days": 14}, at=at)
            other = Sanction.of_tier(factories.draft(case), {"type": "temporary_suspension", "days": 7}, at=at)
        assert abs(limit.ends_at - at - timedelta(days=14) + 10 * HOUR) < timedelta(seconds=5)
        assert other.ends_at - at == timedelta(days=7)

    def test_never_to_nothing(self, people: dict) -> None:
        case = grave(severity=3)
        imposed(case)
        at = now() + 23 * HOUR
        with moved_to(at):
            short = Sanction.of_tier(factories.draft(case), {"type": "rate_limit", "days": 0.5}, at=at)
        assert short.ends_at - at == HOUR


class TestGateway:
    def test_is_told_of_each_step(self, case: Case) -> None:
        factories.endpoint("http://127.0.0.1:9/hooks")
        interim = imposed(case)
        interim.second(actor=person("senior"))
        interim.lift(actor=person("reviewer"), reason="They stopped.")
        sent = list(Delivery.objects.order_by("id"))
        assert [one.event for one in sent] == ["sanction.imposed", "sanction.extended", "sanction.lifted"]
        told = [json.loads(one.body)["data"] for one in sent]
        assert all(one["sanction"]["interim"] and one["sanction"]["decision"] is None for one in told)

    def test_asks_one_list_for_all_that_limits(self, case: Case) -> None:
        from tests.api.callers import Caller

        measure = imposed(case).measure
        rows = Caller(["sanction:acknowledge"]).get("/sanctions/?in_force=true&interim=true").json()["results"]
        assert [(row["ref"], row["decision"], row["interim"]) for row in rows] == [(measure.ref, None, True)]
        assert not Caller(["sanction:acknowledge"]).get("/sanctions/?interim=false").json()["results"]

    def test_says_what_became_of_it(self, enter: Any, case: Case) -> None:
        token, _secret = Token.draw(
            name="Edge", scopes=[str(Permission.SANCTION_ACKNOWLEDGE)], granted_by=person("admin"), days=30
        )
        token.grant(actor=person("admin"))
        imposed(case).measure.acknowledge(actor=token, effect="applied")
        assert "Applied by <bdi>Edge</bdi>" in enter("lead").get(f"/desk/cases/{case.ref}/").text


class TestPage:
    def post(self, browser: Any, case: Case, door: str = "", **facts: Any) -> Any:
        return browser.post(f"/desk/cases/{case.ref}/interim/{door}", facts)

    def test_impose(self, enter: Any, case: Case) -> None:
        browser = enter("reviewer")
        facts = {"interim-kind": "rate_limit", "interim-quota_percent": "25", "interim-reason": WHY}
        assert self.post(browser, case, **facts).status_code == 302
        text = browser.get(f"/desk/cases/{case.ref}/").text
        assert WHY in text
        assert "25 % of the normal quota" in text
        again = self.post(browser, case, **facts)
        assert again.status_code == 409
        assert WHY in again.text  # what was typed is kept
        assert "is in force in this case" in again.text

    def test_what_is_missing_is_said_and_what_was_typed_kept(self, enter: Any, case: Case) -> None:
        long = "ا" * 2000
        answer = self.post(enter("reviewer"), case, **{"interim-kind": "temporary_suspension", "interim-reason": long})
        assert answer.status_code == 422
        assert "A suspension stops everything." in answer.text
        assert long in answer.text

    def test_second_and_lift(self, enter: Any, case: Case) -> None:
        imposed(case)
        assert self.post(enter("senior"), case, "second/").status_code == 302
        assert self.post(enter("reviewer"), case, "lift/", **{"interim-lift-reason": ""}).status_code == 422
        assert self.post(enter("reviewer"), case, "lift/", **{"interim-lift-reason": "Over."}).status_code == 302
        assert self.post(enter("senior"), case, "second/").status_code == 409

    def test_rule_out(self, enter: Any, case: Case) -> None:
        browser = enter("reviewer")
        assert self.post(browser, case, "none/", **{"interim-none-reason": "No."}).status_code == 422
        assert self.post(browser, case, "none/", **{"interim-none-reason": WHY}).status_code == 302
        assert "No interim measure" in browser.get(f"/desk/cases/{case.ref}/").text
        assert Event.objects.filter(kind="interim.ruled_out").exists()

    def test_who_only_reads_gets_no_form(self, enter: Any, case: Case) -> None:
        assert "Limit the account" not in enter("auditor").get(f"/desk/cases/{case.ref}/").text
        assert self.post(enter("auditor"), case).status_code in {403, 404}

    def test_a_light_case_asks_nothing(self, enter: Any, people: dict) -> None:
        assert "Until the decision" not in enter("reviewer").get(f"/desk/cases/{grave(severity=1).ref}/").text

    def test_the_account_page_lists_it(self, enter: Any, case: Case) -> None:
        imposed(case)
        assert case.subject is not None
        assert "before the decision" in enter("lead").get(case.subject.get_absolute_url()).text

    def test_the_list_of_what_the_gateway_has_to_do(self, enter: Any, case: Case) -> None:
        assert imposed(case).measure.ref in enter("lead").get("/desk/sanctions/").text
