"""The policy's pages: for everybody, and for those who write, sign and publish it."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest
from django.urls import reverse

from aup.models import PolicyVersion
from tests.aup.policies import enrolled
from tipstaff.permissions import Role
from tipstaff.time import moved_to, now

LONG_AGO = datetime(1999, 1, 1, tzinfo=UTC)


def text(response):
    return response.content.decode()


class TestPublic:
    def test_before_anything_is_published(self, client, draft):
        with moved_to(LONG_AGO):
            self.nothing_yet(client)
        assert client.get("/policy/rules/LW-01/?version=9.0").status_code == HTTPStatus.NOT_FOUND

    def nothing_yet(self, client):
        assert "No policy is in force yet" in text(client.get(reverse("aup:policy")))
        assert "No policy is in force yet" in text(client.get(reverse("aup:matrix")))
        assert client.get(reverse("aup:rule", args=["LW-01"])).status_code == HTTPStatus.NOT_FOUND

    def test_the_policy_in_force(self, client, published, django_assert_max_num_queries):
        with django_assert_max_num_queries(12):
            page = text(client.get(reverse("aup:policy")))
        assert "Version 9.0 of Example AI, in force since" in page
        assert page.count("/policy/rules/") == 106
        assert "JX-01" not in page

    @pytest.mark.parametrize(
        ("query", "count"),
        [("?q=companion+crisis", 1), ("?disposition=permitted", 4), ("?q=sh-03", 1), ("?q=zzzzzz", 0)],
    )
    def test_search_and_filter(self, client, published, query, count):
        page = text(client.get(reverse("aup:policy") + query))
        assert page.count("/policy/rules/") == count
        assert ("No rule matches" in page) == (count == 0)

    def test_a_search_that_is_too_long_says_so(self, client, published):
        page = client.get(reverse("aup:policy"), {"q": "x" * 101})
        assert page.status_code == HTTPStatus.OK
        assert "at most 100 characters" in text(page)

    def test_the_same_address_gives_the_fragment(self, client, published):
        page = text(client.get(reverse("aup:policy") + "?q=sh-03", headers={"HX-Request": "true"}))
        assert page.strip().startswith('<div id="rules"')
        assert "SH-03" in page

    def test_a_rule_in_full(self, client, published, django_assert_max_num_queries):
        with django_assert_max_num_queries(12):
            page = text(client.get(reverse("aup:rule", args=["sh-03"])))
        rule = published.rules.get(code="SH-03")
        for words in (rule.title, rule.threshold, rule.conditions[0], rule.consequence["corrective"]):
            assert words.replace("'", "&#x27;") in page
        assert "Version 9.0, in force since" in page
        assert "Route to support resources and people" in page
        assert reverse("cases:report") + "?rule=SH-03" in page

    def test_a_permitted_rule_cannot_be_reported(self, client, published):
        assert "?rule=" not in text(client.get(reverse("aup:rule", args=["PO-01"])))

    def test_exemptions_in_words(self, client, published):
        page = text(client.get(reverse("aup:rule", args=["LW-01"])))
        assert "Journalism and public-interest documentation" in page
        assert "granted on request by compliance" in page

    @pytest.mark.parametrize("path", ["JX-01/", "NO-99/", "LW-01/?version=7.0", "%00/", "LW-01/?version=%00"])
    def test_a_rule_that_is_not_there(self, client, published, path):
        assert client.get(f"/policy/rules/{path}").status_code == HTTPStatus.NOT_FOUND

    def test_the_matrix(self, client, published):
        page = text(client.get(reverse("aup:matrix")))
        assert page.count("<tr>") == 2 + 9 + 48
        assert "Suspend the account (30 days)" in page

    def test_nothing_can_be_posted(self, client, published):
        assert client.post(reverse("aup:policy")).status_code == HTTPStatus.METHOD_NOT_ALLOWED


class TestDesk:
    def act(self, client, version, operation, **facts):
        return client.post(reverse("aup:operate", args=[version.ref, operation]), facts)

    def test_whoever_has_no_part_in_the_policy_finds_nothing(self, client, draft):
        address = reverse("aup:version", args=[draft.ref])
        assert client.get(address).status_code == HTTPStatus.FOUND
        client.force_login(enrolled("reviewer", Role.REVIEWER), "django.contrib.auth.backends.ModelBackend")
        assert client.get(address).status_code == HTTPStatus.NOT_FOUND
        assert client.get(reverse("aup:versions")).status_code == HTTPStatus.NOT_FOUND
        assert self.act(client, draft, "submit").status_code == HTTPStatus.FORBIDDEN

    def test_the_whole_way_by_pressing_buttons(self, client, draft, editor, signers):
        backend = "django.contrib.auth.backends.ModelBackend"
        client.force_login(editor, backend)
        assert "Still to sign off" in text(client.get(reverse("aup:version", args=[draft.ref])))
        then = (now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
        assert self.act(client, draft, "schedule", effective_from=then).status_code == HTTPStatus.FOUND
        self.act(client, draft, "submit")
        for function, person in signers.items():
            client.force_login(person, backend)
            assert f"Sign off as {function}" in text(client.get(reverse("aup:version", args=[draft.ref])))
            assert self.act(client, draft, f"sign_{function}").status_code == HTTPStatus.FOUND
        client.force_login(editor, backend)
        self.act(client, draft, "approve")
        wrong = self.act(client, draft, "publish", confirm="P-9999")
        assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert f"Type {draft.ref}, the reference of this version." in text(wrong)
        assert "P-9999" in text(wrong)
        self.act(client, draft, "publish", confirm=draft.ref)
        draft.refresh_from_db()
        assert draft.state == PolicyVersion.State.PUBLISHED
        assert "Published, in force later" in text(client.get(reverse("aup:versions")))

    def test_an_act_that_is_not_possible_is_refused_with_the_reason(self, client, draft, editor):
        client.force_login(editor, "django.contrib.auth.backends.ModelBackend")
        answer = self.act(client, draft, "approve")
        assert answer.status_code == HTTPStatus.CONFLICT
        assert "is draft by now" in text(answer)

    def test_what_is_no_operation_is_not_there(self, client, draft, editor):
        client.force_login(editor, "django.contrib.auth.backends.ModelBackend")
        for name in ("save", "delete", "draft", "_sign"):
            assert self.act(client, draft, name).status_code == HTTPStatus.NOT_FOUND
        assert (
            client.get(reverse("aup:operate", args=[draft.ref, "submit"])).status_code == HTTPStatus.METHOD_NOT_ALLOWED
        )
