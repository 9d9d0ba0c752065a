"""What keeps a file and what lets it go: holds, retention, unsealing, and disposal by two people."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.models import Case
from tests import factories
from tests.factories import SYSTEM, hold, person, sealed
from tipstaff.ledger.models import Event
from tipstaff.time import moved_to, now
from tipstaff.vault import places, retention, storage
from tipstaff.vault.models import Disposal, LegalHold, SealedFile, Unsealing
from tipstaff.workflow.refused import NotPermitted, Refused

LATER = timedelta(days=731)


@pytest.fixture
def file(people: dict) -> SealedFile:
    """A file that belongs to nothing: only its retention keeps it."""
    return sealed()


def proposed(file: SealedFile, by: Any = "custodian", ground: str = "expired") -> Disposal:
    made = Disposal(file=file, ground=ground, reason="Nobody needs it.")
    made.propose(actor=person(by) if isinstance(by, str) else by)
    return made


def disposed(file: SealedFile) -> Disposal:
    made = proposed(file)
    made.approve(actor=person("counsel"))
    made.approve(actor=person("compliance"))
    return made


class TestHold:
    def test_two_people_release_it(self, file: SealedFile) -> None:
        placed = hold(file)
        placed.ask_release(actor=person("custodian"), reason="The dispute is over.")
        assert list(file.holds) == [placed]
        with pytest.raises(Refused, match="somebody else has to give it"):
            placed.release(actor=person("custodian"))
        placed.release(actor=person("counsel"))
        assert not file.holds.exists()
        assert [event.kind for event in Event.objects.filter(stream=placed.stream).order_by("seq")] == [
            "hold.placed",
            "hold.asked_release",
            "hold.released",
        ]

    def test_it_can_be_kept(self, file: SealedFile) -> None:
        placed = hold(file)
        placed.ask_release(actor=person("custodian"), reason="Over.")
        placed.keep(actor=person("counsel"))
        assert (placed.state, placed.release_asked_by) == ("placed", None)
        with pytest.raises(Refused):
            placed.release(actor=person("counsel"))

    def test_the_database_wants_two_as_well(self, file: SealedFile) -> None:
        placed = hold(file)
        with pytest.raises(IntegrityError), transaction.atomic():
            LegalHold.objects.filter(pk=placed.pk).update(
                state="released", release_asked_by=person("custodian"), released_by=person("custodian")
            )

    def test_on_nothing_is_refused(self, people: dict) -> None:
        with pytest.raises(Refused, match="There is no “case:C-ZZZZ”"):
            LegalHold(on="case:C-ZZZZ", reason="x", basis="y").place(actor=person("custodian"))

    @pytest.mark.parametrize("mailbox", ["reviewer", "auditor", "admin"])
    def test_others_place_none(self, file: SealedFile, mailbox: str) -> None:
        with pytest.raises(NotPermitted):
            hold(file, by=mailbox)

    @pytest.mark.parametrize("on", ["file", "case", "account", "above"])
    def test_it_covers_what_hangs_on_it(self, people: dict, on: str) -> None:
        above = factories.subject("org_1", kind="organisation")
        case = factories.claimed(about=factories.subject("acct_1", parent=above))
        file = factories.evidence(case).file
        placed = hold({"file": file, "case": case, "account": case.subject, "above": above}[on])
        assert list(file.holds) == [placed]
        assert not sealed().holds.exists()

    def test_on_a_part_that_keeps_nothing_says_what_to_hold(self, people: dict) -> None:
        case = factories.claimed()
        with pytest.raises(Refused, match=f"Place it on “case:{case.ref}”"):
            hold(factories.evidence(case))


class TestRetention:
    def test_an_open_matter_keeps_its_files(self, people: dict) -> None:
        file = factories.evidence(factories.claimed()).file
        assert file.expires_at() is None
        with moved_to(now() + 10 * LATER):
            assert file.kept_because(now()) == "The matter that it belongs to is still open."

    def test_it_runs_from_when_the_matter_is_at_rest(self, people: dict) -> None:
        case = factories.claimed()
        file = factories.evidence(case).file
        rested = now()
        Case.objects.filter(pk=case.pk).update(state="closed", closed_at=rested, claimed_by=None, claimed_until=None)
        assert file.expires_at() == rested + timedelta(days=730)
        assert "Its retention ends on" in str(file.kept_because(rested + timedelta(days=729)))
        assert file.kept_because(rested + LATER) is None

    def test_a_clock_that_somebody_set_adds_to_it(self, file: SealedFile) -> None:
        until = now() + timedelta(days=2000)
        file.retain(actor=person("custodian"), kind="regulator", until=until, basis="Letter of the authority")
        assert file.expires_at() == until
        assert "Letter of the authority" in str(file.kept_because(now() + LATER))
        assert file.kept_because(until + timedelta(seconds=1)) is None

    def test_clocks_are_never_changed(self, file: SealedFile) -> None:
        file.retain(actor=person("custodian"), kind="regulator", until=now() + LATER, basis="x")
        for statement in ("UPDATE vault_retentionclock SET basis = 'y'", "DELETE FROM vault_retentionclock"):
            with pytest.raises(Exception, match="permission denied"), transaction.atomic():
                connection.cursor().execute(statement)

    def test_what_is_over_is_proposed_once(self, file: SealedFile) -> None:
        held = sealed()
        hold(held)
        assert retention.propose_disposals() == 0
        with moved_to(now() + LATER):
            assert retention.propose_disposals() == 1
            assert retention.propose_disposals() == 0
        proposal = Disposal.objects.get()
        assert (proposal.file, proposal.proposed_by, proposal.state) == (file, None, "proposed")

    def test_what_was_refused_is_not_proposed_again_at_once(self, file: SealedFile) -> None:
        with moved_to(now() + LATER):
            retention.propose_disposals()
            Disposal.objects.get().refuse(actor=person("counsel"), reason="A claim is expected.")
            assert retention.propose_disposals() == 0
        with moved_to(now() + 2 * LATER):
            assert retention.propose_disposals() == 1


class TestDisposal:
    def test_two_who_did_not_propose_it_destroy_the_key(
        self, file: SealedFile, django_capture_on_commit_callbacks
    ) -> None:
        before = SealedFile.objects.get(pk=file.pk)
        with moved_to(now() + LATER), django_capture_on_commit_callbacks(execute=True):
            proposal = proposed(file)
            with pytest.raises(Refused, match="You proposed it"):
                proposal.approve(actor=person("custodian"))
            proposal.approve(actor=person("counsel"))
            with pytest.raises(Refused, match="You approved it already"):
                proposal.approve(actor=person("counsel"))
            assert proposal.state == "proposed"
            proposal.approve(actor=person("compliance"))
        file.refresh_from_db()
        assert (file.state, bytes(file.wrapped_key), proposal.state) == ("disposed", b"", "carried_out")
        assert not places.place_of(file.pk).exists()
        with pytest.raises(storage.Damaged):
            storage.open_sealed(file)
        certificate = Event.objects.get(kind="disposal.carried_out").told()
        told = Event.objects.get(kind="file.disposed").told()
        assert (told["facts.sha256"], told["facts.disposal"]) == (before.sha256, proposal.ref)
        assert certificate["about"]["ref"] == proposal.reference

    def test_a_file_never_goes_without_an_approved_disposal(self, file: SealedFile) -> None:
        with moved_to(now() + LATER):
            proposed(file)
            with pytest.raises(Refused, match="approval of two people"):
                file.dispose(actor=SYSTEM, disposal="X-0001", sha256="", size=0)

    def test_retention_refuses_the_proposal(self, file: SealedFile) -> None:
        with pytest.raises(Refused, match="Its retention ends on"):
            proposed(file)

    def test_a_hold_placed_meanwhile_stops_it(self, file: SealedFile) -> None:
        with moved_to(now() + LATER):
            proposal = proposed(file)
            proposal.approve(actor=person("counsel"))
            placed = hold(file)
            with pytest.raises(Refused, match=f"Legal hold {placed.ref} keeps it: Order 12/26"):
                proposal.approve(actor=person("compliance"))
        assert SealedFile.objects.get(pk=file.pk).state == "sealed"

    def test_an_erasure_need_not_wait_for_the_retention(self, file: SealedFile) -> None:
        proposal = proposed(file, ground="erasure")
        proposal.approve(actor=person("counsel"))
        proposal.approve(actor=person("compliance"))
        assert proposal.state == "carried_out"

    def test_an_erasure_against_a_held_file_is_refused_on_record(self, file: SealedFile) -> None:
        placed = hold(file)
        proposal = proposed(file, ground="erasure")
        assert (proposal.state, proposal.refusal) == ("refused", f"Legal hold {placed.ref} keeps it: Order 12/26.")
        assert Event.objects.filter(stream=file.stream, kind="disposal.refused").exists()

    def test_a_second_one_is_refused(self, file: SealedFile) -> None:
        with moved_to(now() + LATER):
            proposed(file)
            with pytest.raises(Refused, match="waits for approval"):
                proposed(file, by="counsel")
            Disposal.objects.get().approve(actor=person("counsel"))
            Disposal.objects.get().approve(actor=person("compliance"))
            with pytest.raises(Refused, match="no bytes of this file"):
                proposed(SealedFile.objects.get(pk=file.pk))

    def test_the_database_keeps_no_key_of_what_is_disposed(self, file: SealedFile) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            SealedFile.objects.filter(pk=file.pk).update(state="disposed", disposed_at=now())


ACTS = st.sampled_from(
    [
        "hold",
        "hold_matter",
        "ask_release",
        "release",
        "keep",
        "retain",
        "propose",
        "erasure",
        "approve_1",
        "approve_2",
        "wait",
    ]
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACTS, min_size=4, max_size=18))
def test_whatever_people_do_a_held_file_is_never_disposed_of(people: dict, acts: list[str]) -> None:
    """Against a model that only counts: what is held or has a clock running stays, whoever asks for what and when."""
    with transaction.atomic():
        matter = factories.subject()
        file, at = sealed(), now()
        file.attach(actor=SYSTEM, to=matter)
        standing, until = 0, None
        for act in acts:
            at += timedelta(days=400) if act == "wait" else timedelta(minutes=1)
            with moved_to(at):
                was = SealedFile.objects.get(pk=file.pk).state
                try:
                    _carry_out(act, SealedFile.objects.get(pk=file.pk), matter, at)
                except Refused:
                    pass  # what may be refused is the other tests' business
                else:
                    until = at + timedelta(days=500) if act == "retain" else until
                is_now = SealedFile.objects.get(pk=file.pk).state
                if was == "sealed" and is_now == "disposed":
                    assert standing == 0
                    assert until is None or until < at
                standing = LegalHold.objects.standing().filter(on__in=[file.reference, matter.reference]).count()
        transaction.set_rollback(True)


def _carry_out(act: str, file: SealedFile, matter: Any, at: Any) -> None:
    if act == "hold":
        hold(file)
    elif act == "hold_matter":
        hold(matter)
    elif act == "retain":
        file.retain(actor=person("custodian"), kind="litigation", until=at + timedelta(days=500), basis="A claim")
    elif act in ("propose", "erasure"):
        proposed(file, ground="expired" if act == "propose" else "erasure")
    elif act.startswith("approve") and (waiting := Disposal.objects.waiting().filter(file=file).first()):
        waiting.approve(actor=person("counsel" if act == "approve_1" else "compliance"))
    elif newest := LegalHold.objects.standing().order_by("-placed_at").first():
        if act == "ask_release":
            newest.ask_release(actor=person("custodian"), reason="Over.")
        elif act in ("release", "keep"):
            getattr(newest, act)(actor=person("counsel"))


class TestUnsealing:
    @pytest.fixture
    def exhibit(self, people: dict) -> SealedFile:
        return factories.evidence(factories.claimed(code="CH-01", severity=4)).file

    def ask(self, file: SealedFile, by: str = "reviewer") -> Unsealing:
        asked = Unsealing(file=file, reason="The hash list needs a second look.")
        asked.ask(actor=person(by))
        return asked

    def test_nobody_opens_it_alone(self, exhibit: SealedFile) -> None:
        for mailbox in ("reviewer", "custodian", "counsel"):
            with pytest.raises(Refused, match="This material is sealed"):
                exhibit.read(actor=person(mailbox), purpose="look")

    def test_who_was_let_in_reads_it_for_four_hours(self, exhibit: SealedFile) -> None:
        asked = self.ask(exhibit)
        asked.grant(actor=person("custodian"))
        exhibit.read(actor=person("reviewer"), purpose="look")
        with pytest.raises(Refused):
            exhibit.read(actor=person("custodian"), purpose="look")
        with moved_to(now() + timedelta(hours=4, seconds=1)), pytest.raises(Refused):
            exhibit.read(actor=person("reviewer"), purpose="look")

    def test_another_role_answers(self, exhibit: SealedFile) -> None:
        asked = self.ask(exhibit, by="custodian")
        with pytest.raises(Refused, match="You asked for it"):
            asked.grant(actor=person("custodian"))
        asked.grant(actor=person("counsel"))
        exhibit.read(actor=person("custodian"), purpose="look")

    def test_it_can_be_refused_and_asked_again(self, exhibit: SealedFile) -> None:
        asked = self.ask(exhibit)
        with pytest.raises(Refused, match="You asked for it already"):
            self.ask(exhibit)
        asked.refuse(actor=person("custodian"), reason="The labels say enough.")
        assert self.ask(exhibit).state == "asked"
        with pytest.raises(Refused):
            exhibit.read(actor=person("reviewer"), purpose="look")

    def test_what_is_not_sealed_away_needs_none(self, file: SealedFile) -> None:
        with pytest.raises(Refused, match="not sealed away"):
            self.ask(file)

    def test_both_acts_stand_in_the_custody_log(self, exhibit: SealedFile) -> None:
        self.ask(exhibit).grant(actor=person("custodian"))
        kinds = set(Event.objects.filter(stream=exhibit.stream).values_list("kind", flat=True))
        assert {"unsealing.asked", "unsealing.granted"} <= kinds
