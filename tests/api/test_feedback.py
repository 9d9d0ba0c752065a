"""`POST /api/v1/feedback/`: a machine says what is wrong with the policy, once a key, and reads its own answers."""

from typing import Any

import pytest

from aup import letters
from aup.models import Feedback, PolicyVersion
from aup.models.feedback import TEXT_LIMIT
from tests.api.callers import Caller
from tests.factories import person
from tipstaff.accounts.models import IdempotentRequest
from tipstaff.ledger.models import Event
from tipstaff.notices.models import Message
from tipstaff.time import now

BODY = {"kind": "near_miss", "rule": "sp-03", "text": "A test sent nine hundred posts before somebody stopped it."}


@pytest.fixture
def caller(people: dict) -> Caller:
    return Caller()


class TestFile:
    def test_it_is_the_same_as_from_the_form(self, caller: Caller) -> None:
        answer = caller.post("/feedback/", BODY | {"contact": "team@build.example", "language": "es"})
        assert answer.status_code == 201, answer.text
        given, told = Feedback.objects.get(), answer.json()
        in_force = PolicyVersion.objects.in_force(now())
        assert (given.token, given.version, given.kind) == (caller.token.pk, in_force, "near_miss")
        assert (told["ref"], told["rule"], told["state"], told["led_to"]) == (given.ref, "SP-03", "received", None)
        assert told["link"] == letters.link(given)
        assert Message.objects.get(about=given.reference).language == "es"
        assert Event.objects.get(kind="feedback.filed", stream=given.stream).told()["actor"]["kind"] == "token"

    def test_the_same_key_is_the_same_item_with_the_same_link(self, caller: Caller) -> None:
        first, second = (caller.post("/feedback/", BODY, Idempotency_Key="one") for _try in range(2))
        assert first.json() == second.json()
        assert second["Idempotent-Replayed"] == "true"
        assert Feedback.objects.count() == 1
        assert first.json()["link"] not in str(IdempotentRequest.objects.get().body)
        assert caller.post("/feedback/", BODY | {"text": "Else."}, Idempotency_Key="one").status_code == 422

    def test_without_a_key_each_is_one(self, caller: Caller) -> None:
        for _try in range(2):
            caller.post("/feedback/", BODY)
        assert Feedback.objects.count() == 2

    def test_about_the_policy_as_a_whole(self, caller: Caller) -> None:
        assert caller.post("/feedback/", {"kind": "ambiguity", "text": "Too long."}).json()["rule"] is None
        assert caller.post("/feedback/", {"kind": "ambiguity", "text": "Too long.", "rule": None}).status_code == 201

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("kind", "report"),
            ("kind", None),
            ("text", ""),
            ("text", "x" * (TEXT_LIMIT + 1)),
            ("text", "a\0b"),
            ("rule", "ZZ-99"),
            ("rule", ["SP-03"]),
            ("version", "0.1"),
            ("contact", "nobody"),
            ("language", "../x"),
        ],
    )
    def test_a_broken_field_is_named(self, caller: Caller, field: str, value: Any) -> None:
        answer = caller.post("/feedback/", BODY | {field: value})
        assert answer.status_code == 400
        assert answer["Content-Type"] == "application/problem+json"
        assert list(answer.json()["errors"]) == [field]
        assert not Feedback.objects.exists()

    def test_it_takes_the_scope(self, people: dict) -> None:
        other = Caller(scopes=["report:file"])
        assert other.post("/feedback/", BODY).status_code == 403
        assert other.get("/feedback/").status_code == 403


class TestReading:
    def test_its_own_and_no_other(self, caller: Caller) -> None:
        ref, other = caller.post("/feedback/", BODY).json()["ref"], Caller()
        assert caller.refs("/feedback/") == [ref]
        assert other.refs("/feedback/") == []
        assert other.get(f"/feedback/{ref}/").status_code == 404
        assert "link" not in caller.get(f"/feedback/{ref}/").json()

    def test_the_answer_and_not_the_draft_that_it_led_to(self, caller: Caller) -> None:
        ref = caller.post("/feedback/", BODY).json()["ref"]
        Feedback.objects.get(ref=ref).answer(actor=person("policy"), answer="A brake is in the next version.")
        told = caller.get(f"/feedback/{ref}/").json()
        assert (told["state"], told["answer"]) == ("answered", "A brake is in the next version.")
        assert (told["due_at"], told["led_to"], told["available"]) == (None, None, [])

    def test_filters(self, caller: Caller) -> None:
        whole = caller.post("/feedback/", {"kind": "ambiguity", "text": "Too long."}).json()["ref"]
        ref = caller.post("/feedback/", BODY).json()["ref"]
        assert caller.refs("/feedback/?kind=near_miss") == [ref]
        assert caller.refs("/feedback/?rule=SP-03") == [ref]
        assert caller.refs("/feedback/?state=answered") == []
        assert caller.refs("/feedback/?state=received") == [ref, whole]
        assert caller.get("/feedback/?kind=rumour").status_code == 400

    def test_many_cost_what_one_costs(self, caller: Caller) -> None:
        caller.post("/feedback/", BODY)
        one = caller.queries("/feedback/")
        for _each in range(3):
            caller.post("/feedback/", BODY)
        assert len(caller.queries("/feedback/")) == len(one)
