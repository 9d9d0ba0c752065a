"""What happens when many do the same thing in the same moment: one wins, the others are told why in a sentence."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from appeals.models import Appeal
from aup.models import Feedback
from cases.models import Case, Decision, Hand, Report, Sanction
from tests import factories
from tipstaff.ledger.models import Event
from tipstaff.notices.models import Message, Notice
from tipstaff.sla.models import Clock
from tipstaff.vault.models import SealedFile
from tipstaff.workflow.actors import LinkHolder
from tipstaff.workflow.refused import Refused

Race = Callable[..., list[Any]]
Crowd = Callable[[int, str], list[Any]]


def again(record: Any) -> Any:
    """The same row as another person's browser sees it."""
    return type(record).objects.get(pk=record.pk)


def winners(outcomes: list[Any]) -> list[Any]:
    """Those who got through. Everybody else must have been refused in a sentence, not by an error of the database."""
    lost = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert {type(error) for error in lost} <= {Refused}, Counter(repr(error) for error in lost)
    assert all(str(error).endswith(".") and len(str(error).split()) > 3 for error in lost)
    return [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]


def told(kind: str) -> int:
    return Event.objects.filter(kind=kind).count()


def test_fifty_people_claim_one_case_and_one_has_it(race: Race, crowd: Crowd) -> None:
    case, people = factories.case(), crowd(50, "reviewer")
    outcomes = race(*(partial(again(case).claim, actor=person) for person in people))
    assert len(winners(outcomes)) == 1
    assert sum(isinstance(outcome, Refused) for outcome in outcomes) == 49
    case.refresh_from_db()
    winner = people[next(place for place, outcome in enumerate(outcomes) if outcome is None)]
    assert case.claimed_by == winner
    assert all(f"{winner.name} claimed this case until" in str(lost) for lost in outcomes if lost)
    assert told("case.claimed") == 1


def test_fifty_people_claim_the_next_of_twenty_cases(race: Race, crowd: Crowd) -> None:
    cases, people = [factories.case() for _ in range(20)], crowd(50, "reviewer")
    outcomes = race(*(partial(Case.objects.claim_next, actor=person) for person in people))
    taken = [case for case in winners(outcomes) if case is not None]
    assert {case.pk for case in taken} == {case.pk for case in cases}
    assert len(taken) == 20
    assert len(outcomes) == 50
    assert Case.objects.filter(state="investigating").values("claimed_by").distinct().count() == 20
    assert told("case.claimed") == 20


def test_fifty_people_issue_one_decision_and_it_is_issued_once(race: Race, crowd: Crowd) -> None:
    decision, people = factories.proposed(), crowd(50, "senior_adjudicator")
    outcomes = race(*(partial(again(decision).issue, actor=person) for person in people))
    assert len(winners(outcomes)) == 1
    decision.refresh_from_db()
    assert decision.state == "issued"
    assert told("decision.issued") == told("case.decided") == told("report.answered") == 1
    assert Sanction.objects.count() == len(decision.sanction_documents)
    assert Notice.objects.filter(about=decision.reference).count() == 1
    assert Message.objects.filter(kind="decision_issued").count() == 1
    assert Hand.objects.filter(case=decision.case, part="issued").count() == 1


def test_two_confirm_and_one_has_confirmed(race: Race, crowd: Crowd) -> None:
    decision = factories.proposed(intent="deliberate", sensitivity="special_category", severity=3)
    assert decision.needs_confirmer
    outcomes = race(*(partial(again(decision).confirm, actor=person) for person in crowd(2, "adjudicator")))
    assert len(winners(outcomes)) == 1
    assert told("decision.confirmed") == 1
    assert Hand.objects.filter(case=decision.case, part="confirmed").count() == 1


