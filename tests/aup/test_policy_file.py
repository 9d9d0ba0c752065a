"""A policy as one file: nothing is lost on the way out or in, and every fault of a file has its line."""

from io import StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from aup import coverage, loading, wording, yaml_text
from aup.documents import Documents
from aup.models import Policy, PolicyVersion
from aup.policy_file import SIZE, PolicyFile, file_of
from tests.aup.policies import under_another_name
from tests.aup.test_documents import HARBOUR, rows
from tests.aup.test_translation import edit
from tests.aup.test_translation import write as translate
from tests.aup.test_writing import new, write
from tipstaff.workflow.refused import Refused


def imported(raw, editor, number=""):
    read = PolicyFile.read(raw)
    assert read.faults == []
    return read.draft(actor=editor, number=number)


def numbered(text, number):
    """`text` with another number of the version."""
    before = text.partition("\nnumber: ")[2].partition("\n")[0]
    return text.replace(f"\nnumber: {before}\n", f"\nnumber: {number}\n", 1)


class TestRoundTrip:
    def test_a_file_comes_out_as_it_went_in(self, editor):
        version = imported(HARBOUR.read_bytes(), editor)
        assert file_of(version) == HARBOUR.read_text()
        assert (version.groups.count(), version.rules.count(), len(version.matrix.cells)) == (4, 12, 144)
        assert (version.policy.publisher, version.number) == ("Harbour Speech", "harbour-3")

    def test_the_default_policy_does_too(self, draft, editor):
        text = file_of(draft)
        second = imported(text.encode(), editor, "9.1")
        assert numbered(file_of(second), "'9.0'") == text
        assert rows(second) == rows(draft)
        assert Documents.of(second).digests == Documents.of(draft).digests

    def test_an_edited_policy_does_too(self, editor):
        version = imported(HARBOUR.read_bytes(), editor)
        odd = "Deux lignes : « oui »\n\n  - [a, b] # c\nقاعدة 'x' \"y\"\t"
        new(
            version,
            editor,
            "CA-04",
            products=["Harbour Box", "no"],
            statement=odd,
            parameters={"yes": "0x1f", "on": 1.5},
        )
        write(
            version, editor, "VO-02", examples={"allowed": ["a: b", "- c", "null", "~", "  lead"], "prohibited": [odd]}
        )
        version.move_group(actor=editor, code="CR", direction="up")
        text = file_of(version)
        second = imported(text.encode(), editor, "h-2")
        assert numbered(file_of(second), "harbour-3") == text
        assert rows(second) == rows(version)


TEXTS = st.text(
    alphabet=st.one_of(
        st.sampled_from(" \n\t:#-'\"[]{}&*!|>%@`,?~=0123.eE\\\u00a0\u0085\u2028\ufeff"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\x00"),
    ),
    max_size=200,
)
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**15), 10**15),
        st.floats(allow_nan=False, allow_infinity=False),
        TEXTS,
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)


