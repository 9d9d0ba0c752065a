"""Very many reports about grave harm: each is taken, with less of it beyond a wider limit."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as configured
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cases import limits
from cases.models import Report
from cases.models.flagger import Flagger
from tests import factories
from tests.factories import person
from tipstaff.ledger.models import Event
from tipstaff.notices.models import Message
from tipstaff.sla.models import Clock
from tipstaff.time import now
from tipstaff.workflow.actors import LinkHolder

pytestmark = pytest.mark.usefixtures("people")
LARGE = 1000


@pytest.fixture(autouse=True)
def fresh(db: None, settings: Any) -> None:
    cache.clear()
    settings.FLOOD_FILE_BYTES = LARGE


def grave_code() -> str:
    return next(rule.code for rule in factories.rule().version.rules.order_by("code") if rule.severity == 4)


def typed(number: int, **more: Any) -> dict[str, Any]:
    said = {"submission": str(uuid4()), "rule": grave_code(), "description": f"Number {number}.", "good_faith": "on"}
    return said | {"account": "acct_1", "contact": f"r{number}@people.example"} | more


def send(number: int, *, address: str = "192.0.2.1", **more: Any) -> Any:
    files = [
        SimpleUploadedFile("large.txt", b"x" * (LARGE + 1), "text/plain"),
        SimpleUploadedFile("small.txt", f"shown {number}".encode(), "text/plain"),
    ]
    return Client().post("/report/", typed(number, **({"files": files} | more)), REMOTE_ADDR=address)


def mailed() -> set[str]:
    return set(Message.objects.values_list("recipient", flat=True))


class TestWider:
    @pytest.mark.parametrize("scope", ["report_grave", "report_grave_all"])
    def test_beyond_it_the_words_and_small_files_are_taken_and_nobody_is_mailed(
        self, settings: Any, scope: str, enter: Any
    ) -> None:
        settings.RATE_LIMITS = settings.RATE_LIMITS | {scope: "2/hour", "report": "1/hour"}
        pages = [send(number) for number in range(3)]
        assert [page.status_code for page in pages] == [200] * 3
        whole, _second, less = Report.objects.order_by("received_at")
        assert [file.name for file in whole.files] == ["large.txt", "small.txt"]
        assert [file.name for file in less.files] == ["small.txt"]
        assert (less.description, less.left_out, whole.left_out) == ("Number 2.", 1, 0)
        assert mailed() == {"r0@people.example", "r1@people.example"}
        assert {clock.kind for clock in Clock.objects.about(less)} == {"triage"}  # no receipt is owed by mail
        assert "Not taken of your files: 1." in pages[2].text
        assert "files of up to 1000\xa0bytes are taken now" in pages[2].text
        assert "we do not confirm this one by e-mail" in pages[2].text
        assert "Not taken" not in pages[0].text + pages[1].text
        assert "We also write to your e-mail address" in pages[0].text
        assert pages[2].context["code"] in pages[2].text
        told = Event.objects.get(kind="report.filed", stream_id=less.stream).told()
        assert told["facts.quiet"] is True
        assert "1 file was too large to take" in enter("reviewer").get(less.get_absolute_url()).text

    def test_one_address_does_not_use_up_what_is_for_everybody(self, settings: Any) -> None:
        settings.RATE_LIMITS = settings.RATE_LIMITS | {"report_grave": "2/hour", "report_grave_all": "4/hour"}
        for number in range(6):
            send(number)
        send(6, address="198.51.100.7")
        found = {report.description: report.left_out for report in Report.objects.all()}
        assert found == {f"Number {n}.": n in (2, 3, 4, 5) for n in range(7)}

    def test_a_proven_address_still_gets_its_mail(self, settings: Any) -> None:
        factories.report(contact="Known@people.example")
        factories.report(contact="typed@people.example", proven=False)
        Message.objects.update(recipient="earlier@people.example")
        settings.RATE_LIMITS = settings.RATE_LIMITS | {"report_grave": "1/hour"}
        for number, contact in enumerate(("first@people.example", "known@people.example", "typed@people.example")):
            send(number, contact=contact)
        assert mailed() == {"earlier@people.example", "first@people.example", "known@people.example"}

    def test_who_signed_in_is_proven(self, settings: Any, enter: Any) -> None:
        settings.RATE_LIMITS = settings.RATE_LIMITS | {"report_grave": "1/hour"}
        send(0)
        assert enter("engineering").post("/desk/reports/new/", typed(1), REMOTE_ADDR="192.0.2.1").status_code == 200
        assert person("engineering").email in mailed()

    def test_one_address_is_not_mailed_without_end_from_many_places(self, settings: Any) -> None:
        settings.RATE_LIMITS = settings.RATE_LIMITS | {"report_contact": "2/day"}
        for number in range(4):
            page = send(number, address=f"192.0.2.{number}", contact="victim@people.example")
        assert Message.objects.filter(recipient="victim@people.example").count() == 2
        assert {report.left_out for report in Report.objects.all()} == {0}  # the files are taken all the same
        assert "we do not confirm this one by e-mail" in page.text

    def test_the_same_form_twice_counts_once_and_says_the_same(self, settings: Any) -> None:
        settings.RATE_LIMITS = settings.RATE_LIMITS | {"report_grave": "1/hour"}
        submission = str(uuid4())
        pages = [send(0, submission=submission) for _twice in range(2)]
        assert "Not taken" not in pages[0].text + pages[1].text
        submission = str(uuid4())
        pages = [send(1, submission=submission) for _twice in range(2)]
        assert all("Not taken of your files: 1." in page.text for page in pages)
        assert pages[0].context["code"] == pages[1].context["code"]
        assert Report.objects.count() == 2

    def test_a_lighter_report_does_not_count_and_a_trusted_flagger_is_not_narrowed(self, settings: Any) -> None:
        settings.RATE_LIMITS = settings.RATE_LIMITS | {"report_grave": "1/hour"}
        send(0, rule="SP-03")
        known = {"name": "Helpline", "contact": "desk@helpline.example", "reason": "Known for years."}
        flagger = Flagger(**known, granted_by=person("compliance"), ends_at=now() + timedelta(days=9))
        flagger.grant(actor=person("compliance"))
        for number in (1, 2, 3):
            files = [SimpleUploadedFile("large.txt", b"x" * (LARGE + 1), "text/plain")]
            assert Client().post(flagger.report_url, typed(number, files=files)).status_code == 200
        assert not Report.objects.filter(left_out__gt=0).exists()
        send(4)
        assert Report.objects.filter(left_out=0).count() == 5


def test_the_form_tells_the_numbers_that_are_enforced(client: Client) -> None:
    said = client.get("/report/").text
    assert limits.told_of_grave().split(".")[1] in said
    assert f"{configured.GRAVE_REPORTS_PER_ADDRESS} an hour" in said
    assert configured.RATE_LIMITS["report_grave"] == f"{configured.GRAVE_REPORTS_PER_ADDRESS}/hour"
    assert configured.RATE_LIMITS["report_grave_all"] == f"{configured.GRAVE_REPORTS_PER_HOUR}/hour"


def test_a_quiet_report_is_filed_as_any_other() -> None:
    report, _code = Report.draw(str(uuid4()), description="Hm.", good_faith=True, contact="a@people.example")
    report.file(actor=LinkHolder("reporter"), files=[], quiet=True)
    assert report.state == "received"
    assert not report.receipt_was_mailed