def test_issuing_and_sending_back_at_once_do_one_of_them(race: Race, crowd: Crowd) -> None:
    decision = factories.proposed()
    issuer, returner = crowd(2, "senior_adjudicator")
    outcomes = race(
        partial(again(decision).issue, actor=issuer),
        partial(again(decision).send_back, actor=returner, reason="Something is missing."),
        partial(again(decision).withdraw, actor=factories.person("reviewer")),
    )
    assert len(winners(outcomes)) == 1
    decision.refresh_from_db()
    assert told("case.decided") == (decision.state == "issued") == Notice.objects.count()


def test_an_appeal_sent_fifty_times_is_lodged_once(race: Race) -> None:
    decision = factories.issued()

    def lodge() -> None:
        contested = again(decision)
        appeal = Appeal(decision=contested, case=contested.case, ground=Appeal.Ground.CONTEXT, text="You missed it.")
        appeal.lodge(actor=LinkHolder("subject", contested.reference), files=[])

    assert len(winners(race(*[lodge] * 50))) == 1
    assert Appeal.objects.count() == told("appeal.lodged") == told("decision.contested") == 1
    assert Clock.objects.filter(kind="appeal").count() == 1


def test_an_appeal_posted_twenty_times_is_lodged_once(race: Race) -> None:
    decision = factories.issued()
    url = f"/appeal/{Notice.objects.get(about=decision.reference).token}/"

    def post() -> int:
        files = SimpleUploadedFile("log.txt", b"It was a test board.", "text/plain")
        return (
            Client().post(url, {"ground": "context", "text": "You missed the test board.", "files": files}).status_code
        )

    statuses = Counter(race(*[post] * 20))
    assert set(statuses) <= {302, 409}, statuses
    assert Appeal.objects.count() == told("appeal.lodged") == 1


def test_two_reviewers_take_up_one_appeal_and_one_hears_it(race: Race, crowd: Crowd) -> None:
    appeal = factories.lodged()
    outcomes = race(*(partial(again(appeal).take_up, actor=person) for person in crowd(2, "appeals_reviewer")))
    assert len(winners(outcomes)) == 1
    assert told("appeal.taken_up") == 1
    assert Hand.objects.filter(case=appeal.case, part="reviewed_appeal").count() == 1


def test_an_appeal_is_upheld_or_reversed_and_never_both(race: Race) -> None:
    appeal = factories.taken_up()
    reviewer, reasons = factories.person("appeals"), factories.REASONS
    outcomes = race(
        *[partial(again(appeal).reverse, actor=reviewer, reasons=reasons)] * 5,
        *[partial(again(appeal).uphold, actor=reviewer, reasons=reasons)] * 5,
        partial(again(appeal).withdraw, actor=LinkHolder("subject", appeal.decision.reference)),
    )
    assert len(winners(outcomes)) == 1
    assert told("decision.reversed") + told("decision.upheld") + told("decision.uncontested") == 1
    assert {sanction.state for sanction in Sanction.objects.all()} == {
        "revoked" if again(appeal).state == "reversed" else "issued"
    }


def test_twenty_reports_about_one_account_become_one_case(race: Race, crowd: Crowd) -> None:
    about, rule = factories.subject(), factories.rule()
    reports, people = [factories.report() for _ in range(20)], crowd(20, "reviewer")
    outcomes = race(
        *(
            partial(report.accept, actor=person, subject=about, rule=rule, severity=2)
            for report, person in zip(reports, people, strict=True)
        )
    )
    assert len({case.pk for case in winners(outcomes)}) == 1
    assert Case.objects.get().reports.count() == 20
    assert told("case.opened") == 1
    assert told("report.accepted") == told("case.joined") == 20
    assert Clock.objects.filter(kind="decision").count() == 1
    assert not Clock.objects.running().filter(kind="triage").exists()


