"""Custodians see every file but those about their own account: they open, keep, hold and dispose of nothing there."""

from typing import Any

import pytest

from cases.models import Case
from tests import factories
from tests.factories import person
from tipstaff.accounts.models import Subject
from tipstaff.ledger.models import Event
from tipstaff.notices.models import Message
from tipstaff.time import now
from tipstaff.vault import derive, showing
from tipstaff.vault.models import Disposal, LegalHold, SealedFile, Unsealing
from tipstaff.vault.views.custody import waiting_for
from tipstaff.workflow.refused import Refused

SEALED = "CH-01"
WHY = "It has to be handed over."
OWN = r"about your own account; someone else must do this\."


@pytest.fixture
def own(people: dict) -> Subject:
    """An account that hangs on one of the custodian's."""
    above = factories.subject(kind="organisation", contact=person("custodian").email.upper())
    return factories.subject(parent=above)


@pytest.fixture
def case(own: Subject) -> Case:
    factories.case()  # C-0001 is the example on a page
    return factories.claimed(about=own, code=SEALED, severity=4)


@pytest.fixture
def file(case: Case) -> SealedFile:
    return factories.evidence(case).file


def asked(file: SealedFile, by: str = "reviewer") -> Unsealing:
    made = Unsealing(file=file, reason="The time stamps matter.")
    made.ask(actor=person(by))
    return made


def proposed(file: SealedFile, by: str = "compliance") -> Disposal:
    made = Disposal(file=file, ground="erasure", reason="They ask for it.")
    made.propose(actor=person(by))
    return made


class TestActs:
    def test_nothing_is_opened(self, file: SealedFile) -> None:
        for act in (
            lambda: file.read(actor=person("custodian"), purpose="review"),
            lambda: file.download(actor=person("custodian"), reason=WHY, sha256=file.sha256),
            lambda: asked(file, "custodian"),
        ):
            with pytest.raises(Refused, match=OWN):
                act()
        assert not file.in_sight_of(person("custodian"))
        assert file.in_sight_of(person("counsel")) == person("counsel").may("file:unseal")

    def test_nor_what_was_made_of_it(self, people: dict, own: Subject) -> None:
        made = factories.evidence(factories.claimed(about=own)).file
        derive.prepare(made)
        lines = made.derivatives.first_of("lines")
        assert lines is not None
        assert lines.file is not None
        with pytest.raises(Refused, match=OWN):
            lines.view(actor=person("custodian"), purpose=showing.Purpose.REVIEW, part="turns 1-1")
        assert lines.file.stake_of(person("custodian"))
        assert not lines.file.in_sight_of(person("custodian"))
        assert not SealedFile.objects.in_custody(person("custodian")).filter(pk__in=[made.pk, lines.file_id]).exists()
        lines.view(actor=person("reviewer"), purpose=showing.Purpose.REVIEW, part="turns 1-1")

    def test_nobody_is_let_in_or_kept_out(self, file: SealedFile) -> None:
        unsealing = asked(file)
        for act in (
            lambda: unsealing.grant(actor=person("custodian")),
            lambda: unsealing.refuse(actor=person("custodian"), reason="No."),
        ):
            with pytest.raises(Refused, match=OWN):
                act()
        person("counsel").change_roles(actor=factories.SYSTEM, roles=["custodian"])
        unsealing.grant(actor=person("counsel"))
        assert unsealing.state == "granted"

    def test_nothing_is_kept_longer_or_disposed_of(self, file: SealedFile) -> None:
        for act in (
            lambda: file.retain(actor=person("custodian"), kind="litigation", until=now(), basis="Mine."),
            lambda: proposed(file, "custodian"),
        ):
            with pytest.raises(Refused, match=OWN):
                act()

    def test_no_hold_is_placed_or_released(self, own: Subject, case: Case, file: SealedFile) -> None:
        for on in (case, file, own):
            with pytest.raises(Refused, match="your own account; someone else must do this"):
                factories.hold(on)
            placed = factories.hold(on, by="counsel")
            with pytest.raises(Refused, match="your own account; someone else must do this"):
                placed.ask_release(actor=person("custodian"), reason="It is over.")
            assert placed not in LegalHold.objects.visible_to(person("custodian"))

    def test_others_do_all_of_it(self, people: dict) -> None:
        """The control: the same acts of the same person on somebody else's account."""
        file = factories.evidence(factories.claimed(code=SEALED, severity=4)).file
        unsealing = asked(file)
        unsealing.grant(actor=person("custodian"))
        assert factories.hold(file) in LegalHold.objects.visible_to(person("custodian"))
        assert file.in_sight_of(person("custodian"))


