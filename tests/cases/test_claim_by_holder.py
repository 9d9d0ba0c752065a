"""The account holder claims research themselves: in the answer to a question, without an account or JavaScript."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from cases import asking
from cases.models import Case, Claim, Evidence, Hearing
from tests import factories
from tests.cases.test_claim import WHY
from tests.cases.test_hearing import asked
from tests.factories import person
from tipstaff.ledger.models import Event
from tipstaff.notices.models import Notice
from tipstaff.time import moved_to, now
from tipstaff.vault import storage
from tipstaff.workflow.actors import LinkHolder
from tipstaff.workflow.refused import NotPermitted, Refused

pytestmark = pytest.mark.usefixtures("people")


@pytest.fixture
def hearing(people: dict) -> Hearing:
    cache.clear()
    return asked(factories.claimed(about=factories.subject(language="es")))


def said(**columns: str) -> dict[str, str]:
    today = now().date()
    return {
        "answer": "It was a test.", "research": "on", "scope": "How far one account can post.",
        "began_on": str(today - timedelta(days=3)), "ended_on": str(today), "disclosed": "To you, on the day.",
    } | columns  # fmt: skip


def test_it_stands_in_the_case_and_blocks_until_somebody_assessed_it(client: Client, hearing: Hearing) -> None:
    assert client.post(asking.link(hearing), said()).status_code == 302
    claim = Claim.objects.get()
    assert (claim.state, claim.made_by, claim.entered_by, claim.hearing) == ("open", "account_holder", None, hearing)
    event = Event.objects.get(stream=hearing.case.stream, kind="claim.made").told()
    notice = Notice.objects.get(about=hearing.reference)
    assert event["actor"] == {"kind": "link", "ref": f"subject:{notice.reference}"}
    shown = client.get(asking.link(hearing) + "?lang=en").text
    assert "Somebody who did not investigate assesses it" in shown
    case = Case.objects.get(pk=hearing.case_id)
    case.claim(actor=person("reviewer"))
    with pytest.raises(Refused, match="somebody assesses that"):
        factories.draft(case).propose(actor=person("reviewer"))
    with pytest.raises((Refused, NotPermitted)):
        claim.accept(actor=person("reviewer"), reasons=WHY)
    claim.refuse(actor=person("adjudicator"), reasons=WHY, limits=[])
    decision = factories.draft(case)
    decision.propose(actor=person("reviewer"))
    decision.issue(actor=person("senior"))
    assert WHY in str(Notice.objects.get(about=decision.reference).sections)


def test_the_words_are_sealed_with_the_answer_as_a_turn_of_their_own(client: Client, hearing: Hearing) -> None:
    client.post(asking.link(hearing), said(scope="اختبار للمرشّح"))
    exhibit = Evidence.objects.get(case=hearing.case)
    with storage.open_sealed(exhibit.file) as clear:
        lines = [json.loads(line) for line in clear.read().splitlines()]
    assert len(lines) == 3
    assert "اختبار للمرشّح" in lines[2]["content"]


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({"scope": " "}, "scope"),
        ({"scope": "ب" * 2001}, "scope"),
        ({"began_on": ""}, "began_on"),
        ({"began_on": "2999-01-01", "ended_on": "2999-01-02"}, "began_on"),
        ({"ended_on": "2020-01-01"}, "ended_on"),
        ({"research": ""}, "research"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_lost(
    client: Client, hearing: Hearing, columns: dict, field: str
) -> None:
    answer = client.post(asking.link(hearing), said(**columns))
    assert answer.status_code == 422
    assert list(answer.context["research"].errors) == [field]
    assert "It was a test." in answer.text
    assert "To you, on the day." in answer.text
    assert "<details" in answer.text
    hearing.refresh_from_db()
    assert hearing.state == "asked"
    assert not Claim.objects.exists()


def test_nobody_has_to_and_nothing_need_have_been_announced(client: Client, hearing: Hearing) -> None:
    assert client.post(asking.link(hearing), said(disclosed="")).status_code == 302
    assert Claim.objects.get().disclosed == ""
    case = Case.objects.get(pk=hearing.case_id)
    case.claim(actor=person("reviewer"))
    other = asked(case, question="Who else?")
    assert client.post(asking.link(other), {"answer": "Nobody."}).status_code == 302
    assert Claim.objects.count() == 1


def test_sent_twice_it_is_one(client: Client, hearing: Hearing) -> None:
    assert [client.post(asking.link(hearing), said()).status_code for _ in range(2)] == [302, 302]
    other = client.post(asking.link(hearing), said(answer="Another.", scope="Another test."))
    assert other.status_code == 409
    assert "Another test." in other.text
    assert Claim.objects.count() == 1


def test_after_the_time_is_over_neither_answer_nor_claim(client: Client, hearing: Hearing) -> None:
    with moved_to(hearing.until + timedelta(seconds=1)):
        assert client.post(asking.link(hearing), said()).status_code == 409
    assert not Claim.objects.exists()


def test_no_link_of_another_kind_makes_one(hearing: Hearing) -> None:
    today = now().date()
    claim = Claim(
        case=hearing.case, hearing=hearing, made_by="account_holder", scope="x", began_on=today, ended_on=today
    )
    with pytest.raises(NotPermitted):
        claim.make(actor=LinkHolder("reporter", "report:R-0001"))


def test_the_desk_reads_who_said_it(enter: Any, client: Client, hearing: Hearing) -> None:
    client.post(asking.link(hearing), said(disclosed=""))
    shown = enter("adjudicator").get(hearing.case.get_absolute_url()).text
    assert "said by themselves, in the answer to a question" in shown
    assert "they say nothing of that, and need not" in shown
    assert "Assess it" in shown
    assert asking.link(hearing) not in shown
