"""Translations: each with the wording it was made from, stale as soon as that is not the wording there is."""

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aup import wording
from aup.digests import digest
from aup.loading import draft_from
from aup.models import Translation
from aup.models.drafting import as_fact
from aup.wording import Standing
from tests.aup.policies import approved, enrolled
from tests.aup.test_documents import drafted, harbour
from tipstaff.ledger.models import Event
from tipstaff.permissions import Role
from tipstaff.workflow.refused import NotPermitted, Refused

WORDS = {"title": "Llamadas de noche", "statement": "No llame a nadie de noche."}


@pytest.fixture
def small(editor):
    return drafted(harbour(), editor, "h-1")


def new(version, code=None, language="es", group=None):
    """An unsaved translation of a rule, a group, or the version itself."""
    return Translation(
        version=version,
        rule=version.rule_in(code) if code else None,
        group=version.groups.get(code=group) if group else None,
        language=language,
    )


def write(version, editor, code=None, words=None, language="es", group=None, **facts):
    made = new(version, code, language, group)
    facts = {"seen": digest(made.original())} | facts
    made.write(actor=editor, code=code or group or "", words=words or WORDS, **facts)
    return made


def renew(translation, editor, words=None, **facts):
    again = Translation.objects.get(pk=translation.pk)
    facts = {"seen": digest(again.original()), "opened": digest(again.words)} | facts
    again.renew(actor=editor, code="", words=words or again.words, **facts)


def edit(version, editor, code, **changes):
    row = version.rule_in(code)
    rule = as_fact({**row.document, **changes})
    version.write_rule(actor=editor, group=row.group.code, rule=rule, opened=digest(row.opened_as))


def standing(version, code, language="es"):
    row = version.rule_in(code)
    return Standing.of(row.translations.filter(language=language).first(), wording.of_rule(row.document))


class TestWriting:
    def test_a_rule_in_another_language(self, small, editor):
        write(small, editor, "CA-02")
        found = Translation.objects.get(rule__code="CA-02", version=small)
        assert (found.words, found.written_by) == (WORDS, editor)
        assert found.source == {"title": "Calls at night", "statement": small.rule_in("CA-02").statement}
        assert found.source_sha256 == digest(found.source)
        assert standing(small, "CA-02").status == "current"
        assert set(standing(small, "CA-02").lacking) >= {"action", "threshold"}

    def test_it_is_told_in_the_history_of_the_version(self, small, editor):
        write(small, editor, "CA-02")
        event = Event.objects.filter(stream_id=small.stream, kind="translation.written").get().told()
        assert event["facts.words"] == WORDS
        assert event["facts.code"] == "CA-02"
        assert event["changes.language"] == [None, "es"]
        assert "changes.words" not in event

    def test_groups_and_the_version_too(self, small, editor):
        write(small, editor, group="CA", words={"title": "Llamadas"})
        write(small, editor, words={"title": "Règles d’usage"}, language="fr")
        kinds = sorted(translation.kind for translation in small.translations.all())
        assert kinds == ["group", "version"]

    def test_the_original_is_not_touched(self, small, editor):
        before = small.rule_in("CA-02").document
        write(small, editor, "CA-02")
        assert small.rule_in("CA-02").document == before

    def test_a_published_version_is_translated_and_corrected(self, published, editor):
        made = write(published, editor, "SP-01")
        renew(made, editor, {"title": "Otra vez"})
        assert Translation.objects.get(pk=made.pk).words == {"title": "Otra vez"}
        assert standing(published, "SP-01").status == "current"

    def test_it_is_taken_out_and_written_again(self, small, editor):
        made = write(small, editor, "CA-02")
        made.take_out(actor=editor, code="CA-02", opened=digest(WORDS))
        assert standing(small, "CA-02").status == "missing"
        renew(made, editor, WORDS)
        assert standing(small, "CA-02").status == "current"

    def test_only_a_translator_writes(self, small, signers):
        for person in (*signers.values(), enrolled("lead", Role.LEAD)):
            with pytest.raises(NotPermitted):
                write(small, person, "CA-02")
        assert not small.translations.exists()

    @pytest.mark.parametrize(
        ("words", "reason"),
        [
            ({}, "translate at least one part"),
            ({"title": ""}, "title is empty"),
            ({"title": "x" * 401}, "title has 401 characters; it may have 400"),
            ({"severity": "9"}, "“severity” is no key that belongs here"),
            ({"conditions": "una"}, "conditions must be a list"),
            ({"conditions": ["una"] * 7}, "conditions has 7 entries, and the original"),
            ({"title": "a\0b"}, "holds a character that cannot be kept"),
        ],
    )
    def test_what_is_refused(self, small, editor, words, reason):
        made = new(small, "VO-01")
        with pytest.raises(Refused, match=reason):
            made.write(actor=editor, code="VO-01", words=words, seen=digest(made.original()))
        assert not small.translations.exists()

    def test_what_the_original_does_not_say(self, small, editor):
        edit(small, editor, "VO-01", conditions=[])
        with pytest.raises(Refused, match="conditions translates what the original does not say"):
            write(small, editor, "VO-01", {"conditions": ["una"]})

    @pytest.mark.parametrize("language", ["en", "de", ""])
    def test_a_language_that_is_none_of_the_translations(self, small, editor, language):
        with pytest.raises(Refused, match="cannot be translated into"):
            write(small, editor, "CA-02", language=language)