class TestPages:
    def test_no_list_and_no_page_holds_it(self, enter: Any, case: Case, file: SealedFile) -> None:
        unsealing, held = asked(file), factories.hold(case, by="counsel")
        held.ask_release(actor=person("counsel"), reason="It is over.")
        browser, counsel = enter("custodian"), enter("counsel")
        mine = f"/desk/custody/files/{file.pk}/"
        for address in (mine, held.get_absolute_url(), file.get_absolute_url(), f"/desk/referrals/{case.ref}/"):
            assert browser.get(address).status_code == 404, address
        assert counsel.get(mine).status_code == counsel.get(held.get_absolute_url()).status_code == 200
        for address in ("/desk/custody/", "/desk/custody/files/", "/desk/custody/holds/", "/desk/referrals/"):
            page = browser.get(address)
            assert page.status_code == 200
            assert case.ref not in page.text
            assert str(file.pk) not in page.text
            assert held.ref not in page.text
        assert waiting_for(person("custodian")) == 0
        assert browser.post(f"/desk/custody/unsealings/{unsealing.ref}/grant/").status_code == 404
        assert browser.post(f"{mine}retain/").status_code == 404
        assert case.ref in counsel.get("/desk/custody/holds/").text

    def test_a_download_is_refused_in_a_sentence_and_on_record(self, enter: Any, file: SealedFile) -> None:
        page = enter("custodian").post(file.get_absolute_url(), {"reason": WHY})
        assert page.status_code == 409
        assert "about your own account; someone else must do this." in page.text
        assert Event.objects.filter(kind="file.access_denied", stream_id=file.stream).count() == 1

    def test_no_mail_tells_them_that_an_authority_is_owed_a_notice(self, case: Case) -> None:
        assert case.refers
        assert not Message.objects.filter(kind="referral_owed").exists()
        factories.case(code=SEALED, severity=4)
        assert Message.objects.get(kind="referral_owed").recipient == person("custodian").email


def test_nor_of_an_account_that_ones_own_hangs_on(people: dict) -> None:
    above = factories.subject(kind="organisation", contact="office@shop.example")
    factories.subject(parent=factories.subject(parent=above, kind="workspace"), contact=person("custodian").email)
    beside = factories.evidence(factories.claimed(about=factories.subject(parent=above), code=SEALED, severity=4)).file
    case = factories.claimed(about=above, code=SEALED, severity=4)
    file = factories.evidence(case).file
    assert list(SealedFile.objects.in_custody(person("custodian")).filter(pk__in=[file.pk, beside.pk])) == [beside]
    assert not file.in_sight_of(person("custodian"))
    assert file.stake_of(person("reviewer")) is None
    for act in (
        lambda: asked(file).grant(actor=person("custodian")),
        lambda: asked(file, "custodian"),
        lambda: factories.hold(case),
        lambda: factories.hold(above),
    ):
        with pytest.raises(Refused, match=r"an account that your own hangs on; someone else must do this\."):
            act()


def test_files_of_a_report_that_names_it(people: dict, own: Subject) -> None:
    report = factories.report(account=own.external_id, files=[factories.sealed()])
    (file,) = report.files
    assert file not in SealedFile.objects.in_custody(person("custodian"))
    assert file in SealedFile.objects.in_custody(person("counsel"))
    with pytest.raises(Refused, match=OWN):
        file.download(actor=person("custodian"), reason=WHY, sha256=file.sha256)


def test_nobody_changes_their_own_account(people: dict, own: Subject) -> None:
    lead = factories.subject(contact=person("lead").email)
    with pytest.raises(Refused, match="your own account"):
        lead.amend(actor=person("lead"), contact="somebody@else.example")
