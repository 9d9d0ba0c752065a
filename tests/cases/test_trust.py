"""Who is trusted: reporters by their record, flaggers by a grant, and how much is taken from whom."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.test import Client

from cases import trust
from cases.models import Case, Report
from cases.models.flagger import Flagger
from tests import factories
from tests.factories import person
from tipstaff.accounts.models import Token
from tipstaff.ledger.models import Event
from tipstaff.notices.models import Message
from tipstaff.time import moved_to, now
from tipstaff.workflow.refused import NotPermitted, Refused


def flagger(**columns: Any) -> Flagger:
    facts = {"name": "Hotline", "contact": "hot@line.example", "reason": "Named by the coordinator."}
    granted = Flagger(granted_by=person("lead"), ends_at=now() + timedelta(days=90), **(facts | columns))
    granted.grant(actor=person("lead"))
    return granted


def typed(**columns: str) -> dict[str, str]:
    return {"submission": str(uuid4()), "description": "Forty accounts, one text.", "good_faith": "on"} | columns


def declined(reason: str, **columns: Any) -> Report:
    report = factories.report(**columns)
    report.decline(actor=person("lead"), reason=reason, note="")
    return report


class TestRecord:
    def test_breaches_count_for_and_unfounded_reports_against(self, people: dict, django_assert_num_queries) -> None:
        assert factories.report(contact="new@people.example").trust == 0
        factories.issued(case_columns={"contact": "Right@people.example"})
        factories.proposed(case_columns={"contact": "right@people.example"})
        declined("out_of_scope", contact="right@people.example")
        after = factories.report(contact="right@people.example")
        assert (after.earlier_right, after.earlier_wrong, after.trust) == (1, 0, 17)
        declined("unfounded", contact="wrong@people.example")
        declined("not_a_breach", contact="wrong@people.example")
        wrong = factories.report(contact="wrong@people.example")
        assert (wrong.earlier_right, wrong.earlier_wrong, wrong.trust) == (0, 2, -25)
        with django_assert_num_queries(1):
            trust.standing_of(after)
        assert factories.report(contact="").trust == 0

    def test_a_case_is_as_trusted_as_its_best_reporter(self, people: dict) -> None:
        factories.issued(case_columns={"contact": "right@people.example"})
        declined("unfounded", contact="wrong@people.example")
        about = factories.subject()
        case = factories.case(about=about, contact="wrong@people.example")
        assert case.trust < 0
        factories.case(about=about, contact="right@people.example")
        case.refresh_from_db()
        assert case.trust == 17

    def test_staff_and_machines_are_known_by_who_they_are_and_not_by_an_address(self, people: dict) -> None:
        declined("unfounded", contact="same@people.example", reported_by=people["policy"])
        assert factories.report(contact="same@people.example").earlier_wrong == 0
        assert factories.report(contact="", reported_by=people["policy"]).earlier_wrong == 1

    def test_triage_sees_the_numbers(self, enter) -> None:
        declined("unfounded", contact="wrong@people.example")
        report = factories.report(contact="wrong@people.example")
        page = enter("reviewer").get(report.get_absolute_url()).content.decode()
        assert "0 led to a breach, 1 were unfounded; trust -17 of 50" in page


class TestFlagger:
    def test_granted_used_and_revoked(self, people: dict, client: Client, enter) -> None:
        granted = flagger()
        mail = Message.objects.get(kind="flagger_granted")
        assert granted.report_url in mail.text
        assert b"trusted flagger until" in client.get(granted.report_url).content
        assert client.post(granted.report_url, typed(), follow=True).status_code == 200
        report = Report.objects.get()
        assert report.flagger == granted
        plain = factories.case(severity=3)
        case = report.accept(actor=people["lead"], subject=factories.subject(), rule=factories.rule(), severity=3)
        assert list(Case.objects.queued()) == [case, plain]
        granted.revoke(actor=people["compliance"], reason="Nine of ten were wrong.")
        assert "Nine of ten" in Message.objects.get(kind="flagger_revoked").text
        assert b"no longer makes you a trusted flagger" in client.get(granted.report_url).content
        assert client.post(granted.report_url, typed(description="Another.")).status_code == 200
        assert Report.objects.latest("received_at").flagger is None
        with pytest.raises(Refused, match="revoked before"):
            granted.revoke(actor=people["lead"], reason="Again.")
        kinds = Event.objects.filter(stream_id=granted.stream, kind__startswith="flagger").order_by("seq")
        assert list(kinds.values_list("kind", flat=True)) == ["flagger.granted", "flagger.revoked"]

    def test_it_ends_by_itself(self, people: dict) -> None:
        granted = flagger()
        with moved_to(now() + timedelta(days=91)):
            assert not granted.stands
            assert factories.report(flagger=granted).flagger is None

    def test_their_machine_is_known_by_its_token(self, people: dict) -> None:
        token, _secret = Token.draw(name="Hotline", scopes=["report:file"], granted_by=people["admin"], days=30)
        token.grant(actor=people["admin"])
        granted = flagger(token=token)
        assert factories.report(token=token.pk).flagger == granted
        assert factories.report().flagger is None
        with pytest.raises(IntegrityError, match="flagger_token_once"), transaction.atomic():
            flagger(token=token)

    def test_nobody_declares_themselves_one(self, client: Client, people: dict) -> None:
        client.post("/report/", typed(flagger=str(flagger().pk), trust="50", contact="hot@line.example"))
        report = Report.objects.get()
        assert (report.flagger, report.trust) == (None, 0)
        assert client.get("/report/flagger/nothing.signed/").status_code == 404
        for mailbox in ("reviewer", "admin", "head"):
            made = Flagger(name="I", contact="i@i.example", reason="I.", granted_by=people[mailbox])
            made.ends_at = now() + timedelta(days=1)
            with pytest.raises(NotPermitted):
                made.grant(actor=people[mailbox])

    def test_pages(self, enter, django_assert_max_num_queries) -> None:
        desk = enter("compliance")
        assert b"Nobody has the status" in desk.get("/desk/flaggers/").content
        facts = {"name": "خط المساعدة", "contact": "a@b.example", "reason": "Named."}
        assert desk.post("/desk/flaggers/", facts | {"ends_at": "2020-01-01"}).status_code == 422
        granted = desk.post("/desk/flaggers/", facts | {"ends_at": f"{now() + timedelta(days=30):%Y-%m-%d}"})
        assert granted.status_code == 302
        one = Flagger.objects.get()
        assert "خط المساعدة" in desk.get("/desk/flaggers/").content.decode()
        assert desk.post(f"/desk/flaggers/{one.pk}/revoke/", {"reason": ""}).status_code == 422
        assert desk.post(f"/desk/flaggers/{one.pk}/revoke/", {"reason": "Over."}).status_code == 302
        again = desk.post(f"/desk/flaggers/{one.pk}/revoke/", {"reason": "Over."})
        assert again.status_code == 409
        for number in range(5):
            flagger(name=f"F{number}")
        with django_assert_max_num_queries(14):
            desk.get("/desk/flaggers/")
        assert enter("reviewer").get("/desk/flaggers/").status_code == 404
        assert enter("reviewer").post(f"/desk/flaggers/{one.pk}/revoke/", {"reason": "x"}).status_code == 403


class TestLimits:
    @pytest.fixture(autouse=True)
    def fresh(self, db: None) -> None:
        cache.clear()

    @pytest.mark.parametrize(
        ("scope", "field", "value", "sentence"),
        [
            ("report_contact", "contact", "many@people.example", "many reports from this e-mail address"),
            ("report_account", "account", "acct_1", "many reports about this account"),
        ],
    )
    def test_too_many_is_429_in_words_and_keeps_what_was_typed(
        self, client: Client, settings: Any, scope: str, field: str, value: str, sentence: str
    ) -> None:
        settings.RATE_LIMITS = settings.RATE_LIMITS | {scope: "2/hour"}
        for text in ("One.", "Two."):
            assert client.post("/report/", typed(description=text, **{field: value})).status_code == 200
        page = client.post("/report/", typed(description="The third <one>.", **{field: value.upper()}))
        assert page.status_code == 429
        assert sentence in page.text
        assert "The third &lt;one&gt;." in page.text
        assert Report.objects.count() == 2
        assert client.post("/report/", typed(description="Other.", **{field: f"x{value}"})).status_code == 200

    def test_a_report_of_grave_harm_is_always_taken(self, client: Client, settings: Any) -> None:
        settings.RATE_LIMITS = settings.RATE_LIMITS | {"report": "1/hour", "report_account": "1/hour"}
        grave = next(rule.code for rule in factories.rule().version.rules.all() if rule.severity == 4)
        for number in range(4):
            page = client.post("/report/", typed(description=f"Number {number}.", rule=grave, account="acct_1"))
            assert page.status_code == 200
        assert Report.objects.count() == 4
        page = client.post("/report/", typed(description="Spam, typed long.", rule="SP-03"))
        assert page.status_code == 429
        assert "Spam, typed long." in page.text
        assert "from one address at a time" in page.text

    def test_the_same_form_twice_counts_once(self, client: Client, settings: Any) -> None:
        settings.RATE_LIMITS = settings.RATE_LIMITS | {"report_contact": "1/hour"}
        form = typed(contact="c@people.example")
        assert [client.post("/report/", form).status_code for _twice in range(3)] == [200, 200, 200]
        assert Report.objects.count() == 1
