"""Committing at the console: two keys and four, ten seconds to take it back, and drafts that outlive the rest."""

from datetime import timedelta

import pytest

from cases import committing
from cases.models import Case, Commitment, Decision, Draft
from tests import factories
from tests.factories import person
from tipstaff.notices.models import Message
from tipstaff.time import moved_to, now
from tipstaff.workflow.refused import Refused

HX = {"HX-Request": "true", "HX-Target": "console"}
NOBODY_BROKE_IT = "We looked at the reports and found that nothing here broke the rule. Nothing is imposed."


def typed(case: Case, outcome: str = "no_breach", **columns: str) -> dict[str, str]:
    facts = {
        "outcome": outcome,
        "rule": case.rule.code,
        "conduct_at": f"{case.opened_at:%Y-%m-%dT%H:%M}",
        "detection": "none",
        "reasons": NOBODY_BROKE_IT,
    }
    if outcome == "breach":
        facts |= {"intent": "negligent", "sensitivity": "personal", "severity": "2", "reasons": factories.REASONS}
    return facts | columns


class TestCommit:
    def test_no_breach_leaves_after_ten_seconds_and_not_before(self, enter) -> None:
        case = factories.claimed()
        answer = enter("reviewer").post(f"/desk/cases/{case.ref}/propose/", typed(case))
        assert answer.status_code == 302
        decision = Decision.objects.get()
        assert decision.state == "proposed"
        assert committing.leave_due() == 0
        mails = Message.objects.count()
        with moved_to(now() + timedelta(seconds=committing.SECONDS + 1)):
            assert committing.leave_due() == 1
            assert committing.leave_due() == 0
        decision.refresh_from_db()
        assert (decision.state, decision.issued_by) == ("issued", person("reviewer"))
        assert Message.objects.count() > mails  # the reporter is answered, and the account holder has the notice
        assert not Commitment.objects.exists()

    def test_a_proposal_waits_for_somebody_else_however_long(self, enter) -> None:
        case = factories.claimed()
        factories.checked(case)
        enter("reviewer").post(f"/desk/cases/{case.ref}/propose/", typed(case, "breach"))
        with moved_to(now() + timedelta(minutes=1)):
            assert committing.leave_due() == 0
        assert Decision.objects.get().state == "proposed"

    def test_the_next_case_comes_claimed_in_the_place_of_this_one(self, enter) -> None:
        case = factories.claimed()
        following = factories.case(severity=3)
        answer = enter("reviewer").post(f"/desk/cases/{case.ref}/propose/", typed(case) | {"act": "next"}, headers=HX)
        assert answer.status_code == 200
        assert answer["HX-Push-Url"] == following.get_absolute_url()
        page = answer.content.decode()
        assert f'data-case="{following.ref}"' in page
        assert "<html" not in page
        assert "Take it back" in page
        following.refresh_from_db()
        assert following.claimant == person("reviewer")

    def test_without_javascript_it_is_a_redirect_and_undo_a_button_of_its_own(self, enter) -> None:
        case = factories.claimed()
        following = factories.case()
        browser = enter("reviewer")
        answer = browser.post(f"/desk/cases/{case.ref}/propose/", typed(case) | {"act": "next"}, follow=True)
        assert answer.redirect_chain == [(following.get_absolute_url(), 302)]
        decision = Decision.objects.get()
        assert f'action="/desk/decisions/{decision.ref}/undo/"' in answer.content.decode()
        assert browser.post(f"/desk/decisions/{decision.ref}/undo/").url == case.get_absolute_url()

    def test_when_nothing_waits_one_is_back_at_the_queue(self, enter) -> None:
        case = factories.claimed()
        browser, address = enter("reviewer"), f"/desk/cases/{case.ref}/propose/"
        assert browser.post(address, typed(case) | {"act": "next"}).url == "/desk/queue/"

    def test_what_was_accepted_is_what_is_committed(self, enter) -> None:
        case = factories.claimed()
        answer = enter("reviewer").post(f"/desk/cases/{case.ref}/propose/", typed(case, "breach", seen="T1"))
        assert answer.status_code == 409
        assert "You were shown T1, and the matrix now says T3." in answer.content.decode()
        assert not Decision.objects.exists()

    def test_a_second_press_is_refused_and_keeps_what_was_typed(self, enter) -> None:
        case = factories.claimed()
        browser, address = enter("reviewer"), f"/desk/cases/{case.ref}/propose/"
        assert browser.post(address, typed(case)).status_code == 302
        again = browser.post(address, typed(case))
        assert again.status_code == 409
        assert NOBODY_BROKE_IT in again.content.decode()
        assert Decision.objects.count() == 1


