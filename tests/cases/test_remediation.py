"""Putting a breach right: what the matrix offers, what the account holder does without a login, who assesses it, and
what follows. Nothing of it makes anything worse, and nothing waits for a worker.
"""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client

from aup.training import course_about
from cases import lapses
from cases.models import Decision, Remediation
from tests import factories
from tests.factories import person
from tipstaff.ledger.models import Event
from tipstaff.notices import reminders
from tipstaff.notices.models import Message, Notice
from tipstaff.sla.models import Clock
from tipstaff.time import moved_to, now
from tipstaff.workflow.actors import LinkHolder
from tipstaff.workflow.refused import NotPermitted, Refused

pytestmark = pytest.mark.usefixtures("people")
DAY = timedelta(days=1)
HOLDER = LinkHolder("subject")
PLAN = "Every scheduled post now waits for a second person, and the old job is switched off."
ANSWER = "The export shows that each post since the third waits for a second person, as the rule asks."


def breach(tier: str, **columns: Any) -> Decision:
    """An issued breach of this tier, departing from the matrix where that is needed."""
    return factories.issued(by="head", tier=tier, departure_reason="For the test, another tier.", **columns)


def of(decision: Decision, kind: str) -> Remediation:
    return Remediation.objects.get(decision=decision, kind=kind)


def link(decision: Decision, kind: str = "") -> str:
    token = Notice.objects.get(about=decision.reference).token
    return f"/remedy/{token}/{kind}/" if kind else f"/remedy/{token}/"


def answers(remedy: Remediation, *, good: bool = True) -> dict[str, str]:
    remedy.refresh_from_db()
    questions = remedy.questions(course_about(remedy.decision.rule, "en"), remedy.attempts)
    given = {f"q-{one.key}": "allowed" if one.allowed == good else "prohibited" for one in questions}
    return given | {"attempt": str(remedy.attempts)}


def accepted(decision: Decision, kind: str) -> Remediation:
    remedy = of(decision, kind)
    remedy.accept(actor=HOLDER)
    return remedy


def handed_in(decision: Decision, kind: str = "certification") -> Remediation:
    remedy = accepted(decision, kind)
    remedy.hand_in(actor=HOLDER, files=[], signatory="R. Vale", position="Owner", statements=["So it is."], text=PLAN)
    return remedy


def standing(decision: Decision) -> dict[str, str]:
    return {sanction.kind: str(sanction.standing) for sanction in decision.sanctions.all()}


class TestOffer:
    @pytest.mark.parametrize(
        ("tier", "kinds"),
        [
            ("T1", {"training"}),
            ("T3", {"training"}),
            ("T4", {"training", "certification"}),  # its measures end with the cooling-off period: no fresh review
            ("T6", {"training", "certification", "re_evaluation"}),
        ],
    )
    def test_as_the_matrix_says(self, tier: str, kinds: set[str]) -> None:
        decision = breach(tier)
        assert set(decision.remediations.values_list("kind", flat=True)) == kinds

    def test_nothing_without_a_breach(self) -> None:
        decision = factories.proposed(outcome="no_breach")
        decision.issue(actor=person("reviewer"))
        assert not Remediation.objects.exists()

    def test_a_course_has_the_clock_and_the_days_of_the_tier_at_least(self) -> None:
        remedy = of(breach("T3"), "training")
        clock = Clock.objects.about(remedy).get(kind="training")
        assert remedy.due_at == clock.due_at
        assert clock.target == 30 * DAY

    def test_a_fresh_review_opens_after_the_cooling_off_period(self) -> None:
        decision = breach("T6")
        remedy = of(decision, "re_evaluation")
        assert remedy.opens_at == decision.issued_at + 60 * DAY
        with pytest.raises(Refused, match="opens on"):
            remedy.accept(actor=HOLDER)
        with moved_to(remedy.opens_at):
            remedy.accept(actor=HOLDER)

    def test_the_notice_and_the_mail_lead_there(self, client: Client) -> None:
        decision = breach("T3")
        assert link(decision) in Message.objects.get(kind="decision_issued").text
        assert (
            f'href="{link(decision)}'
            in client.get(Notice.objects.get(about=decision.reference).get_absolute_url()).text
        )

    def test_by_a_person_with_a_reason_and_once(self, enter: Any) -> None:
        decision = breach("T3")
        door = f"/desk/decisions/{decision.ref}/remedies/"
        typed = {"kind": "certification", "offered_because": "You asked how you can show it."}
        browser = enter("senior")
        assert browser.post(door, typed).status_code == 302
        again = browser.post(door, typed)
        assert again.status_code == 409
        assert "offered already" in again.text
        assert typed["offered_because"] in again.text
        assert typed["offered_because"] in Message.objects.get(kind="remediation_offered").text

    @pytest.mark.parametrize("mailbox", ["reviewer", "appeals", "auditor", "admin", "member1"])
    def test_not_by_everybody(self, enter: Any, mailbox: str) -> None:
        door = f"/desk/decisions/{breach('T3').ref}/remedies/"
        typed = {"kind": "certification", "offered_because": "Why not."}
        assert enter(mailbox).post(door, typed).status_code in {403, 404}


