"""`/api/v1/waivers/`: a machine asks for one and sees what holds for whom; people decide, and what they wrote stays."""

from datetime import timedelta
from typing import Any

import pytest

from governance.models import Waiver
from tests import factories
from tests.api.callers import Caller
from tests.factories import person
from tipstaff.ledger.models import Event
from tipstaff.notices.models import Message
from tipstaff.time import moved_to, now


def body(**changes: Any) -> dict[str, Any]:
    facts = factories.request_of_waiver()
    days = {name: facts[name].isoformat() for name in ("starts_on", "ends_on")}
    return facts | days | {"kind": "permission", "rules": ["SP-03"], "accounts": ["acct_1"]} | changes


@pytest.fixture
def asker(people: dict) -> Caller:
    factories.subject("acct_1")
    return Caller(["waiver:request", "waiver:withdraw"])


def screened(asker: Caller, **changes: Any) -> Waiver:
    waiver = Waiver.objects.get(ref=asker.post("/waivers/", body(**changes)).json()["ref"])
    waiver.screen(actor=person("compliance"))
    return waiver


class TestAsk:
    def test_it_is_the_same_request_as_one_from_the_form(self, asker: Caller) -> None:
        answer = asker.post("/waivers/", body())
        assert answer.status_code == 201
        told, waiver = answer.json(), Waiver.objects.get()
        assert (told["ref"], told["state"], told["standing"], told["mine"]) == (
            waiver.ref, "submitted", "submitted", True,
        )  # fmt: skip
        assert (told["accounts"], [rule["code"] for rule in told["rules"]]) == (["acct_1"], ["SP-03"])
        assert [act["operation"] for act in told["available"]] == ["withdraw"]
        assert (waiver.token, waiver.requested_by) == (asker.token.pk, None)
        kinds = Event.objects.filter(stream=waiver.stream).order_by("seq").values_list("kind", flat=True)
        assert {"waiver.drafted", "waiver.submitted"} <= set(kinds)
        assert Message.objects.get(kind="waiver_received").recipient == "nadia@metro.example"

    def test_a_repeat_is_one_request(self, asker: Caller) -> None:
        first, again = (asker.post("/waivers/", body(), Idempotency_Key="k") for _ in range(2))
        assert (first.status_code, again.status_code, first.json()) == (201, 201, again.json())
        assert Waiver.objects.count() == 1

    def test_what_nobody_can_waive_is_refused_with_the_sentence(self, asker: Caller) -> None:
        answer = asker.post("/waivers/", body(rules=["CH-03"]))
        assert (answer.status_code, answer["Content-Type"]) == (409, "application/problem+json")
        assert "No waiver can be asked for rule CH-03" in answer.json()["detail"]
        assert not Waiver.objects.exists()

    @pytest.mark.parametrize(
        "changes",
        [
            {"ends_on": (now() + timedelta(days=900)).date().isoformat()},
            {"starts_on": (now() - timedelta(days=9)).date().isoformat()},
            {"kind": "exemption", "exemption": "ZZ"},
            {"disclosure": "confidential"},
        ],
    )
    def test_what_the_form_would_refuse(self, asker: Caller, changes: dict) -> None:
        assert asker.post("/waivers/", body(**changes)).status_code == 409
        assert not Waiver.objects.exists()

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("kind", "carte blanche"),
            ("rules", []),
            ("rules", ["ZZ-99"]),
            ("rules", "SP-03"),
            ("rules", ["a\0b"]),
            ("rules", ["SP-03"] * 6),
            ("accounts", []),
            ("accounts", ["acct_unheard_of"]),
            ("accounts", ["a\0b"]),
            ("accounts", ["acct_1"] * 51),
            ("system", "M-9999"),
            ("system", {}),
            ("topic", "x" * 161),
            ("conduct", ""),
            ("conduct", "x" * 5001),
            ("starts_on", "soon"),
            ("ends_on", None),
            ("contact", "nobody"),
            ("language", "tlh"),
            ("disclosure", "whispered"),
        ],
    )
    def test_a_broken_field_is_named(self, asker: Caller, field: str, value: Any) -> None:
        answer = asker.post("/waivers/", body(**{field: value}))
        assert answer.status_code == 400, answer.text
        assert set(answer.json()["errors"]) == {field}
        assert not Waiver.objects.exists()

    @pytest.mark.parametrize("field", ["state", "risk", "conditions", "requested_by", "token", "decided_at", "route"])
    def test_what_is_not_the_applicants_to_say_is_not_taken(self, asker: Caller, field: str) -> None:
        assert asker.post("/waivers/", body(**{field: "granted"})).status_code == 201
        waiver = Waiver.objects.get()
        assert (waiver.state, waiver.conditions, waiver.requested_by) == ("submitted", [], None)

    def test_without_the_scope_it_is_403(self, people: dict) -> None:
        assert Caller(["waiver:view", "waiver:withdraw"]).post("/waivers/", body()).status_code == 403


