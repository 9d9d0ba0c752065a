"""How a case began, whether software found it, and what the decision rests on: DSA 17(3), letter by letter."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from cases.models import Case, Decision
from cases.models.grounds import sources_of
from tests import factories
from tests.cases.test_commit import typed
from tests.factories import person
from tipstaff.accounts.models import Subject
from tipstaff.notices.models import Notice
from tipstaff.workflow.refused import Refused

pytestmark = pytest.mark.usefixtures("people")
BY_MACHINE = {"channel": "api", "contact": "", "proven": False}


def machine() -> dict[str, Any]:
    return BY_MACHINE | {"token": uuid4()}


def told(decision: Decision, heading: str, *, scope: str = "subject") -> str:
    notice = Notice.objects.get(about=decision.reference, scope=scope)
    return next(str(part) for part in notice.sections if part["heading"] == heading)


def proposed(case: Case, **columns: Any) -> Decision:
    decision = factories.draft(case, **columns)
    decision.propose(actor=person("reviewer"))
    return decision


class TestHowItBegan:
    """(b): whether it followed a notice or an investigation of our own; who gave notice stays with us."""

    @pytest.mark.parametrize(
        ("columns", "sources", "said"),
        [
            ({}, ["notice"], "follows a notice"),
            ({"channel": "auditor"}, ["notice"], "Somebody who does not work for us"),
            ({"channel": "internal"}, ["staff"], "on our own initiative"),
        ],
    )
    def test_each_kind_of_report(self, columns: dict[str, str], sources: list[str], said: str) -> None:
        decision = factories.issued(case_columns=columns)
        assert decision.sources == sources
        words = told(decision, "How this began")
        assert said in words
        assert "reporter@people.example" not in words

    def test_several_are_said_each_once(self) -> None:
        account = factories.subject()
        case = factories.claimed(about=account, **machine())
        for columns in ({}, {}, {"channel": "internal"}):
            factories.case(about=account, **columns)
        assert sources_of(case) == ["notice", "machine", "staff"]

    def test_what_is_reported_after_the_proposal_did_not_begin_it(self) -> None:
        account = factories.subject()
        decision = proposed(factories.claimed(about=account))
        factories.case(about=account, channel="internal")
        decision = Decision.objects.get(pk=decision.pk)
        decision.case.weigh(
            actor=person("senior"), reason="The same night and the same posts.", read=decision.case.unweighed
        )
        decision.issue(actor=person("senior"))
        assert decision.sources == ["notice"]


class TestDetection:
    """(c): the use of automated means, from the reports unless somebody knows better."""

    def test_people_found_what_people_reported(self) -> None:
        decision = factories.issued()
        assert decision.detection == "none"
        assert "found by people, not by software" in told(decision, "How this was found and decided")

    def test_software_found_what_software_reported(self) -> None:
        decision = factories.issued(case_columns=machine())
        assert decision.detection == "partial"
        assert "with automated help" in told(decision, "How this was found and decided")
        assert "follows a notice" not in told(decision, "How this began")

    def test_nobody_says_otherwise_of_it(self) -> None:
        with pytest.raises(Refused, match="sent by software") as refused:
            proposed(factories.claimed(**machine()), detection="none")
        assert refused.value.field == "detection"

    def test_but_of_what_people_reported_too_they_may(self) -> None:
        account = factories.subject()
        case = factories.claimed(about=account, **machine())
        factories.case(about=account)
        assert proposed(case, detection="none").detection == "none"

    def test_the_four_keys_say_it_as_well(self, enter: Any) -> None:
        case = factories.claimed(**machine())
        factories.checked(case)
        answer = enter("reviewer").post(f"/desk/cases/{case.ref}/propose/", typed(case, "breach", detection=""))
        assert answer.status_code == 302
        assert Decision.objects.get(case=case).detection == "partial"


class TestGround:
    """(d) and (e): the rule always; the law where somebody says that it was broken as well."""

    def test_the_rule_alone(self) -> None:
        words = told(factories.issued(), "What the decision rests on")
        assert "rule SP-03 was broken" in words
        assert "We do not decide whether a law was" in words

    def test_the_law_where_it_is_named(self) -> None:
        decision = factories.issued(legal_ground="  Criminal Code, section 263a ")
        words = told(decision, "What the decision rests on")
        assert "['The law', 'Criminal Code, section 263a']" in words
        assert "also against the law" in words

    def test_it_is_named_where_referral_is_compulsory(self, enter: Any) -> None:
        case = factories.claimed(code="CH-03", severity=4)
        with pytest.raises(Refused, match="Name the law") as refused:
            proposed(case, legal_ground=" ")
        assert refused.value.field == "legal_ground"
        page = enter("reviewer").get(case.get_absolute_url()).text
        assert page.index('name="legal_ground"') < page.index('data-key="a"')  # among what is always open

    def test_not_without_a_breach(self) -> None:
        decision = proposed(factories.claimed(), outcome="no_breach", legal_ground="Criminal Code")
        assert decision.legal_ground == ""
        with pytest.raises(IntegrityError), transaction.atomic():
            Decision.objects.filter(pk=decision.pk).update(legal_ground="Criminal Code")

    def test_no_breach_rests_on_nothing_that_needs_one(self) -> None:
        decision = proposed(factories.claimed(), outcome="no_breach")
        decision.issue(actor=person("reviewer"))
        assert "rests on" not in str(Notice.objects.get(about=decision.reference).sections)


class TestTerritory:
    """(a): where the rule holds, and where the measures limit the account."""

    def test_is_said_with_what_limits(self) -> None:
        decision = factories.issued()
        assert "['Where the rule holds', 'Everywhere']" in told(decision, "The rule")
        assert "everywhere the account is used" in told(decision, "What follows")

    def test_not_of_a_warning(self) -> None:
        decision = factories.issued(intent="inadvertent", sensitivity="public")
        assert {one.kind for one in decision.sanctions.all()} <= {"warning", "guidance"}
        assert "everywhere" not in told(decision, "What follows")


class TestEverywhereTheSame:
    def test_preview_page_and_notice(self, enter: Any) -> None:
        case = factories.claimed(**machine())
        desk = enter("reviewer")
        shown = desk.post(
            f"/desk/cases/{case.ref}/propose/",
            typed(case, "breach", detection="", legal_ground="§ 263a", act="preview"),
        ).text
        factories.checked(case)
        decision = proposed(case, legal_ground="§ 263a")
        page = enter("adjudicator")
        page.post(f"/desk/decisions/{decision.ref}/verdict/", {"outcome": "breach", "tier": "T3", "reason": "x" * 30})
        before = page.get(decision.page_url).text
        decision.issue(actor=person("senior"))
        given = told(decision, "How this began")
        for text in ("A computer system reported it to us", "This was found with automated help", "§ 263a"):
            assert text in shown
            assert text in before
        assert "A computer system reported it to us" in given

    def test_the_holder_of_a_wider_account_hears_it_too(self) -> None:
        organisation = factories.subject(kind="organisation")
        case = factories.claimed(about=factories.subject(parent=organisation))
        decision = proposed(
            case, scope=organisation, scope_reason="New keys each night.", scope_typed=organisation.external_id
        )
        decision.issue(actor=person("senior"))
        assert "follows a notice" in told(decision, "How this began", scope="wider")
        assert "everywhere" in told(decision, "What applies to this account", scope="wider")

    @pytest.mark.parametrize(
        ("language", "words"), [("es", "Cómo empezó"), ("fr", "Comment cela a commencé"), ("ar", "كيف بدأ")]
    )
    def test_in_the_language_of_the_account(self, language: str, words: str) -> None:
        about: Subject = factories.subject(language=language)
        decision = factories.issued(case_columns={"about": about})
        headings = [part["heading"] for part in Notice.objects.get(about=decision.reference).sections]
        assert any(heading.startswith(words) for heading in headings)
