"""The policy as it is read in another language: each piece in the language it stands in, and nothing passed off."""

import json
import re
from datetime import timedelta
from html import unescape
from http import HTTPStatus

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from aup import wording
from aup.digests import digest
from aup.loading import draft_from
from tests.aup.policies import approved
from tests.aup.test_translation import edit, renew, write
from tipstaff.time import moved_to

DAY = timedelta(days=1)
SPANISH = {
    "title": "Correo masivo no deseado",
    "statement": "No use el servicio para enviar mensajes que nadie pidió.",
    "action": "Enviar mensajes que nadie pidió",
}
ARABIC = {"title": "رسائل مزعجة بالجملة", "statement": "لا تستخدم الخدمة لإرسال رسائل لم يطلبها أحد."}


def text(response):
    assert response.status_code == HTTPStatus.OK
    return unescape(response.content.decode())


def in_language(client, path, language):
    return text(client.get(path, headers={"Accept-Language": language}))


@pytest.fixture
def translated(published, editor):
    write(published, editor, "SP-01", SPANISH)
    write(published, editor, "SP-01", ARABIC, language="ar")
    write(published, editor, group="SP", words={"title": "Correo basura y fraude de tráfico"})
    write(published, editor, words={"summary": "En pocas palabras.", "data": ["Uno.", "Dos.", "Tres."]})
    return published


@pytest.fixture
def later(translated, editor, signers):
    """A version that words SP-01 otherwise, in force a week from now."""
    draft = draft_from(translated, actor=editor, number="9.1")
    edit(draft, editor, "SP-01", statement="Do not send messages that nobody asked for.")
    said = {**draft.description, "rationale": "Clearer.", "changelog": "One rule."}
    draft.describe(actor=editor, said=said, opened=digest(draft.description))
    version = approved(draft, editor, signers)
    version.publish(actor=editor)
    return version


class TestPolicy:
    def test_what_is_translated_is_shown_and_the_rest_is_the_original(self, client, translated):
        page = in_language(client, "/policy/", "es")
        assert '<bdi lang="es">Correo masivo no deseado</bdi>' in page
        assert '<bdi lang="es" dir="ltr">Enviar mensajes que nadie pidió</bdi>' in page
        assert '<h4 lang="es" dir="ltr">Correo basura y fraude de tráfico</h4>' in page
        assert '<div class="lead stack tight" lang="es" dir="ltr"><p>En pocas palabras.</p></div>' in page
        assert "<li>Dos.</li>" in page
        other = translated.rules.get(code="SP-02")
        assert f'<bdi lang="en">{other.title}</bdi>' in page
        assert translated.rules.get(code="SP-01").title not in page
        assert page.count('<bdi lang="es">') == 1

    def test_english_pieces_of_an_arabic_page_run_their_own_way(self, client, translated):
        page = in_language(client, "/policy/", "ar")
        rule = translated.rules.get(code="SP-01")
        assert '<li dir="rtl"><a href="/policy/rules/SP-01/">' in page
        assert f'<bdi lang="ar">{ARABIC["title"]}</bdi>' in page
        assert f'<bdi lang="en" dir="ltr">{rule.action}</bdi>' in page
        assert '<li dir="ltr"><a href="/policy/rules/SP-02/">' in page

    @pytest.mark.parametrize(
        ("language", "words"),
        [
            ("es", "En caso de conflicto"),
            ("fr", "En cas de litige"),
            ("ar", "عند النزاع"),
        ],
    )
    def test_it_says_which_text_counts(self, client, translated, language, words):
        for path in ("/policy/", "/policy/9.0/", "/policy/rules/SP-01/"):
            assert words in in_language(client, path, language), path

    def test_in_its_own_language_nothing_is_said_of_translations(self, client, translated):
        page = in_language(client, "/policy/", "en")
        assert "not a translation" not in page
        assert "original=1" not in page

    def test_how_many_are_not_translated(self, client, translated):
        with_some = in_language(client, "/policy/", "es")
        assert "105 de las 106 normas" in with_some
        assert "no están traducidas a su idioma" not in with_some
        assert "ne sont pas encore traduites dans votre langue" in in_language(client, "/policy/", "fr")

    def test_the_original_on_request(self, client, translated):
        page = in_language(client, "/policy/?original=1", "es")
        assert translated.rules.get(code="SP-01").title in page
        assert "Correo masivo" not in page
        assert "/policy/rules/SP-01/?original=1" in page
        assert 'href="?original=1"' not in page

    def test_search_finds_what_the_reader_sees(self, client, translated):
        page = in_language(client, "/policy/?q=nadie+masivo", "es")
        assert page.count("/policy/rules/") == 1
        assert page.count('lang="es"') > 1
        assert "/policy/rules/" not in in_language(client, "/policy/?q=nadie+masivo", "fr").partition('id="rules"')[2]

    def test_the_switch_is_no_search(self, client, translated):
        assert 'role="status"' not in in_language(client, "/policy/?lang=es", "en").partition('id="rules"')[2]

    def test_a_language_that_the_address_asks_for_goes_along(self, client, translated):
        carried = '<input type="hidden" name="lang" value="es">'
        page = in_language(client, "/policy/?lang=es", "en")
        assert carried in page.partition('role="search"')[2].partition("</form>")[0]
        assert 'href="/policy/rules/SP-01/?lang=es"' in page
        assert carried not in in_language(client, "/policy/", "es")

    def test_an_earlier_wording_is_marked_in_words(self, client, later):
        assert "redacción anterior" not in in_language(client, "/policy/", "es")
        assert "redacción anterior" in in_language(client, "/policy/rules/SP-01/?version=9.1", "es")


