"""A case that waits, goes on, joins another or comes to rest; and a measure that ends early."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.formats import date_format

from cases import statement
from cases.models import Case, Sanction
from cases.tasks import close_at_rest
from tests import factories
from tipstaff.ledger.models import Event
from tipstaff.notices import outbox
from tipstaff.notices.models import Message, Notice
from tipstaff.sla.models import Clock
from tipstaff.sla.sweep import sweep
from tipstaff.time import moved_to, now
from tipstaff.workflow.refused import NotPermitted, Refused


def kinds(case: Case) -> list[str]:
    return list(Event.objects.filter(stream_id=case.stream).order_by("seq").values_list("kind", flat=True))


def delivered(decision: object) -> None:
    """As if the mail with the notice was taken by the account holder's server just now."""
    message = Notice.objects.get(about=decision.reference).message
    message.hand_over(actor=outbox.OUTBOX)


class TestWaiting:
    def test_the_clock_stands_still_and_the_queue_forgets_the_case(self, people: dict) -> None:
        case = factories.claimed()
        due = case.due_at
        case.await_information(actor=people["reviewer"], awaiting="outside", question="Whose address is it?")
        case.refresh_from_db()
        assert (case.state, case.awaiting, case.claimant, case.due_at) == (
            "awaiting_information",
            "outside",
            None,
            None,
        )
        assert case not in Case.objects.queued()
        with moved_to(now() + timedelta(days=3)):
            case.resume(actor=people["reviewer2"], answer="A shared office.")
            case.refresh_from_db()
            assert (case.state, case.claimant) == ("investigating", people["reviewer2"])
        assert case.due_at - due == pytest.approx(timedelta(days=3), abs=timedelta(seconds=5))
        assert [kind for kind in kinds(case) if kind.startswith("case.")][-2:] == [
            "case.awaited_information",
            "case.resumed",
        ]

    def test_waiting_for_ourselves_stops_no_clock(self, people: dict) -> None:
        case = factories.claimed()
        due = case.due_at
        case.await_information(actor=people["reviewer"], awaiting="colleagues", question="Is this our test account?")
        case.refresh_from_db()
        assert (case.state, case.due_at) == ("awaiting_information", due)

    def test_after_a_fortnight_the_clock_runs_again_by_itself(self, people: dict) -> None:
        case = factories.claimed()
        due = case.due_at
        case.await_information(actor=people["reviewer"], awaiting="outside", question="Whose address is it?")
        with moved_to(now() + timedelta(days=15)):
            sweep()
            case.refresh_from_db()
            assert case.state == "awaiting_information"
            assert case.due_at - due == pytest.approx(timedelta(days=14), abs=timedelta(seconds=5))

    def test_only_whoever_holds_it_sets_it_aside(self, people: dict) -> None:
        case = factories.claimed()
        with pytest.raises(Refused, match="Mara Okafor is working"):
            case.await_information(actor=people["reviewer2"], awaiting="outside", question="Who?")

    def test_an_unknown_reason_to_wait_is_refused_by_the_form_and_by_the_row(self, people: dict, enter) -> None:
        case = factories.claimed()
        answer = enter("reviewer").post(f"{case.get_absolute_url()}await/", {"await-awaiting": "weather"})
        assert answer.status_code == 422
        with pytest.raises(IntegrityError), transaction.atomic():
            Case.objects.filter(pk=case.pk).update(state="awaiting_information")

    def test_pages(self, people: dict, enter) -> None:
        case = factories.claimed()
        reviewer = enter("reviewer")
        page = case.get_absolute_url()
        asked = {"await-awaiting": "reporter", "await-question": "Which night was it?"}
        assert b"waits for an answer" in reviewer.post(f"{page}await/", asked, follow=True).content
        assert b"The investigation waits for a reporter" in reviewer.get(page).content
        assert b"Go on with it" not in enter("adjudicator").get(page).content
        assert b"its clock runs again" in reviewer.post(f"{page}resume/", {}, follow=True).content
        assert reviewer.post(f"{page}resume/", {}).status_code == 409


