"""The next case is fetched while the one before is decided: held for a minute, seen by nobody yet."""

from datetime import timedelta

from django.utils import timezone

from cases import lapses
from cases.models import Case
from cases.models.holding import AHEAD
from tests import factories
from tests.cases.test_commit import HX, typed
from tests.factories import person
from tipstaff.ledger.models import Event
from tipstaff.time import moved_to, now

ADDRESS = "/desk/queue/ahead/"


def test_the_page_of_the_next_case_is_there_and_the_case_is_held_for_a_minute(enter) -> None:
    factories.claimed()
    following = factories.case(severity=3)
    answer = enter("reviewer").post(ADDRESS)
    page = answer.content.decode()
    assert answer["Ahead"] == following.ref
    assert f'data-case="{following.ref}"' in page
    assert 'id="proposal"' in page
    assert 'id="status"' not in page  # messages belong to what the person looks at
    following.refresh_from_db()
    assert following.claimant == person("reviewer")
    with moved_to(now() + AHEAD):
        assert following.claimant is None
        assert Case.objects.claim_next(actor=person("lead")) == following


def test_a_commit_answers_with_the_word_that_the_page_is_there(enter) -> None:
    case, following = factories.claimed(), factories.case(severity=3)
    browser = enter("reviewer")
    browser.post(ADDRESS)
    told = typed(case) | {"act": "next", "ahead": following.ref}
    answer = browser.post(f"/desk/cases/{case.ref}/propose/", told, headers=HX)
    assert (answer["Ahead"], answer["HX-Push-Url"]) == (following.ref, following.get_absolute_url())
    page = answer.content.decode()
    assert "Take it back" in page
    assert "data-case" not in page
    following.refresh_from_db()
    assert not following.claimed_ahead
    assert following.claimed_until > timezone.now() + timedelta(minutes=20)


def test_who_came_too_late_gets_the_whole_page_of_another(enter) -> None:
    case, first, second = factories.claimed(), factories.case(severity=3), factories.case(severity=2)
    browser = enter("reviewer")
    browser.post(ADDRESS)
    with moved_to(now() + AHEAD + timedelta(seconds=1)):
        assert Case.objects.claim_next(actor=person("lead")) == first
        told = typed(case) | {"act": "next", "ahead": first.ref}
        answer = browser.post(f"/desk/cases/{case.ref}/propose/", told, headers=HX)
    assert "Ahead" not in answer
    assert f'data-case="{second.ref}"' in answer.content.decode()


def test_asking_twice_holds_one_case_and_not_two(enter) -> None:
    factories.case(severity=3)
    factories.case(severity=2)
    browser = enter("reviewer")
    assert browser.post(ADDRESS)["Ahead"] == browser.post(ADDRESS)["Ahead"]
    assert Case.objects.filter(claimed_by=person("reviewer")).count() == 1
    assert browser.post("/desk/queue/next/").url == Case.objects.get(claimed_by=person("reviewer")).get_absolute_url()


def test_what_nobody_came_to_see_is_no_claim_left_undone(enter) -> None:
    case = factories.case()
    browser = enter("reviewer")
    browser.post(ADDRESS)
    later = now() + AHEAD + timedelta(minutes=1)
    with moved_to(later):
        assert case not in lapses.claims_unworked(later)
        assert case.ref not in browser.get("/").content.decode()
    assert Event.objects.filter(kind="case.fetched_ahead").count() == 1


def test_nothing_waits_and_nobody_else_may_ask(enter) -> None:
    assert enter("reviewer").post(ADDRESS).status_code == 204
    assert enter("auditor").post(ADDRESS).status_code == 403
    assert enter("reviewer").get(ADDRESS).status_code == 405
