"""Files from machines: sent once, sealed like every other, and named in the report or request that they belong to."""

import hashlib
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings

from cases.models import Report
from tests.api.callers import Caller, send
from tipstaff.ledger.models import Event
from tipstaff.time import moved_to, now
from tipstaff.vault import fixity
from tipstaff.vault.models import SealedFile

TEXT = b"10:02 user: hello\n"
BODY = {"description": "Four hundred posts.", "good_faith": True}


def test_a_file_is_sent_and_named_in_a_report(caller: Caller) -> None:
    answer = send(caller, TEXT, "requests.jsonl")
    assert answer.status_code == 201
    told = answer.json()
    assert (told["name"], told["size"], told["sha256"]) == (
        "requests.jsonl", len(TEXT), hashlib.sha256(TEXT).hexdigest()
    )  # fmt: skip
    file = SealedFile.objects.get()
    assert Event.objects.get(stream=file.stream, kind="file.sealed").told()["actor"]["ref"] == caller.token.reference
    assert caller.get(f"/files/{told['id']}/").json() == told
    filed = caller.post("/reports/", BODY | {"files": [told["id"]]})
    assert filed.status_code == 201
    assert "files" not in filed.json()
    assert list(Report.objects.get().files) == [file]
    again = caller.post("/reports/", BODY | {"files": [told["id"]]})
    assert again.json()["errors"]["files"] == [f"There is no file {told['id']} of yours that belongs to nothing yet."]


def test_the_same_key_sends_it_once(caller: Caller) -> None:
    first = send(caller, TEXT, Idempotency_Key="one")
    second = send(caller, TEXT, Idempotency_Key="one")
    assert first.json() == second.json()
    assert second.headers["Idempotent-Replayed"] == "true"
    assert sorted(SealedFile.objects.values_list("state", flat=True)) == ["sealed", "set_aside"]
    other = send(caller, b"other bytes", Idempotency_Key="one")
    assert other.status_code == 422
    assert SealedFile.objects.filter(state="sealed").count() == 1


@pytest.mark.parametrize(
    ("content", "name", "wrong"),
    [
        (b"MZ" + bytes(300), "tool.exe", "put it into a ZIP archive"),
        (b"", "empty.txt", "empty"),
        (b"x" * 2000, "big.txt", "big.txt is larger than"),
    ],
)
def test_what_is_not_taken_is_said(caller: Caller, settings: Any, content: bytes, name: str, wrong: str) -> None:
    settings.FILE_BYTES = 1000
    answer = send(caller, content, name)
    assert answer.status_code == 400
    assert wrong in str(answer.json()["errors"]["file"])
    assert not SealedFile.objects.exists()


def test_another_machine_neither_sees_nor_uses_it(caller: Caller) -> None:
    sent = send(caller, TEXT).json()["id"]
    other = Caller()
    assert other.get(f"/files/{sent}/").status_code == 404
    assert other.post("/reports/", BODY | {"files": [sent]}).status_code == 400
    assert other.post("/reports/", BODY | {"files": [str(uuid4())]}).status_code == 400
    many = [str(uuid4())] * (settings.FILES_PER_FORM + 1)
    assert other.post("/reports/", BODY | {"files": many}).status_code == 400


def test_without_the_scope_nothing_is_sent(people: dict) -> None:
    assert send(Caller(["report:file"]), TEXT).status_code == 403
    assert not SealedFile.objects.exists()
    assert Event.objects.filter(kind="access.refused").count() == 1


def test_one_that_nobody_names_is_let_go_after_a_day(caller: Caller) -> None:
    send(caller, TEXT)
    fixity.remove_unclaimed()
    assert SealedFile.objects.get().state == "sealed"
    with moved_to(now() + timedelta(hours=25)):
        fixity.remove_unclaimed()
    assert SealedFile.objects.get().state == "set_aside"


def test_a_file_goes_with_a_request_for_a_waiver_and_with_an_answer(caller: Caller) -> None:
    from governance.models import Waiver
    from governance.waiver_api import ASKED

    caller.put("/subjects/acct_1/", {})
    days = {"starts_on": str(now().date() + timedelta(days=20)), "ends_on": str(now().date() + timedelta(days=80))}
    sent = send(caller, TEXT).json()["id"]
    answer = caller.post("/waivers/", ASKED | days | {"files": [sent]})
    assert answer.status_code == 201, answer.text
    assert [str(file.pk) for file in Waiver.objects.get().files] == [sent]
