"""Drafting the default policy: everything in the files is in the draft, once."""

import re
from io import StringIO

import pytest
from django.core.management import call_command

from aup.documents import RULE_KEYS, Documents
from aup.loading import default_documents, draft_default, prepare
from aup.models import Example, Policy, PolicyVersion
from tests.aup.policies import TITLE
from tipstaff.ledger.models import Event
from tipstaff.workflow.refused import NotPermitted, Refused


def test_the_draft_holds_what_the_files_hold(draft):
    documents = default_documents()
    assert (draft.groups.count(), draft.rules.count(), len(draft.matrix.cells)) == (22, 110, 144)
    given = {rule["code"]: rule for group in documents.taxonomy["groups"] for rule in group["rules"]}
    for rule in draft.rules.prefetch_related("examples").select_related("group"):
        assert {key: getattr(rule, key) for key in RULE_KEYS} == {key: given[rule.code][key] for key in RULE_KEYS}
        assert [example.text for example in rule.allowed_examples] == given[rule.code]["examples"]["allowed"]
        assert [example.text for example in rule.prohibited_examples] == given[rule.code]["examples"]["prohibited"]
        assert rule.code.startswith(rule.group.code)
        assert draft.catalogue.exemptions(rule.exemptions) is not None
        assert len(draft.catalogue.controls(rule.controls)) == len(rule.controls)
    assert draft.matrix.document == documents.matrix
    assert list(draft.matrix.tiers) == [f"T{number}" for number in range(1, 10)]
    assert draft.matrix.interim_hours(4) == 72
    assert draft.matrix.interim_hours(2) is None


def test_a_rule_is_cited_by_code_and_number(draft):
    rule = draft.rules.get(code="LW-01")
    assert rule.reference == "rule:LW-01@9.0"
    assert rule.get_absolute_url() == "/policy/rules/LW-01/?version=9.0"


def test_the_event_names_the_documents_by_their_digest(draft, editor):
    taxonomy, matrix = draft.documents.digests
    told = Event.objects.get(stream_id=draft.stream, kind="policy.drafted").told()
    assert (told["facts.taxonomy_sha256"], told["facts.matrix_sha256"]) == (taxonomy, matrix)
    assert told["actor"] == {"kind": "person", "ref": editor.reference}
    assert re.fullmatch(r"P-[0-9A-Z]{4,}", draft.ref)


def test_loading_again_changes_nothing(db, files):
    first, second = StringIO(), StringIO()
    call_command("load_policy", stdout=first)
    events = Event.objects.count()
    call_command("load_policy", stdout=second)
    assert "was drafted: 110 rules, 144 matrix cells, draft." in first.getvalue()
    assert "is there already" in second.getvalue()
    assert PolicyVersion.objects.filter(policy__title=TITLE).count() == 1
    assert Event.objects.count() == events


def test_only_an_editor_drafts(signers, files):
    with pytest.raises(NotPermitted):
        draft_default(signers["legal"])
    assert not Policy.objects.filter(title=TITLE).exists()


def test_a_draft_needs_the_documents_it_names(draft, editor):
    version = prepare(default_documents(), policy=draft.policy, number="9.1", scope={})
    with pytest.raises(Refused, match="made from the documents it names"):
        version.draft(actor=editor, taxonomy_sha256="0" * 64, matrix_sha256="0" * 64)
    assert not PolicyVersion.objects.filter(number="9.1").exists()
    assert Example.objects.filter(rule__version=draft).count() == 392


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (b"waivable: false", b"waiveable: false", "lacks or must not have: waivable, waiveable"),
        (b"groups:", b"groups: [", "is not YAML"),
    ],
)
def test_a_document_we_would_misread_is_refused(files, before, after, words):
    taxonomy = (files / "taxonomy.yaml").read_bytes()
    with pytest.raises(ValueError, match=words):
        Documents.read(taxonomy.replace(before, after, 1), (files / "decision_matrix.yaml").read_bytes())
