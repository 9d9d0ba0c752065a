"""`PUT /api/v1/subjects/{external_id}/`: the provider makes its accounts known, again and again, under its own ids."""

import threading
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from tests.api.callers import Caller
from tipstaff.accounts.models import Subject
from tipstaff.ledger.models import Event

WHOLE = {"kind": "workspace", "parent": None, "name": "North", "contact": "north@customer.example", "language": "en"}


@pytest.fixture
def caller(people: dict) -> Caller:
    return Caller()


def kinds(subject: Subject) -> list[str]:
    return list(Event.objects.filter(stream=subject.stream).order_by("seq").values_list("kind", flat=True))


def test_an_account_is_made_known_and_read_back(caller: Caller) -> None:
    answer = caller.put("/subjects/ws_north/", WHOLE)
    assert answer.status_code == 201
    there = {"operation": "amend", "method": "PUT", "url": "http://testserver/api/v1/subjects/ws_north/"}
    assert answer.json() == {"external_id": "ws_north"} | WHOLE | {"available": [there]}
    assert caller.get("/subjects/ws_north/").json() == answer.json()
    assert kinds(Subject.objects.get()) == ["subject.registered"]


def test_again_it_replaces_what_is_known(caller: Caller) -> None:
    caller.put("/subjects/org/", {"kind": "organisation"})
    caller.put("/subjects/ws_north/", WHOLE | {"parent": "org"})
    answer = caller.put("/subjects/ws_north/", WHOLE | {"name": "South"})
    assert (answer.status_code, answer.json()["name"], answer.json()["parent"]) == (200, "South", None)
    subject = Subject.objects.get(external_id="ws_north")
    assert kinds(subject) == ["subject.registered", "subject.amended"]
    told = Event.objects.get(stream=subject.stream, kind="subject.amended").told()
    assert told["changes.name"] == ["North", "South"]
    assert told["actor"] == {"kind": "token", "ref": caller.token.reference}


@pytest.mark.parametrize("name", ["contact", "name"])
def test_what_is_left_out_is_not_kept(caller: Caller, name: str) -> None:
    """A PUT is the whole account, so an address that the provider dropped does not go on receiving notices."""
    caller.put("/subjects/a/", WHOLE)
    answer = caller.put("/subjects/a/", {field: value for field, value in WHOLE.items() if field != name})
    assert answer.json()[name] == ""


@pytest.mark.parametrize("external_id", ["a", "A.b_c@d:e-1", "user@customer.example", "x" * 120])
def test_ids_are_the_providers_own(caller: Caller, external_id: str) -> None:
    assert caller.put(f"/subjects/{external_id}/", {}).status_code == 201
    assert caller.get(f"/subjects/{external_id}/").json()["external_id"] == external_id


@pytest.mark.parametrize("external_id", ["a b", "x" * 121, "é", "a%2Fb", "a%00b", "<a>", "a%0A"])
def test_what_is_no_id_is_not_there(caller: Caller, external_id: str) -> None:
    assert caller.put(f"/subjects/{external_id}/", {}).status_code == 404
    assert not Subject.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "planet"),
        ("parent", "nobody"),
        ("contact", "no address"),
        ("contact", "a@b.example\r\nBcc: c@d.example"),
        ("language", "xx"),
        ("name", "x" * 201),
        ("name", "a\0b"),
        ("name", {"a": 1}),
        ("name", "\ud800"),
    ],
)
def test_a_broken_field_is_named(caller: Caller, field: str, value: Any) -> None:
    answer = caller.put("/subjects/a/", WHOLE | {field: value})
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert set(answer.json()["errors"]) == {field}
    assert not Subject.objects.exists()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"null", b"\xff\xfe", b'{"name": NaN}'])
def test_a_body_that_is_no_object_is_400(caller: Caller, body: bytes) -> None:
    answer = caller.send("put", "/subjects/a/", body)
    assert answer.status_code in {400} or (body == b"" and answer.status_code == 201)
    if answer.status_code == 400:
        assert answer["Content-Type"] == "application/problem+json"


def test_another_kind_of_body_is_415(caller: Caller) -> None:
    answer = caller.send("put", "/subjects/a/", b"name=a", content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, answer["Content-Type"]) == (415, "application/problem+json")


def test_no_account_stands_above_itself(caller: Caller) -> None:
    caller.put("/subjects/a/", {})
    caller.put("/subjects/b/", {"parent": "a"})
    caller.put("/subjects/c/", {"parent": "b"})
    for above in ("a", "c"):
        answer = caller.put("/subjects/a/", {"parent": above})
        assert answer.status_code == 409
        assert answer.json()["detail"] == "An account cannot stand above itself."
    assert Subject.objects.get(external_id="a").parent is None


def test_one_that_is_unknown_is_404_as_a_problem(caller: Caller) -> None:
    answer = caller.get("/subjects/nobody/")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert answer.json() == {
        "type": "about:blank",
        "title": "There is nothing here",
        "status": 404,
        "detail": answer.json()["detail"],
    }


def test_a_token_that_only_reads_does_not_write(people: dict) -> None:
    reader = Caller(["subject:view"])
    assert reader.put("/subjects/a/", {}).status_code == 403
    assert not Subject.objects.exists()


def test_many_at_once_make_it_known_once(clone: str) -> None:
    caller, ready, codes, trouble = Caller(), threading.Barrier(8), [], []

    def put(number: int) -> None:
        try:
            ready.wait(10)
            codes.append(caller.put("/subjects/a/", WHOLE | {"name": f"By {number}"}, client=Client()).status_code)
        except BaseException as error:
            trouble.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=put, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not trouble
    assert sorted(codes) == [200] * 7 + [201]
    assert sorted(kinds(Subject.objects.get())) == ["subject.amended"] * 7 + ["subject.registered"]
