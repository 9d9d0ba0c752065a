"""The custodian's pages: what waits, files with what keeps them, holds; every act by its button, refusals beside it."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.factories import hold, person, sealed
from tipstaff.time import moved_to, now
from tipstaff.vault.models import Disposal, LegalHold, SealedFile, Unsealing

LATER = timedelta(days=731)
PLACES = ("vault:custody", "vault:files", "vault:holds")


@pytest.fixture
def file(people: dict) -> SealedFile:
    return sealed()


def act(browser: Client, name: str, *args: Any, **typed: Any) -> Any:
    return browser.post(reverse(f"vault:{name}", args=args), typed, follow=True)


@pytest.mark.parametrize("name", PLACES)
def test_empty(enter: Any, name: str) -> None:
    page = enter("custodian").get(reverse(name))
    assert page.status_code == 200
    assert '<div class="empty">' in page.text


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize(("mailbox", "status"), [("auditor", 200), ("counsel", 200), ("reviewer", 404), ("admin", 404)])
def test_who_sees_them(enter: Any, name: str, mailbox: str, status: int) -> None:
    assert enter(mailbox).get(reverse(name)).status_code == status


def test_files_are_found_by_name_matter_and_digest(enter: Any, people: dict) -> None:
    case = factories.claimed()
    file = factories.evidence(case).file
    other = sealed(b"else", "else.txt")
    for word in ("transcr", case.ref.lower(), file.sha256):
        page = enter("custodian").get(reverse("vault:files"), {"q": word})
        assert reverse("vault:file", args=[file.pk]) in page.text
        assert reverse("vault:file", args=[other.pk]) not in page.text
    assert "No file is found by that" in enter("custodian").get(reverse("vault:files"), {"q": "nothing"}).text


def test_lists_cost_the_same_for_many(enter: Any, people: dict, django_assert_max_num_queries: Any) -> None:
    for _file in range(8):
        hold(sealed())
    browser = enter("custodian")
    for name in PLACES:
        with django_assert_max_num_queries(12):
            browser.get(reverse(name))


def test_from_a_hold_to_its_release(enter: Any, file: SealedFile) -> None:
    custodian, counsel = enter("custodian"), enter("counsel")
    refused = act(custodian, "holds", on="case:C-ZZZZ", basis="Order 12/26", reason="A court asked.")
    assert (refused.status_code, "There is no “case:C-ZZZZ”" in refused.text) == (422, True)
    assert "A court asked." in refused.text
    page = act(custodian, "holds", on=file.reference, basis="Order 12/26", reason="A court asked.")
    placed = LegalHold.objects.get()
    assert "is in force" in page.text
    assert placed.ref in custodian.get(reverse("vault:file", args=[file.pk])).text
    assert "Give a reason" in act(custodian, "hold_act", placed.ref, "ask_release").text
    act(custodian, "hold_act", placed.ref, "ask_release", reason="The dispute is over.")
    assert "Release it" not in custodian.get(placed.get_absolute_url()).text
    assert "The dispute is over." in counsel.get(reverse("vault:custody")).text
    assert "Release it" in counsel.get(placed.get_absolute_url()).text
    assert act(custodian, "hold_act", placed.ref, "release").status_code == 409
    act(counsel, "hold_act", placed.ref, "release")
    assert LegalHold.objects.get().state == "released"


def test_from_a_proposal_to_the_certificate(enter: Any, file: SealedFile) -> None:
    with moved_to(now() + LATER):
        custodian = enter("custodian")
        assert "Nothing keeps it any more" in custodian.get(reverse("vault:file", args=[file.pk])).text
        act(custodian, "file_act", file.pk, "dispose", **{"dispose-ground": "expired", "dispose-reason": "Not needed."})
        proposal = Disposal.objects.get()
        for mailbox in ("counsel", "compliance"):
            assert "Not needed." in enter(mailbox).get(reverse("vault:custody")).text
            page = act(enter(mailbox), "disposal_act", proposal.ref, "approve")
        assert "The key of this file was destroyed" in page.text
        assert "Approved by" in page.text
        assert file.sha256 in page.text


def test_what_is_refused_is_said_beside_the_form(enter: Any, file: SealedFile) -> None:
    page = act(
        enter("custodian"), "file_act", file.pk, "dispose", **{"dispose-ground": "expired", "dispose-reason": "Mine."}
    )
    assert page.status_code == 409
    assert "Its retention ends on" in page.text
    assert "Mine." in page.text
    past = {"retain-kind": "regulator", "retain-until": "2020-01-01", "retain-basis": "x"}
    assert "Choose a day that lies ahead" in act(enter("custodian"), "file_act", file.pk, "retain", **past).text
    assert enter("custodian").post(reverse("vault:file_act", args=[file.pk, "eat"])).status_code == 404
    proposal = reverse("vault:disposal_act", args=["X-0000", "approve"])
    assert enter("custodian").post(proposal).status_code == 404


def test_an_erasure_against_a_hold_says_on_what_basis(enter: Any, file: SealedFile) -> None:
    hold(file)
    typed = {"dispose-ground": "erasure", "dispose-reason": "The holder wrote on 3 May."}
    page = act(enter("custodian"), "file_act", file.pk, "dispose", **typed)
    assert "The erasure is refused, and that is on record: Legal hold" in page.text
    assert "Order 12/26" in page.text


def test_a_reviewer_asks_on_the_case_and_a_custodian_answers(enter: Any, people: dict) -> None:
    case = factories.claimed(code="CH-01", severity=4)
    file = factories.evidence(case).file
    reviewer, custodian = enter("reviewer"), enter("custodian")
    assert "Ask a custodian" in reviewer.get(case.get_absolute_url()).text
    assert reviewer.post(reverse("vault:unseal", args=[file.pk]), {"reason": " "}).status_code == 409
    assert "A custodian is asked" in act(reviewer, "unseal", file.pk, reason="A second look at the hashes.").text
    asked = Unsealing.objects.get()
    assert "A second look at the hashes." in custodian.get(reverse("vault:custody")).text
    assert "1" in custodian.get(reverse("home")).text
    act(custodian, "unsealing_act", asked.ref, "grant")
    assert reviewer.post(file.get_absolute_url(), {"reason": "A look"}).status_code == 200
    assert custodian.post(file.get_absolute_url(), {"reason": "A look"}).status_code == 409


def test_who_may_not_see_the_matter_asks_for_nothing(enter: Any, people: dict) -> None:
    file = factories.evidence(factories.claimed(code="CH-01", severity=4)).file
    assert enter("member1").post(reverse("vault:unseal", args=[file.pk]), {"reason": "Curious."}).status_code == 403
    assert not Unsealing.objects.exists()


def test_names_from_other_worlds_do_no_harm(enter: Any, people: dict) -> None:
    file = sealed(b"x", "شكوى‮txt.exe" + "n" * 5000)
    page = enter("custodian").get(reverse("vault:file", args=[file.pk]))
    assert page.status_code == 200
    assert person("custodian")


def test_only_who_may_see_the_matter_is_led_to_the_original(enter: Any, people: dict) -> None:
    """Compliance watches over custody and reads no reports, so that the way to the file would end at nothing."""
    report = factories.report(files=[sealed()])
    (file,) = report.files
    offered = "Download the original"
    for mailbox, led in (("custodian", True), ("compliance", False)):
        browser = enter(mailbox)
        assert (offered in browser.get(reverse("vault:file", args=[file.pk])).text) is led
        assert browser.get(file.get_absolute_url()).status_code == (200 if led else 404)
