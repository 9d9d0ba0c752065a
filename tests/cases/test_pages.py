"""The desk's pages: who sees them, what they hold with much and with nothing, and how few queries they make."""

import pytest
from django.test import Client
from django.test.utils import CaptureQueriesContext

from appeals.models import Appeal
from aup.checklists import points_of
from cases.models import Case, Decision, Report
from tests import factories
from tests.factories import person

BUDGET = 12  # queries a page besides session and person (DESIGN 8)
SIGN_IN = 2

PAGES = {
    "/desk/queue/": "reviewer",
    "/desk/reports/": "reviewer",
    "/desk/cases/": "reviewer",
    "/desk/decisions/": "adjudicator",
    "/desk/appeals/": "appeals",
    "/oversight/": "auditor",
    "/people/": "admin",
    "/people/tokens/": "admin",
    "/": "head",
}


def queries_of(browser: Client, url: str) -> int:
    from django.db import connection

    with CaptureQueriesContext(connection) as captured:
        assert browser.get(url).status_code == 200
    return len([query for query in captured.captured_queries if "django_cache" not in query["sql"]])


def some_of_everything(rows: int) -> None:
    for _row in range(rows):
        factories.lodged()
        factories.case()
        factories.proposed()
        factories.report()


def test_a_list_makes_as_many_queries_for_eight_rows_as_for_two(enter) -> None:
    browsers = {url: enter(mailbox) for url, mailbox in PAGES.items()}
    some_of_everything(2)
    few = {url: queries_of(browser, url) for url, browser in browsers.items()}
    some_of_everything(6)
    assert {url: queries_of(browser, url) for url, browser in browsers.items()} == few
    assert {url: asked for url, asked in few.items() if asked > BUDGET + SIGN_IN} == {}


@pytest.mark.parametrize(("url", "mailbox"), PAGES.items())
def test_a_page_says_what_to_do_when_there_is_nothing(enter, url: str, mailbox: str) -> None:
    assert enter(mailbox).get(url).status_code == 200


@pytest.mark.parametrize("state", ["open", "claimed", "proposed", "decided"])
def test_a_case_page_in_every_state_stays_within_its_budget(enter, state: str) -> None:
    made = {
        "open": factories.case,
        "claimed": lambda: factories.evidence(factories.claimed()).case,
        "proposed": lambda: factories.proposed().case,
        "decided": lambda: factories.issued().case,
    }
    case = made[state]()
    assert queries_of(enter("reviewer"), case.get_absolute_url()) <= BUDGET + SIGN_IN


def test_a_search_finds_by_reference_account_and_rule(enter) -> None:
    case = factories.case()
    other = factories.case(code="DI-01")
    for word in (case.ref.lower(), case.subject.external_id[:6], "sp-03", case.reports.get().ref):
        found = enter("reviewer").get("/desk/cases/", {"q": word}).context["page"].object_list
        assert case in found
    assert other not in enter("reviewer").get("/desk/cases/", {"q": "SP-03"}).context["page"].object_list


def test_what_one_may_not_see_is_not_there(enter) -> None:
    decision = factories.issued()
    appeal = factories.lodged(decision)
    report = Report.objects.first()
    hidden = [
        decision.case.get_absolute_url(),
        decision.page_url,
        appeal.get_absolute_url(),
        report.get_absolute_url(),
        f"/oversight/cases/{decision.case.ref}/",
        f"/desk/subjects/{decision.case.subject.external_id}/",
    ]
    for mailbox in ("admin", "chair", "policy", "owner"):
        assert {enter(mailbox).get(url).status_code for url in hidden} == {404}


def test_an_act_without_the_role_is_refused_and_recorded(enter) -> None:
    from tipstaff.ledger.models import Event

    decision = factories.proposed()
    page = enter("policy").post(f"/desk/decisions/{decision.ref}/issue/")
    assert page.status_code == 403
    assert Event.objects.filter(kind="access.refused", stream_id=f"access:{person('policy').reference}").count() == 1


def test_a_refusal_at_htmx_is_a_fragment(enter) -> None:
    decision = factories.issued()
    page = enter("head").post(f"/desk/decisions/{decision.ref}/issue/", headers={"HX-Request": "true"})
    assert page.status_code == 409
    assert "<html" not in page.content.decode()


def test_the_matrix_answers_before_anything_is_proposed(enter) -> None:
    case = factories.claimed()
    typed = {
        "outcome": "breach",
        "rule": "SP-03",
        "conduct_at": f"{case.opened_at:%Y-%m-%dT%H:%M}",
        "intent": "deliberate",
        "sensitivity": "personal",
        "severity": "2",
        "reasons": "",
        "detection": "none",
    }
    factories.checked(case)
    desk = enter("reviewer")
    fragment = desk.post(f"/desk/cases/{case.ref}/advice/", typed, headers={"HX-Request": "true"}).content.decode()
    assert "T5" in fragment
    assert "7" in fragment
    page = desk.post(f"/desk/cases/{case.ref}/propose/", {**typed, "act": "advice"})
    assert page.status_code == 200
    assert "T5" in page.content.decode()
    assert not Decision.objects.exists()
    assert desk.post(f"/desk/cases/{case.ref}/propose/", typed).status_code == 422
    assert desk.post(f"/desk/cases/{case.ref}/propose/", {**typed, "reasons": factories.REASONS}).status_code == 302
    assert Decision.objects.get().tier == "T5"


