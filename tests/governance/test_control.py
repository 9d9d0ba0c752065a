"""A control is recorded by one person, verified by another, and counts for what it is."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from governance.models import Control
from governance.models.control import VERIFIED_FOR
from tests import factories
from tests.factories import person, rule
from tipstaff.ledger.models import Event
from tipstaff.time import moved_to, now
from tipstaff.workflow.actors import System
from tipstaff.workflow.operations import available_to
from tipstaff.workflow.refused import NotPermitted, Refused

pytestmark = pytest.mark.usefixtures("people")
SEEN = "Repeated the load test."


def with_roles(mailbox: str, *roles: str):
    person(mailbox).change_roles(actor=factories.SYSTEM, roles=list(roles))
    return person(mailbox)


def sql(statement: str, *values) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


class TestRecord:
    def test_it_stands_in_the_history_of_its_system(self) -> None:
        control = factories.control(rules=["sp-03", "SP-01", "SP-03 "])
        assert control.ref.startswith("K-")
        assert control.rules == ["SP-01", "SP-03"]
        assert control.recorded_by == person("owner")
        kinds = Event.objects.filter(stream=control.system.stream).order_by("-seq").values_list("kind", flat=True)
        assert kinds[0] == "control.recorded"
        assert list(Control.objects.covering("SP-01")) == [control]

    def test_of_rules_that_there_are(self) -> None:
        with pytest.raises(Refused, match="The policy has no rule XX-99"):
            factories.control(rules=["SP-03", "XX-99"])
        with pytest.raises(Refused, match="at least one rule"):
            factories.control(rules=[" "])

    def test_by_the_owner_of_the_system(self) -> None:
        control = Control(
            system=factories.ai_system(), name="Limit", description="One.", stage="runtime", mode="manual"
        )
        control.rules = ["SP-03"]
        with pytest.raises(Refused, match="only its owner"):
            control.record(actor=with_roles("product", "system_owner"))
        with pytest.raises(NotPermitted):
            control.record(actor=person("engineering"))

    def test_once_under_a_name(self) -> None:
        first = factories.control(name="Limit")
        with pytest.raises(Refused, match=f"{first.ref} Limit has this name already"):
            factories.control(first.system, name=" LIMIT")
        factories.control(name="Limit")
        first.retire(actor=person("owner"), reason="Rebuilt.")
        factories.control(first.system, name="Limit")

    def test_it_links_to_the_web_only(self) -> None:
        with pytest.raises(IntegrityError, match="control_links_to_the_web"):
            factories.control(evidence_url="javascript:alert(1)")

    def test_not_on_a_retired_system(self) -> None:
        system = factories.ai_system()
        system.retire(actor=person("owner"), reason="Replaced.")
        with pytest.raises(Refused, match="is retired"):
            factories.control(system)


class TestVerify:
    @pytest.mark.parametrize("mailbox", ["engineering", "compliance"])
    def test_by_somebody_who_looked(self, mailbox: str) -> None:
        control = factories.control()
        control.verify(actor=person(mailbox), finding=SEEN)
        assert (control.verified_by, control.finding) == (person(mailbox), SEEN)
        assert control.verified_under == rule().version
        assert control.verified_until == control.last_verified_at + VERIFIED_FOR

    def test_who_recorded_or_owns_it_does_not(self) -> None:
        control = factories.control()
        owner = with_roles("owner", "system_owner", "engineering")
        with pytest.raises(Refused, match="You recorded this control"):
            control.verify(actor=owner, finding=SEEN)
        with pytest.raises(IntegrityError, match="control_not_verified_by_its_recorder"):
            sql(
                "UPDATE governance_control SET last_verified_at=now(), verified_by_id=%s, finding='x' WHERE id=%s",
                owner.pk,
                control.pk,
            )
        heir = with_roles("product", "system_owner", "engineering")
        control.system.hand_over(actor=person("compliance"), owner=heir)
        with pytest.raises(Refused, match="You answer for this system"):
            control.verify(actor=heir, finding=SEEN)
        control.amend(actor=heir, description="Changed.")
        control.system.hand_over(actor=person("compliance"), owner=owner)
        with pytest.raises(Refused, match="You recorded this control"):
            control.verify(actor=heir, finding=SEEN)

    def test_a_machine_does_not(self) -> None:
        with pytest.raises(Refused, match="Only a person"):
            factories.control().verify(actor=System("scan"), finding=SEEN)

    def test_without_evidence_there_is_nothing_to_verify(self) -> None:
        control = factories.control(evidence="")
        with pytest.raises(Refused, match="has no evidence"):
            control.verify(actor=person("engineering"), finding=SEEN)
        control.amend(actor=person("owner"), evidence_url="https://runs.example/4711")
        control.verify(actor=person("engineering"), finding=SEEN)

    def test_it_says_what_was_looked_at(self) -> None:
        with pytest.raises(Refused):
            factories.control().verify(actor=person("engineering"), finding="  ")

    def test_a_changed_control_is_not_the_one_that_was_verified(self) -> None:
        control = factories.control(verified=True)
        control.amend(actor=person("owner"), mode="manual")
        assert (control.last_verified_at, control.verified_by, control.finding) == (None, None, "")
        assert control.amended_by == person("owner")

    def test_it_falls_due_again(self) -> None:
        control = factories.control(verified=True)
        due_at = control.verified_until
        assert not Control.objects.to_verify(due_at - timedelta(seconds=1)).exists()
        assert list(Control.objects.to_verify(due_at)) == [control]
        with moved_to(now() + timedelta(days=200)):
            control.verify(actor=person("engineering"), finding=SEEN)
            assert not Control.objects.to_verify(now()).exists()


class TestRefute:
    def test_it_counts_for_nothing_until_it_is_changed_or_verified(self) -> None:
        control = factories.control(verified=True)
        control.refute(actor=person("engineering"), finding="The 61st post went through.")
        assert (control.last_verified_at, control.failed_by) == (None, person("engineering"))
        control.verify(actor=person("compliance"), finding="Fixed; the 61st is refused.")
        assert control.failed_at is None

    def test_not_by_its_owner(self) -> None:
        control = factories.control()
        with pytest.raises(Refused, match="You recorded"):
            control.refute(actor=with_roles("owner", "system_owner", "engineering"), finding="x")


class TestRetire:
    def test_for_a_reason_and_for_good(self) -> None:
        control = factories.control(verified=True)
        with pytest.raises(Refused, match="Say why"):
            control.retire(actor=person("owner"), reason="")
        control.retire(actor=person("owner"), reason="The gateway was replaced.")
        assert Control.objects.get().state == "retired"
        assert not Control.objects.active().exists()
        assert available_to(control, person("owner")) == available_to(control, person("engineering")) == []

    def test_with_its_system_nothing_more_can_be_done(self) -> None:
        control = factories.control()
        control.system.retire(actor=person("owner"), reason="Replaced.")
        control = Control.objects.get()
        assert available_to(control, person("owner")) == available_to(control, person("engineering")) == []
        assert not Control.objects.active().exists()
