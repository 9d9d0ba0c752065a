"""The matrix of a draft is changed cell by cell: what may be saved, what is refused, what the page says meanwhile."""

import copy
from http import HTTPStatus

import pytest
from django.urls import reverse

from aup.loading import default_documents
from aup.matrix.editing import REASON_LIMIT, digest, with_cells
from aup.matrix.table import cells, wanted
from aup.matrix.why import why
from aup.models import DecisionMatrix
from tests.aup.policies import approved, enrolled, next_version
from tipstaff.ledger.models import Event
from tipstaff.permissions import Role
from tipstaff.workflow.refused import NotPermitted, Refused

BACKEND = "django.contrib.auth.backends.ModelBackend"
DOCUMENT = default_documents().matrix
CELL = ("deliberate", "personal", 3, "first")  # T7
REASON = "Trade in personal data was punished too lightly."


def change(cell=CELL, tier="T8", was="T7", reason=REASON, **other):
    names = ("intent", "sensitivity", "severity", "recurrence")
    return dict(zip(names, cell, strict=True)) | {"tier": tier, "was": was, "reason": reason} | other


class TestWhy:
    def test_every_default_cell_is_what_its_sum_says(self):
        for cell, tier in cells(DOCUMENT).items():
            found = why(DOCUMENT, cell)
            assert (found.tier, found.formula, found.departs, found.reason) == (tier, tier, False, "")

    def test_a_sum_and_its_cap(self):
        found = why(DOCUMENT, CELL)
        assert [(term.dimension, term.weight) for term in found.terms] == [
            ("intent", 6), ("sensitivity", 2), ("severity", 5), ("recurrence", 0)
        ]  # fmt: skip
        assert (found.total, found.uncapped, found.capped) == (13, "T7", False)
        capped = why(DOCUMENT, ("inadvertent", "special_category", 4, "persistent"))
        assert (capped.total, capped.uncapped, capped.formula, capped.capped) == (17, "T9", "T7", True)

    def test_an_edited_cell_says_why_and_departs(self):
        found = why(with_cells(DOCUMENT, [change()]), CELL)
        assert (found.tier, found.formula, found.departs, found.reason) == ("T8", "T7", True, REASON)

    def test_a_reason_for_another_tier_is_not_shown(self):
        edited = with_cells(DOCUMENT, [change()])
        edited["matrix"] = DOCUMENT["matrix"]
        assert why(edited, CELL).reason == ""

    def test_without_a_formula(self):
        plain = {key: value for key, value in DOCUMENT.items() if key != "scoring"}
        assert (why(plain, CELL).terms, why(plain, CELL).departs) == ((), False)


class TestEditing:
    def test_only_the_cell_and_its_reason_change(self):
        edited = with_cells(DOCUMENT, [change()])
        before, after = cells(DOCUMENT), cells(edited)
        assert {cell for cell in before if before[cell] != after[cell]} == {CELL}
        assert {key for key in edited if edited[key] != DOCUMENT.get(key)} == {"matrix", "cell_reasons"}
        assert digest(edited) != digest(DOCUMENT) == digest(default_documents().matrix)

    def test_the_last_reason_of_a_cell_stands(self):
        again = with_cells(with_cells(DOCUMENT, [change()]), [change(tier="T7", was="T8", reason="It was right.")])
        assert [said["reason"] for said in again["cell_reasons"]] == ["It was right."]

    def test_a_missing_cell_is_filled(self):
        hole = copy.deepcopy(DOCUMENT)
        hole["matrix"] = [row for row in hole["matrix"] if row["intent"] != "deliberate"]
        assert cells(with_cells(hole, [change(was="")]))[CELL] == "T8"

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            (
                change(cell=("deliberate", "personal", 3, "never")),
                "has no cell deliberate, personal, severity 3, never",
            ),
            (change(tier="T10"), "“T10” is not a tier"),
            (change(was="T6"), "is T7 by now, not T6"),
            (change(reason="  "), "Say why"),
            (change(reason="x" * (REASON_LIMIT + 1)), "at most 300 characters"),
        ],
    )
    def test_refusals(self, wrong, words):
        with pytest.raises(ValueError, match=words):
            with_cells(DOCUMENT, [wrong])

    def test_a_cell_twice(self):
        with pytest.raises(ValueError, match="changed twice"):
            with_cells(DOCUMENT, [change(), change()])