class TestText:
    @given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=5))
    def test_what_is_written_is_read(self, document):
        text = yaml_text.write(document)
        found = yaml_text.read(text.encode())
        assert (found.faults, found.document) == ([], document)
        assert yaml_text.write(found.document) == text

    @given(st.lists(st.sampled_from(["word", "a", "longer-word", "x" * 50, "", "é"]), min_size=10, max_size=80))
    def test_long_text_is_folded_and_comes_back(self, words):
        document = {"text": " ".join(words), "list": [" ".join(words)]}
        assert yaml_text.read(yaml_text.write(document).encode()).document == document

    @given(st.binary(max_size=300))
    def test_nothing_that_is_read_breaks_it(self, raw):
        PolicyFile.read(raw)

    def test_countries_and_versions_are_text(self):
        found = yaml_text.read(b"places: [NO, FR]\ndate: 2026-01-01\ntime: 1:30\nanswer: yes\n")
        assert found.document == {"places": ["NO", "FR"], "date": "2026-01-01", "time": "1:30", "answer": "yes"}

    @pytest.mark.parametrize(
        ("raw", "line", "words"),
        [
            (b"", 1, "the file is empty"),
            (b"a: 1\nb: [\n", 3, "this is not YAML"),
            (b"a:\n\tb: 1", 2, "a tab stands where spaces belong"),
            (b"a: 1\nb: 2\na: 3", 3, "the key “a” stands here a second time"),
            (b"a: &x [1]\nb: *x", 1, "anchors and aliases"),
            ("a: caf\xe9".encode("latin-1"), 1, "this is not UTF-8 text"),
            (b"a: 1\nb: \xff", 2, "this is not UTF-8 text"),
            ("a: 1".encode("utf-16"), 1, "this is not UTF-8 text"),
            (b"a: !!python/object:os.system x", 1, "tags"),
            (b"---\na: 1\n---\nb: 2", 3, "a second document begins here"),
            (b"a: 1\nb: " + b"[" * 5000, 2, "nested deeper"),
            (b"a: 1e999", 1, "is too large"),
            (b"a: 1\nb: \x01", 2, "control character"),
            (b"? [a]\n: 1", 1, "a key has to be text"),
            (b"- a", 1, "not a mapping"),
            (b"x" * (SIZE + 1), 1, "larger than 5 MB"),
        ],
    )
    def test_what_cannot_be_read_is_said_with_its_line(self, raw, line, words):
        fault = PolicyFile.read(raw).faults[0]
        assert fault.line == line
        assert words in fault.text

    def test_a_bomb_of_aliases_stays_small(self):
        raw = b"a: &a [x,x]\n" + b"".join(b"%c: &%c [*%c,*%c]\n" % (c, c, c - 1, c - 1) for c in range(98, 122))
        assert {fault.text for fault in PolicyFile.read(raw).faults} == {
            "anchors and aliases (& and *) are not taken; write the text out"
        }


def line_of(text, words, nth=1):
    lines = [number for number, line in enumerate(text.split("\n"), start=1) if words in line]
    return lines[nth - 1]


class TestFaults:
    """One fault at a time, and then all at once."""

    CHANGES = [
        ("  severity: 4\n", "  severity: 9\n", "severity: 9", "rule CA-03: severity must be one of 1, 2, 3, 4, not"),
        ("code: VO-02\n", "code: VO-01\n", "code: VO-01", "rule VO-01: code “VO-01” is taken already"),
        ("title: Calls\n", "title: ''\n", "title: ''", "group CA: title is empty"),
        ("approver: adjudicator\n", "approver: robot\n", "approver: robot", "tier T1: approver must be one of"),
        ("format: 1\n", "format: 7\n", "format: 7", "format must be 1"),
        ("publisher: ", "published_by: ", "published_by", "“published_by” is no key that belongs here"),
        ("exemptions: [EX-OWN]", "exemptions: [EX-ODD]", "[EX-ODD]", "“EX-ODD” is not among the exemptions"),
        ("minimum_tier: T4", "minimum_tier: T8", "minimum_tier: T8", "“T8” is no tier of the matrix"),
        ("binding: true", "binding: maybe", "binding: maybe", "entry 3.binding must be true or false"),
        ("window_days: 90", "window_days: 0", "window_days: 0", "window_days must lie between"),
    ]  # fmt: skip

    @pytest.mark.parametrize(("before", "after", "at", "words"), CHANGES)
    def test_it_has_its_line(self, before, after, at, words):
        text = HARBOUR.read_text()
        assert before in text
        changed = text.replace(before, after, 1)
        wanted = line_of(changed, at, 2 if at == "code: VO-01" else 1)
        faults = [(fault.line, fault.text) for fault in PolicyFile.read(changed.encode()).faults]
        assert any(line == wanted and words in said for line, said in faults), (wanted, faults)

    def test_a_missing_key_has_the_line_of_its_rule(self):
        text = HARBOUR.read_text()
        line = text.split("\n")[line_of(text, "threshold: Two calls in one night") - 1]
        changed = text.replace(line + "\n", "")
        faults = [(fault.line, fault.text) for fault in PolicyFile.read(changed.encode()).faults]
        assert faults == [(line_of(changed, "code: CA-02"), "rule CA-02: threshold is missing")]

    def test_all_are_said_in_the_order_of_the_file(self):
        text = HARBOUR.read_text()
        for before, after, _at, _words in self.CHANGES:
            text = text.replace(before, after, 1)
        faults = PolicyFile.read(text.encode()).faults
        assert len(faults) >= 9
        assert [fault.line for fault in faults] == sorted(fault.line for fault in faults)

    @pytest.mark.parametrize(
        "raw",
        [
            b"a: 1",
            b"taxonomy: 1\nmatrix: 2",
            b"taxonomy: {}\nmatrix: {}",
            b"taxonomy: {groups: [1, {rules: 2}]}\nmatrix: {tiers: [1]}",
        ],
    )
    def test_what_is_no_policy_at_all(self, raw):
        assert len(PolicyFile.read(raw).faults) >= 5


