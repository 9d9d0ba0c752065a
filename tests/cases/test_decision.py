"""Proposing, confirming and issuing: who may, what follows, and what plain SQL refuses as well."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from aup.digests import digest
from aup.loading import draft_from
from aup.models import SignOff
from cases.models import Decision, Hand, Sanction
from tests import factories
from tests.aup.policies import approved
from tests.aup.test_writing import write
from tests.factories import person
from tipstaff.ledger.models import Event
from tipstaff.notices.models import Message, Notice
from tipstaff.sla.models import Clock
from tipstaff.time import moved_to, now
from tipstaff.workflow.operations import available_to
from tipstaff.workflow.refused import NotPermitted, Refused

pytestmark = pytest.mark.usefixtures("people")


class TestPropose:
    def test_the_matrix_recommends_and_says_why(self) -> None:
        decision = factories.proposed()
        assert (decision.recommended_tier, decision.tier, decision.recurrence) == ("T3", "T3", "first")
        assert decision.evaluation["explanation"]
        assert decision.case.state == "proposed"
        assert decision.case.part_of(person("reviewer")) == "investigated"

    def test_it_needs_a_claim(self) -> None:
        decision = factories.draft(factories.claimed("reviewer2"))
        with pytest.raises(Refused, match="working on this case"):
            decision.propose(actor=person("reviewer"))

    def test_reasons_are_reasons(self) -> None:
        with pytest.raises(Refused, match="characters"):
            factories.proposed(reasons="Automated posting at scale")

    def test_another_tier_needs_a_reason_and_a_confirmer(self) -> None:
        with pytest.raises(Refused, match="needs a reason"):
            factories.proposed(tier="T4")
        decision = factories.proposed(tier="T4", departure_reason="It went on for weeks.")
        assert decision.needs_confirmer
        with pytest.raises(Refused, match="confirm"):
            decision.issue(actor=person("senior"))

    def test_a_rule_of_another_version_cannot_be_cited(self) -> None:
        with pytest.raises(Refused, match="in force when"):
            factories.proposed(conduct_at=now() - timedelta(days=1000))

    def test_conduct_before_a_change_cites_the_rule_of_that_day(self) -> None:
        case = factories.claimed()
        old, policy, signers = case.rule, person("policy"), {f: person(f) for f in SignOff.Function.values}
        draft = draft_from(old.version, number="1.9", actor=policy)
        draft.describe(
            actor=policy, said=draft.description | {"rationale": "Clearer."}, opened=digest(draft.description)
        )
        write(draft, policy, old.code, statement="Do not post more than one message an hour.")
        approved(draft, policy, signers).publish(actor=policy)
        new = draft.rules.get(code=old.code)
        before, after = draft.effective_from - timedelta(hours=1), draft.effective_from + timedelta(hours=1)
        with moved_to(draft.effective_from + timedelta(days=1)):
            case.claim(actor=person("reviewer"))
            for rule, conduct_at in ((new, before), (old, after)):
                with pytest.raises(Refused, match="as it was in force when the conduct happened"):
                    factories.draft(case, rule=rule, conduct_at=conduct_at).propose(actor=person("reviewer"))
            decision = factories.draft(case, rule=old, conduct_at=before)
            decision.propose(actor=person("reviewer"))
            decision.issue(actor=person("senior"))
        told = str(Notice.objects.get(about=decision.reference).sections)
        assert decision.rule.cite == f"{old.code}@{old.version.number}"
        assert old.statement in told
        assert "one message an hour" not in told

    def test_a_failed_proposal_leaves_nothing(self) -> None:
        case = factories.claimed()
        decision = factories.draft(case, outcome="no_breach", reasons="short")
        events = Event.objects.count()
        with pytest.raises(Refused):
            decision.propose(actor=person("reviewer"))
        assert Event.objects.count() == events
        assert not Decision.objects.exists()
        assert decision._state.adding
        assert case.part_of(person("reviewer")) is None

    def test_one_decision_waits_at_a_time(self) -> None:
        decision = factories.proposed()
        with pytest.raises(Refused):
            factories.draft(decision.case).propose(actor=person("reviewer"))


class TestSeparation:
    def test_the_proposer_cannot_issue(self) -> None:
        decision = factories.proposed()
        with pytest.raises(Refused, match="someone else must issue"):
            decision.issue(actor=person("reviewer"))

    def test_nor_can_plain_sql_make_them(self) -> None:
        decision = factories.proposed()
        for part in ("issued", "investigated"):
            with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE cases_decision SET state = 'issued', issued_by_id = proposed_by_id, issued_at = now(), "
                    "issued_part = %s WHERE id = %s",
                    [part, decision.pk],
                )

    def test_a_hand_is_neither_changed_nor_doubled(self) -> None:
        decision = factories.proposed()
        for statement in (
            "UPDATE cases_hand SET part = 'issued'",
            "DELETE FROM cases_hand",
            "TRUNCATE cases_hand CASCADE",
        ):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
        with pytest.raises(IntegrityError), transaction.atomic():
            Hand.objects.create(case=decision.case, person=person("reviewer"), part=Hand.Part.ISSUED)

    def test_the_confirmer_cannot_issue_either(self) -> None:
        decision = factories.proposed(intent="deliberate", sensitivity="personal")
        assert decision.tier == "T5"
        decision.confirm(actor=person("senior"))
        with pytest.raises(Refused, match="confirmed"):
            decision.issue(actor=person("senior"))
        decision.issue(actor=person("head"))
        assert decision.state == "issued"

    @pytest.mark.parametrize(
        ("mailbox", "columns", "may"),
        [
            ("adjudicator", {}, True),
            ("reviewer2", {}, False),
            ("adjudicator", {"tier": "T4", "departure_reason": "because"}, False),
            ("lead", {}, False),
            ("counsel", {}, False),
        ],
    )
    def test_who_issues_what(self, mailbox: str, columns: dict, may: bool) -> None:
        decision = factories.proposed(**columns)
        if decision.needs_confirmer:
            decision.confirm(actor=person("head"))
        assert ("issue" in {act.name for act in available_to(decision, person(mailbox))}) is may

    def test_termination_needs_an_earlier_warning(self) -> None:
        with pytest.raises(Refused, match="never warned"):
            factories.proposed(
                tier="T8", departure_reason="The harm was great.", intent="deliberate", sensitivity="special_category"
            )

    def test_a_termination_falls_with_the_warning_it_stood_on(self) -> None:
        account = factories.subject()
        warning = factories.issued(case_columns={"about": account})
        with moved_to(now() + timedelta(days=40)):
            decision = factories.proposed(
                case_columns={"about": account}, tier="T8", departure_reason="The harm was great.", conduct_at=now()
            )
            decision.confirm(actor=person("adjudicator"))
            warning.reverse(actor=factories.SYSTEM, reason="It did not stand.")
            with pytest.raises(Refused, match="never warned"):
                decision.issue(actor=person("head"))

    def test_no_breach_is_issued_by_its_proposer(self) -> None:
        decision = factories.proposed(outcome="no_breach")
        decision.issue(actor=person("reviewer"))
        assert decision.issued_part == "investigated"
        assert not decision.sanctions.exists()

    def test_roles_without_the_permission_are_told_so(self) -> None:
        decision = factories.proposed()
        for mailbox in ("auditor", "admin", "policy", "chair"):
            with pytest.raises(NotPermitted):
                decision.issue(actor=person(mailbox))


class TestIssue:
    def test_everything_follows_in_one_transaction(self) -> None:
        decision = factories.issued()
        case = decision.case
        case.refresh_from_db()
        assert (decision.state, case.state, case.due_at) == ("issued", "decided", None)
        assert {s.kind for s in decision.sanctions.all()} == {"warning", "mandatory_training", "rate_limit"}
        assert Clock.objects.about(case).get().outcome == "met"
        assert case.reports.get().state == "answered"
        notice = Notice.objects.get(about=decision.reference)
        assert notice.message.recipient == case.subject.contact
        assert notice.token in notice.message.text
        assert Message.objects.get(kind="report_answered").recipient == "reporter@people.example"
        assert case.subject.external_id not in Message.objects.get(kind="report_answered").text

    def test_each_act_is_one_event(self) -> None:
        decision = factories.issued()
        kinds = list(Event.objects.filter(stream=decision.stream).values_list("kind", flat=True))
        assert kinds.count("decision.proposed") == kinds.count("decision.issued") == kinds.count("case.decided") == 1
        assert kinds.count("sanction.imposed") == 3

    def test_a_sanction_is_in_force_by_computation(self) -> None:
        limit = factories.issued().sanctions.get(kind="rate_limit")
        assert limit.is_in_force
        assert Sanction.objects.in_force(now()).filter(pk=limit.pk).exists()
        with moved_to(now() + timedelta(days=15)):
            assert limit.standing == "Expired"
            assert not Sanction.objects.in_force(now()).filter(pk=limit.pk).exists()

    def test_the_notice_page_needs_nothing_and_tells_everything(self, client) -> None:
        decision = factories.issued()
        notice = Notice.objects.get(about=decision.reference)
        page = client.get(notice.get_absolute_url())
        text = page.content.decode()
        assert page.status_code == 200
        assert not page.cookies
        for said in (decision.rule.statement[:40], "Rate limit", "appeal", "4 critical"):
            assert said in text
        assert client.get(f"/notice/{notice.token[:-1]}x/").status_code == 404

    def test_issued_columns_do_not_change(self) -> None:
        decision = factories.issued()
        for change in ("reasons = 'other'", "tier = 'T1'", "issued_at = now()", "proposed_by_id = issued_by_id"):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"UPDATE cases_decision SET {change} WHERE id = %s", [decision.pk])
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM cases_decision WHERE id = %s", [decision.pk])

    def test_twice_is_refused_and_leaves_one_notice(self) -> None:
        decision = factories.issued()
        with pytest.raises(Refused, match="issued by now"):
            decision.issue(actor=person("head"))
        assert Notice.objects.filter(about=decision.reference).count() == 1

    def test_sending_back_reopens_the_investigation(self) -> None:
        decision = factories.proposed()
        decision.send_back(actor=person("senior"), reason="Which accounts?")
        assert decision.case.state == "investigating"
        assert decision.state == "returned"

    def test_recurrence_counts_what_stands(self) -> None:
        account = factories.subject()
        first = factories.issued(case_columns={"about": account})
        with moved_to(now() + timedelta(days=3)):
            second = factories.proposed(case_columns={"about": account}, conduct_at=now())
        # conduct while the first rate limit is in force is persistent
        assert second.recurrence == "persistent"
        with moved_to(now() + timedelta(days=40)):
            second.withdraw(actor=person("reviewer"))
            second.case.claim(actor=person("reviewer"))
            third = factories.draft(second.case, conduct_at=now())
            assert third.recommend().recurrence == "repeat"
            first.contest(actor=factories.SYSTEM)
            assert third.recommend().recurrence == "first"
            first.uphold(actor=factories.SYSTEM)
            assert third.recommend().recurrence == "repeat"
        with moved_to(now() + timedelta(days=200)):
            assert factories.draft(second.case, conduct_at=now()).recommend().recurrence == "first"
