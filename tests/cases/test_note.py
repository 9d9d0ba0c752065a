"""Notes for colleagues on a case and on its account: written once, read by nobody outside."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from cases.models import Case, Note
from cases.models.note import TEXT_LIMIT
from oversight.history import events_of
from tests import factories
from tests.factories import person
from tipstaff.notices.models import Message, Notice
from tipstaff.time import moved_to, now
from tipstaff.workflow.refused import NotPermitted, Refused


def noted(on: Case | Any, text: str = "Their night shift starts at ten.", by: str = "reviewer") -> Note:
    made = Note(author=person(by), text=text, **({"case": on} if isinstance(on, Case) else {"subject": on}))
    made.write(actor=person(by))
    return made


@pytest.fixture
def case(people: dict) -> Case:
    return factories.claimed()


class TestNote:
    def test_on_a_case_it_stands_in_its_history_and_so_in_the_export(self, case: Case) -> None:
        noted(case)
        assert events_of(case).filter(kind="note.written").exists()

    def test_nobody_outside_hears_of_it(self, case: Case) -> None:
        before = Message.objects.count(), Notice.objects.count()
        noted(case)
        noted(case.subject)
        assert (Message.objects.count(), Notice.objects.count()) == before

    def test_it_stays_as_it_is(self, case: Case) -> None:
        note = noted(case)
        for change in (lambda rows: rows.update(text="Other."), lambda rows: rows.delete()):
            with pytest.raises(DatabaseError), transaction.atomic():
                change(Note.objects.filter(pk=note.pk))

    def test_on_one_thing(self, case: Case) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            Note(case=case, subject=case.subject, author=person("lead"), text="Both.").write(actor=person("lead"))

    def test_what_says_nothing(self, case: Case) -> None:
        with pytest.raises(Refused, match="Write what others should know"):
            noted(case, "  ")

    def test_twice_is_once_for_a_while(self, case: Case) -> None:
        noted(case)
        with pytest.raises(Refused, match="a moment ago"):
            noted(case)
        with moved_to(now() + timedelta(hours=1)):
            noted(case)
        noted(case, by="lead")

    @pytest.mark.parametrize("mailbox", ["auditor", "admin", "compliance", "member1"])
    def test_not_by_everybody(self, case: Case, mailbox: str) -> None:
        with pytest.raises(NotPermitted):
            noted(case, by=mailbox)


class TestPages:
    def test_written_beside_the_case(self, case: Case, enter: Any) -> None:
        browser, address = enter("reviewer"), case.get_absolute_url()
        assert 'data-key="m"' in browser.get(address).text
        text = "ا" * TEXT_LIMIT
        for about in ("case", "case", "account"):
            done = browser.post(address + "note/", {"note-text": text, "note-about": about})
            assert done.status_code == 302
        assert (case.notes.count(), case.subject.notes.count()) == (1, 1)  # type: ignore[union-attr]
        page = browser.get(address).text
        assert page.count(text) == 2
        assert "about the account" in page
        assert text in browser.get(case.subject.get_absolute_url()).text  # type: ignore[union-attr]

    def test_what_was_typed_is_kept(self, case: Case, enter: Any) -> None:
        browser, text = enter("reviewer"), "ب" * (TEXT_LIMIT + 1)
        for address in (case.get_absolute_url(), case.subject.get_absolute_url()):  # type: ignore[union-attr]
            refused = browser.post(address + "note/", {"note-text": text, "note-about": "case"})
            assert refused.status_code == 422
            assert text in refused.text

    def test_on_the_page_of_the_account(self, case: Case, enter: Any) -> None:
        browser, address = enter("adjudicator"), case.subject.get_absolute_url()  # type: ignore[union-attr]
        assert "No note yet" in browser.get(address).text
        for _turn in range(2):
            assert browser.post(address + "note/", {"note-text": "Calls itself Vega."}).status_code == 302
        assert browser.get(address).text.count("Calls itself Vega.") == 1

    @pytest.mark.parametrize("mailbox", ["auditor", "compliance"])
    def test_who_may_not_write_reads(self, case: Case, enter: Any, mailbox: str) -> None:
        noted(case)
        browser, address = enter(mailbox), case.get_absolute_url()
        page = browser.get(address).text
        assert "Their night shift" in page
        assert 'data-key="m"' not in page
        assert browser.post(address + "note/", {"note-text": "No."}).status_code == 403

    def test_many_cost_no_more(self, case: Case, enter: Any) -> None:
        factories.evidence(case)
        factories.finding(case)
        for turn in range(30):
            noted(case if turn % 2 else case.subject, f"Note {turn}.")
        browser = enter("reviewer")
        with CaptureQueriesContext(connection) as captured:
            page = browser.get(case.get_absolute_url()).text
        assert "Note 29." in page
        assert "Note 3." not in page
        assert len(captured.captured_queries) <= 14  # session and person among them
