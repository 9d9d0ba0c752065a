"""A case changes hands: skipped with a reason, passed on with a note."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.utils import ProgrammingError

from cases.lapses import claims_unworked
from cases.models import Case, Conflict, Passing, Skip
from tests import factories
from tests.factories import person
from tipstaff.ledger.models import Event
from tipstaff.notices.models import Message
from tipstaff.time import moved_to, now
from tipstaff.workflow.refused import NotPermitted, Refused


class TestSkip:
    def test_it_is_not_offered_to_that_person_again_and_stays_first_for_others(self, people: dict) -> None:
        first, second = factories.case(severity=3), factories.case(severity=2)
        assert Case.objects.claim_next(actor=people["reviewer"]) == first
        first.refresh_from_db()
        first.skip(actor=people["reviewer"], reason="language", note="It is in Korean.")
        assert first.claimant is None
        assert Case.objects.claim_next(actor=people["reviewer"]) == second
        assert Case.objects.queued().first() == first
        assert Case.objects.claim_next(actor=people["reviewer2"]) == first
        event = Event.objects.get(kind="case.skipped")
        assert event.told()["facts.reason"] == "language"
        assert event.told()["facts.note"] == "It is in Korean."

    def test_after_a_while_it_is_offered_again_but_never_to_who_is_close_to_it(self, people: dict, settings) -> None:
        case, close = factories.case(severity=2), factories.case(severity=3)
        case.skip(actor=people["reviewer"], reason="time")
        close.skip(actor=people["reviewer"], reason="closeness")
        assert Case.objects.claim_next(actor=people["reviewer"]) is None
        with moved_to(now() + timedelta(hours=settings.SKIP_HOURS, minutes=1)):
            assert Case.objects.claim_next(actor=people["reviewer"]) == case
            case.refresh_from_db()
            case.skip(actor=people["reviewer"], reason="time")
            assert Case.objects.claim_next(actor=people["reviewer"]) is None

    def test_what_is_refused(self, people: dict) -> None:
        case = factories.claimed("reviewer")
        with pytest.raises(Refused, match="Mara Okafor claimed this case"):
            case.skip(actor=people["reviewer2"], reason="time")
        with pytest.raises(Refused, match="Say in the note"):
            case.skip(actor=people["reviewer"], reason="other", note=" ")
        with pytest.raises(NotPermitted):
            case.skip(actor=people["adjudicator"], reason="time")
        case.skip(actor=people["reviewer"], reason="time")
        with pytest.raises(Refused, match="You skipped this case already"):
            case.skip(actor=people["reviewer"], reason="time")
        assert Skip.objects.count() == 1

    def test_the_rows_are_kept_by_the_database_itself(self, people: dict) -> None:
        case = factories.case()
        case.skip(actor=people["reviewer"], reason="time")
        with pytest.raises(IntegrityError, match="skip_says_why"), transaction.atomic():
            Skip.objects.create(case=case, person=people["lead"], reason="other", until=now())
        for change in (lambda: Skip.objects.update(note="x"), Skip.objects.all().delete, Passing.objects.all().delete):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                change()

    def test_pages(self, enter) -> None:
        first, second = factories.case(severity=3), factories.case(severity=2)
        desk = enter("reviewer")
        address = f"{first.get_absolute_url()}skip/"
        kept = desk.post(address, {"skip-reason": "other", "skip-note": ""})
        assert (kept.status_code, bool(kept.context["skip_form"].errors["note"])) == (422, True)
        skipped = {"skip-reason": "language", "skip-note": "العربية فقط", "then": "next"}
        answer = desk.post(address, skipped)
        assert answer.headers["Location"] == second.get_absolute_url()
        again = desk.post(address, skipped)
        assert again.status_code == 409
        assert "العربية فقط" in again.content.decode()
        assert "skipped the case" in enter("lead").get(f"{first.get_absolute_url()}trail/").content.decode()
        assert enter("adjudicator").post(address, skipped).status_code == 403


class TestPassOn:
    def test_the_colleague_holds_it_and_is_told_without_the_note(self, people: dict, settings) -> None:
        case = factories.claimed("reviewer")
        case.pass_on(actor=people["reviewer"], to=people["reviewer2"], note="Same hand as last week.")
        case.refresh_from_db()
        assert (case.claimant, case.state) == (people["reviewer2"], "investigating")
        assert case.claimed_until - now() == pytest.approx(
            timedelta(minutes=settings.PASS_MINUTES), abs=timedelta(seconds=5)
        )
        mail = Message.objects.get(kind="case_passed_on")
        assert mail.recipient == people["reviewer2"].email
        assert "Same hand" not in mail.text
        assert Event.objects.get(kind="case.passed_on").told()["facts.to"] == people["reviewer2"].reference
        with pytest.raises(Refused, match="is working on this case"):
            case.pass_on(actor=people["reviewer"], to=people["lead"], note="Again.")

    def test_a_lead_passes_on_what_nobody_holds_and_nobody_else_does(self, people: dict) -> None:
        case = factories.case()
        with pytest.raises(Refused, match="Claim the case first"):
            case.pass_on(actor=people["reviewer"], to=people["reviewer2"], note="Yours.")
        case.pass_on(actor=people["lead"], to=people["reviewer2"], note="Yours.")
        assert case.claimant == people["reviewer2"]

    @pytest.mark.parametrize("to", ["adjudicator", "admin", "reviewer"])
    def test_only_to_somebody_who_works_on_cases_and_not_to_oneself(self, people: dict, to: str) -> None:
        case = factories.claimed("reviewer")
        with pytest.raises(Refused, match="Choose a colleague"):
            case.pass_on(actor=people["reviewer"], to=people[to], note="Yours.")

    def test_not_to_somebody_with_another_part(self, people: dict, enter) -> None:
        case = factories.claimed("reviewer", reported_by=people["reviewer2"])
        with pytest.raises(Refused, match="cannot take this case now"):
            case.pass_on(actor=people["reviewer"], to=people["reviewer2"], note="Yours.")
        page = enter("reviewer").get(case.get_absolute_url())
        assert f"{case.get_absolute_url()}pass/" in page.content.decode()
        assert people["lead"].name not in page.content.decode()  # colleagues are listed once somebody opens the form
        form = enter("reviewer").get(f"{case.get_absolute_url()}pass/").context["pass_form"]
        assert people["lead"] in form.fields["to"].queryset
        assert people["reviewer2"] not in form.fields["to"].queryset

    def test_pages(self, people: dict, enter) -> None:
        case = factories.claimed("reviewer")
        address = f"{case.get_absolute_url()}pass/"
        assert enter("reviewer").post(address, {"pass-to": people["lead"].pk}).status_code == 422
        long = {"pass-to": people["reviewer2"].pk, "pass-note": "x" * 1001}
        assert enter("reviewer").post(address, long).status_code == 422
        typed = {"pass-to": people["reviewer2"].pk, "pass-note": "You know <b>them</b>."}
        assert enter("reviewer").post(address, typed).status_code == 302
        again = enter("reviewer").post(address, typed)
        assert again.status_code == 409
        assert "You know &lt;b&gt;them" in again.content.decode()
        page = enter("reviewer2").get(case.get_absolute_url()).content.decode()
        assert "passed this case to you" in page
        assert "You know &lt;b&gt;them" in page
        assert enter("adjudicator").post(address, typed).status_code == 403

    def test_who_did_nothing_with_it_is_noted_only_when_the_longer_time_ran_out(self, people: dict, settings) -> None:
        case = factories.claimed("reviewer")
        factories.evidence(case)
        case.pass_on(actor=people["reviewer"], to=people["reviewer2"], note="Yours.")
        over = now() + timedelta(minutes=settings.PASS_MINUTES, seconds=1)
        assert case not in claims_unworked(over - timedelta(minutes=30))
        assert case in claims_unworked(over)
        factories.evidence(case, "reviewer2", b"11:40 user: again\n")
        assert case not in claims_unworked(over)
        assert person("reviewer2") == case.claimant


class TestEscalate:
    def test_who_leads_holds_it_and_is_told_the_kind_of_reason_alone(self, people: dict) -> None:
        case = factories.claimed("reviewer", severity=3)
        case.escalate(actor=people["reviewer"], to=people["lead"], reason="rule", note="Does it cover a <b>joke</b>?")
        case.refresh_from_db()
        assert (case.claimant, case.state, case.severity) == (people["lead"], "investigating", 3)
        mail = Message.objects.get(kind="case_escalated")
        assert mail.recipient == people["lead"].email
        assert "The rule does not say what applies." in mail.text
        assert "joke" not in mail.text
        told = Event.objects.get(kind="case.escalated").told()
        assert (told["facts.to"], told["facts.reason"]) == (people["lead"].reference, "rule")
        case.pass_on(actor=people["lead"], to=people["reviewer"], note="It does not.")
        case.refresh_from_db()
        assert case.claimant == people["reviewer"]

    def test_what_is_refused(self, people: dict) -> None:
        case = factories.claimed("reviewer")
        facts = {"reason": "first", "note": "Look."}
        with pytest.raises(Refused, match="is working on this case"):
            case.escalate(actor=people["reviewer2"], to=people["lead"], **facts)
        for nobody in ("reviewer2", "head", "admin", "reviewer"):
            with pytest.raises(Refused, match="Choose somebody who leads"):
                case.escalate(actor=people["reviewer"], to=people[nobody], **facts)
        for without in (
            {"reason": "", "note": "Look."},
            {"reason": "because", "note": "x"},
            {"reason": "rule", "note": " "},
        ):
            with pytest.raises(Refused, match="Say why"):
                case.escalate(actor=people["reviewer"], to=people["lead"], **without)
        with pytest.raises(NotPermitted):
            case.escalate(actor=people["adjudicator"], to=people["lead"], **facts)
        mine = factories.claimed("lead")
        with pytest.raises(Refused, match="You lead this work yourself"):
            mine.escalate(actor=people["lead"], to=people["lead"], **facts)
        assert not Passing.objects.exists()

    def test_not_to_a_lead_with_another_part(self, people: dict, enter) -> None:
        case = factories.claimed("reviewer")
        Conflict(case=case, person=people["lead"], reason="I know them.").declare(actor=people["lead"])
        with pytest.raises(Refused, match="cannot take this case now"):
            case.escalate(actor=people["reviewer"], to=people["lead"], reason="rule", note="Look.")
        assert (
            b"Nobody who leads this work is free"
            in enter("reviewer").get(f"{case.get_absolute_url()}escalate/").content
        )

    def test_pages(self, people: dict, enter) -> None:
        case = factories.claimed("reviewer")
        address, desk = f"{case.get_absolute_url()}escalate/", enter("reviewer")
        assert address in desk.get(case.get_absolute_url()).content.decode()
        part = desk.get(address, headers={"HX-Request": "true"}).content.decode()
        assert people["lead"].name in part
        assert "<html" not in part
        assert "<html" in desk.get(address).content.decode()
        kept = desk.post(address, {"escalate-reason": "danger", "escalate-note": "Ses parents مرحبا"})
        assert kept.status_code == 422
        assert "مرحبا" in kept.content.decode()
        typed = {
            "escalate-to": people["lead"].pk,
            "escalate-reason": "danger",
            "escalate-note": "They <i>live</i> close.",
        }
        assert desk.post(address, typed).status_code == 302
        again = desk.post(address, typed)
        assert again.status_code == 409
        assert "They &lt;i&gt;live&lt;/i&gt; close." in again.content.decode()
        assert desk.get(address).status_code == 409
        page = enter("lead").get(case.get_absolute_url()).content.decode()
        assert "escalated this case to you" in page
        assert "Somebody may be in danger." in page
        assert "They &lt;i&gt;live" in page
        assert enter("adjudicator").get(address).status_code == 404
