"""Every version that bound stays at its own address, as a page, as JSON and as Markdown, and can be compared."""

import json
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest
from django.urls import get_resolver, reverse
from django.utils.http import http_date
from markdown_it import MarkdownIt

from aup.models import PolicyVersion
from aup.models.version import NUMBER, TAKEN
from aup.publication import escaped
from aup.spells import spells
from tests.aup.policies import approved, next_version, rule_in
from tipstaff.time import moved_to
from tipstaff.workflow.refused import Refused

DAY = timedelta(days=1)
LONG_AGO = datetime(1999, 1, 1, tzinfo=UTC)
BACKEND = "django.contrib.auth.backends.ModelBackend"


def edited(documents):
    rule_in(documents, "LW-01")["statement"] = "Never <script>break</script> the law."
    documents.matrix["matrix"][1]["first"] = "T2"


@pytest.fixture
def second(published, editor, signers):
    """A later version, in force from a week from now, with one rule and one cell changed."""
    version = approved(next_version(published, editor, change=edited), editor, signers)
    version.publish(actor=editor)
    return version


def text(response):
    return response.content.decode()


class TestSpells:
    def test_each_until_the_next(self, published, second):
        mine = [published, second]
        assert [(spell.version, spell.start, spell.end) for spell in spells(mine)] == [
            (second, second.effective_from, None),
            (published, published.effective_from, second.effective_from),
        ]

    def test_withdrawn_before_it_took_effect_it_never_bound(self, published, second, editor):
        second.withdraw(actor=editor, reason="A rule was wrong.")
        assert [(spell.version, spell.end) for spell in spells([published, second])] == [(published, None)]

    def test_withdrawn_later_the_one_before_binds_again(self, published, second, editor):
        with moved_to(second.effective_from + DAY):
            second.withdraw(actor=editor, reason="A rule was wrong.")
        found = spells([published, second])
        assert [spell.version for spell in found] == [published, second, published]
        assert found[1].end == found[0].start == second.withdrawn_at
        assert found[0].binds(second.withdrawn_at)
        assert not found[1].binds(second.withdrawn_at)

    def test_none(self):
        assert spells([]) == []


class TestHistory:
    def test_from_until_why_and_what_changed(self, client, published, second, django_assert_max_num_queries):
        with django_assert_max_num_queries(6):
            page = text(client.get(reverse("aup:history")))
        assert published.rationale[:40] in page
        assert "Clearer words." in page
        assert "In force later" in page
        assert "/policy/compare/?from=9.0&amp;to=9.1" in page
        assert "/policy/9.1/policy.json" in page

    def test_a_withdrawn_one_says_why(self, client, published, second, editor):
        with moved_to(second.effective_from + DAY):
            second.withdraw(actor=editor, reason="A rule was wrong.")
            assert "A rule was wrong." in text(client.get(reverse("aup:history")))
            page = text(client.get("/policy/9.1/"))
        assert "Version 9.1 was withdrawn." in page
        assert "Read version 9.0, which is in force" in page

    def test_a_draft_is_not_there_for_strangers(self, client, draft, editor):
        for path in ("", "policy.json", "policy.md"):
            assert client.get(f"/policy/9.0/{path}").status_code == HTTPStatus.NOT_FOUND
        assert "9.0" not in text(client.get(reverse("aup:history")))
        client.force_login(editor, BACKEND)
        assert "Version 9.0 is a draft that binds nobody." in text(client.get("/policy/9.0/"))
        assert client.get("/policy/9.0/policy.json")["Cache-Control"] == "private, no-store"


