"""What a machine may do, and that it is no more than that: every operation of the house against every scope."""

import json
from typing import Any

import pytest

from cases.models import Report
from tests import factories
from tests.api.callers import Caller
from tests.factories import person
from tipstaff.accounts.models import Token
from tipstaff.permissions import TOKEN_SCOPES, Permission
from tipstaff.urls import router
from tipstaff.workflow import references
from tipstaff.workflow.operations import Operation, operations_of

ALL = [(prefix, act) for prefix, model in references.registered().items() for act in operations_of(model)]
# What the scopes of machines reach, by the record's prefix. A new line here is a new power of machines: think first.
OPEN_TO_MACHINES = {
    "report": {"file", "supply", "withdraw"},
    "subject": {"register", "amend"},
    "sanction": {"acknowledge"},
    "acknowledgement": {"give"},
    "feedback": {"file"},
    "waiver": {"draft", "amend", "submit", "answer", "attest", "withdraw"},
}
# Of these a machine has no need: what it asks for is submitted at once, and a person states that conditions are kept.
WITHOUT_ADDRESS = {"waiver": {"amend", "submit", "attest"}}
DECIDING = {
    "accept", "decline", "claim", "propose", "confirm", "issue", "send_back", "uphold", "vary", "reverse", "remand",
    "take_up", "declare_inadmissible", "impose", "lift", "revoke", "supersede", "grant", "refuse", "cast", "vote",
    "screen", "suspend", "publish", "approve", "seal",
}  # fmt: skip


def viewsets() -> dict[str, Any]:
    return {viewset.queryset.model.reference_prefix: viewset for _name, viewset, _base in router.registry}


def test_the_scopes_of_machines_reach_these_operations_and_no_others() -> None:
    reached: dict[str, set[str]] = {}
    for prefix, act in ALL:
        if act.permission in TOKEN_SCOPES:
            reached.setdefault(prefix, set()).add(act.name)
    assert reached == OPEN_TO_MACHINES


def test_no_machine_decides() -> None:
    assert not {name for names in OPEN_TO_MACHINES.values() for name in names} & DECIDING
    deciding = {act.permission for _prefix, act in ALL if act.name in DECIDING}
    assert len(deciding) > 10
    assert not deciding & TOKEN_SCOPES


@pytest.mark.parametrize(("prefix", "act"), ALL, ids=lambda given: getattr(given, "name", given))
def test_a_token_with_every_scope_may_do_only_those(prefix: str, act: Operation) -> None:
    token = Token(name="Everything", scopes=sorted(TOKEN_SCOPES))
    assert token.may(act.permission) == (act.name in OPEN_TO_MACHINES.get(prefix, set()))
    forged = Token(name="Forged", scopes=[str(permission) for permission in Permission])
    assert forged.may(act.permission) == token.may(act.permission)  # a row with more scopes than there are


def test_each_of_them_has_an_address() -> None:
    for prefix, names in OPEN_TO_MACHINES.items():
        viewset = viewsets()[prefix]
        for name in names - WITHOUT_ADDRESS.get(prefix, set()):
            creates = getattr(viewset.queryset.model, name).operation.creates
            assert creates or name in viewset.acts or name in viewset.written, f"{prefix}.{name}"


def test_no_address_leads_to_another() -> None:
    for prefix, viewset in viewsets().items():
        assert set(viewset.acts) | set(viewset.written) <= OPEN_TO_MACHINES.get(prefix, set())
        for name in viewset.acts:
            assert viewset.scopes[name] == getattr(viewset.queryset.model, name).operation.permission


def records() -> dict[str, Any]:
    appeal = factories.lodged()
    return {
        "report": factories.report(),
        "subject": factories.subject(),
        "case": appeal.case,
        "decision": appeal.decision,
        "sanction": appeal.decision.sanctions.get(kind="rate_limit"),
        "appeal": appeal,
        "ai_system": factories.ai_system("in_review"),
        "control": factories.control(),
        "waiver": factories.waiver("submitted"),
        "file": factories.sealed(),
        "acknowledgement": factories.acknowledgement(),
        "feedback": factories.feedback(),
    }


def test_the_walk_meets_every_resource(people: dict) -> None:
    assert set(records()) == set(viewsets())


def test_no_other_operation_answers_at_any_address(caller: Caller) -> None:
    """Whatever is sent to the address that an operation would have, it is not there."""
    for prefix, record in records().items():
        collection = next(name for name, viewset, _base in router.registry if viewset is viewsets()[prefix])
        for act in operations_of(type(record)):
            if act.name in viewsets()[prefix].acts:
                continue
            answer = caller.post(f"/{collection}/{getattr(record, record.reference_field)}/{act.name}/", {})
            assert answer.status_code == 404, f"{prefix} {act.name}"


class TestAvailable:
    def test_it_names_what_can_be_done_and_where(self, caller: Caller) -> None:
        made = caller.post("/reports/", {"description": "Posts.", "good_faith": True}).json()
        address = f"http://testserver/api/v1/reports/{made['ref']}/withdraw/"
        assert made["available"] == [{"operation": "withdraw", "method": "POST", "url": address}]
        gone = caller.post(address.partition("/api/v1")[2], {})
        assert (gone.status_code, gone.json()["state"], gone.json()["available"]) == (200, "withdrawn", [])

    def test_not_what_the_token_lacks_the_scope_for(self, people: dict) -> None:
        caller = Caller(["report:file", "report:view"])
        assert caller.post("/reports/", {"description": "Posts.", "good_faith": True}).json()["available"] == []

    def test_a_question_can_be_answered(self, caller: Caller) -> None:
        ref = caller.post("/reports/", {"description": "Posts.", "good_faith": True}).json()["ref"]
        Report.objects.get(ref=ref).ask(actor=person("lead"), question="Which forum?")
        told = caller.get(f"/reports/{ref}/").json()
        assert told["question"] == "Which forum?"
        assert [act["operation"] for act in told["available"]] == ["supply", "withdraw"]
        answer = caller.post(f"/reports/{ref}/supply/", {"answer": "The large one."})
        assert (answer.status_code, answer.json()["state"]) == (200, "received")
        assert Report.objects.get(ref=ref).supplement == "The large one."


