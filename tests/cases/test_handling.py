"""A case is handled as the strictest rule asks that anything in it falls under, and what came late is weighed first."""

from itertools import permutations
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from cases import committing
from cases.models import Case
from cases.models.referral import referable
from tests import factories
from tests.cases.test_referral import told
from tests.factories import person
from tipstaff.ledger.models import Event
from tipstaff.notices.models import Message
from tipstaff.sla.models import Clock
from tipstaff.workflow.refused import NotPermitted, Refused

LIGHT, SENSITIVE, SEALED = "CH-07", "CH-06", "CH-01"  # of one group of rules
WORDS = "Unspeakable Xylophone."
LINK = "https://pictures.example/1"


def running(case: Case, kind: str) -> Clock:
    return Clock.objects.running().about(case).get(kind=kind)


def joined(*codes: str) -> Case:
    about = factories.subject()
    cases = {factories.case(about=about, code=code, severity=4, description=WORDS) for code in codes}
    assert len(cases) == 1
    return Case.objects.get()


class TestTheStrictestRule:
    @pytest.mark.parametrize("codes", list(permutations([LIGHT, SENSITIVE, SEALED])))
    def test_in_whatever_order_reports_come(self, people: dict, codes: tuple[str, ...]) -> None:
        case = joined(*codes)
        assert (case.handling, case.refers) == ("sealed", True)
        assert list(referable(person("custodian"))) == [case]
        assert running(case, "authority").statutory
        assert {running(case, kind).referral for kind in ("decision", "interim")} == {True}
        assert case.due_at == running(case, "decision").due_at
        assert Message.objects.filter(kind="referral_owed").count() == 1

    def test_nothing_changes_where_none_asks_for_it(self, people: dict) -> None:
        case = factories.case()
        assert (case.handling, case.refers, list(referable(person("custodian")))) == ("standard", False, [])
        assert not Clock.objects.about(case).filter(kind="authority").exists()

    def test_goes_along_when_cases_are_merged_with_the_time_since_when_it_is_owed(self, people: dict) -> None:
        into, other = factories.case(code=LIGHT, severity=4), factories.case(code=SEALED, severity=4)
        began = running(other, "authority").started_at
        other.merge(actor=people["lead"], into=into, reason="One matter.")
        into = Case.objects.get(pk=into.pk)
        assert (into.handling, into.refers) == ("sealed", True)
        assert running(into, "authority").started_at == began

    def test_a_case_that_was_told_of_is_listed_again_when_one_that_was_not_goes_into_it(
        self, people: dict, enter: Any
    ) -> None:
        for code in (SEALED, LIGHT):  # owed by law, or told of without that
            into, other = factories.case(code=code, severity=4), factories.case(code=SEALED, severity=4)
            told(into)
            assert list(referable(person("custodian"))) == [other]
            began, mails = running(other, "authority").started_at, Message.objects.filter(kind="referral_owed").count()
            other.merge(actor=people["lead"], into=into, reason="One matter.")
            into = Case.objects.get(pk=into.pk)
            assert (into.handling, into.refers) == ("sealed", True)
            assert list(referable(person("custodian"))) == [into]
            assert running(into, "authority").started_at == began
            assert Message.objects.filter(kind="referral_owed").count() == mails + 1
            browser = enter("custodian")
            assert into.ref in browser.get("/desk/referrals/").text
            assert "after the last notice" in browser.get(f"/desk/referrals/{into.ref}/").text
            assert "Another case went into this one" in enter("lead").get(into.get_absolute_url()).text
            told(into)
            assert not referable(person("custodian")).exists()
            assert "after the last notice" not in browser.get(f"/desk/referrals/{into.ref}/").text
            assert not Clock.objects.running().about(into).filter(kind="authority").exists()

    def test_nor_again_where_an_authority_was_told_of_both(self, people: dict) -> None:
        into, other = factories.case(code=SEALED, severity=4), factories.case(code=SEALED, severity=4)
        told(into)
        told(other)
        other.merge(actor=people["lead"], into=into, reason="One matter.")
        assert not referable(person("custodian")).exists()
        assert not Clock.objects.running().about(into).filter(kind="authority").exists()

    def test_a_breach_of_a_stricter_rule_than_was_reported(self, people: dict) -> None:
        case = factories.claimed(code=LIGHT, severity=4)
        assert not case.refers
        decision = factories.draft(
            case,
            rule=factories.rule(SEALED),
            intent="deliberate",
            sensitivity="special_category",
            legal_ground="A law.",
        )
        decision.propose(actor=person("reviewer"))
        case = Case.objects.get(pk=case.pk)
        assert (case.handling, case.refers) == ("sealed", True)
        assert running(case, "authority")

    def test_never_becomes_lighter(self, people: dict) -> None:
        case = joined(SEALED)
        for change in ("handling = 'sensitive'", "refers = false"):
            with pytest.raises(DatabaseError, match="more lightly"), transaction.atomic():
                connection.cursor().execute(f"UPDATE cases_case SET {change} WHERE id = %s", [case.pk])