class TestRule:
    def test_a_translated_rule(self, client, translated):
        page = in_language(client, "/policy/rules/SP-01/", "es")
        rule = translated.rules.get(code="SP-01")
        assert f'<p lang="es" dir="ltr"><strong>{SPANISH["statement"]}</strong></p>' in page
        assert f'<p lang="en" dir="ltr">{rule.threshold}</p>' in page
        assert "Lo que todavía no está traducido" in page
        assert "redacción anterior" not in page

    def test_one_without_a_translation_says_so(self, client, translated):
        assert "Esta norma todavía no está traducida" in in_language(client, "/policy/rules/SP-02/", "es")
        page = in_language(client, "/policy/rules/SP-02/", "ar")
        assert '<p lang="en" dir="ltr"><strong>' in page

    def test_a_stale_one_says_so_and_has_the_original_beside_it(self, client, later, editor):
        page = in_language(client, "/policy/rules/SP-01/?version=9.1", "ar")
        assert "أُعدّت هذه الترجمة من صياغة سابقة" in page
        assert '<p lang="en" dir="ltr">Do not send messages that nobody asked for.</p>' in page
        assert ARABIC["statement"] in page
        assert 'href="?version=9.1&original=1"' in page
        original = in_language(client, "/policy/rules/SP-01/?version=9.1&original=1", "ar")
        assert ARABIC["title"] not in original
        assert "صياغة سابقة" not in original
        renew(later.translations.get(language="ar", rule__code="SP-01"), editor)
        assert "صياغة سابقة" not in in_language(client, "/policy/rules/SP-01/?version=9.1", "ar")

    def test_the_version_before_keeps_its_own(self, client, later, editor):
        renew(later.translations.get(language="es", rule__code="SP-01"), editor, {"title": "Otro título"})
        assert "Otro título" not in in_language(client, "/policy/rules/SP-01/?version=9.0", "es")
        with moved_to(later.effective_from + DAY):
            assert "Otro título" in in_language(client, "/policy/rules/SP-01/", "es")

    def test_nothing_a_translator_typed_is_markup(self, client, published, editor):
        write(published, editor, "SP-01", {"title": "<b>x</b>", "statement": "<script>1</script>"})
        for path in ("/policy/", "/policy/rules/SP-01/"):
            page = client.get(path, headers={"Accept-Language": "es"}).content.decode()
            assert "<b>x" not in page
            assert "<script>1" not in page