def test_the_whole_job_at_the_desk(enter) -> None:
    """Claim, evidence, finding, proposal, confirmation, issue, appeal, reversal: each by its page."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    case = factories.case(severity=2)
    reviewer, adjudicator, head = enter("reviewer"), enter("adjudicator"), enter("head")
    assert reviewer.post("/desk/queue/next/").url == case.get_absolute_url()
    upload = SimpleUploadedFile("log.txt", b"10:02 user: hello", "text/plain")
    typed = {
        "evidence-kind": "log",
        "evidence-label": "The log",
        "evidence-source": "export",
        "evidence-upload": upload,
    }
    assert reviewer.post(f"/desk/cases/{case.ref}/evidence/", typed).status_code == 302
    typed = {
        "finding-rule": "SP-03",
        "finding-conclusion": "breach",
        "finding-behaviour": "human",
        "finding-standard": "clear",
        "finding-facts": "It did.",
        "finding-exhibits": ["1"],
    }
    assert reviewer.post(f"/desk/cases/{case.ref}/finding/", typed).status_code == 302
    typed = {
        "outcome": "breach",
        "rule": "SP-03",
        "conduct_at": f"{case.opened_at:%Y-%m-%dT%H:%M}",
        "intent": "deliberate",
        "sensitivity": "personal",
        "severity": "2",
        "detection": "none",
        "reasons": factories.REASONS,
    }
    points = {f"check-{point.key}": "yes" for point in points_of("SP")}
    assert reviewer.post(f"/desk/cases/{case.ref}/checklist/", points).status_code == 302
    assert reviewer.post(f"/desk/cases/{case.ref}/propose/", typed).status_code == 302
    ref = Decision.objects.get().ref
    assert head.post(f"/desk/decisions/{ref}/issue/").status_code == 409  # not confirmed yet
    assert adjudicator.post(f"/desk/decisions/{ref}/confirm/").status_code == 302
    assert head.post(f"/desk/decisions/{ref}/issue/").status_code == 302
    assert Decision.objects.get().state == "issued"
    exhibit = case.evidence.get()
    served = adjudicator.post(exhibit.file.get_absolute_url(), {"reason": "Checking the log"})
    assert b"".join(served.streaming_content) == b"10:02 user: hello"
    assert served["Content-Disposition"].startswith("attachment")
    factories.lodged(Decision.objects.get())
    appeal = Appeal.objects.get()
    appeals = enter("appeals")
    appeals.post(f"/desk/appeals/{appeal.ref}/take-up/")
    answer = {"act": "reverse", "reasons": factories.REASONS, "confirmed": "1"}
    assert appeals.post(f"/desk/appeals/{appeal.ref}/decide/", answer).status_code == 302
    assert Decision.objects.get().state == "reversed"
    history = enter("auditor").post(f"/oversight/cases/{case.ref}/download/").json()
    assert [event["seq"] for event in history["events"]] == list(range(1, len(history["events"]) + 1))
    assert history["events"][-1]["kind"] == "export.created"
    assert Case.objects.get().state == "decided"


def test_closing_an_account_for_good_asks_to_type_the_reference(enter) -> None:
    decision = factories.proposed(
        case_columns={"code": "WP-01", "severity": 4}, intent="deliberate", sensitivity="public"
    )
    assert decision.ends_account
    decision.confirm(actor=person("senior"))
    head = enter("head")
    page = head.post(f"/desk/decisions/{decision.ref}/issue/", {"typed": "D-9999"})
    assert page.status_code == 422
    assert "nothing was issued" in page.content.decode()
    head.post(f"/desk/decisions/{decision.ref}/issue/", {"typed": decision.ref.lower()})
    decision.refresh_from_db()
    assert decision.state == "issued"


def test_a_refused_proposal_keeps_what_was_typed(enter) -> None:
    case = factories.claimed()
    typed = {
        "outcome": "breach",
        "rule": "SP-03",
        "conduct_at": f"{case.opened_at:%Y-%m-%dT%H:%M}",
        "intent": "deliberate",
        "sensitivity": "personal",
        "severity": "2",
        "detection": "none",
        "tier": "T9",
        "reasons": factories.REASONS,
    }
    page = enter("reviewer").post(f"/desk/cases/{case.ref}/propose/", typed)
    assert page.status_code == 409
    assert "Another tier needs a reason" in page.content.decode()
    assert factories.REASONS[:60] in page.content.decode()


def test_every_template_is_used() -> None:
    """What no view, template, library or handler names is dead. Mail texts are named by the kind that is queued."""
    from pathlib import Path

    root = Path(__file__).resolve().parents[2]
    sources = [
        path
        for room in ("tipstaff", "aup", "governance", "cases", "appeals", "oversight")
        for path in (root / room).rglob("*.py")
    ]
    templates = list((root / "templates").rglob("*.html")) + list((root / "templates").rglob("*.txt"))
    text = "\n".join(path.read_text() for path in [*sources, *templates])
    named_elsewhere = ("allauth/", "account/", "500.html", "parts/f", "drf_spectacular/")
    unused = []
    for path in templates:
        name = str(path.relative_to(root / "templates"))
        word = path.stem if path.suffix == ".txt" else name
        if not name.startswith(named_elsewhere) and f'"{word}' not in text:
            unused.append(name)
    assert not unused
