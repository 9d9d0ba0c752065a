"""`/api/v1/acknowledgements/`: one step of signing up."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from aup.models import Acknowledgement, PolicyVersion
from tests import factories
from tests.api.callers import Caller
from tipstaff.time import now


@pytest.fixture
def number(people: dict) -> str:
    version = PolicyVersion.objects.in_force(now())
    assert version is not None
    return version.number


@pytest.fixture
def platform(people: dict) -> Caller:
    return Caller(["acknowledgement:give", "acknowledgement:view"])


def test_an_account_is_recorded_once(platform: Caller, number: str) -> None:
    factories.subject("org_42")
    sent = {"account": "org_42", "version": number, "signatory": "user_7"}
    first = platform.post("/acknowledgements/", sent)
    again = platform.post("/acknowledgements/", {"account": "org_42"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json() | sent | {"means": "api", "language": "en", "available": []} == first.json()


def test_a_repeat_with_its_key_gets_the_first_answer(platform: Caller, number: str) -> None:
    factories.subject("org_42")
    answers = [platform.post("/acknowledgements/", {"account": "org_42"}, Idempotency_Key="k") for _turn in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert Acknowledgement.objects.count() == 1


@pytest.mark.parametrize(
    ("sent", "field", "says"),
    [
        ({}, "account", "required"),
        ({"account": "nobody"}, "account", "There is no account nobody."),
        ({"account": "org_42", "version": "77"}, "version", "No version 77 was published."),
        ({"account": "org_42", "signatory": "x" * 121}, "signatory", "no more than 120"),
        ({"account": "org_42", "language": "xx"}, "language", "not a valid choice"),
    ],
)
def test_a_slip_is_named(platform: Caller, number: str, sent: dict[str, Any], field: str, says: str) -> None:
    factories.subject("org_42")
    answer = platform.post("/acknowledgements/", sent)
    assert answer.status_code == 400
    assert says in str(answer.json()), answer.json()
    assert field in str(answer.json())


def test_what_is_not_in_force_is_refused(platform: Caller, number: str) -> None:
    factories.subject("org_42")
    PolicyVersion.objects.get(number=number).withdraw(actor=factories.person("policy"), reason="A rule was wrong.")
    named = platform.post("/acknowledgements/", {"account": "org_42", "version": number})
    unnamed = platform.post("/acknowledgements/", {"account": "org_42"})
    assert (named.status_code, unnamed.status_code) == (400, 400)
    assert f"Version {number} is not in force" in named.text
    assert "No policy is in force yet" in unnamed.text


def test_who_has_not_is_an_empty_list(platform: Caller, number: str) -> None:
    factories.subject("org_42")
    path = f"/acknowledgements/?account=org_42&version={number}"
    assert platform.get(path).json()["results"] == []
    platform.post("/acknowledgements/", {"account": "org_42"})
    (found,) = platform.get(path).json()["results"]
    assert platform.get(f"/acknowledgements/{found['id']}/").json() == found


def test_a_list_costs_the_same_however_long(platform: Caller, number: str) -> None:
    def grow(count: int) -> int:
        for _turn in range(count):
            platform.post("/acknowledgements/", {"account": factories.subject().external_id})
        return len(platform.queries("/acknowledgements/"))

    assert grow(1) == grow(5)


def test_a_link_opens_the_page_of_that_account(platform: Caller, number: str) -> None:
    factories.subject("org_42", name="Harbour")
    made = platform.post("/acknowledgements/link/", {"account": "org_42"})
    assert made.status_code == 200
    path = urlsplit(made.json()["url"]).path
    assert "Harbour" in Client().get(path).text


def test_each_scope_opens_its_door_only(people: dict, number: str) -> None:
    factories.subject("org_42")
    assert Caller(["acknowledgement:view"]).post("/acknowledgements/", {"account": "org_42"}).status_code == 403
    assert Caller(["acknowledgement:give"]).get("/acknowledgements/").status_code == 403


def test_staff_are_not_told_to_machines(platform: Caller, number: str) -> None:
    version = PolicyVersion.objects.get(number=number)
    reviewer = factories.person("reviewer")
    Acknowledgement.given(version, reviewer, actor=reviewer, means="desk")
    assert platform.get("/acknowledgements/").json()["results"] == []


@pytest.mark.parametrize(
    ("path", "sent", "field"),
    [
        ("/acknowledgements/", {"account": "a\0b"}, "account"),
        ("/acknowledgements/", {"account": "org_42", "version": "\0"}, "version"),
        ("/reports/", {"rule": "SP\0"}, "rule"),
        ("/subjects/org_43/", {"kind": "organization", "parent": "\0"}, "parent"),
    ],
)
def test_a_name_with_a_nul_is_nobodys(people: dict, path: str, sent: dict, field: str) -> None:
    factories.subject("org_42")
    caller = Caller()
    answer = caller.send("put" if "org_43" in path else "post", path, json.dumps(sent).encode())
    assert answer.status_code == 400
    assert answer.json()["errors"][field] == ["Invalid value."]


def test_brackets_without_end_are_a_bad_body(platform: Caller) -> None:
    answer = platform.send("post", "/acknowledgements/", b"[" * 100_000)
    assert answer.status_code == 400
    assert "nested deeper" in answer.json()["detail"]