class TestTakeBack:
    def test_the_case_and_what_was_typed_come_back(self, enter) -> None:
        case = factories.claimed()
        browser = enter("reviewer")
        browser.post(f"/desk/cases/{case.ref}/propose/", typed(case))
        decision = Decision.objects.get()
        assert not Draft.objects.exists()
        browser.post(f"/desk/decisions/{decision.ref}/undo/")
        decision.refresh_from_db()
        assert decision.state == "withdrawn"
        page = browser.get(case.get_absolute_url())
        assert page.context["case"].claimant == person("reviewer")
        assert NOBODY_BROKE_IT in page.content.decode()
        with moved_to(now() + timedelta(minutes=1)):
            assert committing.leave_due() == 0

    def test_after_ten_seconds_it_is_refused_in_words(self, enter) -> None:
        case = factories.claimed()
        browser = enter("reviewer")
        browser.post(f"/desk/cases/{case.ref}/propose/", typed(case))
        with moved_to(now() + timedelta(seconds=committing.SECONDS)):
            late = browser.post(f"/desk/decisions/{Decision.objects.get().ref}/undo/")
        assert late.status_code == 409
        assert "The 10 seconds to take" in late.content.decode()

    def test_a_proposal_that_somebody_opened_is_not_taken_back_behind_their_back(self, enter) -> None:
        case = factories.claimed()
        factories.checked(case)
        browser = enter("reviewer")
        browser.post(f"/desk/cases/{case.ref}/propose/", typed(case, "breach"))
        decision = Decision.objects.get()
        browser.get(decision.page_url)  # one's own look does not count
        assert Commitment.objects.get().opened_at is None
        enter("adjudicator").get(decision.page_url)
        refused = browser.post(f"/desk/decisions/{decision.ref}/undo/")
        assert refused.status_code == 409
        assert "opened" in refused.content.decode()

    def test_only_by_who_committed_it(self, people: dict) -> None:
        case = factories.claimed()
        decision = factories.draft(case, outcome="no_breach")
        committing.commit(decision, actor=person("reviewer"), typed={})
        with pytest.raises(Refused, match="can withdraw it"):
            committing.take_back(decision, actor=person("reviewer2"))
        assert Commitment.objects.exists()

    def test_what_its_proposer_may_no_longer_issue_waits_like_any_other(self, people: dict) -> None:
        case = factories.claimed()
        committing.commit(factories.draft(case, outcome="no_breach"), actor=person("reviewer"), typed={})
        person("reviewer").deactivate(actor=person("admin"))
        with moved_to(now() + timedelta(minutes=1)):
            assert committing.leave_due() == 0
        assert Decision.objects.get().state == "proposed"
        assert not Commitment.objects.exists()


