"""A system is proposed, answers its intake questions and is approved by somebody else, or is not approved."""

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError

from governance.intake import KEYS, QUESTIONS
from governance.models import AISystem, Release
from tests import factories
from tests.factories import person, rule
from tipstaff.ledger.models import Event
from tipstaff.workflow.actors import System
from tipstaff.workflow.history import steps_of
from tipstaff.workflow.operations import available_to
from tipstaff.workflow.refused import NotPermitted, Refused

pytestmark = pytest.mark.usefixtures("people")
SAID = {
    "risks": "It may quote a price that changed since.",
    "testing": "400 recorded questions, 9 wrong answers.",
    "biases": "Answers in French are shorter.",
}


def with_roles(mailbox: str, *roles: str):
    person(mailbox).change_roles(actor=factories.SYSTEM, roles=list(roles))
    return person(mailbox)


def stored(record):
    return type(record).objects.get(pk=record.pk)


def sql(statement: str, *values) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


class TestPropose:
    def test_it_is_on_record_with_an_owner_and_no_answers(self) -> None:
        system = factories.ai_system("proposed", answered=False)
        assert system.ref.startswith("M-")
        assert (system.state, system.owner, system.proposed_by) == ("proposed", person("owner"), person("owner"))
        assert [question.key for question in system.unanswered] == list(KEYS)

    def test_facts_may_be_open_still(self) -> None:
        assert factories.ai_system("proposed", modalities=[], geographies=[]).modality_labels == []

    def test_a_name_belongs_to_one_system_that_stands(self) -> None:
        first = factories.ai_system("proposed", name="Order desk")
        with pytest.raises(Refused, match=f"{first.ref} Order desk has this name"):
            factories.ai_system("proposed", name=" order DESK ")
        first.retire(actor=person("owner"), reason="Replaced.")
        factories.ai_system("proposed", name="Order desk")

    @pytest.mark.parametrize("mailbox", ["reviewer", "compliance", "engineering", "admin"])
    def test_only_by_who_may_own_one(self, mailbox: str) -> None:
        with pytest.raises(NotPermitted):
            factories.ai_system("proposed", by=mailbox)


class TestAmendAndAnswer:
    def test_the_owner_changes_facts(self) -> None:
        system = factories.ai_system("proposed")
        system.amend(actor=person("owner"), purpose="Answers in two languages.", state="approved", owner=None)
        assert (stored(system).purpose, stored(system).state) == ("Answers in two languages.", "proposed")
        assert stored(system).owner == person("owner")

    def test_an_answer_leaves_the_others(self) -> None:
        system = factories.ai_system("proposed", answered=False)
        system.answer(actor=person("owner"), answers={"data": " Order numbers. ", "nonsense": "x"})
        system.answer(actor=person("owner"), answers={"users": "عملاؤنا"})
        assert stored(system).answers == {"data": "Order numbers.", "users": "عملاؤنا"}

    def test_a_blank_answer_is_none(self) -> None:
        system = factories.ai_system("proposed")
        system.answer(actor=person("owner"), answers={"data": "   "})
        assert [question.key for question in system.unanswered] == ["data"]

    def test_nobody_else(self) -> None:
        system, other = factories.ai_system("proposed"), with_roles("product", "system_owner")
        for act, facts in (("amend", {"purpose": "x"}), ("answer", {"answers": {}}), ("submit", {})):
            with pytest.raises(Refused, match="Leo Fontaine answers for this system"):
                getattr(system, act)(actor=other, **facts)

    def test_not_while_somebody_reads_it(self) -> None:
        system = factories.ai_system("in_review")
        for act, facts in (("amend", {"purpose": "x"}), ("answer", {"answers": {}})):
            with pytest.raises(Refused, match="in review by now"):
                getattr(system, act)(actor=person("owner"), **facts)