class TestOperation:
    def test_the_event_tells_each_cell_and_what_it_was_based_on(self, draft, editor):
        based_on = draft.matrix.digest
        draft.amend_matrix(actor=editor, cells=[change()], based_on=based_on)
        assert DecisionMatrix.objects.get(version=draft).cells[CELL] == "T8"
        told = Event.objects.get(stream_id=draft.stream, kind="policy.amended_matrix").told()
        assert told["facts.cells"] == [change()]
        assert told["facts.based_on"] == based_on

    def test_a_change_of_every_cell_fits_an_event(self, draft, editor):
        changes = [
            change(cell, "T9" if tier != "T9" else "T8", tier, "x" * REASON_LIMIT)
            for cell, tier in draft.matrix.cells.items()
        ]
        draft.amend_matrix(actor=editor, cells=changes, based_on=draft.matrix.digest)
        told = Event.objects.get(stream_id=draft.stream, kind="policy.amended_matrix").told()
        assert len(told["facts.cells"]) == 144

    def test_a_stale_save_changes_nothing(self, draft, editor):
        based_on = draft.matrix.digest
        draft.amend_matrix(actor=editor, cells=[change()], based_on=based_on)
        with pytest.raises(Refused, match="changed since you opened"):
            draft.amend_matrix(actor=editor, cells=[change(tier="T9")], based_on=based_on)
        assert DecisionMatrix.objects.get(version=draft).cells[CELL] == "T8"

    def test_only_an_editor_and_only_in_a_draft(self, draft, editor, signers):
        with pytest.raises(NotPermitted):
            draft.amend_matrix(actor=signers["legal"], cells=[change()], based_on=draft.matrix.digest)
        draft.submit(actor=editor)
        with pytest.raises(Refused, match="is in review by now"):
            draft.amend_matrix(actor=editor, cells=[change()], based_on=draft.matrix.digest)

    def test_what_is_out_of_order_is_saved_and_not_published(self, draft, editor, signers):
        worst = change(("deliberate", "special_category", 4, "persistent"), "T1", "T9")
        draft.amend_matrix(actor=editor, cells=[change(tier="T1"), worst], based_on=draft.matrix.digest)
        with pytest.raises(Refused) as refusal:
            approved(draft, editor, signers).publish(actor=editor)
        assert "Deliberate, personal, severity 3, first has T1, lighter than T5" in str(refusal.value)
        assert "4 more problems." in str(refusal.value)

    def test_a_rule_that_asks_for_what_the_matrix_lacks_is_named(self, draft, editor):
        def shorten(documents):
            documents.matrix["overrides"] = []

        second = next_version(draft, editor, change=shorten)
        assert "needs the override mandatory-referral, which the matrix does not list" in " ".join(
            second.matrix.problems()
        )