class TestFollow:
    def test_a_question_is_answered_and_the_request_revised(self, asker: Caller) -> None:
        waiver = screened(asker)
        waiver.request_changes(actor=person("compliance"), changes="Name the templates.")
        told = asker.get(f"/waivers/{waiver.ref}/").json()
        assert told["changes"] == "Name the templates."
        assert [act["operation"] for act in told["available"]] == ["answer", "withdraw"]
        answer = asker.post(f"/waivers/{waiver.ref}/answer/", {"answer": "A and B.", "conduct": "Ninety posts a day."})
        assert (answer.status_code, answer.json()["state"]) == (200, "under_review")
        waiver.refresh_from_db()
        assert (waiver.answers, waiver.conduct) == ("A and B.", "Ninety posts a day.")
        assert asker.post(f"/waivers/{waiver.ref}/answer/", {"answer": "Again."}).status_code == 409

    def test_an_answer_says_something(self, asker: Caller) -> None:
        waiver = screened(asker)
        waiver.request_changes(actor=person("compliance"), changes="Name the templates.")
        for facts in ({}, {"answer": ""}, {"answer": "x" * 5001}):
            refused = asker.post(f"/waivers/{waiver.ref}/answer/", facts)
            assert (refused.status_code, set(refused.json()["errors"])) == (400, {"answer"})

    def test_it_is_withdrawn(self, asker: Caller) -> None:
        ref = asker.post("/waivers/", body()).json()["ref"]
        told = asker.post(f"/waivers/{ref}/withdraw/", {}).json()
        assert (told["state"], told["available"]) == ("withdrawn", [])
        assert asker.post(f"/waivers/{ref}/withdraw/", {}).status_code == 409

    def test_another_machine_sees_none_of_it(self, asker: Caller) -> None:
        ref, other = asker.post("/waivers/", body()).json()["ref"], Caller(["waiver:request", "waiver:withdraw"])
        assert other.refs("/waivers/") == []
        assert other.get(f"/waivers/{ref}/").status_code == 404
        assert other.post(f"/waivers/{ref}/withdraw/", {}).status_code == 404
        assert Waiver.objects.get().state == "submitted"

    def test_who_may_view_all_may_still_not_act_on_anothers(self, asker: Caller, caller: Caller) -> None:
        waiver = screened(asker)
        waiver.request_changes(actor=person("compliance"), changes="Name the templates.")
        told = caller.get(f"/waivers/{waiver.ref}/").json()
        assert (told["mine"], told["changes"], told["available"]) == (False, "", [])
        for name, facts in (("answer", {"answer": "A."}), ("withdraw", {})):
            refused = caller.post(f"/waivers/{waiver.ref}/{name}/", facts)
            assert (refused.status_code, refused.json()["detail"]) == (
                409, "Only who asked for this waiver can do that.",
            )  # fmt: skip

    def test_that_conditions_are_kept_is_said_by_a_person(self, asker: Caller) -> None:
        waiver = factories.waiver("granted")
        waiver.token = asker.token.pk
        assert Waiver.attest.operation.refusal(waiver, asker.token).startswith("A person states")
        assert asker.post(f"/waivers/{waiver.ref}/attest/", {"statement": "Kept."}).status_code == 404


class TestRead:
    def test_what_holds_for_an_account_and_a_rule(self, caller: Caller) -> None:
        above = factories.subject("org_1", kind="organisation")
        factories.subject("acct_1", parent=above)
        factories.subject("acct_2")
        waiver = factories.waiver("granted", about=above, until=(now() + timedelta(days=20)).date())
        asked = "/waivers/?in_force=true&subject={}&rule=SP-03"
        assert caller.refs(asked.format("acct_1")) == [waiver.ref]
        assert caller.refs(asked.format("org_1")) == [waiver.ref]
        assert caller.refs(asked.format("acct_2")) == []
        assert caller.refs(asked.format("acct_unheard_of")) == []
        assert caller.refs("/waivers/?in_force=true&rule=SP-01") == []
        told = caller.get(f"/waivers/{waiver.ref}/").json()
        assert (told["standing"], told["accounts"]) == ("in_force", ["org_1"])
        assert told["conditions"] == ["A monthly count of the posts is sent to us."]
        with moved_to(now() + timedelta(days=22)):
            assert caller.refs(asked.format("acct_1")) == []
            assert caller.refs("/waivers/?in_force=false") == [waiver.ref]
            assert caller.get(f"/waivers/{waiver.ref}/").json()["standing"] == "expired"

    def test_a_suspended_one_does_not_hold(self, caller: Caller) -> None:
        waiver = factories.waiver("suspended")
        assert caller.refs("/waivers/?in_force=true") == []
        assert caller.refs("/waivers/?in_force=false&state=suspended") == [waiver.ref]

    def test_whose_it_is(self, asker: Caller, caller: Caller) -> None:
        anothers = factories.waiver("submitted")
        mine = caller.post("/waivers/", body()).json()["ref"]
        assert caller.refs("/waivers/?mine=true") == [mine]
        assert caller.refs("/waivers/?mine=false") == [anothers.ref]
        assert caller.refs("/waivers/?kind=exemption") == []

    def test_a_draft_is_its_writers(self, caller: Caller) -> None:
        waiver = factories.waiver("draft", by="owner")
        assert caller.refs("/waivers/") == []
        assert caller.get(f"/waivers/{waiver.ref}/").status_code == 404

    def test_nothing_that_was_written_about_it_is_given_out(self, caller: Caller) -> None:
        waiver = factories.waiver("granted")
        told = caller.get("/waivers/").text + caller.get(f"/waivers/{waiver.ref}/").text
        written = [waiver.topic, waiver.conduct, waiver.purpose, waiver.safeguards, waiver.contact, waiver.reasons]
        assert [text for text in [*written, waiver.applicant_name, "Fatima", "None known"] if text in told] == []

    def test_a_list_costs_the_same_for_one_and_for_many(self, caller: Caller) -> None:
        for _turn in range(2):
            factories.waiver("submitted")
            # the token; waivers, their rules, accounts and spells
            assert len(caller.queries("/waivers/")) <= 5
        assert len(caller.refs("/waivers/")) == 2

    def test_they_need_a_scope_of_their_own(self, people: dict) -> None:
        waiver = factories.waiver("submitted")
        for path in ("/waivers/", f"/waivers/{waiver.ref}/"):
            assert Caller(["case:view", "waiver:withdraw"]).get(path).status_code == 403
            assert Caller(["waiver:view"]).get(path).status_code == 200