class TestDrafting:
    def test_a_number_that_is_taken(self, editor):
        imported(HARBOUR.read_bytes(), editor)
        with pytest.raises(Refused, match="Version harbour-3 is there already"):
            imported(HARBOUR.read_bytes(), editor)
        assert PolicyVersion.objects.filter(policy__title="Harbour Speech rules of use").count() == 1

    def test_the_same_title_by_somebody_else(self, editor):
        imported(HARBOUR.read_bytes(), editor)
        other = HARBOUR.read_bytes().replace(b"publisher: Harbour Speech", b"publisher: Somebody", 1)
        with pytest.raises(Refused, match="is here already with another publisher: “Harbour Speech”"):
            imported(other, editor, "h-4")

    def test_a_file_with_faults_drafts_nothing(self, editor):
        read = PolicyFile.read(b"a: 1")
        with pytest.raises(Refused, match="has faults"):
            read.draft(actor=editor)
        assert not Policy.objects.filter(publisher="Harbour Speech").exists()


class TestCommands:
    def test_out_and_in(self, db, tmp_path):
        call_command("import_policy", str(HARBOUR), stdout=StringIO())
        out = StringIO()
        call_command("export_policy", "harbour-3", stdout=out)
        assert out.getvalue() == HARBOUR.read_text()
        ref = PolicyVersion.objects.get(number="harbour-3").ref
        call_command("export_policy", ref.lower(), output=str(tmp_path / "p.yaml"))
        assert (tmp_path / "p.yaml").read_bytes() == HARBOUR.read_bytes()
        said = StringIO()
        call_command("import_policy", str(tmp_path / "p.yaml"), number="h-4", stdout=said)
        assert "h-4" in said.getvalue()
        assert "was drafted: 12 rules, 144 matrix cells." in said.getvalue()

    def test_faults_line_by_line(self, db, tmp_path):
        (tmp_path / "bad.yaml").write_text("title: [\n")
        (tmp_path / "odd.yaml").write_text("a: 1\n")
        errors = StringIO()
        with pytest.raises(CommandError, match="nothing was drafted"):
            call_command("import_policy", str(tmp_path / "bad.yaml"), stderr=errors)
        assert "line 2: this is not YAML" in errors.getvalue()
        for path, words in ((tmp_path / "none.yaml", "cannot be read"), (tmp_path / "odd.yaml", "faults")):
            with pytest.raises(CommandError, match=words):
                call_command("import_policy", str(path), stderr=StringIO())

    def test_only_checking_drafts_nothing(self, db):
        out = StringIO()
        call_command("import_policy", str(HARBOUR), check=True, stdout=out)
        assert "has no faults" in out.getvalue()
        assert not PolicyVersion.objects.filter(number="harbour-3").exists()

    def test_what_is_refused_is_said(self, db):
        call_command("import_policy", str(HARBOUR), stdout=StringIO())
        with pytest.raises(CommandError, match="is there already"):
            call_command("import_policy", str(HARBOUR))

    def test_a_version_that_is_not_there(self, db):
        with pytest.raises(CommandError, match="no version P-0000"):
            call_command("export_policy", "P-0000")