class TestTwoPeople:
    def test_the_second_is_refused(self, small, editor):
        one, other = new(small, "CA-02"), new(small, "CA-02")
        seen = digest(one.original())
        one.write(actor=editor, code="CA-02", words=WORDS, seen=seen)
        with pytest.raises(Refused, match="Somebody wrote this translation"):
            other.write(actor=editor, code="CA-02", words={"title": "Otra"}, seen=seen)
        opened = digest(WORDS)
        renew(one, editor, {"title": "Nueva"})
        for act in (lambda: renew(one, editor, WORDS, opened=opened), lambda: take_out(one, editor, opened)):
            with pytest.raises(Refused, match="Somebody wrote this translation"):
                act()

    def test_the_original_changes_meanwhile(self, small, editor):
        seen = digest(new(small, "CA-02").original())
        edit(small, editor, "CA-02", title="Calls after dark")
        with pytest.raises(Refused, match="The original was changed"):
            write(small, editor, "CA-02", seen=seen)


def take_out(translation, editor, opened):
    Translation.objects.get(pk=translation.pk).take_out(actor=editor, code="", opened=opened)


PROSE = st.text(
    st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=60
)


class TestStale:
    @settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        part=st.sampled_from(["title", "statement", "action", "threshold", "conditions", "allowed", "corrective"]),
        said=PROSE,
    )
    def test_editing_makes_it_stale_and_restoring_current(self, small, editor, part, said):
        with transaction.atomic():
            before = small.rule_in("VO-01").document
            original = wording.of_rule(before)
            words = {key: ["x"] * len(text) if isinstance(text, list) else "x" for key, text in original.items()}
            write(small, editor, "VO-01", words)
            assert standing(small, "VO-01").status == "current"
            edit(small, editor, "VO-01", **put(before, part, said))
            same = wording.of_rule(small.rule_in("VO-01").document) == original
            found = standing(small, "VO-01")
            assert (found.status, found.stale) == (("current", ()) if same else ("stale", (part,)))
            restore(small, editor, before)
            assert standing(small, "VO-01").status == "current"
            transaction.set_rollback(True)

    def test_a_part_that_is_not_translated_changes_nothing(self, small, editor):
        write(small, editor, "CA-02")
        edit(small, editor, "CA-02", threshold="Three calls in one night")
        assert standing(small, "CA-02").status == "current"

    def test_renewing_makes_it_current(self, small, editor):
        made = write(small, editor, "CA-02")
        edit(small, editor, "CA-02", title="Calls after dark")
        assert standing(small, "CA-02").stale == ("title",)
        renew(made, editor)
        assert standing(small, "CA-02").status == "current"


def restore(version, editor, document):
    edit(version, editor, document["code"], **{key: value for key, value in document.items() if key != "code"})


def put(document, part, said):
    """The change of a rule that gives `part` other words."""
    if part == "allowed":
        return {"examples": {**document["examples"], "allowed": [said]}}
    if part == "corrective":
        return {"consequence": {**document["consequence"], "corrective": said}}
    return {part: [said] if part == "conditions" else said}


class TestNextVersion:
    def test_it_takes_the_translations_with_it(self, published, editor, signers):
        write(published, editor, "SP-01")
        write(published, editor, group="SP", words={"title": "Correo basura"})
        write(published, editor, words={"summary": "En pocas palabras."})
        draft = draft_from(published, actor=editor, number="9.1")
        old, new = (
            sorted((t.kind, t.language, t.source_sha256, t.written_by_id, t.written_at) for t in v.translations.all())
            for v in (published, draft)
        )
        assert (old, len(new)) == (new, 3)
        edit(draft, editor, "SP-01", statement="Send nothing to anybody.")
        assert (standing(draft, "SP-01").status, standing(published, "SP-01").status) == ("stale", "current")
        draft.describe(
            actor=editor,
            said={**draft.description, "rationale": "Clearer.", "changelog": "One rule."},
            opened=digest(draft.description),
        )
        approved(draft, editor, signers).publish(actor=editor)
        assert standing(draft, "SP-01").status == "stale"
        renew(draft.translations.get(rule__code="SP-01"), editor)
        assert standing(draft, "SP-01").status == "current"

    def test_what_is_taken_out_is_not_taken_along(self, small, editor):
        made = write(small, editor, "CA-02")
        made.take_out(actor=editor, code="CA-02", opened=digest(WORDS))
        assert not draft_from(small, actor=editor, number="h-2").translations.exists()

    def test_a_rule_that_goes_takes_its_own_with_it(self, small, editor):
        write(small, editor, "CA-02")
        small.remove_rule(actor=editor, code="CA-02", opened=digest(small.rule_in("CA-02").opened_as))
        assert not small.translations.exists()


class TestTriggers:
    def refused(self, statement, *parameters):
        with pytest.raises(DatabaseError, match="is refused"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, parameters)

    def test_rows_stay_where_they_are(self, published, editor, small):
        made = write(published, editor, "SP-01")
        self.refused("DELETE FROM aup_translation WHERE id = %s", made.pk)
        self.refused("UPDATE aup_translation SET language = 'fr' WHERE id = %s", made.pk)
        other = small.rule_in("CA-02").pk
        self.refused("UPDATE aup_translation SET rule_id = %s WHERE id = %s", other, made.pk)
        self.refused(
            "INSERT INTO aup_translation (version_id, rule_id, language, words, source, source_sha256, written_at)"
            " VALUES (%s, %s, 'fr', '{}', '{}', '', now())",
            published.pk,
            other,
        )

    def test_the_text_of_a_published_version_stays_as_it_is(self, published, editor):
        write(published, editor, "SP-01")
        self.refused("UPDATE aup_rule SET title = 'x' WHERE id = %s", published.rule_in("SP-01").pk)
