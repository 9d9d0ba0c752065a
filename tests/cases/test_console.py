"""The console: a long conversation read inside it, the lease that a heartbeat keeps, and what a page may cost."""

import json
from datetime import timedelta

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.models import Case
from tests import factories
from tests.factories import person
from tipstaff.ledger.models import Event
from tipstaff.time import moved_to, now
from tipstaff.vault import derive, storage

BUDGET = 12  # queries of the case page besides session and person (DESIGN 8)
SIGN_IN = 2


def talk(turns: int = 400, **columns) -> Case:
    """A claimed case with one conversation as evidence."""
    case = factories.claimed(**columns)
    said = [
        {"role": "assistant" if turn % 2 else "user", "content": f"Said as number {turn}."} for turn in range(turns)
    ]
    upload = SimpleUploadedFile("talk.jsonl", "\n".join(map(json.dumps, said)).encode(), "application/jsonl")
    file = storage.receive(upload, actor=factories.SYSTEM)
    factories.evidence(case, file=file)
    derive.prepare(file)
    return case


def test_a_case_with_four_hundred_turns_stays_within_its_budget(enter) -> None:
    case = talk()
    factories.finding(case)
    browser = enter("reviewer")
    with CaptureQueriesContext(connection) as captured:
        page = browser.get(case.get_absolute_url())
    assert page.status_code == 200
    assert len(captured.captured_queries) <= BUDGET + SIGN_IN
    assert "400 turns" in page.content.decode()


def test_a_conversation_is_read_sixty_turns_at_a_time_and_each_look_is_written_down(enter) -> None:
    case = talk(130)
    address = f"/desk/cases/{case.ref}/exhibits/1/turns/"
    browser = enter("reviewer")
    first = browser.get(address, {"from": "1"}, headers={"HX-Request": "true"}).content.decode()
    assert first.count("data-turn ") == 60
    assert "from=61" in first
    assert 'value="E-1#t60"' in first  # which can be cited
    last = browser.get(address, {"from": "121"}, headers={"HX-Request": "true"}).content.decode()
    assert last.count("data-turn ") == 10
    assert "from=" not in last
    assert "<html" in browser.get(address).content.decode()  # and a page of its own
    assert Event.objects.filter(kind="derivative.viewed").count() == 3
    assert enter("admin").get(address).status_code == 404


def test_opening_the_case_shows_no_turn_of_it_before_somebody_looks(enter) -> None:
    case = talk(5)
    page = enter("reviewer").get(case.get_absolute_url()).content.decode()
    assert "Said as number" not in page
    assert not Event.objects.filter(kind="derivative.viewed").exists()


def test_hard_text_stays_veiled_in_the_console_until_it_is_asked_for(enter) -> None:
    case = talk(5, code="VE-02", severity=4)
    browser, address = enter("reviewer"), f"/desk/cases/{case.ref}/exhibits/1/"
    hidden = browser.get(f"{address}turns/", headers={"HX-Request": "true"}).content.decode()
    assert "Hidden until you ask for it" in hidden
    assert "Said as number" not in hidden
    shown = browser.post(f"{address}show/", {"kind": "lines", "purpose": "review", "console": "1"}).url
    assert shown.startswith(case.get_absolute_url())
    token = shown.partition("show=")[2].partition("#")[0]
    assert token in browser.get(shown).content.decode()
    opened = browser.get(f"{address}turns/?show={token}", headers={"HX-Request": "true"}).content.decode()
    assert "Said as number 4." in opened


def test_the_heartbeat_holds_the_case_and_fills_no_history(enter) -> None:
    case = factories.claimed()
    browser, address = enter("reviewer"), f"/desk/cases/{case.ref}/hold/"
    until = case.claimed_until
    assert browser.post(address).status_code == 200
    case.refresh_from_db()
    assert case.claimed_until == until  # more than half is left, so nothing is written
    with moved_to(now() + timedelta(minutes=20)):
        assert browser.post(address).status_code == 200
    case.refresh_from_db()
    assert case.claimed_until > until
    held = case.claimed_until
    assert browser.post(f"{address}?longer=1").status_code == 200  # the key l
    assert Event.objects.filter(kind="case.claimed").count() == 3
    case.refresh_from_db()
    assert case.claimed_until > held or case.claimed_until != until


def test_a_lost_lease_says_who_has_the_case(enter) -> None:
    case = factories.claimed()
    with moved_to(now() + timedelta(minutes=31)):
        case.claim(actor=person("reviewer2"))
        answer = enter("reviewer").post(f"/desk/cases/{case.ref}/hold/", headers={"HX-Request": "true"})
        assert answer.status_code == 409
        assert person("reviewer2").name in answer.content.decode()
        assert "What you typed is kept." in answer.content.decode()
    assert enter("policy").post(f"/desk/cases/{case.ref}/hold/").status_code == 403


def test_other_open_cases_and_the_history_come_when_somebody_looks_there(enter) -> None:
    account = factories.subject(kind="organisation")
    case = factories.case(about=account)
    other = factories.case(about=account, code="DI-01")
    below = factories.case(about=factories.subject(parent=account))
    page = enter("reviewer").get(f"/desk/cases/{case.ref}/trail/", headers={"HX-Request": "true"}).content.decode()
    assert other.ref in page
    assert below.ref in page
    assert "opened the case" in page
    assert "<html" in enter("reviewer").get(f"/desk/cases/{case.ref}/trail/").content.decode()
    assert enter("admin").get(f"/desk/cases/{case.ref}/trail/").status_code == 404


def test_what_was_decided_before_says_whether_it_counts(enter) -> None:
    account = factories.subject()
    with moved_to(now() - timedelta(days=300)):
        old = factories.issued(case_columns={"about": account})
    with moved_to(now() - timedelta(days=30)):
        fresh = factories.issued(case_columns={"about": account})
    case = factories.case(about=account)
    before = enter("reviewer").get(case.get_absolute_url()).context["earlier"]
    assert [(one.decision, one.standing) for one in before] == [(fresh, "counts"), (old, "expired")]
