"""Writing a draft: one act per change, refused when it makes a text that cannot be read or that somebody changed."""

import pytest

from aup.digests import digest
from aup.documents import Documents
from aup.loading import draft_from
from aup.models.drafting import as_fact
from tests.aup.policies import approved, next_version
from tests.aup.test_documents import drafted, harbour, rows
from tipstaff.ledger.models import Event
from tipstaff.workflow.refused import NotPermitted, Refused


@pytest.fixture
def small(editor):
    return drafted(harbour(), editor, "h-1")


def told(version, kind):
    return Event.objects.filter(stream_id=version.stream, kind=kind).order_by("-seq").first().told()


def write(version, editor, code, group=None, opened=None, **changes):
    row = version.rule_in(code)
    rule = {**row.document, **changes}
    version.write_rule(
        actor=editor, group=group or row.group.code, rule=as_fact(rule), opened=opened or digest(row.opened_as)
    )
    return rule


def new(version, editor, code, group="CA", **changes):
    rule = {**version.rule_in("CA-02").document, "code": code, **changes}
    version.write_rule(actor=editor, group=group, rule=as_fact(rule), opened="")


def order(version):
    return [(rule.position, rule.code) for rule in version.rules.order_by("position")]


class TestRules:
    def test_a_rule_is_written_whole(self, small, editor):
        examples = {"allowed": ["Only this.", "And\nthat."], "prohibited": []}
        rule = write(small, editor, "CR-02", title="Lines for children", parameters={"share": 0.1}, examples=examples)
        assert small.rule_in("CR-02").document == rule
        facts = told(small, "policy.written_rule")
        assert facts["facts.rule"]["title"] == "Lines for children"
        assert facts["facts.rule"]["parameters"] == {"share": "0.1"}

    def test_writing_what_is_there_changes_no_row(self, small, editor):
        before = rows(small)
        for rule in small.rules.all():
            write(small, editor, rule.code)
        assert rows(small) == before

    def test_a_new_rule_comes_last_in_its_group(self, small, editor):
        new(small, editor, "CA-04")
        assert order(small)[5:8] == [(6, "CA-03"), (7, "CA-04"), (8, "RE-01")]
        assert small.rule_in("CA-04").cite == "CA-04@h-1"

    def test_a_rule_goes_to_another_group(self, small, editor):
        write(small, editor, "VO-01", group="RE")
        assert [code for _place, code in order(small)] == [
            "VO-02", "VO-03", "CA-01", "CA-02", "CA-03", "RE-01", "RE-02", "RE-03", "VO-01", "CR-01", "CR-02", "CR-03",
        ]  # fmt: skip

    def test_rules_and_groups_move(self, small, editor):
        small.move_rule(actor=editor, code="VO-02", direction="up")
        small.move_rule(actor=editor, code="VO-02", direction="up")
        small.move_group(actor=editor, code="CR", direction="up")
        assert [code for _place, code in order(small)] == [
            "VO-02", "VO-01", "VO-03", "CA-01", "CA-02", "CA-03", "CR-01", "CR-02", "CR-03", "RE-01", "RE-02", "RE-03",
        ]  # fmt: skip
        assert [place for place, _code in order(small)] == list(range(1, 13))

    def test_a_rule_is_taken_out_and_can_come_back(self, small, editor):
        row = small.rule_in("CA-01")
        document = row.document
        small.remove_rule(actor=editor, code="CA-01", opened=digest(row.opened_as))
        assert small.rule_in("CA-01") is None
        assert [place for place, _code in order(small)] == list(range(1, 12))
        small.write_rule(actor=editor, group="CA", rule=document, opened="")
        assert small.rule_in("CA-01").document == document
        with pytest.raises(Refused, match="no rule CA-09 any more"):
            small.remove_rule(actor=editor, code="CA-09", opened="")

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"severity": 5}, "Rule CA-02: severity must be one of 1, 2, 3, 4, not “5”."),
            ({"title": "x" * 201}, "title has 201 characters; it may have 200"),
            ({"exemptions": ["EX-NO"]}, "exemptions, entry 1 “EX-NO” is not among the exemptions of this policy"),
            ({"controls": ["magic"]}, "“magic” is not among the controls of this policy"),
            ({"modalities": ["video"]}, "“video” is not among the modalities of this policy"),
            ({"minimum_tier": "T9"}, "“T9” is no tier of the matrix, which has T1, T2, T3, T4, T5"),
            ({"jurisdictions": ["France"]}, "must be '\\*', a country code such as FR, or EU"),
            ({"audience": []}, "audience names nothing"),
            ({"waivable": True, "legal_referral": "mandatory"}, "waivable must be false"),
            ({"mappings": {"house_codes": ["h-9"]}}, "“h-9” is not listed under house_codes"),
            ({"activity": ["dreaming"]}, "must be one of generation, classification"),
            ({"examples": {"allowed": ["a", "a"], "prohibited": []}}, "names “a” twice"),
            ({"statement": "NUL \x00"}, "holds a character that cannot be kept"),
            ({"colour": "red"}, "“colour” is no key that belongs here"),
        ],
    )
    def test_what_is_wrong_with_it_is_said(self, small, editor, changes, words):
        with pytest.raises(Refused, match=words):
            write(small, editor, "CA-02", **changes)
        assert told(small, "policy.drafted")
        assert not Event.objects.filter(stream_id=small.stream, kind="policy.written_rule").exists()

    def test_everything_that_is_wrong_is_said_at_once(self, small, editor):
        with pytest.raises(Refused) as refusal:
            write(small, editor, "CA-02", severity=9, title="", kind="odd")
        assert str(refusal.value).count("Rule CA-02:") == 3

    def test_the_second_of_two_who_edit_one_rule_is_refused(self, small, editor):
        opened = digest(small.rule_in("CA-02").opened_as)
        write(small, editor, "CA-02", opened=opened, title="First")
        for late in (
            lambda: write(small, editor, "CA-02", opened=opened, title="Second"),
            lambda: small.remove_rule(actor=editor, code="CA-02", opened=opened),
            lambda: new(small, editor, "CA-02"),
        ):
            with pytest.raises(Refused, match="Somebody changed this since you opened it"):
                late()
        assert small.rule_in("CA-02").title == "First"


