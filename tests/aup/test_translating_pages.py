"""Translating at the desk: a list to work through, each text beside its original, and nothing typed is lost."""

from html import unescape
from http import HTTPStatus

import pytest
from django.urls import reverse

from aup import coverage, wording
from aup.models import Translation
from aup.schema import TRANSLATED
from aup.translation_form import LABELS, TranslationForm
from tests.aup.policies import enrolled
from tests.aup.test_documents import drafted, harbour
from tests.aup.test_translation import edit, renew, standing, write
from tipstaff.permissions import BUNDLES, Permission, Role

BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def small(editor):
    return drafted(harbour(), editor, "h-1")


@pytest.fixture
def desk(client, editor):
    client.force_login(editor, BACKEND)
    return client


def text(response):
    return unescape(response.content.decode())


def page_of(version, code, language="es", kind="rule"):
    if not code:
        return reverse("aup:translation_about", args=[version.ref, language])
    return reverse("aup:translation", args=[version.ref, language, kind, code])


def typed(version, code, language="es", kind="rule", **changes):
    """What the page would post if nothing was typed but `changes`."""
    about = coverage.thing(version, kind, code)
    form = TranslationForm(row=coverage.translation_of(about, version, language), original=about.original)
    return {field.html_name: field.value() or "" for field in form} | changes


class TestList:
    def test_every_text_in_every_language(self, desk, published, editor, django_assert_max_num_queries):
        write(published, editor, "SP-01")
        write(published, editor, group="SP", words={"title": "Correo", "description": "Todo."}, language="fr")
        with django_assert_max_num_queries(12):
            page = text(desk.get(reverse("aup:translations", args=[published.ref])))
        assert page.count("<tr><th") == 1 + 3 + 1 + 1 + 22 + 106
        assert "1 of them in part" in page
        assert page.count("current, in part") == 1
        assert page.count(">current<") == 1
        assert page.count(">missing<") == 3 * 129 - 2

    def test_counts(self, small, editor):
        made = write(small, editor, "CA-02")
        write(small, editor, "CA-01")
        edit(small, editor, "CA-02", title="Calls after dark")
        spanish = coverage.totals(coverage.of(small))[0]
        assert (spanish.language, spanish.current, spanish.partly, spanish.stale) == ("es", 1, 1, 1)
        assert spanish.missing == 1 + 4 + 12 - 2
        renew(made, editor)
        assert coverage.totals(coverage.of(small))[0].stale == 0

    def test_one_by_one_until_nothing_is_left(self, desk, small, editor):
        address = reverse("aup:translation_next", args=[small.ref, "es"])
        seen = []
        while (answer := desk.get(address)).url != reverse("aup:translations", args=[small.ref]):
            seen.append(answer.url)
            page = desk.get(answer.url)
            names = [name for name in page.context["form"].fields if name not in {"opened", "seen"}]
            posted = {field.html_name: field.value() for field in page.context["form"]}
            posted |= dict.fromkeys(names, "palabras")
            assert desk.post(answer.url, posted | {"save": "1"}).status_code == HTTPStatus.FOUND
        assert len(seen) == len(set(seen)) == 17
        assert "Everything is translated and current: Spanish." in text(desk.get(answer.url))
        assert next((total.current, total.partly) for total in coverage.totals(coverage.of(small))) == (17, 0)

    def test_skipping_goes_on_and_around(self, small, editor):
        entries = coverage.of(small)
        keys = [entry.thing.key for entry in entries]
        assert coverage.next_after(entries, "es", "").key == keys[0]
        assert coverage.next_after(entries, "es", keys[0]).key == keys[1]
        assert coverage.next_after(entries, "es", keys[-1]).key == keys[0]
        assert coverage.next_after(entries, "es", "rule:GONE").key == keys[0]