class TestEdition:
    def test_whole_at_its_own_address(self, client, published, second, django_assert_max_num_queries):
        with moved_to(second.effective_from + DAY):
            with django_assert_max_num_queries(10):
                page = text(client.get("/policy/9.0/"))
            assert "Version 9.0 is no longer in force." in page
            assert 'href="/policy/"' in page
            assert "Read version 9.1, which is in force" in page
            assert page.count("/policy/rules/") == page.count("?version=9.0") - 2 == 106
            assert "no longer in force" not in text(client.get("/policy/9.1/"))
            matrix = text(client.get("/policy/matrix/?version=9.0"))
        assert "This is the table of version 9.0." in matrix

    def test_one_that_lies_ahead(self, client, second):
        assert "Version 9.1 is not in force yet." in text(client.get("/policy/9.1/"))

    @pytest.mark.parametrize("number", ["7.0", "9", "9.0x", "9..", "0" * 21])
    def test_one_that_is_not_there(self, client, published, number):
        for path in ("", "policy.json", "policy.md"):
            assert client.get(f"/policy/{number}/{path}").status_code == HTTPStatus.NOT_FOUND
        assert client.get(f"/policy/matrix/?version={number}").status_code == HTTPStatus.NOT_FOUND

    def test_a_number_that_no_address_can_hold_is_refused(self, published, editor):
        for number in ("matrix", "1/2", "1 0", ""):
            with pytest.raises(Refused, match="A number is up to"):
                next_version(published, editor, number=number)

    def test_no_number_hides_behind_a_page(self):
        words = {str(entry.pattern).split("/")[0] for entry in get_resolver("aup.urls").url_patterns}
        assert {word for word in words if NUMBER.fullmatch(word)} <= TAKEN


class TestDocuments:
    def test_json_holds_everything(self, client, published, django_assert_max_num_queries):
        with django_assert_max_num_queries(8):
            response = client.get("/policy/9.0/policy.json")
        assert response["Content-Type"] == "application/json"
        document = json.loads(response.content)
        assert list(document) == [
            "format", "language", "policy", "version", "linked_documents", "groups", "catalogue", "matrix",
            "translations",
        ]  # fmt: skip
        rules = [rule for group in document["groups"] for rule in group["rules"]]
        assert (len(document["groups"]), len(rules), len(document["matrix"]["matrix"])) == (22, 110, 48)
        rule = next(rule for rule in rules if rule["code"] == "SH-03")
        stored = published.rules.get(code="SH-03")
        assert rule["examples"]["allowed"] == [example.text for example in stored.allowed_examples]
        assert (rule["statement"], rule["conditions"]) == (stored.statement, stored.conditions)
        assert document["version"]["effective_from"].endswith("Z")

    def test_markdown_renders_and_nothing_typed_is_markup(self, client, published, second):
        document = text(client.get("/policy/9.1/policy.md"))
        html = MarkdownIt().enable("table").render(document)
        assert html.count("<h1>") == 1
        assert html.count("<h4>") == 106
        assert "<h4>LW-01 " in html
        assert html.count("<tr>") == 49
        assert "Never &lt;script&gt;break&lt;/script&gt; the law." in html
        assert "<script" not in html
        plain = MarkdownIt().render(
            "\n\n".join(escaped(words) for words in ("1. a", "# b", "- c", "*d* | `e`", "[f](g)"))
        )
        assert plain.count("<p>") == 5
        assert not any(tag in plain for tag in ("<ol", "<h1", "<ul", "<em", "<code", "<a "))

    @pytest.mark.parametrize("path", ["policy.json", "policy.md"])
    def test_who_has_it_is_not_sent_it_again(self, client, published, path):
        first = client.get(f"/policy/9.0/{path}")
        assert first["Cache-Control"] == "public, max-age=300"
        assert first["Last-Modified"] == http_date(published.published_at.timestamp())
        for header in ({"If-None-Match": first["ETag"]}, {"If-Modified-Since": first["Last-Modified"]}):
            again = client.get(f"/policy/9.0/{path}", headers=header)
            assert (again.status_code, again.content) == (HTTPStatus.NOT_MODIFIED, b"")
        stale = client.get(f"/policy/9.0/{path}", headers={"If-None-Match": '"old"'})
        assert stale.status_code == HTTPStatus.OK

    def test_the_one_in_force_changes_when_the_next_takes_effect(self, client, published, second):
        first = client.get("/policy/policy.json")
        assert json.loads(first.content)["version"]["number"] == "9.0"
        with moved_to(second.effective_from + DAY):
            later = client.get("/policy/policy.json", headers={"If-Modified-Since": first["Last-Modified"]})
            assert json.loads(later.content)["version"]["number"] == "9.1"
            assert later["Last-Modified"] == http_date(second.effective_from.timestamp())
            assert "Version 9.1" in text(client.get("/policy/policy.md"))

    def test_before_anything_is_in_force(self, client, draft):
        with moved_to(LONG_AGO):
            assert client.get("/policy/policy.json").status_code == HTTPStatus.NOT_FOUND
            assert client.get("/policy/policy.md").status_code == HTTPStatus.NOT_FOUND


