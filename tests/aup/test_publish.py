"""From draft to publication: four people sign, nothing is missing, and from then on nothing changes."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from aup.loading import publish_default
from aup.models import PolicyVersion
from tests.aup.policies import approved, next_version
from tipstaff.ledger.models import Event
from tipstaff.time import moved_to, now
from tipstaff.workflow.actors import System
from tipstaff.workflow.operations import available_to
from tipstaff.workflow.refused import NotPermitted, Refused

State = PolicyVersion.State


class TestTheWay:
    def test_four_sign_and_it_is_published(self, signed, editor):
        signed.approve(actor=editor)
        signed.publish(actor=editor)
        signed.refresh_from_db()
        assert (signed.state, signed.published_by) == (State.PUBLISHED, editor)
        kinds = Event.objects.filter(stream_id=signed.stream).order_by("seq").values_list("kind", flat=True)
        assert "policy.published" in kinds
        assert len(kinds) == 9

    def test_nobody_signs_twice_and_no_function_twice(self, draft, editor, signers):
        draft.submit(actor=editor)
        both = signers["legal"]
        both.roles = ["legal", "product"]
        both.__dict__.pop("permissions", None)
        draft.sign_legal(actor=both)
        with pytest.raises(Refused, match="You signed off as legal already"):
            draft.sign_product(actor=both)
        draft.sign_product(actor=signers["product"])
        signers["engineering"].roles = ["product"]
        signers["engineering"].__dict__.pop("permissions", None)
        with pytest.raises(Refused, match="signed off already"):
            draft.sign_product(actor=signers["engineering"])

    def test_only_people_with_the_function_sign(self, draft, editor, signers):
        draft.submit(actor=editor)
        with pytest.raises(NotPermitted):
            draft.sign_legal(actor=signers["product"])
        with pytest.raises(Refused, match="Only a person can sign off"):
            draft.sign_legal(actor=System("tests"))

    def test_approval_waits_for_all_four(self, draft, editor, signers):
        draft.submit(actor=editor)
        draft.sign_legal(actor=signers["legal"])
        with pytest.raises(Refused, match="Still to sign off: product, engineering, compliance"):
            draft.approve(actor=editor)

    def test_signatures_fall_when_the_text_opens_again(self, signed, editor):
        signed.return_to_draft(actor=editor, reason="LW-01 needs an example.")
        assert (signed.state, signed.submitted_at, signed.sign_offs.count()) == (State.DRAFT, None, 0)

    def test_buttons_are_those_of_state_and_role(self, signed, editor, signers):
        assert [op.name for op in available_to(signed, editor)] == [
            "schedule",
            "approve",
            "return_to_draft",
            "withdraw",
        ]
        assert available_to(signed, signers["legal"]) == []


class TestRefusals:
    def refused(self, draft, editor, signers):
        with pytest.raises(Refused) as refusal:
            approved(draft, editor, signers).publish(actor=editor)
        draft.refresh_from_db()
        assert draft.state == State.APPROVED
        return str(refusal.value)

    def test_without_a_rationale(self, draft, editor, signers):
        second = next_version(draft, editor, rationale=" ")
        assert self.refused(second, editor, signers) == "Give the rationale of this version."

    @pytest.mark.parametrize(
        ("key", "value", "lacks"),
        [
            ("action", "", "an action"),
            ("threshold", " ", "a threshold"),
            ("consequence", {"corrective": "Stop.", "monitoring": "", "enforcement": "T1"}, "its consequence"),
            ("examples", {"allowed": [], "prohibited": ["One."]}, "an allowed example"),
            ("examples", {"allowed": ["One."], "prohibited": []}, "a prohibited example"),
        ],
    )
    def test_with_an_incomplete_rule(self, draft, editor, signers, key, value, lacks):
        def change(documents):
            documents.taxonomy["groups"][0]["rules"][0][key] = value

        second = next_version(draft, editor, change=change)
        assert self.refused(second, editor, signers) == f"Rule LW-01 lacks {lacks}."

    def test_with_a_matrix_that_is_not_monotone(self, draft, editor, signers):
        def change(documents):
            documents.matrix["matrix"][-1]["persistent"] = "T1"

        assert "The decision matrix is not sound" in self.refused(
            next_version(draft, editor, change=change), editor, signers
        )

    def test_with_a_date_that_has_passed(self, signed, editor):
        signed.approve(actor=editor)
        with moved_to(now() + timedelta(days=8)), pytest.raises(Refused, match="has passed"):
            signed.publish(actor=editor)
        with moved_to(signed.effective_from):
            signed.publish(actor=editor)

    def test_without_a_date(self, draft, editor):
        assert "Set the date from which it is in force." in draft.missing()

    def test_from_the_same_moment_as_another(self, published, editor, signers):
        second = approved(next_version(published, editor), editor, signers)
        second.schedule(actor=editor, effective_from=published.effective_from)
        with moved_to(published.effective_from), pytest.raises(Refused, match="from the same moment"):
            second.publish(actor=editor)


REFUSED = [
    "UPDATE aup_policyversion SET summary = 'x' WHERE id = %(id)s",
    "UPDATE aup_policyversion SET effective_from = now() WHERE id = %(id)s",
    "UPDATE aup_policyversion SET state = 'draft' WHERE id = %(id)s",
    "UPDATE aup_policyversion SET state = 'withdrawn', withdrawn_at = now(), withdrawal_reason = 'x', number = '9'"
    " WHERE id = %(id)s",
    "DELETE FROM aup_policyversion WHERE id = %(id)s",
    "UPDATE aup_rule SET severity = 1 WHERE version_id = %(id)s AND code = 'LW-01'",
    "DELETE FROM aup_rule WHERE version_id = %(id)s",
    "INSERT INTO aup_rulegroup (id, version_id, code, title, description, position)"
    " VALUES (uuidv7(), %(id)s, 'ZZ', 't', 'd', 99)",
    "UPDATE aup_rulegroup SET title = 'x' WHERE version_id = %(id)s",
    "UPDATE aup_example SET text = 'x' WHERE rule_id IN (SELECT id FROM aup_rule WHERE version_id = %(id)s)",
    "DELETE FROM aup_example WHERE rule_id IN (SELECT id FROM aup_rule WHERE version_id = %(id)s)",
    "INSERT INTO aup_example (id, rule_id, kind, text, position)"
    " SELECT uuidv7(), id, 'allowed', 't', 99 FROM aup_rule WHERE version_id = %(id)s LIMIT 1",
    "UPDATE aup_decisionmatrix SET document = '{}' WHERE version_id = %(id)s",
    "UPDATE aup_catalogue SET document = '{}' WHERE version_id = %(id)s",
    "DELETE FROM aup_signoff WHERE version_id = %(id)s",
    "UPDATE aup_signoff SET signed_at = now() WHERE version_id = %(id)s",
    "TRUNCATE aup_example",
    "TRUNCATE aup_policyversion CASCADE",
]


def refuses(statement, version, words=r"is refused|permission denied"):
    refused = pytest.raises(DatabaseError, match=words)
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, {"id": version.pk})


class TestImmutability:
    def test_plain_sql_cannot_change_what_was_published(self, published):
        for statement in REFUSED:
            refuses(statement, published)

    def test_a_published_version_can_be_withdrawn_and_then_nothing(self, published, editor):
        published.withdraw(actor=editor, reason="A rule was wrong.")
        published.refresh_from_db()
        assert published.state == State.WITHDRAWN
        for statement in REFUSED:
            refuses(statement, published)

    def test_what_is_signed_cannot_change_under_the_signatures(self, signed):
        for statement in (
            "UPDATE aup_rule SET severity = 1 WHERE version_id = %(id)s",
            "UPDATE aup_policyversion SET summary = 'x' WHERE id = %(id)s",
            "UPDATE aup_signoff SET function = 'legal' WHERE version_id = %(id)s",
        ):
            refuses(statement, signed)

    def test_plain_sql_cannot_publish_without_signatures(self, draft, editor):
        draft.submit(actor=editor)
        statement = "UPDATE aup_policyversion SET state = 'approved', approved_at = now() WHERE id = %(id)s"
        refuses(statement, draft, "four people have to sign first")
        refuses(
            "INSERT INTO aup_policyversion SELECT (r).* FROM (SELECT jsonb_populate_record(v, jsonb_build_object("
            "'id', uuidv7(), 'ref', 'P-X', 'number', '7', 'state', 'published')) AS r FROM aup_policyversion v"
            " WHERE id = %(id)s) AS made",
            draft,
            "is refused",
        )

    def test_a_person_cannot_sign_twice_by_plain_sql(self, draft, editor, signers):
        draft.submit(actor=editor)
        draft.sign_legal(actor=signers["legal"])
        refuses(
            "INSERT INTO aup_signoff (id, version_id, function, person_id, signed_at) SELECT uuidv7(), version_id,"
            " 'product', person_id, now() FROM aup_signoff WHERE version_id = %(id)s",
            draft,
            "sign_off_once_per_person",
        )

    def test_withdrawing_needs_a_reason(self, published, editor):
        with pytest.raises(Refused, match="Say why"):
            published.withdraw(actor=editor, reason=" ")


def test_publish_default_again_changes_nothing(published, editor, signers):
    events = Event.objects.count()
    assert publish_default(published, editor, signers) == published
    assert (published.sign_offs.count(), Event.objects.count()) == (4, events)
    assert published.reference == f"policy:{published.ref}"
