"""That somebody read a version: once for each account and person, at three doors, and how far a version has reached."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http import HTTPStatus

import pytest
from django.db import DatabaseError, IntegrityError, connections, transaction
from django.test import Client
from django.urls import reverse

from aup.adoption import Reach, accounts, reach, staff, with_answer
from aup.models import Acknowledgement, PolicyVersion
from aup.models.acknowledgement import LINK_DAYS, token_for
from tests import factories
from tests.aup.policies import approved, next_version
from tests.factories import SYSTEM, person
from tipstaff.ledger.models import Event
from tipstaff.time import moved_to, now
from tipstaff.workflow.refused import NotPermitted, Refused

BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def version(people):
    return PolicyVersion.objects.in_force(now())


def signed_in(client, mailbox):
    client.force_login(person(mailbox), backend=BACKEND)
    return client


def by_api(version, subject, **columns):
    return Acknowledgement.given(version, subject, actor=SYSTEM, means="api", **columns)


class TestGiven:
    def test_it_is_an_event_of_its_own(self, version):
        given, new = by_api(version, factories.subject(), signatory="user_7")
        assert new
        assert Event.objects.get(stream=given.stream).kind == "acknowledgement.given"
        assert given.stream != version.stream

    def test_twice_it_stays_the_first(self, version):
        subject = factories.subject()
        first, _new = by_api(version, subject, signatory="user_7")
        second, new = by_api(version, subject, signatory="user_8")
        assert (second, new, second.signatory) == (first, False, "user_7")

    def test_a_version_not_published_cannot_be(self, draft):
        with pytest.raises(Refused, match=r"Version 9\.0 is not in force"):
            by_api(draft, factories.subject())

    def test_nor_one_that_was_replaced(self, published, version, editor, signers):
        later = approved(next_version(published, editor), editor, signers)
        later.publish(actor=editor)
        by_api(later, factories.subject())  # it lies ahead, and people may read it before it binds
        with (
            moved_to(later.effective_from + timedelta(days=1)),
            pytest.raises(Refused, match="acknowledge the one that is"),
        ):
            by_api(published, factories.subject())

    def test_the_database_takes_one_who_and_keeps_it(self, version):
        subject = factories.subject()
        wrong = [
            {"subject": subject, "person": person("reviewer"), "means": "api"},
            {"means": "api"},
            {"subject": subject, "means": "desk"},
            {"person": person("reviewer"), "means": "link"},
        ]
        for columns in wrong:
            with pytest.raises(IntegrityError, match="acknowledgement_by_one"), transaction.atomic():
                Acknowledgement.objects.create(version=version, **columns)
        given, _new = by_api(version, subject)
        for act in (lambda: Acknowledgement.objects.update(signatory="other"), given.delete):
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                act()

    def test_nobody_without_a_role_can(self, version):
        newcomer = person("reviewer")
        newcomer.roles = []
        with pytest.raises(NotPermitted):
            Acknowledgement.given(version, newcomer, actor=newcomer, means="desk")


def test_two_at_once_are_one(clone):
    version, subject = PolicyVersion.objects.in_force(now()), factories.subject()

    def give(_turn):
        try:
            return by_api(version, subject)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(give, range(4)))
    assert sum(new for _given, new in answers) == 1
    assert len({given.pk for given, _new in answers}) == 1


class TestAtTheDesk:
    def test_the_start_page_asks_until_it_is_done(self, client, version):
        signed_in(client, "reviewer")
        address = reverse("aup:acknowledge")
        assert address in client.get("/").text
        answer = client.post(address, {"number": version.number}, follow=True)
        assert "We have noted that you read this version." in answer.text
        assert address not in client.get("/").text
        assert Acknowledgement.objects.get(person=person("reviewer")).means == "desk"

    def test_a_page_left_open_is_told_what_took_effect_since(self, client, version):
        signed_in(client, "reviewer")
        answer = client.post(reverse("aup:acknowledge"), {"number": "0.1"})
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert f"Version {version.number} took effect since you opened this page." in answer.text
        assert f'value="{version.number}"' in answer.text
        assert not Acknowledgement.objects.exists()

    def test_before_there_is_a_policy_it_says_so(self, client, people):
        with moved_to(now() - timedelta(days=3650)):
            found = signed_in(client, "reviewer").get(reverse("aup:acknowledge"))
        assert "No policy is in force yet" in found.text


class TestByLink:
    def test_an_account_answers_without_a_cookie(self, client, version):
        subject = factories.subject("org_9", name="North & Sons", kind="organisation")
        address = reverse("aup:acknowledge_by_link", args=[token_for(subject)])
        page = client.get(address)
        assert "North &amp; Sons" in page.text
        assert not Acknowledgement.objects.exists()  # GET changes nothing
        answer = Client(enforce_csrf_checks=True).post(
            address, {"number": version.number, "signatory": "Legal"}, follow=True
        )
        assert "We have noted that you read this version." in answer.text
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert not answer.cookies
        given = Acknowledgement.objects.get(subject=subject)
        assert (given.means, given.signatory) == ("link", "Legal")

    def test_it_speaks_the_accounts_language(self, client, version):
        subject = factories.subject(language="ar")
        assert 'lang="ar"' in client.get(reverse("aup:acknowledge_by_link", args=[token_for(subject)])).text

    def test_an_end_user_is_not_asked_who_answers(self, client, version):
        page = client.get(reverse("aup:acknowledge_by_link", args=[token_for(factories.subject())]))
        assert "signatory" not in page.text

    def test_a_link_ends_and_cannot_be_made_up(self, client, version):
        token = token_for(factories.subject())
        assert client.get(reverse("aup:acknowledge_by_link", args=[token + "x"])).status_code == 404
        with moved_to(now() + timedelta(days=LINK_DAYS, seconds=1)):
            assert client.get(reverse("aup:acknowledge_by_link", args=[token])).status_code == 404

    def test_too_long_a_name_is_refused_and_kept(self, client, version):
        subject = factories.subject(kind="organisation")
        address = reverse("aup:acknowledge_by_link", args=[token_for(subject)])
        answer = client.post(address, {"number": version.number, "signatory": "x" * 5000})
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "x" * 5000 in answer.text


class TestReach:
    def test_an_organisation_answers_for_what_is_below_it(self, version):
        organisation = factories.subject(kind="organisation")
        factories.subject(kind="workspace", parent=organisation)
        before = reach(accounts(), version)
        by_api(version, organisation)
        after = reach(accounts(), version)
        assert (after.given - before.given, after.of) == (1, before.of)
        assert organisation in with_answer(accounts(), version, given=True)
        assert organisation not in with_answer(accounts(), version, given=False)

    def test_whole_percents_are_never_rounded_up(self):
        assert Reach(given=999, of=1000).percent == 99
        assert Reach(given=0, of=0).percent == 0

    def test_the_page_names_who_did_not_and_who_did(self, client, version, django_assert_max_num_queries):
        early, late = factories.subject("org_early"), factories.subject("org_late")
        by_api(version, early, signatory="user_7")
        signed_in(client, "policy")
        address = reverse("aup:acknowledged", args=[version.ref])
        client.get(address)
        with django_assert_max_num_queries(12):
            missing = client.get(address).text
        assert "org_late" in missing
        assert "org_early" not in missing
        given = client.get(address, {"show": "given"}).text
        assert "org_early" in given
        assert "user_7" in given
        assert late.external_id not in given
        assert "Nobody of that name" in client.get(address, {"q": "no such"}).text
        assert person("reviewer").name in client.get(address, {"among": "staff"}).text
        assert reach(staff(), version).of == staff().count()

    def test_a_reviewer_does_not_see_it(self, client, version):
        signed_in(client, "reviewer")
        assert client.get(reverse("aup:acknowledged", args=[version.ref])).status_code == 404

    def test_nobody_sees_it_of_a_draft(self, client, draft):
        signed_in(client, "policy")
        assert client.get(reverse("aup:acknowledged", args=[draft.ref])).status_code == 404