class TestWithdraw:
    @pytest.fixture
    def ref(self, caller: Caller) -> str:
        return caller.post("/reports/", {"description": "Posts.", "good_faith": True}).json()["ref"]

    def test_of_another_machine_it_is_not_there(self, ref: str) -> None:
        assert Caller().post(f"/reports/{ref}/withdraw/", {}).status_code == 404
        assert Report.objects.get().state == "received"

    def test_nor_is_one_that_a_person_filed(self, caller: Caller) -> None:
        report = factories.report()
        assert caller.post(f"/reports/{report.ref}/withdraw/", {}).status_code == 404
        assert caller.get(f"/reports/{report.ref}/").status_code == 404

    def test_the_operation_itself_refuses_another_machine(self, ref: str) -> None:
        other = Caller().token
        assert not Report.withdraw.operation.available(Report.objects.get(), other)
        assert not Report.supply.operation.available(Report.objects.get(), other)

    def test_without_the_scope_it_is_403(self, people: dict) -> None:
        caller = Caller(["report:file", "report:view"])
        ref = caller.post("/reports/", {"description": "Posts.", "good_faith": True}).json()["ref"]
        answer = caller.post(f"/reports/{ref}/withdraw/", {})
        assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")

    def test_its_own_scope_is_enough(self, people: dict) -> None:
        caller = Caller(["report:file", "report:withdraw"])
        ref = caller.post("/reports/", {"description": "Posts.", "good_faith": True}).json()["ref"]
        assert caller.post(f"/reports/{ref}/withdraw/", {}).status_code == 200

    def test_too_late_it_is_409_with_a_sentence(self, caller: Caller, ref: str) -> None:
        Report.objects.get().decline(actor=person("lead"), reason="insufficient", note="")
        answer = caller.post(f"/reports/{ref}/withdraw/", {}, Idempotency_Key="k")
        assert (answer.status_code, answer["Content-Type"]) == (409, "application/problem+json")
        assert answer.json()["detail"] == f"{ref} is declined by now, so this can no longer be done."

    def test_a_repeat_gets_the_first_answer(self, caller: Caller, ref: str) -> None:
        first, again = (caller.post(f"/reports/{ref}/withdraw/", {}, Idempotency_Key="k") for _ in range(2))
        assert (first.status_code, again.status_code, first.json()) == (200, 200, again.json())
        assert "code" not in again.json()
        assert again["Idempotent-Replayed"] == "true"

    def test_an_empty_body_will_do(self, caller: Caller, ref: str) -> None:
        assert caller.send("post", f"/reports/{ref}/withdraw/").status_code == 200

    @pytest.mark.parametrize("body", [b"{", b"[]", b'"withdraw"', b"\xff"])
    def test_a_body_that_is_no_object_is_400(self, caller: Caller, ref: str, body: bytes) -> None:
        answer = caller.send("post", f"/reports/{ref}/withdraw/", body)
        assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
        assert Report.objects.get().state == "received"

    def test_it_is_not_done_by_get_put_or_delete(self, caller: Caller, ref: str) -> None:
        for method in ("get", "put", "patch", "delete"):
            assert caller.send(method, f"/reports/{ref}/withdraw/").status_code == 405


def test_nothing_that_somebody_wrote_is_given_out(people: dict) -> None:
    """With every scope: no text, no contact, no name of anybody who works here, in any list or record."""
    account = factories.subject("acct_1", name="Zanzibar Forum")
    decision = factories.proposed(
        reasons="Quagmire. " + factories.REASONS,
        case_columns={"about": account, "description": "Xylophone posts.", "contact": "whistle@people.example"},
    )
    factories.report(description="Saxophone posts.", contact="second@people.example")
    decision.issue(actor=person("senior"))
    appeal = factories.taken_up(decision)
    appeal.vary(actor=person("appeals"), reasons="Marzipan. " + factories.REASONS, tier="T1")
    caller, told = Caller(), ""
    for name, viewset, base in router.registry:
        if base in {"subject", "file"}:
            continue  # the one is read by a scope that is there to read it, the other by who sent it
        answer = caller.get(f"/{name}/")
        told += answer.text
        for row in answer.json()["results"]:
            told += caller.get(f"/{name}/{row[viewset.lookup_field]}/").text
    assert decision.ref in told
    assert appeal.ref in told
    hidden = [
        "Quagmire",
        "Xylophone",
        "Saxophone",
        "Marzipan",
        "whistle@",
        "second@",
        "holder@",
        "Zanzibar",
        "test board",
    ]
    names = [name for who in people.values() for name in (who.name, who.email, str(who.pk))]
    assert [word for word in hidden + names if word in told] == []
    assert "acct_1" in told


def test_a_sealed_case_gives_out_no_more(caller: Caller) -> None:
    case = factories.case(code="CH-03", severity=4, description="Unspeakable.")
    assert case.content_is_sealed
    told = caller.get(f"/cases/{case.ref}/")
    assert told.json()["rule"]["code"] == "CH-03"
    assert "Unspeakable" not in told.text + caller.get("/reports/").text
    assert json.dumps(told.json()).count(case.rule.title) == 0