def test_two_people_triage_the_same_report_in_different_ways(race: Race, crowd: Crowd) -> None:
    report, about, rule = factories.report(), factories.subject(), factories.rule()
    first, second, third = crowd(3, "reviewer")
    outcomes = race(
        partial(again(report).accept, actor=first, subject=about, rule=rule, severity=2),
        partial(again(report).decline, actor=second, reason="unfounded", note=""),
        partial(again(report).withdraw, actor=LinkHolder("reporter", report.reference)),
        partial(again(report).ask, actor=third, question="Which night was it?"),
    )
    kept = len(winners(outcomes))
    assert kept == 1 or (kept == 2 and told("report.asked") == 1)  # a question does not stop declining or withdrawing
    assert Case.objects.count() == told("report.accepted")
    assert told("report.accepted") + told("report.declined") + told("report.withdrawn") <= 1


@pytest.mark.parametrize("known", [True, False], ids=["known account", "new account"])
def test_ten_reports_accepted_at_the_desk_into_one_account(race: Race, crowd: Crowd, known: bool) -> None:
    if known:
        factories.subject("acct_shared")
    reports = [factories.report() for _ in range(10)]
    browsers = [Client() for _ in reports]
    for browser, person in zip(browsers, crowd(10, "reviewer"), strict=True):
        browser.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    typed = {"external_id": "acct_shared", "kind": "end_user", "contact": "", "rule": "SP-03", "severity": "2"}
    pages = race(
        *(
            partial(browser.post, f"/desk/reports/{report.ref}/accept/", typed)
            for browser, report in zip(browsers, reports, strict=True)
        )
    )
    assert [getattr(page, "status_code", page) for page in pages] == [302] * 10
    assert Case.objects.get().reports.count() == 10


def test_the_same_form_sent_twenty_times_is_one_report(race: Race, settings: Any) -> None:
    submission = str(uuid4())

    def post() -> Any:
        typed = {"submission": submission, "description": "Four hundred posts in one night.", "good_faith": "on"}
        files = SimpleUploadedFile("shown.txt", b"10:02 user: hello", "text/plain")
        return Client().post("/report/", typed | {"contact": "me@people.example", "files": files})

    pages = race(*[post] * 20)
    assert [getattr(page, "status_code", page) for page in pages] == [200] * 20
    assert len({page.context["code"] for page in pages}) == 1
    report = Report.objects.get()
    assert told("report.filed") == Message.objects.count() == 1
    assert [file.name for file in report.files] == ["shown.txt"]
    assert not SealedFile.objects.filter(state="receiving").exists()
    assert not SealedFile.objects.filter(state="sealed", matter="").exists()  # what the losers sent is let go


def test_the_same_feedback_sent_twenty_times_is_one_item(race: Race) -> None:
    typed = {
        "submission": str(uuid4()),
        "version": "1.0",
        "kind": "ambiguity",
        "text": "From which hour does it count?",
    }
    typed["contact"] = "writer@people.example"
    pages = race(*[lambda: Client().post("/policy/feedback/", typed)] * 20)
    assert [getattr(page, "status_code", page) for page in pages] == [200] * 20
    feedback = Feedback.objects.get()
    assert {page.context["feedback"] for page in pages} == {feedback}
    assert told("feedback.filed") == Message.objects.count() == Notice.objects.count() == 1


def test_feedback_is_answered_once(race: Race, crowd: Crowd) -> None:
    Client().post(
        "/policy/feedback/",
        {
            "submission": str(uuid4()),
            "version": "1.0",
            "kind": "near_miss",
            "text": "A test ran on.",
            "contact": "a@b.ca",
        },
    )
    feedback = Feedback.objects.get()
    editors = crowd(8, "policy_editor")
    outcomes = race(*[partial(again(feedback).answer, actor=editor, answer=editor.name) for editor in editors])
    assert len(winners(outcomes)) == 1
    assert again(feedback).answer_text == again(feedback).answered_by.name
    assert Message.objects.filter(kind="feedback_answered").count() == 1