class TestCodes:
    def test_a_code_is_never_used_again(self, published, editor, signers):
        def without_lw_01(documents):
            documents.taxonomy["groups"][0]["rules"].pop(0)

        second = next_version(published, editor, change=without_lw_01)
        approved(second, editor, signers).publish(actor=editor)
        third = draft_from(second, actor=editor, number="9.2")
        document = published.rule_in("LW-01").document
        with pytest.raises(Refused, match=r"Version 9\.0 used LW-01 for “Unlawful activity"):
            third.write_rule(actor=editor, group="LW", rule=document, opened="")


class TestGroups:
    def test_a_group_is_added_renamed_and_taken_out(self, small, editor):
        group = {"code": "ZZ", "title": "Late", "description": "The last."}
        small.write_group(actor=editor, group=group, opened="")
        assert [row.code for row in small.groups.all()] == ["VO", "CA", "RE", "CR", "ZZ"]
        small.write_group(actor=editor, group=group | {"title": "Later"}, opened=digest(group))
        assert small.groups.get(code="ZZ").title == "Later"
        with pytest.raises(Refused, match="Somebody changed this"):
            small.write_group(actor=editor, group=group, opened=digest(group))
        with pytest.raises(Refused, match="still has rules"):
            small.remove_group(actor=editor, code="VO")
        small.remove_group(actor=editor, code="ZZ")
        assert small.groups.count() == 4

    @pytest.mark.parametrize("group", [{"code": "z"}, {"title": ""}, {"description": "x" * 5001}])
    def test_a_wrong_one_is_refused(self, small, editor, group):
        with pytest.raises(Refused, match="Group"):
            small.write_group(actor=editor, group={"code": "ZZ", "title": "t", "description": "d"} | group, opened="")


class TestLinks:
    LINK = {"kind": "api_policy", "title": "API terms", "url": "https://harbour.example/api", "binding": True}

    def test_a_document_is_linked_and_unlinked(self, small, editor):
        small.link_document(actor=editor, document=self.LINK)
        assert [link.title for link in small.linked_documents.all()][-1] == "API terms"
        small.unlink_document(actor=editor, title="How the voice answers")
        assert [link.position for link in small.linked_documents.all()] == [1, 2, 3]
        with pytest.raises(Refused, match="not linked any more"):
            small.unlink_document(actor=editor, title="How the voice answers")

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"url": "javascript:alert(1)"}, "must be an address that begins with https"),
            ({"kind": "model_card"}, "a model card does not bind"),
            ({"title": "How the voice answers"}, "is linked twice"),
            ({"kind": "novel"}, "must be one of behaviour_policy"),
        ],
    )
    def test_a_wrong_one_is_refused(self, small, editor, change, words):
        with pytest.raises(Refused, match=words):
            small.link_document(actor=editor, document=self.LINK | change)


class TestDescription:
    def test_number_and_citations_move_together(self, small, editor):
        said = small.description | {"number": "h-2", "rationale": "Because."}
        small.describe(actor=editor, said=said, opened=digest(small.description))
        assert {rule.cite.partition("@")[2] for rule in small.rules.all()} == {"h-2"}
        assert told(small, "policy.described")["changes.rationale"] == ["A test.", "Because."]
        with pytest.raises(Refused, match="Somebody changed this"):
            small.describe(actor=editor, said=said, opened="0" * 64)

    def test_a_taken_number_is_refused(self, small, editor):
        drafted(harbour(), editor, "h-9")
        said = small.description | {"number": "h-9"}
        with pytest.raises(Refused, match="Version h-9 is there already"):
            small.describe(actor=editor, said=said, opened=digest(small.description))

    def test_a_version_without_scope_is_not_published(self, small, editor):
        said = small.description | {"scope": {"data": [], "tasks": ["All"], "contexts": []}}
        small.describe(actor=editor, said=said, opened=digest(small.description))
        assert "Give the scope: the data it covers, contexts it applies in." in small.missing()


def test_a_threshold_of_vague_words_is_none(small, editor):
    write(small, editor, "CA-02", threshold="Excessive calling")
    assert "Rule CA-02 lacks a threshold that can be tested." in small.missing()


def test_only_a_draft_is_written_and_only_by_editors(small, editor, signers):
    with pytest.raises(NotPermitted):
        write(small, signers["legal"], "CA-02", title="Mine")
    small.submit(actor=editor)
    with pytest.raises(Refused, match="is in review by now"):
        write(small, editor, "CA-02", title="Late")


def test_an_edited_draft_still_round_trips(small, editor):
    new(small, editor, "CA-04", products=["Dialler", "Harbour Box"], activity=["classification"])
    of = Documents.of(small)
    assert rows(drafted(of, editor, "h-2")) == rows(small)
