"""Documents and rows are two forms of one thing: there and back again loses nothing."""

from pathlib import Path

import pytest
import yaml
from django.db import DatabaseError, connection, transaction

from aup.documents import Documents, digest
from aup.loading import default_documents, draft_from, prepare
from aup.models import Catalogue, DecisionMatrix, Example, LinkedDocument, Policy, PolicyVersion, Rule, RuleGroup
from tests.aup.policies import approved
from tipstaff.ledger.models import Event
from tipstaff.time import now
from tipstaff.workflow.refused import NotPermitted, Refused

HARBOUR = Path(__file__).parent / "data" / "harbour.yaml"


def harbour() -> Documents:
    """A policy of twelve rules with another matrix: five tiers, other cells, other sanctions, other vocabularies."""
    given = yaml.safe_load(HARBOUR.read_text())
    return Documents.given(given["taxonomy"] | {"linked_documents": given["linked_documents"]}, given["matrix"])


def drafted(documents: Documents, editor, number: str) -> PolicyVersion:
    policy = Policy(title=f"Round trip {number}", publisher="Tests", binding_instrument="None")
    policy.adopt(actor=editor)
    scope = {"data": ["All"], "tasks": ["All"], "contexts": ["All"]}
    version = prepare(documents, policy=policy, number=number, rationale="A test.", scope=scope)
    taxonomy, matrix = documents.digests
    version.draft(actor=editor, taxonomy_sha256=taxonomy, matrix_sha256=matrix)
    return version


def rows(version: PolicyVersion) -> list:
    """Every row of a version without what makes it this version's: keys, number and owner."""
    own = {"id", "version_id", "version", "group_id", "group", "rule_id", "rule", "cite"}
    found = []
    for model, key in (
        (RuleGroup, "version"), (Rule, "version"), (Example, "rule__version"), (LinkedDocument, "version"),
        (Catalogue, "version"), (DecisionMatrix, "version"),
    ):  # fmt: skip
        names = [field.name for field in model._meta.concrete_fields if field.name not in own]
        order = ["rule__position", "kind"] if model is Example else []
        order += ["position"] if "position" in names else []
        related = ["group__code"] if model is Rule else ["rule__code"] if model is Example else []
        found.append(list(model.objects.filter(**{key: version}).order_by(*order).values(*names, *related)))
    return found


@pytest.mark.parametrize("make", [default_documents, harbour])
def test_of_is_the_inverse_of_load(make, editor, files):
    given = make()
    first = drafted(given, editor, "r-1")
    of = Documents.of(PolicyVersion.objects.get(pk=first.pk))
    assert (of.taxonomy, of.matrix) == (given.taxonomy, given.matrix)
    assert rows(drafted(of, editor, "r-2")) == rows(first)
    assert of.digests == (digest(given.taxonomy), digest(given.matrix))


def test_the_keys_of_a_rule_stand_in_their_order(editor):
    given = harbour()
    of = Documents.of(drafted(given, editor, "r-1"))
    for group, known in zip(of.taxonomy["groups"], given.taxonomy["groups"], strict=True):
        assert list(group) == ["code", "title", "description", "rules"]
        assert [list(rule) for rule in group["rules"]] == [list(rule) for rule in known["rules"]]


def test_the_digest_follows_the_content_only():
    assert digest({"a": 1, "b": ["ä"]}) == digest({"b": ["ä"], "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})


class TestDraftFrom:
    def test_it_says_what_the_other_says(self, published, editor):
        second = draft_from(published, actor=editor, number="9.1")
        assert rows(second) == rows(published)
        assert (second.state, second.based_on, second.summary) == ("draft", published, published.summary)
        assert (second.rationale, second.changelog, second.scope) == ("", "", published.scope)
        assert second.rules.get(code="LW-01").cite == "LW-01@9.1"
        told = Event.objects.get(stream_id=second.stream, kind="policy.drafted").told()
        assert told["facts.based_on"] == published.reference

    @pytest.mark.parametrize("number", ["9.0", "", "ten dots", "1" * 21, "v/2"])
    def test_its_number_is_its_own(self, published, editor, number):
        words = "Version 9.0 is there already" if number == "9.0" else "A number is up to 20 letters"
        with pytest.raises(Refused, match=words):
            draft_from(published, actor=editor, number=number)
        assert PolicyVersion.objects.filter(policy=published.policy).count() == 1

    def test_only_editors_draft(self, published, signers):
        with pytest.raises(NotPermitted):
            draft_from(published, actor=signers["legal"], number="9.1")


def test_a_rule_says_what_has_to_be_asked_of_a_system(editor):
    version = drafted(harbour(), editor, "r-1")
    both = ["generation", "classification"]
    said = {rule.code: rule.activities for rule in version.rules.all()}
    assert (said["VO-01"], said["RE-02"], said["VO-02"]) == (["generation"], both, both)
    assert Rule(exemptions=["EX-MOD"]).activities == ["generation"]


class TestLinkedDocuments:
    def refused(self, statement, version, words):
        with pytest.raises(DatabaseError, match=words), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, {"id": version.pk})

    def test_what_a_model_card_says_never_binds(self, editor):
        version = drafted(harbour(), editor, "r-1")
        statement = "UPDATE aup_linkeddocument SET binding = true WHERE version_id = %(id)s AND kind = 'model_card'"
        self.refused(statement, version, "linked_document_card_does_not_bind")

    def test_they_stand_as_they_were_signed(self, editor, signers):
        version = approved(drafted(harbour(), editor, "r-1"), editor, signers)
        version.schedule(actor=editor, effective_from=now())
        version.publish(actor=editor)
        for statement in (
            "UPDATE aup_linkeddocument SET title = 'x' WHERE version_id = %(id)s",
            "DELETE FROM aup_linkeddocument WHERE version_id = %(id)s",
            "INSERT INTO aup_linkeddocument (id, version_id, kind, title, url, binding, position)"
            " VALUES (uuidv7(), %(id)s, 'contract', 't', '', true, 9)",
        ):
            self.refused(statement, version, "is refused")
