"""A matrix of other dimensions and tiers is drafted, published, shown and edited like the default one; what is no
matrix is refused with the place and the reason.
"""

import copy
import json
from http import HTTPStatus

import pytest
import yaml
from django.conf import settings
from django.urls import reverse

from aup.documents import Documents
from aup.loading import default_documents
from aup.matrix import shape
from aup.matrix.table import APPROVERS, CELLS_LIMIT, SANCTIONS
from aup.models import DecisionMatrix
from cases.models import Sanction
from cases.models.approval import ISSUERS
from tests.aup.matrices import own
from tests.aup.policies import approved, next_version
from tipstaff.time import moved_to

BACKEND = "django.contrib.auth.backends.ModelBackend"
DEFAULT = default_documents().matrix


def ours(documents):
    """Our own matrix under the default rules, whose minimum tiers it does not have."""
    documents.matrix.clear()
    documents.matrix.update(own())
    for group in documents.taxonomy["groups"]:
        for rule in group["rules"]:
            rule["minimum_tier"] = rule["minimum_tier"] and "LIM"


class TestOurOwn:
    @pytest.fixture
    def version(self, published, editor, signers):
        second = approved(next_version(published, editor, change=ours), editor, signers)
        second.publish(actor=editor)
        return second

    def test_it_is_published_and_everybody_reads_it(self, client, version):
        with moved_to(version.effective_from):
            page = client.get(reverse("aup:matrix")).text
        assert page.count("<tr>") == 2 + 3 + 16
        for words in ("Wilful", "Secret", "Again", "Tier BAN", "2 steps heavier"):
            assert words in page

    def test_it_comes_back_as_it_was_given(self, version):
        documents = Documents.of(version)
        text = yaml.safe_dump(documents.matrix).encode()
        again = Documents.read(yaml.safe_dump(documents.taxonomy).encode(), text)
        assert again.matrix == DecisionMatrix.objects.get(version=version).document == own()

    def test_its_draft_is_edited(self, client, published, editor):
        draft = next_version(published, editor, change=ours)
        client.force_login(editor, BACKEND)
        address = reverse("aup:matrix_edit", args=[draft.ref])
        page = client.get(address).text
        assert page.count('<select class="grade"') == 32
        assert "32 of 32 cells." in page
        facts = {"cell-0": "LIM", "based_on": draft.matrix.digest, "reason": "A try."}
        assert client.post(address, facts).status_code == HTTPStatus.FOUND
        assert DecisionMatrix.objects.get(version=draft).cells["careless", "none", 1, "once"] == "LIM"

    def test_a_rule_whose_minimum_it_lacks_keeps_it_from_being_published(self, published, editor):
        def keep(documents):
            documents.matrix.clear()
            documents.matrix.update(own())

        draft = next_version(published, editor, change=keep)
        assert any("has the minimum tier" in problem for problem in draft.matrix.problems())


def without(key):
    return lambda document: document.pop(key)


def put(*path):
    *way, last, value = path

    def change(document):
        for step in way:
            document = document[step]
        document[last] = value

    return change


class TestShape:
    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (without("tiers"), "at the document: 'tiers' is a required property"),
            (put("surprise", 1), "'surprise' was unexpected"),
            (put("tiers", 0, "notice_hours", "72"), "at tiers[0].notice_hours: '72' is not of type 'integer'"),
            (put("tiers", 1, "code", "T1"), "The tier T1 stands twice."),
            (put("tiers", 0, "code", "tier one"), "at tiers[0].code"),
            (put("tiers", 0, "approver", "anybody"), "'anybody' is not one of"),
            (put("tiers", 0, "sanctions", 0, "type", "flogging"), "'flogging' is not one of"),
            (put("sanctions", {}), "has the sanction warning, which is not listed under sanctions"),
            (put("dimensions", "severity", "order", [1, 2, 3, 5]), "5 is greater than the maximum of 4"),
            (put("dimensions", "severity", "order", [4, 3, 2, 1]), "wrong order"),
            (put("dimensions", "intent", "order", []), "at dimensions.intent.order"),
            (put("dimensions", "intent", "order", ["a", "a"]), "has non-unique elements"),
            (put("dimensions", "recurrence", "order", ["severity"]), "at dimensions.recurrence.order[0]"),
            (put("dimensions", "intent", "if_unproven", "evil"), "“evil” is no value of intent."),
            (put("dimensions", "intent", "order", [f"v{n}" for n in range(20)]), f"at most {CELLS_LIMIT} cells"),
            (put("adjustments", "mitigating", 0, "steps", 1), "moves the tier the other way"),
            (put("adjustments", "aggravating", 0, "id", "early-report"), "The factor early-report stands twice."),
            (put("scoring", "weights", "intent", {}), "has no weight for intent deliberate"),
            (put("scoring", "tier_from_total", "T77", 99), "names the tier T77"),
            (put("overrides", 0, "id", "mercy"), "'mercy' is not one of"),
        ],
    )
    def test_what_is_no_matrix_is_refused_with_the_place(self, change, words):
        document = copy.deepcopy(DEFAULT)
        change(document)
        assert words in " ".join(shape.problems(document))

    def test_a_file_that_is_no_matrix_is_not_read(self, files):
        text = (files / "decision_matrix.yaml").read_bytes().replace(b"notice_hours: 72", b"notice_hours: soon", 1)
        with pytest.raises(ValueError, match="at tiers"):
            Documents.read((files / "taxonomy.yaml").read_bytes(), text)

    def test_names_that_people_and_records_know_are_the_same_everywhere(self):
        schema = json.loads(shape.SCHEMA.read_text())
        assert (
            set(APPROVERS)
            == set(ISSUERS)
            == set(schema["properties"]["tiers"]["items"]["properties"]["approver"]["enum"])
        )
        assert set(SANCTIONS) == set(Sanction.Kind.values) == set(schema["$defs"]["sanction_kind"]["enum"])

    def test_a_form_can_send_every_cell_of_the_largest_matrix(self):
        assert settings.DATA_UPLOAD_MAX_NUMBER_FIELDS >= CELLS_LIMIT + 10
