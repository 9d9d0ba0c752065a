"""Two people, one record: whoever comes second is told who was first, and finds what they wrote."""

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client, RequestFactory

from cases.models import Report
from tests import factories
from tests.factories import SYSTEM, person
from tipstaff.accounts.models import User
from tipstaff.collision import typed
from tipstaff.permissions import Role

ACCOUNT = "acct-of-the-second"
WORDS = "الرسالة الأولى، then <b>four</b> hundred posts & a reply of the board, which nobody had read."
SHOWN = WORDS.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def report_of(door: str, **facts: str) -> Callable[[], tuple[str, dict[str, str]]]:
    def prepare() -> tuple[str, dict[str, str]]:
        report = factories.report()
        report.decline(actor=person("lead"), reason=Report.Decline.OUT_OF_SCOPE, note="")
        return f"/desk/reports/{report.ref}/{door}/", facts

    return prepare


def case_of(door: str, **facts: str) -> Callable[[], tuple[str, dict[str, str]]]:
    def prepare() -> tuple[str, dict[str, str]]:
        case = factories.claimed()
        case.release(actor=person("reviewer"))
        case.claim(actor=person("lead"))
        return f"/desk/cases/{case.ref}/{door}/", facts

    return prepare


def lifted() -> tuple[str, dict[str, str]]:
    sanction = factories.issued().sanctions.restricting()[0]
    sanction.lift(actor=person("adjudicator"), reason="Paid back.")
    return f"/desk/sanctions/{sanction.ref}/lift/", {f"{sanction.ref}-reason": WORDS}


def settled(door: str, **facts: str) -> Callable[[], tuple[str, dict[str, str]]]:
    def prepare() -> tuple[str, dict[str, str]]:
        decision = factories.proposed()
        decision.issue(actor=person("adjudicator"))
        return f"/desk/decisions/{decision.ref}/{door}/", facts

    return prepare


def appealed(door: str, **facts: str) -> Callable[[], tuple[str, dict[str, str]]]:
    def prepare() -> tuple[str, dict[str, str]]:
        User(email="late@demo.example", name="Late Reviewer", roles=[Role.APPEALS_REVIEWER]).enrol(actor=SYSTEM)
        appeal = factories.taken_up()
        appeal.uphold(actor=person("appeals"), reasons=factories.REASONS)
        return f"/desk/appeals/{appeal.ref}/{door}/", facts

    return prepare


DOORS: dict[str, tuple[str, Callable[[], tuple[str, dict[str, str]]], str]] = {
    "accept a report": (
        "reviewer",
        report_of("accept", external_id=ACCOUNT, kind="end_user", rule="SP-03", severity="2"),
        "lead",
    ),
    "decline a report": (
        "reviewer",
        report_of("decline", **{"decline-reason": "insufficient", "decline-note": WORDS}),
        "lead",
    ),
    "ask its reporter": ("reviewer", report_of("ask", **{"ask-question": WORDS}), "lead"),
    "set a case aside": (
        "reviewer",
        case_of("await", **{"await-awaiting": "reporter", "await-question": WORDS}),
        "lead",
    ),
    "go on with it": ("reviewer", case_of("resume", **{"resume-answer": WORDS}), "lead"),
    "lift a measure": ("senior", lifted, "adjudicator"),
    "send a proposal back": ("senior", settled("send-back", **{"send_back-reason": WORDS}), "adjudicator"),
    "decide an appeal": ("late", appealed("decide", act="uphold", reasons=WORDS), "appeals"),
    "send it back": ("late", appealed("decide", act="remand", reasons=WORDS), "appeals"),
    "let it stand still": ("late", appealed("stay", **{"stay-reason": WORDS}), "appeals"),
}


@pytest.mark.parametrize("door", DOORS)
def test_who_comes_second_is_told_who_was_first_and_finds_what_they_wrote(door: str, people: dict) -> None:
    late, prepare, first = DOORS[door]
    url, facts = prepare()
    browser = Client()
    browser.force_login(person(late), backend="django.contrib.auth.backends.ModelBackend")
    answer = browser.post(url, facts)
    assert answer.status_code == 409, answer.text[:2000]
    main = re.search(r"<main.*</main>", answer.text, re.DOTALL)
    assert main is not None
    assert (ACCOUNT if "external_id" in facts else SHOWN) in main[0]
    assert person(first).title in main[0]
    assert person(late).title not in main[0]


def test_a_reporter_finds_what_they_wrote_and_no_name_of_ours(client: Client, people: dict) -> None:
    report = factories.report()
    report.ask(actor=person("lead"), question="Which account?")
    report.decline(actor=person("lead"), reason=Report.Decline.INSUFFICIENT, note="")
    answer = client.post("/follow/", {"code": report.code, "act": "supply", "answer": WORDS})  # type: ignore[attr-defined]
    assert answer.status_code == 409
    assert SHOWN in answer.text
    assert report.code not in answer.text  # type: ignore[attr-defined]
    assert person("lead").title not in answer.text
    assert not answer.cookies


def test_a_colleague_who_reported_stays_unnamed(enter: Callable, people: dict) -> None:
    report = factories.report(reported_by=person("reviewer"), channel=Report.Channel.INTERNAL, contact="")
    report.decline(actor=person("reviewer2"), reason=Report.Decline.OUT_OF_SCOPE, note="")
    answer = enter("lead").post(f"/desk/reports/{report.ref}/ask/", {"ask-question": WORDS})
    assert answer.status_code == 409
    assert "The reporter</strong> filed" in answer.text
    assert person("reviewer").title not in answer.text


def test_what_was_chosen_is_not_shown_as_written(rf: RequestFactory) -> None:
    chosen = {"reason": "out_of_scope", "severity": "3", "csrfmiddlewaretoken": "x Y z", "rule": str(uuid4())}
    assert typed(rf.post("/", chosen | {"note": " What I wrote. ", "empty": " "})) == ["What I wrote."]
