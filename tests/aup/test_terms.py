"""What the tiers bring, and the other numbers beside the cells: changed on a page, each by one person at a time."""

import json
from http import HTTPStatus

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from aup.loading import default_documents
from aup.matrix import shape
from aup.matrix.terms import terms, with_terms
from aup.models import DecisionMatrix
from tests.aup.matrices import own
from tipstaff.ledger.models import Event
from tipstaff.workflow.refused import NotPermitted, Refused

BACKEND = "django.contrib.auth.backends.ModelBackend"
NOTICE = "tiers/T3/notice_hours"


def document():
    return json.loads(json.dumps(default_documents().matrix))


def typed(of, **changed):
    """The page as a browser would send it back."""
    known = {name: term.value for name, term in terms(of).items()}
    sent = {name: value for name, value in (known | changed).items() if value is not False}
    return sent | {"seen": json.dumps(known), "reason": "Counsel asked for it."}


@pytest.fixture
def page(draft):
    return reverse("aup:terms_edit", args=[draft.ref])


class TestDocument:
    def test_every_number_of_every_tier_is_a_term(self):
        found = terms(document())
        for tier in document()["tiers"]:
            assert f"tiers/{tier['code']}/appeal_months" in found
        assert found["dimensions/recurrence/window_days"].value == 180
        assert found["interim_measures/max_hours/3"].value == 24

    @given(st.data())
    def test_a_change_and_its_reverse_leave_it_as_it_was(self, data):
        start = document()
        numbers = [term for term in terms(start).values() if term.schema.get("type") == "integer"]
        chosen = data.draw(st.lists(st.sampled_from(numbers), unique_by=lambda term: term.name, max_size=5))
        there, back = [], []
        for term in chosen:
            least, most = term.schema.get("minimum", 0), term.schema.get("maximum", 3650)
            value = data.draw(st.integers(least, most))
            there.append({"term": term.name, "was": term.value, "value": value})
            back.append({"term": term.name, "was": value, "value": term.value})
        changed = with_terms(start, there)
        assert shape.problems(changed) == []
        assert with_terms(changed, back) == start

    @pytest.mark.parametrize(
        ("term", "was", "value", "says"),
        [
            ("tiers/T3/colour", 1, 2, "has no term"),
            (NOTICE, 47, 24, "is 48 by now, not 47"),
            (NOTICE, 48, 0, "less than the minimum"),
            (NOTICE, 48, "soon", "not of type 'integer'"),
            ("tiers/T3/approver", "adjudicator", "anybody", "is not one of"),
            ("adjustments/mitigating/early-report/steps", -1, 2, "moves the tier the other way"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, term, was, value, says):
        with pytest.raises(ValueError, match=says):
            with_terms(document(), [{"term": term, "was": was, "value": value}])


class TestOperation:
    CHANGE = [{"term": NOTICE, "was": 48, "value": 24}]

    def test_it_is_kept_with_its_reason(self, draft, editor):
        draft.amend_terms(actor=editor, changes=self.CHANGE, reason="Faster.")
        assert DecisionMatrix.objects.get(version=draft).tiers["T3"]["notice_hours"] == 24
        event = Event.objects.filter(stream=draft.stream, kind="policy.amended_terms").get()
        told = {each.name: each.value for each in event.disclosures.all()}
        assert told["facts.reason"] == "Faster."

    def test_without_a_reason_nothing_changes(self, draft, editor):
        with pytest.raises(Refused, match="Say why"):
            draft.amend_terms(actor=editor, changes=self.CHANGE, reason=" ")

    def test_published_it_does_not_change(self, published, editor):
        with pytest.raises(Refused):
            published.amend_terms(actor=editor, changes=self.CHANGE, reason="Faster.")

    def test_only_an_editor_does_it(self, draft, signers):
        with pytest.raises(NotPermitted):
            draft.amend_terms(actor=signers["legal"], changes=self.CHANGE, reason="Faster.")


class TestPage:
    @pytest.fixture(autouse=True)
    def _signed_in(self, client, editor):
        client.force_login(editor, backend=BACKEND)

    def test_what_differs_is_saved(self, client, draft, page):
        answer = client.post(
            page, typed(draft.matrix.document, **{NOTICE: 24, "tiers/T3/four_eyes": "on"}), follow=True
        )
        assert "2 terms saved." in answer.text
        found = DecisionMatrix.objects.get(version=draft).tiers["T3"]
        assert (found["notice_hours"], found["four_eyes"]) == (24, True)

    def test_a_wrong_number_stands_beside_its_field_and_nothing_typed_is_lost(self, client, draft, page):
        answer = client.post(page, typed(draft.matrix.document, **{NOTICE: 9999, "tiers/T4/notice_hours": 12}))
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "less than or equal to 720" in answer.text
        assert 'value="9999"' in answer.text
        assert 'value="12"' in answer.text

    def test_nothing_changed_is_said(self, client, draft, page):
        answer = client.post(page, typed(draft.matrix.document))
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "No term is different from what is saved" in answer.text

    def test_two_who_change_different_ones_both_succeed(self, client, draft, editor, page):
        mine = typed(draft.matrix.document, **{NOTICE: 24})
        other = [{"term": "tiers/T4/notice_hours", "was": 48, "value": 12}]
        draft.amend_terms(actor=editor, changes=other, reason="Faster.")
        client.post(page, mine)
        found = DecisionMatrix.objects.get(version=draft).tiers
        assert (found["T3"]["notice_hours"], found["T4"]["notice_hours"]) == (24, 12)

    def test_who_was_slower_is_told_and_can_save_again(self, client, draft, editor, page):
        mine = typed(draft.matrix.document, **{NOTICE: 24})
        others = [
            {"term": NOTICE, "was": 48, "value": 36},
            {"term": "tiers/T4/notice_hours", "was": 48, "value": 12},
        ]
        draft.amend_terms(actor=editor, changes=others, reason="Faster.")
        answer = client.post(page, mine)
        assert answer.status_code == HTTPStatus.CONFLICT
        assert "is 36 by now, not 48" in answer.text
        form = answer.context["form"]
        assert (form["tiers/T4/notice_hours"].value(), str(form[NOTICE].value())) == (12, "24")
        again = {name: form[name].value() for name in form.fields if form[name].value() is not False}
        client.post(page, again)
        found = DecisionMatrix.objects.get(version=draft).tiers
        assert (found["T3"]["notice_hours"], found["T4"]["notice_hours"]) == (24, 12)

    def test_a_signer_reads_and_cannot_change(self, client, draft, signers, page):
        client.force_login(signers["legal"], backend=BACKEND)
        assert "Save the terms" not in client.get(page).text
        assert client.post(page, typed(draft.matrix.document, **{NOTICE: 24})).status_code == HTTPStatus.FORBIDDEN

    @pytest.mark.parametrize("seen", ["{", "[" * 100_000, "[]"])
    def test_text_that_is_no_json_is_no_harm(self, client, draft, page, seen):
        answer = client.post(page, typed(draft.matrix.document, **{NOTICE: 24}) | {"seen": seen}, follow=True)
        assert "1 term saved." in answer.text


def test_an_own_matrix_has_the_terms_that_it_has():
    found = terms(own())
    assert {name.split("/")[1] for name in found if name.startswith("tiers/")} == {
        tier["code"] for tier in own()["tiers"]
    }