class TestMerging:
    def test_every_report_goes_along(self, people: dict) -> None:
        into, other = factories.case(severity=2), factories.case(severity=3)
        report = other.reports.get()
        other.merge(actor=people["lead"], into=into, reason="Two accounts of one shop.")
        for record in (into, other, report):
            record.refresh_from_db()
        assert (other.state, other.merged_into, other.due_at) == ("merged", into, None)
        assert report.case == into
        assert into.severity == 3
        assert {clock.outcome for clock in Clock.objects.about(other)} == {"cancelled"}
        assert Clock.objects.about(into).get(kind="decision").stopped_at is None

    def test_whoever_reported_keeps_out_of_the_case_it_went_to(self, people: dict) -> None:
        into, other = factories.case(), factories.case(reported_by=people["reviewer2"])
        other.merge(actor=people["lead"], into=into, reason="One matter.")
        assert Case.objects.get(pk=into.pk).part_of(people["reviewer2"]) == "reported"

    def test_what_cannot_be_merged(self, people: dict) -> None:
        case, lead = factories.claimed(), people["lead"]
        with pytest.raises(Refused, match="Mara Okafor is working"):
            case.merge(actor=lead, into=factories.case(), reason="One matter.")
        factories.evidence(case)
        case.release(actor=people["reviewer"])
        with pytest.raises(Refused, match="Evidence or findings stand in this case"):
            case.merge(actor=lead, into=factories.case(), reason="One matter.")
        fresh = factories.case()
        with pytest.raises(Refused, match="into itself"):
            fresh.merge(actor=lead, into=fresh, reason="One matter.")
        with pytest.raises(Refused, match="is decided, or about to be"):
            fresh.merge(actor=lead, into=factories.proposed().case, reason="One matter.")
        with pytest.raises(Refused, match="about other rules"):
            fresh.merge(actor=lead, into=factories.case(code="FR-04"), reason="One matter.")
        with pytest.raises(NotPermitted):
            fresh.merge(actor=people["reviewer"], into=factories.case(), reason="One matter.")

    def test_page(self, people: dict, enter) -> None:
        case, into = factories.case(), factories.case()
        lead = enter("lead")
        page = case.get_absolute_url()
        assert b"Merge it into another case" not in enter("reviewer").get(page).content
        assert lead.post(f"{page}merge/", {"merge-into": "C-ZZZZ", "merge-reason": "x"}).status_code == 422
        answer = lead.post(f"{page}merge/", {"merge-into": into.ref, "merge-reason": "One shop."}, follow=True)
        assert f"{case.ref} is merged into {into.ref}".encode() in answer.content
        assert into.ref.encode() in lead.get(page).content