class TestCourse:
    def test_opening_the_pages_changes_nothing(self, client: Client) -> None:
        decision = breach("T2")
        events = Event.objects.count()
        for address in (link(decision), link(decision, "training")):
            page = client.get(address)
            assert page.status_code == 200
            assert page["Referrer-Policy"] == "no-referrer"
            client.head(address)
        assert Event.objects.count() == events
        assert not client.cookies

    def test_passed_without_login_it_ends_the_duty_and_takes_the_breach_off_the_record(self) -> None:
        decision = breach("T2")
        stranger, remedy = Client(enforce_csrf_checks=True), of(decision, "training")
        assert stranger.post(link(decision, "training"), {"act": "accept"}).status_code == 302
        assert stranger.post(link(decision, "training"), answers(remedy)).status_code == 302
        remedy.refresh_from_db()
        assert (remedy.state, remedy.clears) == ("passed", True)
        assert standing(decision)["mandatory_training"] == "Lifted"
        assert Clock.objects.about(remedy).get().outcome == "met"
        assert not Decision.objects.counting(factories.case(about=decision.case.subject), now(), days=180).exists()
        assert "Mandatory training: ends at once" in Message.objects.get(kind="remediation_settled").text
        assert "You passed" in stranger.get(link(decision, "training")).text

    def test_the_desk_reads_what_came_of_it(self, client: Client, enter: Any) -> None:
        decision = breach("T3")
        remedy = accepted(decision, "training")
        desk = enter("lead")
        assert "has not taken the check" in desk.get(remedy.get_absolute_url()).text
        client.post(link(decision, "training"), answers(remedy))
        assert "passed the check of the course at the first attempt" in desk.get(remedy.get_absolute_url()).text
        offer = enter("senior").get(f"/desk/decisions/{decision.ref}/remedies/").text
        assert "Signed plan" in offer
        assert 'value="training"' not in offer

    def test_a_heavier_breach_stays_on_the_record(self, client: Client) -> None:
        decision = breach("T3")
        remedy = accepted(decision, "training")
        client.post(link(decision, "training"), answers(remedy))
        remedy.refresh_from_db()
        assert (remedy.state, remedy.clears) == ("passed", False)
        assert standing(decision)["rate_limit"] == "In force"

    def test_once_per_rule_and_year(self, client: Client) -> None:
        about = factories.subject()
        for expected in (True, False):
            decision = breach("T2", case_columns={"about": about})
            remedy = accepted(decision, "training")
            client.post(link(decision, "training"), answers(remedy))
            remedy.refresh_from_db()
            assert remedy.clears is expected

    def test_one_of_a_breach_that_fell_does_not_use_it_up(self, client: Client) -> None:
        about = factories.subject()
        for fallen in (True, False):
            decision = breach("T2", case_columns={"about": about})
            remedy = accepted(decision, "training")
            client.post(link(decision, "training"), answers(remedy))
            remedy.refresh_from_db()
            assert remedy.clears
            if fallen:
                decision.reverse(actor=factories.SYSTEM, reason="It did not stand.")

    def test_below_the_mark_it_says_why_and_can_be_taken_again_after_a_pause(self, client: Client) -> None:
        decision = breach("T2")
        remedy, door = accepted(decision, "training"), link(decision, "training")
        wrong = answers(remedy, good=False)
        assert client.post(door, wrong).status_code == 302
        assert client.post(door, wrong).status_code == 302  # sent twice it counts once
        remedy.refresh_from_db()
        assert (remedy.state, remedy.attempts) == ("in_progress", 1)
        page = client.get(door).text
        assert "Not right." in page
        assert "Read why first" in page
        assert client.post(door, answers(remedy)).status_code == 409
        with moved_to(now() + timedelta(minutes=6)):
            assert client.post(door, answers(remedy)).status_code == 302
        remedy.refresh_from_db()
        assert remedy.state == "passed"
        assert standing(decision)["warning"] == "Given"

    def test_a_broken_form_keeps_what_was_chosen(self, client: Client) -> None:
        decision = breach("T2")
        remedy = accepted(decision, "training")
        typed = answers(remedy)
        missing = next(name for name in typed if name.startswith("q-"))
        typed.pop(missing)
        page = client.post(link(decision, "training"), typed)
        assert page.status_code == 422
        assert page.text.count(" checked") >= len(typed) - 1 >= 9

    def test_a_score_cannot_be_claimed(self) -> None:
        remedy = accepted(breach("T2"), "training")
        with pytest.raises(Refused, match="below the mark"):
            remedy.finish(actor=HOLDER, right=3, of=10, answers={})

    def test_in_arabic(self, client: Client) -> None:
        decision = breach("T2", case_columns={"about": factories.subject(language="ar")})
        page = client.get(link(decision, "training"))
        assert 'dir="rtl"' in page.text
        assert "A course about the rule" not in page.text


