"""A refusal of permission is an event too: one, in the stream of who tried, whatever door they tried."""

from typing import Any

import pytest
from django.test import Client

from tests.factories import person
from tests.workflow.boxes import SYSTEM, Box
from tipstaff.ledger.models import Event
from tipstaff.permissions import Permission

BACKEND = "django.contrib.auth.backends.ModelBackend"


def signed_in(mailbox: str) -> Client:
    browser = Client()
    browser.force_login(person(mailbox), backend=BACKEND)
    return browser


def refusals(mailbox: str) -> list[dict[str, Any]]:
    events = Event.objects.filter(stream=f"access:{person(mailbox).reference}").prefetch_related("disclosures")
    assert all(event.kind == "access.refused" for event in events)
    return [event.told() for event in events]


@pytest.fixture
def shut(boxes: str, settings: Any) -> Box:
    settings.ROOT_URLCONF = "tests.workflow.urls"
    box = Box(ref="B-1")
    box.create(actor=SYSTEM)
    box.close(actor=SYSTEM)
    return box


def test_an_operation_that_refuses_is_recorded_once_although_its_own_transaction_is_gone(shut: Box) -> None:
    answer = signed_in("auditor").post("/boxes/B-1/open/")
    assert answer.status_code == 403
    assert refusals("auditor") == [
        {
            "actor": {"kind": "person", "ref": person("auditor").reference},
            "about": {"ref": shut.stream},
            "facts.permission": Permission.CASE_LEAD,
        }
    ]
    shut.refresh_from_db()
    assert shut.state == "shut"
    assert signed_in("lead").post("/boxes/B-1/open/").status_code == 200
    assert refusals("lead") == []


def test_a_page_that_refuses_an_act_is_recorded_once_and_a_look_is_not(boxes: str) -> None:
    browser = signed_in("auditor")
    assert browser.get("/desk/queue/").status_code == 404
    assert refusals("auditor") == []
    assert browser.post("/desk/queue/next/").status_code == 403
    assert [(told["about"]["ref"], told["facts.permission"]) for told in refusals("auditor")] == [
        ("/desk/queue/next/", Permission.CASE_CLAIM)
    ]


def test_a_fragment_is_refused_in_the_same_words(shut: Box) -> None:
    whole = signed_in("auditor").post("/boxes/B-1/open/")
    part = signed_in("auditor").post("/boxes/B-1/open/", headers={"HX-Request": "true"})
    sentence = "Your roles do not allow this."
    assert sentence in whole.text
    assert sentence in part.text
    assert "<html" in whole.text
    assert "<html" not in part.text
    assert len(refusals("auditor")) == 2