class TestPage:
    @pytest.fixture
    def at_desk(self, client, editor):
        client.force_login(editor, BACKEND)
        return client

    def page_of(self, version, name="matrix_edit"):
        return reverse(f"aup:{name}", args=[version.ref])

    def sent(self, version, **changed):
        document = DecisionMatrix.objects.get(version=version).document
        table, facts = cells(document), {"based_on": digest(document), "reason": REASON}
        facts["seen"] = ",".join(table.get(cell, "") for cell in wanted(document))
        facts |= {f"cell-{number}": table.get(cell, "") for number, cell in enumerate(wanted(document))}
        return facts | changed

    def number(self, cell=CELL):
        return f"cell-{wanted(DOCUMENT).index(cell)}"

    def test_the_table_has_a_control_for_every_cell(self, at_desk, draft, django_assert_max_num_queries):
        with django_assert_max_num_queries(12):
            page = at_desk.get(self.page_of(draft)).text
        assert page.count('<select class="grade"') == 144
        assert "144 of 144 cells." in page
        assert "No worse finding has a lighter tier." in page
        assert "Deliberate 6 + Personal 2 + Severity 3: 5 + First 0 makes 13, which gives T7." in page

    def test_saved_with_one_reason(self, at_desk, draft):
        answer = at_desk.post(self.page_of(draft), self.sent(draft, **{self.number(): "T8"}), follow=True)
        assert "1 cell saved." in answer.text
        assert "It was set to T8 by hand. The reason given: " + REASON in answer.text
        assert DecisionMatrix.objects.get(version=draft).cells[CELL] == "T8"

    def test_a_change_without_a_reason_is_refused_and_kept(self, at_desk, draft):
        answer = at_desk.post(self.page_of(draft), self.sent(draft, **{self.number(): "T8", "reason": ""}))
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "This field is required." in answer.text
        assert "1 cell is changed and not saved." in answer.text

    def test_nothing_changed_and_a_strange_tier_are_refused(self, at_desk, draft):
        answer = at_desk.post(self.page_of(draft), self.sent(draft))
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "No cell is different from what is saved" in answer.text
        answer = at_desk.post(self.page_of(draft), self.sent(draft, **{self.number(): "T10<b>"}))
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "“T10&lt;b&gt;” is not a tier of this matrix." in answer.text

    def test_the_second_of_two_tabs_is_told_what_changed_and_keeps_its_own(self, at_desk, draft):
        first, second = self.sent(draft, **{self.number(): "T8"}), self.sent(draft, **{"cell-143": "T8"})
        at_desk.post(self.page_of(draft), first)
        answer = at_desk.post(self.page_of(draft), second)
        assert answer.status_code == HTTPStatus.CONFLICT
        assert "Deliberate, Personal, Severity 3, First: it was T7 and is T8 now." in answer.text
        assert "1 cell is changed and not saved." in answer.text
        table = DecisionMatrix.objects.get(version=draft).cells
        assert (table[CELL], list(table.values()).count("T9")) == ("T8", list(cells(DOCUMENT).values()).count("T9"))

    def test_the_check_says_what_breaks_and_saves_nothing(self, at_desk, draft):
        typed = self.sent(draft, **{self.number(): "T1"})
        fragment = at_desk.post(self.page_of(draft, "matrix_check"), typed, headers={"HX-Request": "true"}).text
        assert fragment.strip().startswith('<section id="check"')
        assert fragment.count('hx-swap-oob="true"') == 144
        assert f'href="#{self.number()}"' in fragment
        assert "A worse finding has a lighter tier in" in fragment
        whole = at_desk.post(self.page_of(draft, "matrix_check"), typed).text
        assert "<h1>" in whole
        assert "out of order" in whole
        assert DecisionMatrix.objects.get(version=draft).cells[CELL] == "T7"

    def test_changes_against_the_version_in_force_are_marked(self, at_desk, published, editor):
        second = next_version(published, editor)
        second.amend_matrix(actor=editor, cells=[change()], based_on=second.matrix.digest)
        assert "<del>T7</del> → <ins>T8</ins>" in at_desk.get(self.page_of(second)).text

    def test_what_is_published_is_read_only(self, at_desk, published):
        page = at_desk.get(self.page_of(published)).text
        assert "<select" not in page.split("<main")[1]
        assert "Cells change in a draft only." in page
        assert at_desk.post(self.page_of(published), self.sent(published)).status_code == HTTPStatus.CONFLICT

    def test_who_has_no_part_finds_nothing_and_who_signs_reads(self, client, draft, signers):
        client.force_login(enrolled("reviewer", Role.REVIEWER), BACKEND)
        assert client.get(self.page_of(draft)).status_code == HTTPStatus.NOT_FOUND
        client.force_login(signers["legal"], BACKEND)
        assert "Only a policy editor changes cells" in client.get(self.page_of(draft)).text
        assert client.post(self.page_of(draft), self.sent(draft)).status_code == HTTPStatus.FORBIDDEN
        assert client.post(self.page_of(draft, "matrix_check"), self.sent(draft)).status_code == HTTPStatus.FORBIDDEN

    def test_it_is_no_button_of_the_version_page(self, at_desk, draft):
        page = at_desk.get(draft.get_absolute_url()).text
        assert self.page_of(draft) in page
        assert "amend_matrix" not in page
        assert (
            at_desk.post(reverse("aup:operate", args=[draft.ref, "amend_matrix"])).status_code == HTTPStatus.NOT_FOUND
        )