class TestTime:
    def test_it_lapses_by_itself_and_nothing_follows(self, client: Client) -> None:
        decision = breach("T2")
        remedy = of(decision, "training")
        before = standing(decision)
        with moved_to(remedy.due_at):
            assert (remedy.state, remedy.stand) == ("offered", "lapsed")  # no worker has run
            assert client.post(link(decision, "training"), {"act": "accept"}).status_code == 409
            assert "time for this" in client.get(link(decision, "training")).text
            assert list(Remediation.objects.standing("lapsed", now())) == [remedy]
            assert standing(decision) == before

    def test_the_holder_is_reminded_and_told_and_the_clock_stops(self) -> None:
        remedy = of(breach("T2"), "training")
        with moved_to(remedy.due_at - 2 * DAY):
            reminders.sweep(lapses.WATCHES)
            reminders.sweep(lapses.WATCHES)
        assert Message.objects.filter(kind="remediation_ends").count() == 1
        with moved_to(remedy.due_at + timedelta(minutes=1)):
            reminders.sweep(lapses.WATCHES)
        remedy.refresh_from_db()
        assert remedy.state == "lapsed"
        assert Message.objects.filter(kind="remediation_lapsed").count() == 1
        assert Clock.objects.about(remedy).get().stopped_at is not None

    def test_what_was_handed_in_waits_for_us(self) -> None:
        remedy = handed_in(breach("T4"))
        with moved_to(remedy.due_at + DAY):
            assert remedy.stand == "in_progress"

    def test_offered_anew_once_it_lapsed(self) -> None:
        decision = breach("T2")
        with moved_to(of(decision, "training").due_at + DAY):
            again = Remediation(
                decision=decision, kind="training", case=decision.case, subject=decision.case.subject,
                offered_by=person("senior"), offered_because="You were ill.",
            )  # fmt: skip
            again.offer(actor=person("senior"))
        assert sorted(decision.remediations.values_list("state", flat=True)) == ["lapsed", "offered"]

    def test_a_reversed_decision_asks_for_nothing(self, client: Client) -> None:
        decision = breach("T3")
        appeal = factories.taken_up(decision)
        appeal.reverse(actor=person("appeals"), reasons=ANSWER)
        assert set(decision.remediations.values_list("state", flat=True)) == {"lapsed"}
        assert "does not stand any more" in client.get(link(decision, "training")).text