class TestSealedWords:
    @pytest.fixture
    def case(self, people: dict) -> Case:
        return factories.case(code=SEALED, severity=4, description=WORDS, links=[LINK])

    @pytest.mark.parametrize("mailbox", ["reviewer", "lead", "adjudicator", "auditor", "compliance", "head"])
    def test_stand_on_no_page_that_was_only_opened(self, enter: Any, case: Case, mailbox: str) -> None:
        browser, ref = enter(mailbox), case.reports.get().ref
        page = case.get_absolute_url()
        seen = 0
        sealed = (f"/desk/reports/{ref}/", "/desk/reports/?state=accepted")
        for address in (page, f"{page}reports/", f"{page}evidence/", *sealed):
            answer = browser.get(address)
            seen += answer.status_code == 200
            assert "Xylophone" not in answer.text
            assert LINK not in answer.text
        assert seen >= 2

    def test_are_opened_on_record_by_those_who_work_on_it(self, enter: Any, case: Case) -> None:
        report, browser = case.reports.get(), enter("reviewer")
        page = browser.post(f"/desk/reports/{report.ref}/words/", follow=True)
        assert "Xylophone" in page.text
        assert f'href="{LINK}"' not in page.text
        assert Event.objects.filter(kind="report.read_words").count() == 1
        address = page.redirect_chain[-1][0]
        assert "Xylophone" not in enter("lead").get(address).text, "the token is the reader's own"
        assert enter("auditor").post(f"/desk/reports/{report.ref}/words/").status_code == 403
        with pytest.raises(NotPermitted):
            report.read_words(actor=person("compliance"))

    def test_files_are_asked_for_and_not_offered(self, people: dict, enter: Any) -> None:
        report = factories.report(description=WORDS, files=[factories.sealed(b"%PDF-1.7 one")])
        case = report.accept(actor=person("lead"), subject=factories.subject(), rule=factories.rule(SEALED), severity=4)
        case.claim(actor=person("reviewer"))
        factories.evidence(case)
        page = enter("reviewer").get(case.get_absolute_url()).text
        assert page.count("ask to open it") == 2
        assert "Read E-1" not in page
        assert ">Download<" not in page

    def test_grave_ones_are_collapsed(self, people: dict, enter: Any) -> None:
        case = factories.case(code=LIGHT, severity=4, description=WORDS)
        page = enter("reviewer").get(case.get_absolute_url()).text
        assert "<summary>Show what was written: 22 characters</summary>" in page
        assert "Xylophone" in page


class TestWhatCameAfterTheProposal:
    def more(self, case: Case) -> Any:
        report = factories.report(description="And this.")
        report.accept(actor=person("lead"), subject=case.subject, rule=case.rule, severity=case.severity)
        return report

    def test_keeps_it_from_being_issued_by_itself(self, people: dict, enter: Any) -> None:
        case = factories.claimed()
        decision = factories.draft(case, outcome="no_breach")
        committing.commit(decision, actor=person("reviewer"), typed={})
        late = self.more(case)
        decision.refresh_from_db()
        with pytest.raises(Refused, match=f"{late.ref} came after this was proposed"):
            decision.issue(actor=person("reviewer"))
        browser, address = enter("reviewer"), decision.page_url
        page = browser.get(address).text
        assert "waits to be weighed" in page
        assert late.ref in page
        short = browser.post(f"{address}weigh/", {"weigh-reason": "No."})
        assert short.status_code == 422
        assert "No." in short.text
        said = {"weigh-reason": "The same night and the same posts.", "weigh-seen": ""}
        unread = browser.post(f"{address}weigh/", said)
        assert unread.status_code == 409
        assert f"{late.ref} came in the meantime" in unread.text
        assert f'name="weigh-seen" value="{late.ref}"' in page
        said["weigh-seen"] = late.ref
        assert "stands as it is" in browser.post(f"{address}weigh/", said, follow=True).text
        decision = type(decision).objects.get(pk=decision.pk)
        decision.issue(actor=person("reviewer"))
        assert set(case.reports.values_list("state", flat=True)) == {"answered"}

    def test_is_weighed_by_whoever_confirms_or_issues(self, people: dict) -> None:
        decision = factories.proposed(tier="T4", departure_reason="It went on for weeks.")
        self.more(decision.case)
        decision = type(decision).objects.get(pk=decision.pk)
        with pytest.raises(Refused, match="came after this was proposed"):
            decision.confirm(actor=person("adjudicator"))
        said: dict[str, Any] = {"reason": "It is the same as before.", "read": decision.case.unweighed}
        with pytest.raises(Refused, match="You proposed this decision"):
            decision.case.weigh(actor=person("reviewer"), **said)
        decision.case.weigh(actor=person("adjudicator"), **said)
        decision.confirm(actor=person("adjudicator"))
        decision.issue(actor=person("senior"))

    def test_goes_with_the_case_that_is_sent_back(self, people: dict) -> None:
        decision = factories.proposed()
        self.more(decision.case)
        decision = type(decision).objects.get(pk=decision.pk)
        decision.send_back(actor=person("senior"), reason="Look at the new report.")
        assert Case.objects.get(pk=decision.case_id).unweighed == []