class TestRest:
    def test_a_case_without_a_measure_is_closed_when_decided(self, people: dict) -> None:
        case = factories.issued(outcome="support_routing", by="senior").case
        case.close(actor=people["lead"])
        case.refresh_from_db()
        assert case.state == "closed"
        assert {report.state for report in case.reports.all()} == {"closed"}

    def test_not_while_the_account_holder_can_appeal(self, people: dict) -> None:
        decision = factories.issued()
        case = decision.case
        with pytest.raises(Refused, match="No mail with the notice"):
            case.close(actor=people["lead"])
        delivered(decision)
        with pytest.raises(Refused, match="can appeal"):
            case.close(actor=people["lead"])
        appeal = factories.lodged(decision)
        with moved_to(now() + timedelta(days=400)):
            with pytest.raises(Refused, match="An appeal against"):
                case.close(actor=people["lead"])
            appeal.take_up(actor=people["appeals"])
            appeal.uphold(actor=people["appeals"], reasons=factories.REASONS)
            case.close(actor=people["lead"])

    def test_the_tick_closes_what_is_at_rest_and_nothing_else(self, people: dict) -> None:
        over, running = factories.issued(), factories.issued()
        delivered(over)
        with moved_to(now() + timedelta(days=100)):
            delivered(running)
        with moved_to(now() + timedelta(days=200)):
            close_at_rest()
            close_at_rest()
        assert Case.objects.get(pk=over.case.pk).state == "closed"
        assert Case.objects.get(pk=running.case.pk).state == "decided"

    def test_page(self, people: dict, enter) -> None:
        case = factories.issued(outcome="support_routing").case
        lead = enter("lead")
        assert b"Close the case" in lead.get(case.get_absolute_url()).content
        assert b"is closed" in lead.post(f"{case.get_absolute_url()}close/", follow=True).content
        waiting = factories.issued().case
        assert b"It cannot be closed yet." in lead.get(waiting.get_absolute_url()).content
        assert lead.post(f"{waiting.get_absolute_url()}close/").status_code == 409
        assert enter("reviewer").post(f"{waiting.get_absolute_url()}close/").status_code == 403

    def test_the_day_until_when_it_waits_is_written_as_the_reader_writes_days(self, people: dict) -> None:
        decision = factories.issued()
        delivered(decision)
        closes = statement.appeal_closes_at(decision)
        for language in ("en", "es"):
            with translation.override(language):
                assert f" {date_format(closes, 'DATE_FORMAT')}." in Case.objects.get(pk=decision.case_id).rest_refusal

    def test_the_reporter_still_reads_that_it_was_decided(self, people: dict, client) -> None:
        report = factories.report()
        case = report.accept(actor=people["lead"], subject=factories.subject(), rule=factories.rule(), severity=2)
        case.claim(actor=people["reviewer"])
        decision = factories.draft(case, outcome="no_breach")
        decision.propose(actor=people["reviewer"])
        decision.issue(actor=people["senior"])
        with moved_to(now() + timedelta(days=200)):
            case.close(actor=people["lead"])
        assert b"The case was decided" in client.post("/follow/", {"code": report.code}).content


class TestLifting:
    @pytest.fixture
    def suspension(self, people: dict) -> Sanction:
        return next(sanction for sanction in factories.issued().sanctions.all() if sanction.lasts and sanction.ends_at)

    def test_it_ends_at_once_and_the_account_holder_is_told(self, people: dict, suspension: Sanction) -> None:
        suspension.lift(actor=people["head"], reason="The training was finished early.")
        assert not suspension.is_in_force
        told = Message.objects.get(kind="measure_lifted")
        assert told.recipient == "holder@customer.example"
        assert "The training was finished early." in told.text

    def test_what_is_over_is_not_lifted(self, people: dict, suspension: Sanction) -> None:
        with moved_to(now() + timedelta(days=4000)), pytest.raises(Refused, match="ended by itself"):
            suspension.lift(actor=people["head"], reason="Too late.")

    def test_a_warning_has_nothing_to_end(self, people: dict, suspension: Sanction) -> None:
        given = next(sanction for sanction in suspension.decision.sanctions.all() if not sanction.lasts)
        with pytest.raises(Refused, match="given once"):
            given.lift(actor=people["head"], reason="No.")

    def test_page(self, people: dict, enter, suspension: Sanction) -> None:
        page, act = suspension.decision.page_url, f"/desk/sanctions/{suspension.ref}/lift/"
        assert f"End {suspension.ref} early" not in enter("reviewer").get(page).content.decode()
        assert enter("reviewer").post(act).status_code == 403
        head = enter("head")
        assert f"End {suspension.ref} early" in head.get(page).content.decode()
        assert head.post(act, {}).status_code == 422
        long = head.post(act, {f"{suspension.ref}-reason": "x" * 5000})
        assert long.status_code == 422
        assert "x" * 5000 in long.content.decode()
        answer = head.post(act, {f"{suspension.ref}-reason": "Served its purpose."}, follow=True)
        assert f"{suspension.ref} is lifted" in answer.content.decode()
        assert head.post(act, {f"{suspension.ref}-reason": "Again."}).status_code == 409
