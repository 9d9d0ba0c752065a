"""What the system itself did: accepted without an account, gathered into one case, decided without anybody limited."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cases.models import Case, Decision, Hearing, Report
from cases.models.case import no_newer_case
from governance.models import AISystem, ControlTask
from tests import factories
from tests.api.callers import Caller
from tests.cases.test_console import BUDGET, SIGN_IN
from tests.factories import person
from tipstaff.accounts.models import Subject
from tipstaff.notices.models import Message, Notice
from tipstaff.sla.models import Clock
from tipstaff.time import now
from tipstaff.workflow.refused import Refused

pytestmark = pytest.mark.usefixtures("people")
TYPED = {"what": "system", "external_id": "", "kind": "end_user", "contact": "", "rule": "MI-02", "severity": "2"}
REASONS = "The assistant named a source that does not exist, in forty answers out of forty, and nobody had asked it to."


def accept(browser: Client, report: Report, **typed: Any) -> Any:
    return browser.post(f"/desk/reports/{report.ref}/accept/", TYPED | typed)


@pytest.fixture
def system() -> AISystem:
    return factories.ai_system(name="Answering machine")


class TestAccept:
    def test_needs_no_account_at_the_form(self, enter: Any) -> None:
        report, browser = factories.report(), enter("reviewer")
        page = browser.get(report.get_absolute_url()).content.decode()
        assert "What did this?" in page
        assert "The system itself" in page
        assert accept(browser, report).status_code == 302
        case = Case.objects.get()
        assert (case.subject, case.system, case.behaviour, case.rule_group) == (None, None, "system", "MI")
        assert not Subject.objects.exists()
        assert {clock.kind for clock in Clock.objects.about(case)} == {"decision"}  # there is nobody to limit meanwhile

    def test_the_account_that_was_typed_does_not_count_then(self, enter: Any) -> None:
        known = factories.subject("acct_1")
        report = factories.report(account="acct_1")
        assert accept(enter("reviewer"), report, external_id="acct_1").status_code == 302
        assert not known.cases.exists()

    def test_which_system_is_said_where_it_is_known(self, enter: Any, system: AISystem) -> None:
        accept(enter("reviewer"), factories.report(), system=system.ref)
        case = Case.objects.get()
        assert case.system == system
        assert "Answering machine" in enter("reviewer").get(case.get_absolute_url()).content.decode()

    @pytest.mark.parametrize(
        ("typed", "field"),
        [
            ({"what": "account"}, "external_id"),
            ({"what": ""}, "external_id"),
            ({"what": "both"}, "what"),
            ({"system": "M-ZZZZ"}, "system"),
            ({"rule": ""}, "rule"),
            ({"severity": "4"}, "severity"),
        ],
    )
    def test_what_is_missing_is_said_beside_it(self, enter: Any, typed: dict[str, str], field: str) -> None:
        page = accept(enter("reviewer"), factories.report(), **typed)
        assert page.status_code == 422
        assert field in page.context["accept_form"].errors
        assert not Case.objects.exists()

    def test_a_system_beside_an_account_is_asked_about(self, enter: Any, system: AISystem) -> None:
        typed = {"what": "account", "external_id": "acct_1", "system": system.ref}
        page = accept(enter("reviewer"), factories.report(), **typed)
        assert page.context["accept_form"].errors.keys() == {"system"}
        with pytest.raises(Refused, match="not both"):
            factories.report().accept(
                actor=person("lead"), subject=factories.subject(), system=system, rule=factories.rule(), severity=2
            )

    def test_not_by_who_answers_for_the_system(self, system: AISystem) -> None:
        system = factories.ai_system(by="owner")
        AISystem.objects.filter(pk=system.pk).update(owner=person("reviewer"))
        system.refresh_from_db()
        with pytest.raises(Refused, match="You answer for the system"):
            factories.report().accept(
                actor=person("reviewer"), subject=None, system=system, rule=factories.rule("MI-02"), severity=2
            )
        case = factories.system_case(of=system)
        assert Case.objects.claim_next(actor=person("reviewer")) is None
        with pytest.raises(Refused, match="You answer for the system"):
            case.claim(actor=person("reviewer"))
        assert Case.objects.claim_next(actor=person("reviewer2")) == case


class TestGather:
    def test_one_open_case_for_a_system_and_group(self, system: AISystem) -> None:
        other = factories.ai_system()
        cases = [factories.system_case(of=of) for of in (None, None, system, system, other)]
        assert cases[0] == cases[1]
        assert cases[2] == cases[3]
        assert len({case.pk for case in cases}) == 3
        assert cases[0].reports.count() == 2
        assert factories.system_case(code="RA-03") not in cases
        assert factories.case(code="MI-02", severity=2) not in cases

    def test_sql_knows_it(self, system: AISystem) -> None:
        for of in (None, system):
            case = factories.system_case(of=of)
            twin = Case(rule=case.rule, rule_group="MI", severity=2, behaviour="system", system=of)
            with pytest.raises(IntegrityError, match="case_open_once_per_system_group"), transaction.atomic():
                twin.save(force_insert=True)
        with pytest.raises(IntegrityError, match="case_about_an_account_or_a_system"), transaction.atomic():
            Case.objects.filter(pk=factories.case().pk).update(system=system)

    def test_a_decided_one_is_not_joined_and_not_opened_beside_a_newer(self) -> None:
        old = decided().case
        assert no_newer_case(old, person("appeals")) is None
        newer = factories.system_case()
        assert newer != old
        assert newer.ref in str(no_newer_case(old, person("appeals")))


def decided(of: AISystem | None = None, outcome: str = "system_behaviour") -> Decision:
    case = factories.system_case(of=of)
    case.claim(actor=person("reviewer"))
    decision = factories.draft(case, outcome=outcome, reasons=REASONS)
    decision.propose(actor=person("reviewer"))
    if outcome not in ("no_breach", "insufficient_evidence"):
        decision.issue(actor=person("senior"))
    return decision


class TestDesk:
    """From the queue to the answer, as people click through it."""

    def test_the_whole_way(self, enter: Any, client: Client, system: AISystem) -> None:
        report, reviewer, senior = factories.report(), enter("reviewer"), enter("senior")
        accept(reviewer, report, system=system.ref)
        case = Case.objects.get()
        address = case.get_absolute_url()
        assert "What the system did" in reviewer.get("/desk/queue/").content.decode()
        assert reviewer.post(f"{address}claim/").status_code == 302
        page = reviewer.get(address).content.decode()
        assert "Answering machine" in page
        for nowhere in ("Ask the account holder", "Limit the account", "Exempt", "this account", "Support offered"):
            assert nowhere not in page, nowhere
        assert 'value="account_holder"' not in page
        found = {"rule": "MI-02", "conclusion": "breach", "behaviour": "system", "standard": "clear", "facts": REASONS}
        assert reviewer.post(f"{address}finding/", {f"finding-{k}": v for k, v in found.items()}).status_code == 302
        form = reviewer.get(address).context["decision_form"]
        assert form["outcome"].value() == "system_behaviour"
        assert form["reasons"].value() == REASONS
        typed = {"outcome": "system_behaviour", "rule": "MI-02", "conduct_at": form["conduct_at"].value()}
        typed |= {"reasons": REASONS, "conduct_at": f"{form['conduct_at'].value():%Y-%m-%dT%H:%M}"}
        said = reviewer.post(f"{address}advice/", typed).content.decode()
        assert "No account is limited" in said
        assert (
            "nobody gets a notice" in reviewer.post(f"{address}propose/", typed | {"act": "preview"}).content.decode()
        )
        assert reviewer.post(f"{address}propose/", typed | {"outcome": "breach"}).status_code == 422
        assert reviewer.post(f"{address}propose/", typed).status_code == 302
        decision = Decision.objects.get()
        asked = senior.get(decision.page_url).content.decode()
        assert "Answering machine" in asked
        assert "Protected research" not in asked
        verdict = {"outcome": "system_behaviour", "tier": "", "reason": "The log shows that nobody asked for it."}
        assert senior.post(f"{decision.page_url}verdict/", verdict).status_code == 302
        assert "none: system behaviour" in senior.get(decision.page_url).content.decode()
        assert senior.post(f"{decision.page_url}issue/").status_code == 302
        assert not Notice.objects.exists()
        assert not case.sanctions.exists()
        assert ControlTask.objects.get().system == system
        assert {m.kind for m in Message.objects.all()} == {"report_received", "report_answered"}
        assert "The case was decided" in client.post("/follow/", {"code": report.code}).content.decode()
        assert senior.get(decision.page_url).status_code == 200
        assert b"Close the case" in enter("lead").get(address).content
        assert enter("lead").post(f"{address}close/").status_code == 302

    @pytest.mark.parametrize("mailbox", ["reviewer", "lead", "senior", "head", "auditor", "custodian"])
    def test_every_page_that_names_a_case_can_be_read(self, enter: Any, mailbox: str, system: AISystem) -> None:
        waiting, over = factories.system_case(of=system), decided()
        browser = enter(mailbox)
        lists = ["/", "/desk/queue/", "/desk/cases/", "/desk/decisions/", "/desk/sanctions/", "/desk/referrals/"]
        lists += [f"/search/?q={waiting.ref}", f"/desk/cases/?q={waiting.ref}", "/oversight/", over.page_url]
        for case in (waiting, over.case):
            address = case.get_absolute_url()
            lists += [address, f"{address}trail/", f"{address}reports/", f"/oversight/cases/{case.ref}/"]
            lists += [f"/desk/referrals/{case.ref}/"]
        answers = {path: browser.get(path, follow=True).status_code for path in lists}
        assert set(answers.values()) <= {200, 403, 404}, answers
        assert answers["/"] == 200

    def test_the_history_is_given_out(self, enter: Any) -> None:
        decision = decided()
        answer = enter("auditor").post(f"/oversight/cases/{decision.case.ref}/download/")
        assert answer.status_code == 200
        assert b"".join(answer.streaming_content if answer.streaming else [answer.content])

    def test_the_page_costs_no_more_than_that_of_an_account(self, enter: Any, system: AISystem) -> None:
        case = factories.system_case(of=system)
        case.claim(actor=person("reviewer"))
        browser = enter("reviewer")
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(case.get_absolute_url()).status_code == 200
        assert len(captured) <= BUDGET + SIGN_IN

    def test_nobody_is_asked_or_limited(self, enter: Any) -> None:
        case = factories.system_case(code="CY-04", severity=4)
        case.claim(actor=person("reviewer"))
        hearing = Hearing(case=case, asked_by=person("reviewer"), question="Was it you?", purpose="To know.")
        hearing.until = now() + timedelta(days=7)
        with pytest.raises(Refused, match="nobody to ask"):
            hearing.ask(actor=person("reviewer"))
        browser = enter("reviewer")
        for act in ("question", "interim", "interim/none", "claims"):
            assert browser.post(f"{case.get_absolute_url()}{act}/", {}).status_code in (403, 409, 422), act

    @pytest.mark.parametrize("outcome", ["breach", "exempt", "safe_harbour", "support_routing", "corrected"])
    def test_what_says_something_of_an_account_is_not_decided(self, outcome: str) -> None:
        case = factories.system_case()
        case.claim(actor=person("reviewer"))
        with pytest.raises(Refused, match="about what the system did"):
            factories.draft(case, outcome=outcome).propose(actor=person("reviewer"))

    @pytest.mark.parametrize("outcome", ["no_breach", "insufficient_evidence", "referred"])
    def test_the_others_are(self, outcome: str) -> None:
        decision = decided(outcome=outcome)
        if decision.issued_at is None:
            decision.issue(actor=person("reviewer"))
        decision.case.refresh_from_db()
        assert decision.case.state == "decided"
        assert not ControlTask.objects.exists()


class TestElsewhere:
    def test_the_api_names_the_system_and_no_account(self, system: AISystem) -> None:
        decision = decided(system)
        caller = Caller()
        told = caller.get(f"/cases/{decision.case.ref}/").json()
        assert (told["subject"], told["system"], told["behaviour"]) == (None, system.ref, "system")
        listed = caller.get("/cases/?behaviour=system").json()["results"]
        assert [one["ref"] for one in listed] == [decision.case.ref]
        assert json.dumps(caller.get(f"/decisions/{decision.ref}/").json())

    def test_a_retired_system_gets_no_task_of_its_own(self, system: AISystem) -> None:
        case = factories.system_case(of=system)
        case.claim(actor=person("reviewer"))
        decision = factories.draft(case, outcome="system_behaviour")
        decision.propose(actor=person("reviewer"))
        system.retire(actor=person("owner"), reason="Replaced by another one.")
        decision.issue(actor=person("senior"))
        assert ControlTask.objects.get().system is None

    def test_reports_are_split_off_to_the_system_and_back(self, enter: Any, system: AISystem) -> None:
        account = factories.subject("acct_1")
        case = factories.case(about=account, code="MI-02", severity=2)
        factories.case(about=account, code="MI-02", severity=2)
        going = case.reports.order_by("id").last()
        typed = {"what": "system", "system": system.ref, "rule": "MI-02", "severity": "2", "reason": "Nobody asked."}
        lead = enter("lead")
        answer = lead.post(f"{case.get_absolute_url()}reports/", typed | {"report": going.ref})
        into = Case.objects.get(subject=None)
        assert answer.url == into.get_absolute_url()
        assert (into.system, into.reports.get()) == (system, going)
        factories.system_case(of=system)
        back = {"what": "account", "external_id": "acct_1", "rule": "MI-02", "severity": "2", "reason": "They did."}
        assert (
            lead.post(f"{into.get_absolute_url()}reports/", back | {"report": going.ref}).url == case.get_absolute_url()
        )
        with pytest.raises(Refused, match="there is one open case"):
            into.split(
                actor=person("lead"), reports=[into.reports.get().ref], subject=None, system=system, rule=into.rule,
                severity=2, reason="The same.",
            )  # fmt: skip

    def test_merged_into_the_account_that_did_it_and_the_other_way_round(self) -> None:
        account, lead = factories.case(code="MI-02", severity=2), person("lead")
        factories.system_case().merge(actor=lead, into=account, reason="A person wrote it.")
        assert account.reports.count() == 2
        other = factories.system_case()
        account.merge(actor=lead, into=other, reason="Nobody asked for it.")
        assert Case.objects.get(pk=other.pk).reports.count() == 3

    def test_notes_and_search_find_it(self, enter: Any) -> None:
        case, browser = factories.system_case(), enter("reviewer")
        assert browser.post(f"{case.get_absolute_url()}note/", {"note-text": "Seen twice."}).status_code in (302, 422)
        assert case.ref in browser.get("/desk/cases/?q=MI-02").content.decode()