class TestCompare:
    def test_only_what_changed_is_shown(self, client, published, second, django_assert_max_num_queries):
        with django_assert_max_num_queries(14):
            page = text(client.get("/policy/compare/?from=9.0&to=9.1"))
        assert "1 rule changed" in page
        assert page.count("<article") == 1
        assert "<ins><span" in page
        assert "Never &lt;script&gt;break&lt;/script&gt;" in page
        assert "1 cell of the matrix changed" in page
        assert "<del>T1</del>" in page
        assert "<ins>T2</ins>" in page

    def test_its_form_keeps_the_language_asked_for(self, client, published, second):
        page = text(client.get("/policy/compare/?from=9.0&to=9.1&lang=es"))
        assert '<input type="hidden" name="lang" value="es">' in page

    def test_the_same_says_so(self, client, published):
        assert "Nothing differs" in text(client.get("/policy/compare/?from=9.0&to=9.0"))

    @pytest.mark.parametrize("query", ["from=9.0&to=7.0", "from=9.0"])
    def test_a_version_that_is_not_there(self, client, published, second, query):
        page = client.get(f"/policy/compare/?{query}")
        assert page.status_code == HTTPStatus.OK
        assert "errorlist" in text(page)
        assert "<article" not in text(page)

    @pytest.mark.parametrize("query", ["lang=es", "page=2"])
    def test_an_address_that_names_no_version_is_as_good_as_none(self, client, published, second, query):
        page = text(client.get(f"/policy/compare/?{query}"))
        assert "errorlist" not in page
        assert page.count("<article") == text(client.get("/policy/compare/")).count("<article")

    def test_a_draft_is_compared_by_those_who_write_it(self, client, published, editor):
        next_version(published, editor, change=edited)
        assert "errorlist" in text(client.get("/policy/compare/?from=9.0&to=9.1"))
        client.force_login(editor, BACKEND)
        assert "1 rule changed" in text(client.get("/policy/compare/?from=9.0&to=9.1"))
        draft = PolicyVersion.objects.get(number="9.1")
        assert "/policy/compare/?from=9.0&amp;to=9.1" in text(client.get(reverse("aup:version", args=[draft.ref])))

    def test_many_changes_come_in_pages(self, client, published, editor, signers):
        def all_of_it(documents):
            for group in documents.taxonomy["groups"]:
                for rule in group["rules"]:
                    rule["statement"] = f"Otherwise. {rule['statement']}"

        version = approved(next_version(published, editor, change=all_of_it), editor, signers)
        version.publish(actor=editor)
        page = text(client.get("/policy/compare/?from=9.0&to=9.1"))
        assert page.count("<article") == 25
        assert "Every rule that changed, with a link to each" in page
        assert text(client.get("/policy/compare/?from=9.0&to=9.1&page=5")).count("<article") == 10
        assert text(client.get("/policy/compare/?from=9.0&to=9.1&page=x")).count("<article") == 25
