"""Who reported is told to nobody without their yes; and an address counts only for whoever reads mail there."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from cases.models import Consent, Referral, Report
from tests import factories
from tests.factories import person
from tipstaff.ledger.models import Event
from tipstaff.notices import outbox
from tipstaff.notices.models import Message
from tipstaff.workflow.actors import LinkHolder
from tipstaff.workflow.refused import NotPermitted, Refused

pytestmark = pytest.mark.usefixtures("people")
LAW = "Regulation (EU) 2022/2065, Article 18."


def asked(report: Report | None = None, by: str = "reviewer", **columns: Any) -> Consent:
    facts = {"recipient": "authority", "recipient_name": "Federal Police", "purpose": "They want to ask you back."}
    consent = Consent(report=report or factories.report(), asked_by=person(by), **(facts | columns))
    consent.ask(actor=person(by))
    return consent


def holder(report: Report) -> LinkHolder:
    return LinkHolder("reporter", report.reference)


def typed(**columns: Any) -> dict[str, Any]:
    return {"submission": str(uuid4()), "description": "Forty accounts.", "good_faith": "on"} | columns


def told(report: Report, **columns: Any) -> Referral:
    facts = {"authority": "Federal Police", "basis": LAW, "handed_over": "E-1.", "named": [report.ref]}
    made = Referral(case=report.case, made_by=person("custodian"), **(facts | columns))
    made.make(actor=person("custodian"))
    return made


@pytest.fixture
def report() -> Report:
    case = factories.case(code="CH-03", severity=4)
    return case.reports.get()


class TestAsking:
    def test_by_mail_answered_by_the_link_and_kept_with_the_words(self, client: Client) -> None:
        consent = asked()
        mail = Message.objects.get(kind="consent_asked")
        assert "May we tell Federal Police your e-mail address" in mail.text
        assert consent.report.own_url in mail.text
        page = client.get(consent.report.own_url)
        assert "May we tell Federal Police" in page.text
        assert consent.report.description not in page.text
        assert not page.cookies
        assert Consent.objects.get().state == "asked"  # reading changes nothing
        sent = {"act": "consent_give", "consent": str(consent.pk)}
        assert client.post(consent.report.own_url, sent).status_code == 200
        consent.refresh_from_db()
        assert (consent.state, consent.language) == ("given", "en")
        assert consent.wording == consent.words
        assert client.post(consent.report.own_url, sent).status_code == 409

    def test_the_code_answers_too_and_takes_back(self, client: Client) -> None:
        consent = asked()
        sent = {"code": consent.report.code, "consent": str(consent.pk)}
        assert "Not answered: nobody is told" in client.post("/follow/", sent).text
        assert "You said yes" in client.post("/follow/", sent | {"act": "consent_give"}).text
        assert "You took your yes back" in client.post("/follow/", sent | {"act": "consent_withdraw"}).text
        consent.refresh_from_db()
        assert consent.withdrawn_at > consent.answered_at
        assert asked(consent.report).state == "asked"  # it may be asked anew

    def test_of_another_report_it_is_not_there(self, client: Client) -> None:
        consent, other = asked(), factories.report()
        for pk in (str(consent.pk), "nonsense", ""):
            assert client.post(other.own_url, {"act": "consent_give", "consent": pk}).status_code == 404
        assert Consent.objects.get().state == "asked"
        assert client.get("/follow/nothing.signed/").status_code == 404

    def test_no_address_or_twice_is_refused_in_words(self) -> None:
        with pytest.raises(Refused, match="gave no address"):
            asked(factories.report(contact=""))
        consent = asked()
        with pytest.raises(Refused, match="asked before"):
            asked(consent.report)
        consent.refuse(actor=holder(consent.report))
        assert asked(consent.report).state == "asked"

    def test_who_may(self, enter) -> None:
        report = factories.report()
        for mailbox in ("adjudicator", "auditor", "product"):
            with pytest.raises(NotPermitted):
                asked(report, by=mailbox)
        with pytest.raises(NotPermitted):
            asked(report).give(actor=person("lead"))
        sent = {"consent-recipient": "partner", "consent-recipient_name": "", "consent-purpose": "ل" * 400}
        address = f"/desk/reports/{report.ref}/consent/"
        assert enter("auditor").post(address, sent).status_code == 403
        desk = enter("reviewer")
        assert desk.post(address, sent | {"consent-purpose": "x" * 501}).status_code == 422
        assert desk.post(address, sent).status_code == 302
        again = desk.post(address, sent)
        assert again.status_code == 409
        assert "ل" * 400 in again.text
        assert "Asked" in desk.get(report.get_absolute_url()).text

    def test_in_arabic(self, client: Client) -> None:
        consent = asked(factories.report(language="ar", contact="r@people.example"))
        assert "Federal Police" in Message.objects.get(kind="consent_asked").text
        client.post(f"{consent.report.own_url}?lang=ar", {"act": "consent_give", "consent": str(consent.pk)})
        consent.refresh_from_db()
        assert consent.language == "ar"
        assert re.search("[\u0600-\u06ff]", consent.wording)

    def test_the_box_of_the_form_is_empty_and_counts_when_ticked(self, client: Client) -> None:
        page = client.get("/report/").text
        assert re.search(r'name="may_share"[^>]*>', page)
        assert not re.search(r'name="may_share"[^>]*checked', page)
        client.post("/report/", typed())
        client.post("/report/", typed(may_share="on"))  # and no address
        assert not Consent.objects.exists()
        sent = typed(may_share="on", contact="me@people.example", description="Another.")
        assert [client.post("/report/", sent).status_code for _twice in range(2)] == [200, 200]
        consent = Consent.objects.get()
        assert (consent.state, consent.recipient, consent.recipient_name) == ("given", "authority", "")
        assert "May we tell an authority" in consent.wording

    def test_events_name_nobody(self) -> None:
        consent = asked()
        consent.give(actor=holder(consent.report))
        told = [event.told() for event in Event.objects.filter(kind__startswith="consent.")]
        assert len(told) == 2
        assert not [facts for facts in told if consent.report.contact in str(facts)]

    def test_the_database_keeps_what_was_read(self) -> None:
        consent = asked()
        consent.give(actor=holder(consent.report))
        with pytest.raises(IntegrityError, match="consent_keeps_what_was_read"), transaction.atomic():
            Consent.objects.filter(pk=consent.pk).update(wording="")


class TestNaming:
    def test_nobody_is_named_without_a_yes(self, report: Report) -> None:
        with pytest.raises(Refused, match=f"agreed to be named for {report.ref}"):
            told(report)
        consent = asked(report)
        with pytest.raises(Refused, match="agreed to be named"):
            told(report)
        consent.give(actor=holder(report))
        assert told(report).named == [report.ref]
        consent.withdraw(actor=holder(report))
        with pytest.raises(Refused, match="agreed to be named"):
            told(report)

    def test_a_yes_to_one_is_no_yes_to_another(self, report: Report) -> None:
        asked(report).give(actor=holder(report))
        asked(report, recipient="subject", recipient_name="").give(actor=holder(report))
        with pytest.raises(Refused, match="agreed to be named"):
            told(report, authority="Another office")

    def test_unless_a_law_compels_it_which_is_kept(self, report: Report) -> None:
        made = told(report, duty="Criminal code, section 138.")
        assert (made.named, made.duty) == ([report.ref], "Criminal code, section 138.")
        with pytest.raises(Refused, match="agreed to be named"):
            told(report, duty="  ")

    def test_a_report_of_another_case_is_left_out(self, report: Report) -> None:
        other = factories.case(contact="other@people.example").reports.get()
        assert told(report, named=[other.ref, "R-NOPE"]).named == []

    def test_the_page_offers_it_and_keeps_what_was_typed(self, enter, report: Report) -> None:
        desk, address = enter("custodian"), f"/desk/referrals/{report.case.ref}/"
        page = desk.get(address).text
        assert f"{report.ref}: not asked" in page
        assert report.contact not in page
        sent = {"authority": "Police", "basis": LAW, "handed_over": "Kept as typed.", "named": [report.ref]}
        sent = {f"referral-{name}": value for name, value in sent.items()}
        answer = desk.post(f"{address}notice/", sent)
        assert answer.status_code == 409
        assert "Kept as typed." in answer.text
        assert desk.post(f"{address}notice/", sent | {"referral-duty": "A law."}).status_code == 302
        assert report.contact in desk.get(address).text


class TestHidden:
    def test_a_colleague_who_reported_is_not_named_on_the_desk(self, enter) -> None:
        product = person("product")
        report = factories.report(reported_by=product, channel="internal")
        desk = enter("reviewer")
        page = desk.get(report.get_absolute_url()).text
        assert "Who it is stays hidden." in page
        assert product.name not in page
        case = report.accept(actor=person("lead"), subject=factories.subject(), rule=factories.rule(), severity=2)
        assert product.name not in desk.get(case.get_absolute_url()).text
        assert product.name not in desk.get(f"/desk/cases/{case.ref}/trail/").text

    def test_nor_in_the_history_of_a_report_filed_under_a_sign_in(self, enter) -> None:
        enter("product").post("/desk/reports/new/", typed())
        page = enter("reviewer").get(Report.objects.get().get_absolute_url()).text
        assert person("product").name not in page


class TestAddress:
    def test_somebody_elses_good_name_gives_no_rank(self) -> None:
        factories.issued(case_columns={"contact": "right@people.example"})
        stolen = factories.report(contact="right@people.example", proven=False)
        assert (stolen.trust, stolen.earlier_right) == (0, 0)

    def test_nor_does_a_false_report_in_their_name_spoil_it(self) -> None:
        factories.issued(case_columns={"contact": "right@people.example"})
        for _number in range(3):
            factories.report(contact="right@people.example", proven=False).decline(
                actor=person("lead"), reason="unfounded", note=""
            )
        own = factories.report(contact="right@people.example")
        assert (own.earlier_right, own.earlier_wrong, own.trust) == (1, 0, 17)

    def test_the_link_in_the_mail_proves_it_and_reading_does_not(self, client: Client) -> None:
        factories.issued(case_columns={"contact": "right@people.example"})
        client.post("/report/", typed(contact="right@people.example"))
        report = Report.objects.latest("received_at")
        mail = Message.objects.filter(kind="report_received").latest("queued_at")
        assert report.own_url in mail.text
        client.get(report.own_url)
        report.refresh_from_db()
        assert (report.trust, report.contact_proven_at) == (0, None)
        assert "You confirmed" in client.post(report.own_url, {"act": "prove"}).text
        report.refresh_from_db()
        assert (report.trust, report.earlier_right) == (17, 1)
        assert client.post(report.own_url, {"act": "prove"}).status_code == 409
        while outbox.deliver_due():
            pass
        mail.refresh_from_db()
        assert report.own_url not in mail.text  # the link was theirs, and is not kept