class TestQueries:
    def test_a_translation_costs_one_query_however_many_rules(self, client, published, editor):
        def counted(language):
            with CaptureQueriesContext(
                connection,
            ) as queries:
                in_language(client, "/policy/", language)
            return len(queries)

        alone = counted("en")
        assert counted("es") == alone + 1
        for rule in published.rules.all():
            write(published, editor, rule.code, {"title": f"Norma {rule.code}"})
        assert counted("es") == alone + 1
        with CaptureQueriesContext(connection) as queries:
            in_language(client, "/policy/rules/SP-01/", "es")
        assert len(queries) <= 12


def test_every_part_of_a_rule_is_shown_in_the_readers_language(client, published, editor):
    """Derived: whoever adds a part to be translated shows it too."""
    row = published.rules.get(code="SH-03")
    original = wording.of_rule(row.document)
    assert set(original) == set(wording.PARTS["rule"])
    words = {
        part: [f"{part} {n}" for n, _ in enumerate(value)] if isinstance(value, list) else f"Texto {part}"
        for part, value in original.items()
    }
    write(published, editor, "SH-03", words)
    page = in_language(client, "/policy/rules/SH-03/", "es")
    for value in words.values():
        for line in value if isinstance(value, list) else [value]:
            assert line in page
    assert not re.search(r'<p lang="en"', page.partition("<main")[2])


class TestDocuments:
    def test_json_carries_every_translation_with_how_it_stands(self, client, later):
        document = json.loads(client.get("/policy/9.1/policy.json").content)
        spanish, arabic = document["translations"]["es"], document["translations"]["ar"]
        assert spanish["rules"]["SP-01"]["words"] == SPANISH
        assert (spanish["rules"]["SP-01"]["status"], spanish["rules"]["SP-01"]["stale"]) == ("stale", ["statement"])
        assert spanish["rules"]["SP-01"]["made_from"]["statement"].startswith("Do not send advertising")
        assert spanish["groups"]["SP"]["status"] == spanish["version"]["status"] == "current"
        assert arabic["rules"]["SP-01"]["written_at"].endswith("Z")
        assert "fr" not in document["translations"]
        earlier = json.loads(client.get("/policy/9.0/policy.json").content)["translations"]["es"]["rules"]["SP-01"]
        assert (earlier["status"], earlier["made_from"]) == ("current", {})

    def test_one_query_however_many_translations(self, client, published, editor):
        def counted():
            with CaptureQueriesContext(connection) as queries:
                assert client.get("/policy/9.0/policy.json").status_code == HTTPStatus.OK
            return len(queries)

        before = counted()
        for rule in published.rules.all()[:20]:
            write(published, editor, rule.code, {"title": f"Norma {rule.code}"})
        assert counted() == before

    def test_markdown_speaks_the_readers_language_where_it_can(self, client, later):
        document = in_language(client, "/policy/9.1/policy.md", "es")
        assert "#### SP-01 Correo masivo no deseado" in document
        assert "*Esta traducción se hizo a partir de una redacción anterior. El original:*" in document
        assert "> Do not send messages that nobody asked for." in document
        assert "### SP Correo basura y fraude de tráfico" in document
        assert "*Todavía sin traducir; este es el original.*" in document
        assert "En caso de conflicto" in document
        english = in_language(client, "/policy/9.1/policy.md", "en")
        assert "Correo" not in english
        assert "original" not in english.partition("## The rules")[0]

    def test_a_copy_is_stale_once_a_translation_is_written(self, client, published, editor):
        with moved_to(published.published_at + DAY):
            first = client.get("/policy/9.0/policy.json")
        with moved_to(published.published_at + 2 * DAY):
            write(published, editor, "SP-01", SPANISH)
        header = {"If-Modified-Since": first["Last-Modified"]}
        assert client.get("/policy/9.0/policy.json", headers=header).status_code == HTTPStatus.OK