class TestPage:
    def test_original_and_translation_side_by_side(self, desk, small, editor, django_assert_max_num_queries):
        write(small, editor, "CA-02")
        with django_assert_max_num_queries(12):
            page = text(desk.get(page_of(small, "CA-02")))
        assert "From English into Spanish." in page
        assert '<div class="typed" lang="en" dir="ltr"><p>Calls at night</p></div>' in page
        assert "Llamadas de noche</textarea>" in page
        assert "Written last by Editor" in page
        arabic = text(desk.get(page_of(small, "ca-02", "ar")))
        assert 'lang="ar" dir="rtl"' in arabic

    @pytest.mark.parametrize(("code", "kind"), [("", "version"), ("CA", "group"), ("VO-01", "rule")])
    def test_it_is_saved_and_read_back(self, desk, small, code, kind):
        posted = typed(small, code, kind=kind)
        words = {name: f"uno {name}" for name in posted if name not in {"opened", "seen"}}
        answer = desk.post(page_of(small, code, kind=kind), posted | words | {"save": "1"})
        assert answer.url == reverse("aup:translations", args=[small.ref])
        again = typed(small, code, kind=kind)
        assert {name: value for name, value in again.items() if name in words} == words
        assert coverage.of(small)[0].standings["es"].status == ("current" if kind == "version" else "missing")

    def test_what_changed_in_the_original_stands_beside_it(self, desk, small, editor):
        write(small, editor, "CA-02")
        edit(small, editor, "CA-02", title="Calls after dark")
        page = text(desk.get(page_of(small, "CA-02")))
        assert '<del><span class="vh" lang="en">removed: </span>at night</del>' in page
        assert '<ins><span class="vh" lang="en">added: </span>after dark</ins>' in page
        assert page.count("earlier wording") == 1
        desk.post(page_of(small, "CA-02"), typed(small, "CA-02"))
        assert standing(small, "CA-02").status == "current"

    def test_entries_follow_the_sentences_they_were_made_from(self, desk, small, editor):
        conditions = small.rule_in("VO-01").conditions
        write(small, editor, "VO-01", {"conditions": [f"Condición {n}" for n, _ in enumerate(conditions)]})
        edit(small, editor, "VO-01", conditions=["A new first one.", *conditions])
        posted = typed(small, "VO-01")
        given = [posted[f"conditions-{n}"] for n in range(len(conditions) + 1)]
        assert given == ["", *(f"Condición {n}" for n, _ in enumerate(conditions))]

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({}, "Translate at least one part."),
            ({"title": "x" * 401}, "at most 400 characters"),
            ({"conditions-0": "Una"}, "Translate every entry, or leave all of them empty."),
            ({"title": "a\0b"}, "Null characters are not allowed"),
        ],
    )
    def test_what_is_wrong_stands_beside_what_was_typed(self, desk, small, changes, words):
        answer = desk.post(page_of(small, "VO-01"), typed(small, "VO-01", **changes))
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert words in text(answer)
        assert not small.translations.exists()

    def test_long_and_arabic_text(self, desk, small):
        said = "لا تتصل بأحد ليلًا. " * 500
        answer = desk.post(page_of(small, "CA-02", "ar"), typed(small, "CA-02", "ar", statement=said.strip()))
        assert answer.status_code == HTTPStatus.FOUND
        assert said.strip() in text(desk.get(page_of(small, "CA-02", "ar")))

    def test_it_is_taken_out(self, desk, small, editor):
        made = write(small, editor, "CA-02")
        desk.post(page_of(small, "CA-02"), {"take_out": "1", "opened": typed(small, "CA-02")["opened"]})
        assert Translation.objects.get(pk=made.pk).words == {}
        again = desk.post(page_of(small, "CA-01"), {"take_out": "1", "opened": ""})
        assert again.status_code == HTTPStatus.CONFLICT

    @pytest.mark.parametrize(
        "path", ["es/rule/NO-99/", "es/rule/CA/", "de/rule/CA-02/", "en/rule/CA-02/", "es/example/CA-02/", "en/next/"]
    )
    def test_what_is_not_there(self, desk, small, path):
        answer = desk.get(reverse("aup:translations", args=[small.ref]) + path)
        assert answer.status_code == HTTPStatus.NOT_FOUND


class TestTwoPeople:
    def test_the_second_sees_what_the_first_saved_and_keeps_what_was_typed(self, desk, small, editor):
        posted = typed(small, "CA-02", title="Lo mío")
        write(small, editor, "CA-02")
        answer = desk.post(page_of(small, "CA-02"), posted)
        assert answer.status_code == HTTPStatus.CONFLICT
        page = text(answer)
        assert "Somebody saved this translation while you were at it" in page
        assert "Llamadas de noche" in page
        assert "Lo mío</textarea>" in page
        again = {field.html_name: field.value() for field in answer.context["form"]}
        assert desk.post(page_of(small, "CA-02"), again).status_code == HTTPStatus.FOUND
        assert small.translations.get().words["title"] == "Lo mío"

    def test_the_same_sent_twice_is_saved_once(self, desk, small):
        posted = typed(small, "CA-02", title="Lo mío", save="1")
        assert desk.post(page_of(small, "CA-02"), posted).status_code == HTTPStatus.FOUND
        saved = small.translations.get()
        assert desk.post(page_of(small, "CA-02"), posted).status_code == HTTPStatus.FOUND
        assert small.translations.get().written_at == saved.written_at

    def test_the_original_changes_meanwhile(self, desk, small, editor):
        conditions = small.rule_in("VO-01").conditions
        changes = {f"conditions-{n}": f"Condición {n}" for n, _ in enumerate(conditions)}
        posted = typed(small, "VO-01", title="Lo mío", **changes)
        edit(small, editor, "VO-01", conditions=conditions[:-1], title="Another title")
        answer = desk.post(page_of(small, "VO-01"), posted)
        page = text(answer)
        assert answer.status_code == HTTPStatus.CONFLICT
        assert "The original was changed while you were at it" in page
        assert f"<li>Condición {len(conditions) - 1}</li>" in page
        assert "Lo mío</textarea>" in page
        assert "Another title" in page
        assert not small.translations.exists()

    def test_one_that_was_taken_out_meanwhile(self, desk, small, editor):
        made = write(small, editor, "CA-02")
        posted = typed(small, "CA-02", title="Lo mío")
        made.take_out(actor=editor, code="CA-02", opened=posted["opened"])
        assert "Somebody took it out." in text(desk.post(page_of(small, "CA-02"), posted))


class TestDoors:
    def test_who_may_translate_and_who_may_look(self, client, small):
        for role in Role.values:
            client.force_login(enrolled(role, role), BACKEND)
            policy = any(permission.startswith("policy:") for permission in BUNDLES[role])
            looking = client.get(reverse("aup:translations", args=[small.ref]))
            assert (looking.status_code == HTTPStatus.OK) == policy, role
            translator = Permission.POLICY_TRANSLATE in BUNDLES[role]
            assert (page_of(small, "CA-02") in text(looking)) == translator
            for answer in (
                client.get(page_of(small, "CA-02")),
                client.get(reverse("aup:translation_next", args=[small.ref, "es"])),
                client.post(page_of(small, "CA-02"), typed(small, "CA-02", title=f"De {role}")),
            ):
                assert (answer.status_code in {HTTPStatus.OK, HTTPStatus.FOUND}) == translator, role
        assert small.translations.count() == 1


def test_every_part_has_a_name_and_a_limit():
    assert {kind: set(parts) for kind, parts in TRANSLATED.items()} == {k: set(v) for k, v in wording.PARTS.items()}
    assert set(LABELS) == {part for parts in wording.PARTS.values() for part in parts}