class TestHandIn:
    TYPED = {"text": PLAN, "signatory": "R. Vale", "position": "Owner"}

    def ticked(self, page: Any) -> dict[str, str]:
        return {f"s-{place}": "on" for place in range(len(page.context["form"].statements))}

    def test_a_signed_plan_with_files(self) -> None:
        decision = breach("T4")
        stranger, door = Client(enforce_csrf_checks=True), link(decision, "certification")
        stranger.post(door, {"act": "accept"})
        typed = self.TYPED | self.ticked(stranger.get(door)) | {"files": [SimpleUploadedFile("proof.txt", b"log")]}
        assert stranger.post(door, typed).status_code == 302
        remedy = of(decision, "certification")
        assert [file.name for file in remedy.files] == ["proof.txt"]
        assert len(remedy.statements) >= 3
        assert Message.objects.filter(kind="remediation_received").count() == 1
        typed["files"] = [SimpleUploadedFile("proof.txt", b"log")]
        assert stranger.post(door, typed).status_code == 302  # sent twice: the first stands
        assert Message.objects.filter(kind="remediation_received").count() == 1

    def test_every_statement_and_what_was_typed_stays(self, client: Client) -> None:
        decision = breach("T4")
        accepted(decision, "certification")
        text = "كل منشور ينتظر الآن موافقة شخص ثان. " * 120
        page = client.post(link(decision, "certification"), self.TYPED | {"text": text[:5000]})
        assert page.status_code == 422
        assert text[:4000] in page.text
        assert client.post(link(decision, "certification"), self.TYPED | {"text": "x" * 5001}).status_code == 422

    def test_a_token_of_something_else_opens_nothing(self, client: Client) -> None:
        decision = factories.proposed(outcome="no_breach")
        decision.issue(actor=person("reviewer"))
        assert client.get(link(decision)).status_code == 404
        assert client.get("/remedy/forged.token/").status_code == 404
        assert client.get(link(breach("T2"), "certification")).status_code == 404

    def test_an_old_key_opens_nothing(self, client: Client, settings: Any) -> None:
        decision = breach("T2")
        with moved_to(now() + (settings.NOTICE_RETENTION_DAYS + 1) * DAY):
            assert client.get(link(decision, "training")).status_code == 404