class TestReview:
    def test_without_its_facts_it_is_not_read(self) -> None:
        system = factories.ai_system("proposed", modalities=[], geographies=[])
        with pytest.raises(Refused, match="Settle these facts first: modalities, geographies"):
            system.submit(actor=person("owner"))
        with pytest.raises(IntegrityError, match="system_reviewed_with_its_facts"):
            sql("UPDATE governance_aisystem SET state='in_review', submitted_at=now() WHERE id=%s", system.pk)

    def test_approved_by_somebody_else(self) -> None:
        system = factories.ai_system("in_review")
        system.approve(actor=person("compliance"))
        assert (stored(system).state, stored(system).approved_by) == ("approved", person("compliance"))
        assert steps_of(system)[0].text == f"approved the system ({system.ref})"

    def test_the_owner_does_not(self) -> None:
        owner = with_roles("owner", "system_owner", "compliance")
        system = factories.ai_system("in_review")
        with pytest.raises(Refused, match="You answer for this system"):
            system.approve(actor=owner)
        assert not {"approve", "send_back"} & {act.name for act in available_to(system, owner)}

    def test_nor_who_proposed_it(self) -> None:
        proposer = with_roles("owner", "system_owner", "compliance")
        system = factories.ai_system("in_review")
        system.hand_over(actor=person("compliance"), owner=with_roles("product", "system_owner"))
        with pytest.raises(Refused, match="You proposed this system"):
            system.approve(actor=proposer)

    @pytest.mark.parametrize("mailbox", ["owner"])
    def test_nor_by_plain_sql(self, mailbox: str) -> None:
        system = factories.ai_system("in_review")
        with pytest.raises(IntegrityError, match="not_approved_by_its"):
            sql(
                "UPDATE governance_aisystem SET state='approved', approved_at=now(), approved_by_id=%s WHERE id=%s",
                person(mailbox).pk,
                system.pk,
            )

    def test_nor_does_a_machine(self) -> None:
        system = factories.ai_system("in_review")
        with pytest.raises(Refused, match="Only a person"):
            system.approve(actor=System("import"))
        with pytest.raises(IntegrityError):
            sql("UPDATE governance_aisystem SET state='approved', approved_at=now() WHERE id=%s", system.pk)

    def test_unanswered_is_not_approved_and_the_refusal_lists_it(self) -> None:
        system = factories.ai_system("in_review", answered=False)
        with pytest.raises(Refused) as refused:
            system.approve(actor=person("compliance"))
        assert all(str(question.wording) in str(refused.value) for question in QUESTIONS)
        assert stored(system).state == "in_review"

    def test_sent_back_with_a_reason_answered_and_submitted_again(self) -> None:
        system = factories.ai_system("in_review", answered=False)
        with pytest.raises(Refused, match="Say why"):
            system.send_back(actor=person("compliance"), reason=" ")
        system.send_back(actor=person("compliance"), reason="Say which data it reads.")
        assert (system.state, system.reason) == ("proposed", "Say which data it reads.")
        system.answer(actor=person("owner"), answers=dict.fromkeys(KEYS, "Said."))
        system.submit(actor=person("owner"))
        system.approve(actor=person("compliance"))
        assert (stored(system).state, stored(system).reason) == ("approved", "")

    def test_a_system_that_changes_is_approved_anew(self) -> None:
        system = factories.ai_system()
        system.revise(actor=person("owner"), reason="It now reads images.")
        assert (system.state, system.approved_by, system.approved_at) == ("proposed", None, None)
        system.amend(actor=person("owner"), modalities=["text", "image"])
        system.submit(actor=person("owner"))
        system.approve(actor=person("compliance"))


class TestHandOver:
    def test_to_somebody_who_may_own_it(self) -> None:
        system, heir = factories.ai_system(), with_roles("product", "system_owner")
        system.hand_over(actor=person("compliance"), owner=heir)
        assert stored(system).owner == heir
        with pytest.raises(Refused, match="has no role"):
            system.hand_over(actor=person("compliance"), owner=person("reviewer"))

    def test_never_to_who_approved_it(self) -> None:
        system = factories.ai_system()
        with pytest.raises(Refused, match="approved this system"):
            system.hand_over(actor=person("compliance"), owner=with_roles("compliance", "compliance", "system_owner"))


class TestRelease:
    def test_it_names_its_policy_version_and_is_told_whole(self) -> None:
        system, version = factories.ai_system(), rule().version
        system.release(actor=person("owner"), name="2.1", released_on=date(2026, 5, 4), policy_version=version, **SAID)
        assert system.releases.get().policy_version == version
        told = Event.objects.filter(stream=system.stream).order_by("-seq")[0].told()
        assert told["facts.testing"] == SAID["testing"]
        assert told["facts.policy_version"] == version.reference

    def test_once_for_a_name(self) -> None:
        system, facts = factories.ai_system(), {"released_on": date(2026, 5, 4), "policy_version": rule().version}
        system.release(actor=person("owner"), name="2.1", **facts, **SAID)
        with pytest.raises(Refused, match="recorded already"):
            system.release(actor=person("owner"), name="2.1", **facts, **SAID)

    def test_only_of_what_was_approved(self) -> None:
        with pytest.raises(Refused, match="in review by now"):
            factories.ai_system("in_review").release(
                actor=person("owner"), name="1", released_on=date(2026, 5, 4), policy_version=rule().version, **SAID
            )

    def test_it_is_never_changed(self) -> None:
        system = factories.ai_system()
        system.release(
            actor=person("owner"), name="1", released_on=date(2026, 5, 4), policy_version=rule().version, **SAID
        )
        for statement in ("UPDATE governance_release SET risks='none'", "DELETE FROM governance_release"):
            with pytest.raises(ProgrammingError, match="permission denied"):
                sql(statement)
        assert Release.objects.get().risks == SAID["risks"]


def test_retired_for_a_reason_and_for_good() -> None:
    system = factories.ai_system()
    system.retire(actor=person("owner"), reason="Replaced by the new desk.")
    assert stored(system).state == "retired"
    assert not AISystem.objects.standing().filter(pk=system.pk).exists()
    assert available_to(system, person("owner")) == available_to(system, person("compliance")) == []
    with pytest.raises(ProgrammingError, match="permission denied"):
        sql("DELETE FROM governance_aisystem WHERE id=%s", system.pk)


@pytest.mark.parametrize(("mailbox", "sees"), [("reviewer", True), ("auditor", True), ("admin", False)])
def test_who_sees_systems(mailbox: str, sees: bool) -> None:
    factories.control()
    assert AISystem.objects.visible_to(person(mailbox)).exists() is sees
