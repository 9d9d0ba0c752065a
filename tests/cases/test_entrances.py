"""The entrances for reports: what each asks and promises, who answers for it, and what comes of a report there."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from cases.forms import ReportForm
from cases.models import Answerable, Hand, Report
from cases.models.answerable import Pathway
from cases.pathway_forms import AuditorForm, InternalForm
from tests import factories
from tests.factories import person
from tests.sla.tables import adopt
from tipstaff.ledger.models import Event
from tipstaff.notices.models import Message
from tipstaff.sla.models import Clock
from tipstaff.workflow.actors import LinkHolder
from tipstaff.workflow.refused import NotPermitted, Refused

pytestmark = pytest.mark.usefixtures("people")
DOORS = ("/report/", "/report/auditor/", "/report/partner/")


def typed(**columns: Any) -> dict[str, Any]:
    return {"submission": str(uuid4()), "description": "Forty accounts, one text.", "good_faith": "on"} | columns


def finding(**columns: Any) -> dict[str, Any]:
    return typed(mandate="Board audit 2026, ref 12", contact="audit@firm.example") | columns


def answerable(pathway: str = "public", by: str = "compliance", **columns: Any) -> Answerable:
    facts = {"role": "head_of_enforcement", "name": "Rosa Lindqvist", "contact": "rosa@provider.example"}
    latest = Answerable.objects.of(pathway)
    named = Answerable(pathway=pathway, appointed_by=person(by), **(facts | {"reason": "She took over."} | columns))
    named.appoint(actor=person(by), after=latest.number if latest else 0)
    return named


class TestEntrances:
    def test_each_leads_to_the_others(self, client: Client, enter) -> None:
        every = {*DOORS, "/desk/reports/new/"}
        for door in every:
            page = (enter("product") if door.startswith("/desk") else client).get(door)
            assert page.status_code == 200
            assert all(f'href="{other}"' in page.text for other in every - {door}), door

    @pytest.mark.parametrize("shape", [ReportForm, AuditorForm, InternalForm])
    def test_no_field_without_its_why(self, shape: Any) -> None:
        fields = {name: field for name, field in shape().fields.items() if not field.widget.is_hidden}
        assert len(fields) > 5
        assert [name for name, field in fields.items() if len(str(field.help_text)) < 20] == []

    @pytest.mark.parametrize("door", DOORS)
    def test_times_are_those_in_force(self, client: Client, door: str) -> None:
        assert "1 hour to 5 working days" in client.get(door).text
        adopt({"kind": "triage", "amount": 7, "unit": "hours"})
        page = client.get(door).text
        assert "7 hours" in page
        assert "5 working days</span>" not in page

    def test_receipt_status_and_mail_say_the_times_of_this_report(self, client: Client) -> None:
        adopt({"kind": "triage", "amount": 7, "unit": "hours"})
        page = client.post("/report/", typed(contact="r@people.example"))
        assert "within 7 hours" in page.text
        assert "at most 7 hours after you sent it" in client.post("/follow/", {"code": page.context["code"]}).text
        assert "That takes 7 hours at most." in Message.objects.get(kind="report_received").text

    @pytest.mark.parametrize("language", ["es", "fr", "ar"])
    @pytest.mark.parametrize("door", DOORS)
    def test_in_other_languages(self, client: Client, door: str, language: str) -> None:
        page = client.get(door, headers={"Accept-Language": language}).text
        assert f'lang="{language}"' in page
        assert "Who answers for it" not in page

    @pytest.mark.parametrize("door", DOORS)
    def test_few_queries(self, client: Client, django_assert_max_num_queries, door: str) -> None:
        with django_assert_max_num_queries(8):
            client.get(door)


class TestAuditors:
    def test_a_finding_has_its_acknowledgement_and_its_clock(self, client: Client) -> None:
        answerable("auditor", name="Amal Idris")
        page = client.post("/report/auditor/", finding())
        report = Report.objects.get()
        assert page.status_code == 200
        assert (report.channel, report.pathway, report.mandate) == ("auditor", "auditor", "Board audit 2026, ref 12")
        assert {clock.kind for clock in Clock.objects.about(report).running()} == {"triage", "receipt", "finding"}
        mail = Message.objects.get(about=report.reference)
        assert (mail.kind, mail.recipient) == ("finding_received", "audit@firm.example")
        assert "Amal Idris, Head of enforcement, rosa@provider.example" in mail.text
        assert "within 10 working days" in mail.text
        assert "10 working days" in page.text
        assert "Amal Idris" in page.text

    @pytest.mark.parametrize("end", ["decline", "withdraw", "answer"])
    def test_the_clock_ends_with_the_answer(self, end: str) -> None:
        report = factories.report(channel="auditor", mandate="Board audit")
        if end == "withdraw":
            report.withdraw(actor=LinkHolder("reporter", report.reference))
        elif end == "decline":
            report.decline(actor=person("lead"), reason="not_a_breach", note="")
        else:
            _answered(report)
        clock = Clock.objects.about(report).get(kind="finding")
        assert clock.outcome == ("cancelled" if end == "withdraw" else "met")

    def test_it_gives_no_rank(self, client: Client) -> None:
        client.post("/report/auditor/", finding())
        report = Report.objects.get()
        assert (report.trust, report.flagger) == (0, None)

    @pytest.mark.parametrize("missing", ["mandate", "contact", "description", "good_faith"])
    def test_what_it_needs_is_asked_for_and_the_rest_kept(self, client: Client, missing: str) -> None:
        page = client.post("/report/auditor/", finding(account="حساب ١٢") | {missing: ""})
        assert page.status_code == 422
        assert page.context["form"].errors.keys() == {missing}
        assert "حساب ١٢" in page.text
        assert not Report.objects.exists()

    def test_long_and_twice(self, client: Client) -> None:
        sent = finding(description="ب" * 5000, mandate="م" * 300)
        first, second = client.post("/report/auditor/", sent), client.post("/report/auditor/", sent)
        assert first.context["code"] == second.context["code"]
        assert Report.objects.count() == 1
        assert client.post("/report/auditor/", finding(mandate="x" * 301)).status_code == 422


def _answered(report: Report) -> None:
    report.accept(actor=person("lead"), subject=factories.subject(), rule=factories.rule(), severity=2)
    report.answer(actor=person("senior"), outcome="")


class TestInternal:
    def test_who_reports_takes_the_part_and_no_other(self, enter) -> None:
        page = enter("reviewer").post("/desk/reports/new/", typed(rule="SP-03"))
        assert page.status_code == 200
        report = Report.objects.get()
        assert (report.channel, report.pathway, report.reported_by) == ("internal", "internal", person("reviewer"))
        assert report.contact == person("reviewer").email
        with pytest.raises(Refused, match="someone else must triage"):
            report.accept(actor=person("reviewer"), subject=factories.subject(), rule=factories.rule(), severity=2)
        case = report.accept(actor=person("lead"), subject=factories.subject(), rule=factories.rule(), severity=2)
        assert case.hands.get(person=person("reviewer")).part == Hand.Part.REPORTED
        with pytest.raises(Refused, match="reported this case"):
            case.claim(actor=person("reviewer"))

    def test_without_a_sign_in_or_the_right_it_is_not_there(self, client: Client, enter) -> None:
        assert client.get("/desk/reports/new/").url.startswith("/accounts/login/")
        assert enter("admin").get("/desk/reports/new/").status_code == 404
        assert enter("admin").post("/desk/reports/new/", typed()).status_code == 403
        assert not Report.objects.exists()

    def test_a_contact_that_was_typed_in_is_not_taken(self, enter) -> None:
        enter("legal").post("/desk/reports/new/", typed(contact="other@people.example"))
        assert Report.objects.get().contact == person("legal").email


class TestAnswerable:
    def test_every_edition_is_kept_and_an_event(self) -> None:
        first, second = answerable(), answerable(name="Tomás Vega", by="head")
        assert (first.number, second.number) == (1, 2)
        assert Answerable.objects.current() == {"public": second}
        kinds = Event.objects.filter(kind="answerable.appointed")
        assert kinds.count() == 2
        with pytest.raises(Exception, match="permission denied"), transaction.atomic():
            Answerable.objects.filter(pk=first.pk).update(name="Nobody")

    def test_it_is_read_on_the_entrance_the_receipt_and_how_we_enforce(self, client: Client) -> None:
        answerable(name="Rosa <Lindqvist>")
        answerable("partner", name="مها ناصر", contact="https://provider.example/partners")
        for page in (client.get("/report/"), client.post("/report/", typed()), client.get(reverse("how_we_enforce"))):
            assert "Rosa &lt;Lindqvist&gt;" in page.text
            assert 'href="mailto:rosa@provider.example"' in page.text
        assert "مها ناصر" not in client.get("/report/").text
        assert 'href="https://provider.example/partners"' in client.get("/report/partner/").text

    def test_of_two_at_once_the_second_is_told(self, enter) -> None:
        answerable()
        desk = enter("compliance")
        sent = {"role": "counsel", "name": "Ana", "contact": "ana@provider.example", "reason": "New.", "after": "1"}
        sent = {f"public-{name}": value for name, value in sent.items()}
        assert desk.post("/desk/entrances/public/", sent).status_code == 302
        again = desk.post("/desk/entrances/public/", sent | {"public-name": "Berta kept as typed"})
        assert again.status_code == 409
        assert "Berta kept as typed" in again.text
        assert 'name="public-after" value="2"' in again.text
        assert Answerable.objects.count() == 2

    def test_the_page(self, enter, client: Client, django_assert_max_num_queries) -> None:
        desk = enter("head")
        assert desk.get("/desk/entrances/").text.count("Nobody is named.") == len(Pathway)
        for contact in ("nobody", "javascript://x", "ftp://a.example"):
            sent = {"auditor-role": "lead", "auditor-name": "A", "auditor-contact": contact, "auditor-reason": "R"}
            page = desk.post("/desk/entrances/auditor/", sent | {"auditor-after": "0"})
            assert page.status_code == 422
        assert desk.post("/desk/entrances/nowhere/", {}).status_code == 404
        for number in range(6):
            answerable("auditor", name=f"N{number}")
        with django_assert_max_num_queries(6):
            assert "5 before" in desk.get("/desk/entrances/").text
        assert enter("lead").get("/desk/entrances/").status_code == 404
        assert enter("lead").post("/desk/entrances/auditor/", {}).status_code == 403

    def test_who_may_and_who_may_be_named(self) -> None:
        with pytest.raises(NotPermitted):
            answerable(by="lead")
        with pytest.raises(Refused, match="decides cases"):
            answerable(role="auditor")
        with pytest.raises(IntegrityError, match="answerable_whole"), transaction.atomic():
            answerable(name=" ")