class TestAssess:
    def test_a_plan_halves_what_has_an_end(self, enter: Any) -> None:
        decision = breach("T4")
        limit = decision.sanctions.get(kind="rate_limit")
        remedy = handed_in(decision)
        door = f"/desk/remediations/{remedy.pk}/assess/"
        page = enter("appeals").post(door, {"outcome": "pass_assessment", "reasons": ANSWER})
        assert page.status_code == 302
        limit.refresh_from_db()
        assert limit.ends_at == limit.starts_at + 15 * DAY
        assert decision.sanctions.get(kind="content_removal").state == "issued"
        mail = Message.objects.get(kind="remediation_settled")
        assert ANSWER in mail.text
        assert "sooner than it would have" in mail.text
        assert Clock.objects.about(remedy).get().outcome == "met"

    def test_past_the_half_it_ends_at_once(self) -> None:
        decision = breach("T4")
        remedy = handed_in(decision)
        with moved_to(decision.issued_at + 20 * DAY):
            remedy.pass_assessment(actor=person("appeals"), reasons=ANSWER)
        assert decision.sanctions.get(kind="rate_limit").state == "lifted"

    def test_a_fresh_review_gives_back_what_was_taken(self) -> None:
        decision = breach("T6")
        with moved_to(of(decision, "re_evaluation").opens_at):
            remedy = handed_in(decision, "re_evaluation")
            remedy.pass_assessment(actor=person("appeals"), reasons=ANSWER)
            assert not decision.sanctions.standing(now()).restricting().exclude(kind="content_removal").exists()

    def test_not_passing_adds_nothing(self) -> None:
        decision = breach("T4")
        before = standing(decision)
        handed_in(decision).fail_assessment(actor=person("appeals"), reasons=ANSWER)
        assert standing(decision) == before
        assert "nothing is added" in Message.objects.get(kind="remediation_settled").text

    @pytest.mark.parametrize("mailbox", ["head", "adjudicator"])
    def test_nobody_who_had_a_part(self, enter: Any, mailbox: str) -> None:
        remedy = handed_in(breach("T4"))
        assert remedy.case.part_of(person(mailbox))
        with pytest.raises(Refused, match="someone who had no part"):
            remedy.pass_assessment(actor=person(mailbox), reasons=ANSWER)
        assert "You cannot assess this" in enter(mailbox).get(remedy.get_absolute_url()).text

    def test_nor_by_plain_sql(self) -> None:
        remedy = handed_in(breach("T4"))
        forged = Remediation.objects.filter(pk=remedy.pk)
        with pytest.raises(IntegrityError), transaction.atomic():
            forged.update(assessed_by=person("reviewer"), assessed_part="assessed")

    def test_whoever_assessed_it_takes_no_other_part(self) -> None:
        decision = breach("T4")
        handed_in(decision).fail_assessment(actor=person("appeals"), reasons=ANSWER)
        with pytest.raises(Refused, match="assessed what was put right in"):
            factories.taken_up(decision)

    @pytest.mark.parametrize("mailbox", ["reviewer2", "auditor", "counsel", "admin"])
    def test_not_for_everybody(self, enter: Any, mailbox: str) -> None:
        remedy = handed_in(breach("T4"))
        with pytest.raises(NotPermitted):
            remedy.pass_assessment(actor=person(mailbox), reasons=ANSWER)
        typed = {"outcome": "pass_assessment", "reasons": ANSWER}
        assert enter(mailbox).post(f"/desk/remediations/{remedy.pk}/assess/", typed).status_code in {403, 404}

    def test_the_second_of_two_is_refused_and_keeps_what_they_typed(self, enter: Any) -> None:
        remedy = handed_in(breach("T4"))
        browser = enter("senior")
        remedy.fail_assessment(actor=person("appeals"), reasons=ANSWER)
        typed = {"outcome": "pass_assessment", "reasons": f"{ANSWER} كذلك."}
        page = browser.post(f"/desk/remediations/{remedy.pk}/assess/", typed)
        assert page.status_code == 409
        assert typed["reasons"] in page.text

    def test_too_short_a_reason(self, enter: Any) -> None:
        remedy = handed_in(breach("T4"))
        typed = {"outcome": "pass_assessment", "reasons": "Fine."}
        assert enter("appeals").post(f"/desk/remediations/{remedy.pk}/assess/", typed).status_code == 422


class TestList:
    def test_what_waits_and_no_more_queries_for_more_rows(self, enter: Any, django_assert_max_num_queries: Any) -> None:
        browser = enter("appeals")
        assert "Nothing waits to be assessed" in browser.get("/desk/remediations/").text
        made = [handed_in(breach("T4")) for _time in range(3)]
        with django_assert_max_num_queries(7):
            page = browser.get("/desk/remediations/")
        assert all(str(one.pk) in page.text for one in made)

    def test_pages_follow_each_other(self, enter: Any, monkeypatch: Any) -> None:
        monkeypatch.setattr("cases.views.remediations.PAGE", 2)
        made = {str(handed_in(breach("T4")).pk) for _time in range(3)}
        browser, seen = enter("appeals"), set()
        for show in ("to_assess", "in_progress"):
            address, seen = f"/desk/remediations/?show={show}", set()
            for _page in range(2):
                page = browser.get(address)
                seen |= {pk for pk in made if pk in page.text}
                address = f"/desk/remediations/?show={show}&after={page.context['after'].replace('+', '%2B')}"
            assert seen == made

    @pytest.mark.parametrize(
        "after", ["x", ",", "2026-01-01,x", "9999-99-99T00:00,0198c7b2-0000-7000-8000-000000000000"]
    )
    def test_a_place_that_says_nothing(self, enter: Any, after: str) -> None:
        assert enter("appeals").get("/desk/remediations/", {"after": after}).status_code == 200

    def test_on_the_case_and_its_decision(self, enter: Any) -> None:
        decision = breach("T4")
        browser = enter("lead")
        for address in (decision.case.get_absolute_url(), decision.page_url):
            assert "Putting it right" in browser.get(address).text