class TestDraft:
    def test_it_comes_back_in_another_browser_and_goes_with_the_commit(self, enter) -> None:
        case = factories.claimed()
        browser, address = enter("reviewer"), f"/desk/cases/{case.ref}/draft/"
        words = "Half a sentence about Σ and العربية"
        kept = browser.post(address, {"reasons": words, "finding-facts": "Half a fact", "upload": "no"}, headers=HX)
        assert "Draft kept" in kept.content.decode()
        assert set(Draft.objects.get().typed) == {"reasons", "finding-facts"}
        page = enter("reviewer").get(case.get_absolute_url()).content.decode()
        assert words in page
        assert "Half a fact" in page
        assert words not in enter("lead").get(case.get_absolute_url()).content.decode()
        browser.post(f"/desk/cases/{case.ref}/propose/", typed(case))
        assert set(Draft.objects.get().typed) == {"finding-facts"}  # nobody committed that

    def test_it_outlives_the_claim(self, enter) -> None:
        case = factories.claimed()
        enter("reviewer").post(f"/desk/cases/{case.ref}/draft/", {"reasons": "Half a sentence"})
        with moved_to(now() + timedelta(hours=1)):
            case.claim(actor=person("reviewer2"))
            late = enter("reviewer").post(f"/desk/cases/{case.ref}/draft/", {"reasons": "Half a sentence more"})
            assert late.status_code == 200
            page = enter("reviewer").get(case.get_absolute_url()).content.decode()
        assert "Your draft is kept" in page
        assert "Half a sentence more" in page

    def test_it_outlives_what_a_colleague_commits_first(self, enter) -> None:
        case = factories.claimed()
        mine, page = enter("reviewer"), case.get_absolute_url()
        with moved_to(now() + timedelta(hours=1)):
            case.claim(actor=person("reviewer2"))
            decision = factories.draft(case, by="reviewer2", outcome="no_breach")
            committing.commit(decision, actor=person("reviewer2"), typed={})
            kept = mine.post(f"{page}draft/", {"reasons": "Ninety words more.", "scope_reason": "The whole shop."})
            assert kept.status_code == 200
            again = mine.get(page).text
            assert "Ninety words more." in again
            assert "The whole shop." in again
            assert enter("reviewer2").post(f"{page}draft/", {"reasons": "Late save."}).status_code == 204

    def test_a_lost_race_names_who_did_what_and_keeps_what_was_typed(self, enter) -> None:
        case = factories.claimed()
        loaded = now().isoformat()
        with moved_to(now() + timedelta(hours=1)):
            case.claim(actor=person("reviewer2"))
            answer = enter("reviewer").post(
                f"/desk/cases/{case.ref}/propose/", typed(case) | {"loaded": loaded}, headers=HX
            )
        page = answer.content.decode()
        assert answer.status_code == 409
        assert "Since you opened the page:" in page
        assert f"<strong>{person('reviewer2').name}</strong> claimed the case" in page
        assert NOBODY_BROKE_IT in page
        assert Draft.objects.get().typed["reasons"] == [NOBODY_BROKE_IT]

    def test_a_finding_takes_only_its_own_part_along(self, enter) -> None:
        case = factories.claimed()
        browser = enter("reviewer")
        browser.post(f"/desk/cases/{case.ref}/draft/", {"reasons": "Half", "finding-facts": "It did."})
        facts = {
            "finding-rule": "SP-03",
            "finding-conclusion": "breach",
            "finding-behaviour": "human",
            "finding-standard": "clear",
            "finding-facts": "It did.",
        }
        browser.post(f"/desk/cases/{case.ref}/finding/", facts)
        assert Draft.objects.get().typed == {"reasons": ["Half"]}

    def test_limits_and_who_may(self, enter) -> None:
        case = factories.claimed()
        address = f"/desk/cases/{case.ref}/draft/"
        enter("reviewer").post(address, {"reasons": "x" * 9000})
        assert len(Draft.objects.get().typed["reasons"][0]) == 6000
        assert enter("adjudicator").post(address, {"reasons": "x"}).status_code == 403
        decided = factories.issued().case
        assert enter("reviewer").post(f"/desk/cases/{decided.ref}/draft/", {"reasons": "x"}).status_code == 204
        assert Draft.objects.count() == 1  # a save that comes after the commit brings nothing back


class TestReasons:
    def test_they_are_drafted_from_what_stands_in_the_case(self, enter) -> None:
        case = factories.claimed(description="The reporter's own words.")
        factories.finding(case, facts="Forty accounts posted one text within six minutes.")
        form = enter("reviewer").get(case.get_absolute_url()).context["decision_form"]
        assert form["outcome"].value() == "breach"
        assert "Forty accounts posted one text" in form["reasons"].value()
        assert case.rule.statement in form["reasons"].value()
        assert "reporter's own words" not in form["reasons"].value()
        assert "found no breach" in form.fields["reasons"].widget.attrs["data-draft-no_breach"]

    def test_where_nothing_was_found_nothing_is_made_up(self, enter) -> None:
        form = enter("reviewer").get(factories.claimed().get_absolute_url()).context["decision_form"]
        assert not form["outcome"].value()
        assert not form["reasons"].value()
        assert "data-draft-breach" not in form.fields["reasons"].widget.attrs


def test_the_palette_finds_what_one_may_open(enter) -> None:
    case = factories.case()
    found = (
        enter("reviewer").get("/desk/find/", {"q": case.ref.lower()}, headers={"HX-Request": "true"}).content.decode()
    )
    assert case.get_absolute_url() in found
    assert "<html" not in found
    page = enter("reviewer").get("/desk/find/", {"q": "SP-03"}).content.decode()
    assert "Automated posting" in page
    hidden = enter("admin").get("/desk/find/", {"q": case.ref}).content.decode()
    assert case.get_absolute_url() not in hidden


def test_keys_are_switched_off_for_the_person_and_not_for_the_browser(enter) -> None:
    assert 'data-keys="on"' in enter("reviewer").get("/desk/queue/").content.decode()
    assert enter("reviewer").post("/people/keys/", {}, headers={"HX-Request": "true"}).status_code == 204
    assert 'data-keys="off"' in enter("reviewer").get("/desk/queue/").content.decode()
    assert enter("reviewer").post("/people/keys/", {"on": "1"}).status_code == 302
    assert person("reviewer").keys_on
