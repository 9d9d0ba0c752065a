"""Two people at one case in the same moment: each of these was two windows once, and one of them must give way."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from time import sleep
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from cases.models import Case, Check, Claim, Decision, Hand, Note, Report, Sanction, SurveyAnswer
from cases.models.holding import Passing
from tests import factories
from tests.cases.test_consent import asked
from tests.factories import person
from tests.races.conftest import Race
from tests.races.test_races import again, told, winners
from tipstaff.accounts.models import Subject, User
from tipstaff.ledger.models import Event
from tipstaff.notices.models import Message, Notice
from tipstaff.time import now
from tipstaff.workflow.actors import LinkHolder
from tipstaff.workflow.refused import Refused

Crowd = Callable[[int, str], list[Any]]
ROUNDS = 4  # of a race between two, which may pass by luck once
WHY = "The test needed four hundred posts to show the flaw, on boards of their own, and they wrote to us the same day."


def browser(who: User) -> Client:
    entered = Client()
    entered.force_login(who, backend="django.contrib.auth.backends.ModelBackend")
    return entered


def order(case: Case, *kinds: str) -> list[str]:
    """The kinds of what happened in the history of the case, of these kinds, in their order."""
    rows = Event.objects.filter(stream_id=case.stream, kind__in=kinds).order_by("seq")
    return list(rows.values_list("kind", flat=True))


def test_a_claim_of_research_is_assessed_once(race: Race, crowd: Crowd) -> None:
    claim = factories.claim()
    first, second, *others = crowd(6, "adjudicator")
    outcomes = race(
        *(partial(again(claim).accept, actor=who, reasons=WHY) for who in (first, *others[:2])),
        *(partial(again(claim).refuse, actor=who, reasons=WHY, limits=["harm"]) for who in (second, *others[2:])),
    )
    assert len(winners(outcomes)) == 1
    assert told("claim.accepted") + told("claim.refused") == 1
    judged = Hand.objects.get(case=claim.case, part="judged")  # who was too late has no part
    assert Claim.objects.get().assessed_by_id == judged.person_id


def test_a_conflict_is_declared_while_the_same_person_claims_the_next_case(race: Race) -> None:
    who = person("reviewer")
    for _round in range(ROUNDS):
        case = factories.case()
        _declared, claimed = race(partial(factories.conflict, case, who), partial(Case.objects.claim_next, actor=who))
        assert claimed in (None, case), claimed
        assert again(case).claimant is None
        assert again(case).part_of(who) == Hand.Part.STAYED_OUT
        assert order(case, "case.claimed", "conflict.declared", "case.released") in (
            ["conflict.declared"],
            ["case.claimed", "conflict.declared", "case.released"],
        )


def test_who_declares_a_conflict_gets_the_next_case_but_one(race: Race) -> None:
    who, grave, light = person("reviewer"), factories.case(code="FR-02", severity=4), factories.case(severity=1)
    _declared, claimed = race(partial(factories.conflict, grave, who), partial(Case.objects.claim_next, actor=who))
    assert claimed in (grave, light), claimed
    assert again(grave).claimant is None
    assert told("case.claimed") == 1


def test_notes_of_several_people_all_stand_and_one_note_sent_often_is_one(race: Race) -> None:
    case, people = factories.case(), [person("reviewer"), person("reviewer2"), person("lead")]
    url, typed = f"{case.get_absolute_url()}note/", {"note-text": "The board asked for it.", "note-about": "case"}
    pages = race(*(partial(browser(who).post, url, typed) for who in people * 4))
    assert {getattr(page, "status_code", page) for page in pages} <= {302, 409}
    assert Counter(Note.objects.values_list("author__email", flat=True)) == {who.email: 1 for who in people}
    assert told("note.written") == 3
    seqs = list(Event.objects.filter(stream_id=case.stream).order_by("seq").values_list("seq", flat=True))
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))


def test_a_point_of_the_checklist_is_answered_by_who_holds_the_case(race: Race) -> None:
    def tick(case: Case, who: User) -> None:
        Check(case=again(case), point="volume", answer=Check.Answer.YES, by=who).tick(actor=who)

    who, other = person("reviewer"), person("reviewer2")
    for _round in range(ROUNDS):
        case = factories.claimed()
        outcomes = race(
            *[partial(tick, case, who)] * 6,
            partial(again(case).pass_on, actor=who, to=other, note="Yours."),
            *[partial(tick, case, other)] * 3,
        )
        assert winners(outcomes)
        assert outcomes[6] is None
        by = [check.by for check in case.checks.order_by("id")]
        assert len(by) == len(winners(outcomes)) - 1
        acts = order(case, "check.ticked", "case.passed_on")
        assert acts[: acts.index("case.passed_on")].count("check.ticked") == by.count(who)  # before it left their hands
        assert acts[acts.index("case.passed_on") :].count("check.ticked") == by.count(other)


def test_the_survey_sent_many_times_is_one_answer(race: Race) -> None:
    notice = Notice.objects.get(about=factories.issued().reference)
    url = reverse("cases:survey", args=[notice.token])
    typed = {"act": "send", "understood": "5", "heard": "4", "timely": "2", "text": "Say it sooner."}
    pages = race(*[lambda: Client().post(url, typed)] * 8)
    assert [getattr(page, "status_code", page) for page in pages] == [200] * 8
    assert all("we have your answer" in page.text for page in pages)
    assert SurveyAnswer.objects.count() == told("survey.answered") == 1


def test_a_reporter_says_yes_and_no_and_one_of_them_counts(race: Race) -> None:
    for _round in range(ROUNDS):
        consent = asked(recipient_name=f"Police of district {_round}")
        holder = LinkHolder("reporter", consent.report.reference)
        outcomes = race(
            *(partial(again(consent).give, actor=holder) for _window in range(3)),
            *(partial(again(consent).refuse, actor=holder) for _window in range(3)),
        )
        assert len(winners(outcomes)) == 1
        said = "given" if None in outcomes[:3] else "refused"
        assert again(consent).state == said
        events = Event.objects.filter(stream_id=consent.report.stream, kind__startswith="consent.")
        assert list(events.order_by("seq").values_list("kind", flat=True)) == ["consent.asked", f"consent.{said}"]


def test_a_yes_and_a_no_posted_at_once_are_answered_with_what_holds(race: Race) -> None:
    consent = asked()

    def post(act: str) -> Any:
        return Client().post(consent.report.own_url, {"act": f"consent_{act}", "consent": str(consent.pk)})

    pages = race(*[partial(post, "give")] * 4, *[partial(post, "refuse")] * 4)
    statuses = Counter(getattr(page, "status_code", page) for page in pages)
    assert statuses == {200: 1, 409: 7}, statuses
    assert all("by now" in page.text for page in pages if page.status_code == 409)


def test_a_report_accepted_by_two_is_in_one_case(race: Race, crowd: Crowd) -> None:
    report = factories.report()
    typed = {"kind": "end_user", "contact": "holder@customer.example", "rule": "SP-03", "severity": "2"}
    url = f"/desk/reports/{report.ref}/accept/"
    pages = race(
        *(
            partial(browser(who).post, url, typed | {"external_id": f"acct_{place}"})
            for place, who in enumerate(crowd(6, "reviewer"))
        )
    )
    statuses = Counter(getattr(page, "status_code", page) for page in pages)
    assert statuses == {302: 1, 409: 5}, statuses
    case = Case.objects.get()
    assert case.reports.get() == report
    assert told("case.opened") == told("report.accepted") == told("case.joined") == 1
    assert Subject.objects.get(external_id__startswith="acct_") == case.subject  # of the others nothing is kept


def test_a_case_escalated_while_it_is_claimed_is_in_the_hands_it_went_to(race: Race) -> None:
    holder, lead = person("reviewer"), person("lead")
    for _round in range(ROUNDS):
        case = factories.claimed()
        outcomes = race(
            partial(again(case).escalate, actor=holder, to=lead, reason="rule", note="Does it cover a joke?"),
            partial(again(case).claim, actor=person("reviewer2")),
            *(partial(again(case).claim, actor=holder) for _window in range(6)),
        )
        winners(outcomes)
        assert outcomes[0] is None
        assert isinstance(outcomes[1], Refused)
        found = again(case)
        assert found.claimant == lead
        assert found.claimed_until - now() > timedelta(minutes=settings.PASS_MINUTES - 1)  # no claim made it shorter
        assert Passing.objects.filter(case=case).count() == 1
        assert order(case, "case.claimed", "case.escalated")[-1] == "case.escalated"


def test_the_measures_of_an_appeal_stand_still_once(race: Race, crowd: Crowd) -> None:
    appeal = factories.taken_up()
    stay = {"reason": "Their shop would be closed before this is read to the end."}
    outcomes = race(
        *(partial(again(appeal).stay, actor=person("appeals"), **stay) for _window in range(4)),
        *(partial(again(appeal).stay, actor=who, **stay) for who in crowd(2, "appeals_reviewer")),
    )
    assert len(winners(outcomes)) == 1
    assert all(isinstance(outcome, Refused) for outcome in outcomes[4:])  # they do not hear it
    stayed = Sanction.objects.filter(state="stayed").count()
    assert stayed == told("sanction.stayed") == Message.objects.filter(kind="measure_stayed").count() > 0
    assert told("appeal.stayed") == 1


def test_nothing_stands_still_that_was_upheld_meanwhile(race: Race) -> None:
    for _round in range(ROUNDS):
        appeal = factories.taken_up()
        reviewer = person("appeals")
        outcomes = race(
            partial(again(appeal).stay, actor=reviewer, reason="Their shop would be closed before this is read."),
            partial(again(appeal).uphold, actor=reviewer, reasons=factories.REASONS),
        )
        winners(outcomes)
        assert outcomes[1] is None
        assert set(appeal.decision.sanctions.values_list("state", flat=True)) == {"issued"}


def accept(report: Report, case: Case) -> Case:
    return again(report).accept(actor=person("lead"), subject=case.subject, rule=case.rule, severity=case.severity)


def weigh(decision: Decision, who: User, read: list[str]) -> None:
    again(decision).case.weigh(actor=who, reason="The same night and the same posts.", read=read)


class TestWeighing:
    @pytest.mark.parametrize("tier", ["T3", "T4"])
    def test_nothing_is_issued_or_confirmed_before_it(self, race: Race, crowd: Crowd, tier: str) -> None:
        weigher, other = crowd(2, "senior_adjudicator")
        departs = {"tier": "T4", "departure_reason": "It went on for weeks."} if tier == "T4" else {}
        act, done = ("confirm", "decision.confirmed") if departs else ("issue", "decision.issued")
        for _round in range(ROUNDS):
            decision = factories.proposed(**departs)
            late = factories.report(description="And this.")
            accept(late, decision.case)
            outcomes = race(
                partial(weigh, decision, weigher, [late.ref]),
                partial(weigh, decision, other, [late.ref]),
                *[partial(getattr(again(decision), act), actor=other)] * 2,
            )
            winners(outcomes)
            acts = order(decision.case, "case.weighed", done)
            assert acts in (["case.weighed"], ["case.weighed", done]), acts

    def test_a_report_that_comes_meanwhile_is_not_weighed_with_the_others(self, race: Race) -> None:
        def weigh_after(seconds: float, decision: Decision, read: list[str]) -> None:
            sleep(seconds)  # a report takes longer to come than to be weighed: without this it always loses
            weigh(decision, person("senior"), read)

        for turn in range(2 * ROUNDS):
            decision = factories.proposed()
            first, second = factories.report(description="And this."), factories.report(description="And that.")
            accept(first, decision.case)
            outcomes = race(
                partial(weigh_after, turn / 100, decision, [first.ref]), partial(accept, second, decision.case)
            )
            winners(outcomes)
            left = again(decision).case.unweighed
            assert left == ([first.ref, second.ref] if isinstance(outcomes[0], Refused) else [second.ref])

    def test_a_report_that_comes_while_it_is_issued_is_answered_by_nobody_unread(self, race: Race) -> None:
        for _round in range(ROUNDS):
            decision = factories.proposed()
            late = factories.report(description="And this.")
            outcomes = race(
                partial(again(decision).issue, actor=person("senior")), partial(accept, late, decision.case)
            )
            winners(outcomes)
            issued, late = again(decision).state == "issued", again(late)
            assert not (issued and late.case == decision.case)
            assert issued or again(decision.case).unweighed == [late.ref]
            assert late.state in ("received", "accepted")