def test_evidence_added_in_one_moment_is_numbered_without_gap_or_double(race: Race) -> None:
    case = factories.claimed()

    outcomes = race(*(partial(factories.evidence, case, content=f"line {number}\n".encode()) for number in range(10)))
    assert sorted(exhibit.exhibit for exhibit in winners(outcomes)) == list(range(1, 11))


def test_the_same_bytes_added_in_one_moment_are_one_exhibit_and_one_file(race: Race, vault: Path) -> None:
    case, reviewer = factories.claimed(), factories.person("reviewer")

    def post() -> Any:
        browser = Client()
        browser.force_login(reviewer, backend="django.contrib.auth.backends.ModelBackend")
        upload = SimpleUploadedFile("log.txt", b"10:02 user: hello", "text/plain")
        typed = {"evidence-kind": "log", "evidence-label": "The log", "evidence-source": "export"}
        return browser.post(f"/desk/cases/{case.ref}/evidence/", typed | {"evidence-upload": upload})

    pages = race(*[post] * 6)
    assert sorted(page.status_code for page in pages) == [302, 409, 409, 409, 409, 409]
    losers = [page for page in pages if page.status_code == 409]
    assert all("These bytes are in the case already, as E-1." in page.text for page in losers)
    assert SealedFile.objects.of(case).count() == case.evidence.count() == 1
    assert SealedFile.objects.filter(state="set_aside").count() == 5
    assert [path.stem for path in vault.rglob("*.age")] == [str(SealedFile.objects.get(state="sealed").pk)]


def test_two_sweeps_record_each_level_once(race: Race) -> None:
    from datetime import timedelta

    from tipstaff.sla.sweep import sweep
    from tipstaff.time import moved_to, now

    cases = [factories.case(code="VE-02", severity=4) for _ in range(8)]
    later = now() + timedelta(hours=37)

    def run() -> int:
        with moved_to(later):
            return sweep()

    outcomes = race(*[run] * 6)
    assert not [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    for case in cases:
        clock = Clock.objects.get(about=case.reference, kind="decision")
        assert [alert.level for alert in clock.alerts.order_by("level")] == [50, 75, 100, 150]
        assert clock.breached_at == clock.due_at
        missed = Clock.objects.filter(about=case.reference, breached_at__isnull=False).count()
        assert Event.objects.filter(stream_id=case.stream, kind="clock.breached").count() == missed


def test_ten_workers_hand_every_mail_over_once(race: Race) -> None:
    from django.core import mail

    from tipstaff.notices import outbox

    for _ in range(30):
        factories.report()
    mail.outbox.clear()
    outcomes = race(*[outbox.deliver_due] * 10)
    assert not [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert sum(outcomes) == 30
    assert len({sent.extra_headers["Message-ID"] for sent in mail.outbox}) == len(mail.outbox) == 30
    assert set(Message.objects.values_list("state", flat=True)) == {"handed_over"}


def test_a_case_claimed_while_it_is_decided_is_not_opened_again(race: Race, crowd: Crowd) -> None:
    decision = factories.proposed()
    (senior,) = crowd(1, "senior_adjudicator")
    race(
        partial(again(decision).issue, actor=senior),
        *(partial(again(decision.case).claim, actor=person) for person in crowd(5, "reviewer")),
    )
    assert Decision.objects.get().state == "issued"
    assert Case.objects.get().state == "decided"
    assert told("case.claimed") == 1


def test_ten_reports_about_what_the_system_did_accepted_in_one_moment(race: Race, crowd: Crowd) -> None:
    reports, rule = [factories.report() for _ in range(10)], factories.rule("MI-02")
    crowded = zip(reports, crowd(10, "reviewer"), strict=True)
    cases = race(
        *(partial(again(one).accept, actor=actor, subject=None, rule=rule, severity=2) for one, actor in crowded)
    )
    case = Case.objects.get()
    assert cases == [case] * 10
    assert (case.subject, case.behaviour, case.reports.count()) == (None, "system", 10)