class TestTranslations:
    """They travel with the version; what is stale stays stale, and what fits nothing is refused with its line."""

    def translated(self, editor):
        version = imported(HARBOUR.read_bytes(), editor)
        every = {
            part: [f"{part} {n}: «sí»" for n, _text in enumerate(text)] if isinstance(text, list) else f"{part}: قاعدة"
            for part, text in wording.of_rule(version.rule_in("VO-01").document).items()
        }
        translate(version, editor, "VO-01", every)
        translate(version, editor, "CA-02", {"title": "Nuits", "statement": "Un.\n\nDeux."}, language="fr")
        translate(version, editor, group="CA", words={"title": "مكالمات"}, language="ar")
        translate(version, editor, words={"title": "Normas de uso", "data": ["uno"] * len(version.scope["data"])})
        edit(version, editor, "CA-02", title="Calls after dark")
        edit(version, editor, "VO-01", conditions=["Only one is left."], statement="Another statement.")
        return version

    def test_a_file_comes_out_as_it_went_in(self, editor):
        version = self.translated(editor)
        text = file_of(version)
        second = imported(text.encode(), editor, "h-2")
        assert numbered(file_of(second), "harbour-3") == text
        carried = ("language", "words", "source", "source_sha256")
        old, new = (sorted(map(str, v.translations.values_list(*carried))) for v in (version, second))
        assert old == new
        assert len(old) == 4
        row = second.rule_in("VO-01")
        standing = wording.Standing.of(row.translations.get(), wording.of_rule(row.document))
        assert (standing.status, standing.stale) == ("stale", ("statement", "conditions"))

    def test_the_default_policy_with_its_own(self, editor, tmp_path, monkeypatch):
        monkeypatch.setattr(loading, "DATA", under_another_name(tmp_path, translations=True))
        version = loading.draft_default(editor)
        text = file_of(version)
        assert numbered(file_of(imported(text.encode(), editor, "9.1")), "'9.0'") == text
        statuses = [total.current for total in coverage.totals(coverage.of(version))]
        assert min(statuses) >= 1 + 21 + 12
        assert all(total.stale == 0 for total in coverage.totals(coverage.of(version)))

    FAULTS = [
        ("  es:\n", "  de:\n", "  de:", "“de” is none of the languages that the policy can be translated into: es, fr"),
        ("  es:\n", "  en:\n", "  en:", "“en” is none of the languages"),
        ("      VO-01:\n", "      VO-99:\n", "      VO-99:", "“VO-99” is no rule of this file"),
        ("      CA:\n", "      ZZ:\n", "      ZZ:", "“ZZ” is no group of this file"),
        ("    groups:\n", "    group:\n", "    group:", "“group” is no key that belongs here"),
        ("        corrective: ", "        severity: ", "        severity: ", "“severity” is no key that belongs here"),
        ("title: Nuits", "title: ''", "title: ''", "translations.fr.rules.CA-02.title is empty"),
        ("title: Nuits", "title: [Nuits]", "title: [Nuits]", "translations.fr.rules.CA-02.title must be text"),
        ("title: Nuits", "threshold: Nuits", "title: Calls at night", "made_from.title is not translated here"),
    ]  # fmt: skip

    @pytest.mark.parametrize(("before", "after", "at", "words"), FAULTS)
    def test_each_fault_has_its_line(self, editor, before, after, at, words):
        text = file_of(self.translated(editor))
        head, mark, tail = text.partition("\ntranslations:\n")
        assert before in tail
        changed = head + mark + tail.replace(before, after, 1)
        wanted = (head + mark).count("\n") + line_of(tail.replace(before, after, 1), at)
        faults = [(fault.line, fault.text) for fault in PolicyFile.read(changed.encode()).faults]
        assert any(line == wanted and words in said for line, said in faults), (wanted, faults)

    def test_a_list_of_another_length(self, editor):
        head, mark, tail = file_of(self.translated(editor)).partition("\ntranslations:\n")
        line = next(line for line in tail.split("\n") if "allowed 0: " in line)
        changed = head + mark + tail.replace(f"{line}\n", f"{line}\n{line}\n", 1)
        faults = [(fault.line, fault.text) for fault in PolicyFile.read(changed.encode()).faults]
        wanted = (head + mark).count("\n") + line_of(tail, "        allowed:")
        assert [line for line, said in faults if "and the original" in said] == [wanted]

    @pytest.mark.parametrize("given", ["translations: 7", "translations: {es: 1}", "translations: {es: {rules: [1]}}"])
    def test_what_is_no_translation_at_all(self, given):
        faults = PolicyFile.read((HARBOUR.read_text() + given + "\n").encode()).faults
        assert ["must be a mapping of names to values" in fault.text for fault in faults] == [True]

    def test_the_look_at_a_file_counts_them(self, client, editor):
        client.force_login(editor, "django.contrib.auth.backends.ModelBackend")
        raw = file_of(self.translated(editor)).encode()
        page = client.post("/policy/versions/import/", {"file": SimpleUploadedFile("a.yaml", raw)}).content.decode()
        assert "4 translations" in page
