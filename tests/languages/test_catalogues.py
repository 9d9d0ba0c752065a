"""The catalogues are what the source and the translators say, and the tool that keeps them so finds what it must."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from tipstaff import translations
from tipstaff.translations import Words, as_mo, as_po, extract, faults_of, public, strings_of


def test_the_catalogues_are_fresh() -> None:
    assert translations.check() == []


def test_strings_are_found_in_every_kind_of_source(tmp_path: Path) -> None:
    template = tmp_path / "page.html"
    template.write_text(
        '{% load i18n %}\n  <p>{% translate "It\'s 5 % off" %}</p>\n\t{{ four|yesno:_("yes,no") }}'
        "{% blocktranslate count count=2 with name=who %}{{ name }}, {{ count }} rule{% plural %}"
        "{{ count }} rules of {{ name }}"
        '{% endblocktranslate %}<b>“unclosed \'quotes {% translate "May" context "month" %}'
    )
    assert [found[2] for found in strings_of(template)] == [
        "It's 5 %% off",
        "yes,no",
        ("%(name)s, %(count)s rule", "%(count)s rules of %(name)s", None),
        ("month", "May"),
    ]
    module = tmp_path / "room.py"
    module.write_text('_("a" "b"); gettext_lazy("c"); ngettext("%(n)s d", "%(n)s ds", n); _(f"{n} e"); _(name)')
    assert [found[2] for found in strings_of(module)][:3] == ["ab", "c", ("%(n)s d", "%(n)s ds", None)]


def test_dates_in_templates_follow_the_language() -> None:
    """A day spelled out by a template would be English in its order: `DATE_FORMAT` and its kin know each language."""
    spelled = re.compile(r"\|date:[\"'][jdNFM][^\"']*[\"']")
    for path in (translations.ROOT / "templates").rglob("*.*"):
        assert not spelled.findall(path.read_text(encoding="utf-8")), path


@pytest.fixture(scope="module")
def strings() -> Catalog:
    """Those of the source, looked for once: that takes a second."""
    return extract()


def test_everything_said_to_strangers_is_among_the_public_strings(strings: Catalog) -> None:
    said = {translations._first(message) for message in public(strings)}
    assert {
        "Report a violation", "Appeal this decision", "How we graded it", "Suspension, 7 days", "Written warning",
        "That is too large", "We read your report and did not open a case. This is why:", "Something else",
        "Your appeal %(ref)s was decided by someone who had no part in what you appealed against.", "Sign in",
    } <= said  # fmt: skip
    assert "Policy versions in the making" not in said


def test_writing_again_changes_no_byte(strings: Catalog) -> None:
    looked_for_again = extract()
    for language in translations.LANGUAGES:
        once = translations.renewed(language, strings)
        again = translations.renewed(language, looked_for_again)
        assert as_po(once) == as_po(again)
        assert as_mo(once) == as_mo(again)
        assert b"2025" not in as_po(once)[:600]
        assert b"-Date" not in as_po(once)


@pytest.mark.parametrize(
    ("original", "translated", "wrong"),
    [
        ("Hello %(name)s", "Hola %(nombre)s", True),
        ("Hello %(name)s", "Hola", True),
        ("Hello %(name)s", "%(name)s, hola", False),
        ("See <a href=\"%(url)s\">this</a>", "Vea <a href=\"%(url)s\">esto</a>", False),
        ("See <a href=\"%(url)s\">this</a>", "Vea <b>esto</b>", True),
        (("%(count)s rule", "%(count)s rules"), ("%(count)s regla", "%(count)s reglas"), False),
        (("%(count)s rule", "%(count)s rules"), ("una regla", "%(count)s reglas"), False),
        (("%(count)s rule", "%(count)s rules"), ("%(n)s regla", "%(count)s reglas"), True),
        (("%(count)s rule", "%(count)s rules"), ("una regla",), True),
    ],
)  # fmt: skip
def test_a_translation_keeps_placeholders_tags_and_plural_forms(
    original: object, translated: object, wrong: bool
) -> None:
    words, strings = Words("es"), Words("es")
    words.add(original, string=translated)
    assert bool(list(faults_of(words, strings))) is wrong


def test_a_public_string_that_is_not_or_half_or_only_guessed_translated_is_found() -> None:
    strings, words = Words("ar"), Words("ar")
    place = [("templates/home/public.html", 1)]
    for text in ("None", "Guessed", "Whole"):
        strings.add(text, locations=place)
    strings.add(("%(count)s thing", "%(count)s things"), locations=place)
    strings.add("Only for the desk", locations=[("templates/cases/case_page.html", 1)])
    words.add("Guessed", string="تخمين", flags=["fuzzy"])
    words.add("Whole", string="كامل")
    words.add(("%(count)s thing", "%(count)s things"), string=("", "شيء", "شيئان", "أشياء", "شيئًا", "شيء"))
    told = " ".join(faults_of(words, strings))
    assert told.count("not translated") == 3
    assert "Whole" not in told
    assert "desk" not in told
    assert "كامل".encode() in as_mo(words)
    assert "شيئان".encode() not in as_mo(words)
