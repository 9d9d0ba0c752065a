"""Two windows, one question: it is answered once, or taken back, and never both."""

from collections import Counter
from datetime import timedelta
from functools import partial
from typing import Any

from django.test import Client

from cases import asking
from cases.models import Evidence, Hearing
from tests import factories
from tests.factories import person
from tests.races.conftest import Race
from tests.races.test_races import again, told, winners
from tipstaff.time import now


def asked() -> Hearing:
    hearing = Hearing(
        case=factories.claimed(),
        asked_by=person("reviewer"),
        question="Who approved it?",
        purpose="To know.",
        until=now() + timedelta(days=7),
    )
    hearing.ask(actor=person("reviewer"))
    return hearing


def test_an_answer_posted_ten_times_is_one(race: Race) -> None:
    url = asking.link(asked())
    statuses = Counter(race(*[lambda: Client().post(url, {"answer": "We did."}).status_code] * 10))
    assert set(statuses) == {302}, statuses
    assert Evidence.objects.count() == told("hearing.given_answer") == told("case.stopped_waiting") == 1


def test_answered_or_taken_back(race: Race) -> None:
    hearing = asked()
    url = asking.link(hearing)

    def answer() -> Any:
        return Client().post(url, {"answer": "We did."}).status_code

    back = partial(again(hearing).withdraw, actor=person("reviewer2"), reason="Known.")
    race(answer, back)
    assert told("hearing.given_answer") + told("hearing.withdrawn") == 1
    assert again(hearing).case.state == "investigating"


def test_two_ask_and_one_question_is_asked(race: Race) -> None:
    case = factories.claimed()

    def ask() -> None:
        facts: dict[str, Any] = {"question": "Who?", "purpose": "To know.", "until": now() + timedelta(days=7)}
        Hearing(case=again(case), asked_by=person("reviewer"), **facts).ask(actor=person("reviewer"))

    assert len(winners(race(ask, ask))) == 1
    assert told("hearing.asked") == 1
