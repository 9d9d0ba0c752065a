"""A waiver from request to end: what is refused, who may, what follows, and what plain SQL refuses as well."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from governance.models import Waiver
from tests import factories
from tests.factories import ARGUMENT, person, rule
from tipstaff.ledger.models import Event
from tipstaff.notices.models import Message, Notice
from tipstaff.permissions import Role
from tipstaff.sla.models import Clock
from tipstaff.time import moved_to, now
from tipstaff.workflow.actors import LinkHolder, System
from tipstaff.workflow.operations import available_to, operations_of
from tipstaff.workflow.refused import NotPermitted, Refused

pytestmark = pytest.mark.usefixtures("people")
STRANGER = LinkHolder("applicant")
TODAY = now().date()


def asked(code: str = "SP-03", **columns: Any) -> Waiver:
    facts = factories.request_of_waiver(**columns)
    return Waiver.ask(actor=STRANGER, rules=[rule(code)], **({"accounts": "acct_1"} | facts))


def kinds(waiver: Waiver) -> list[str]:
    return list(Event.objects.filter(stream=waiver.stream).order_by("seq").values_list("kind", flat=True))


class TestAsk:
    def test_it_starts_both_clocks_and_mails_a_receipt_with_the_link(self) -> None:
        waiver = asked()
        assert waiver.state == "submitted"
        running = Clock.objects.about(waiver).running()
        spoken = {clock.kind: clock.matched.spoken for clock in running}
        assert spoken == {"waiver_receipt": "2 working days", "waiver": "30 days"}
        notice = Notice.objects.get(about=waiver.reference)
        mail = Message.objects.get(kind="waiver_received")
        assert notice.scope == "applicant"
        assert f"/waivers/follow/{notice.token}/" in mail.text
        assert waiver.due_at == running.get(kind="waiver").due_at

    @pytest.mark.parametrize(
        ("columns", "said"),
        [
            ({"code": "CH-01"}, "No waiver can be asked for rule CH-01"),
            ({"code": "CH-07"}, "No waiver can be asked for rule CH-07"),
            ({"code": "FR-04"}, "Rule FR-04 forbids; only a restricted use can be permitted"),
            ({"kind": "exemption", "exemption": "EX-SEC"}, "does not know this ground"),
            (
                {"code": "CY-03", "kind": "exemption", "exemption": "EX-EDU"},
                "needs no waiver: say so if a case is opened",
            ),
            ({"ends_on": None}, "first and a last day"),
            ({"ends_on": TODAY + timedelta(days=366)}, "At most 365 days"),
            (
                {"kind": "exemption", "exemption": "EX-NEWS", "ends_on": TODAY + timedelta(days=181)},
                "At most 180 days",
            ),
            ({"starts_on": TODAY - timedelta(days=1)}, "never reaches back"),
            ({"ends_on": TODAY}, "has to come after the first"),
            ({"safeguards": "  "}, "Fill in every part"),
            ({"accounts": ""}, "Name the accounts"),
            ({"disclosure": "confidential"}, "why it must stay confidential"),
        ],
    )
    def test_what_cannot_be_asked_for_is_refused_in_a_sentence(self, columns: dict, said: str) -> None:
        with pytest.raises(Refused, match=said):
            asked(**columns)
        assert not Waiver.objects.exists()
        assert not Event.objects.filter(kind__startswith="waiver.").exists()

    def test_the_ground_says_who_decides(self) -> None:
        assert asked().route == "committee"
        assert asked(kind="exemption", exemption="EX-NEWS").route == "screening"
        assert asked("FR-04", kind="exemption", exemption="EX-SEC").route == "committee"

    def test_a_draft_is_seen_by_nobody_else(self) -> None:
        draft = factories.waiver("draft", by="product")
        assert draft in Waiver.objects.visible_to(person("product"))
        for mailbox in ("engineering", "compliance", "chair", "auditor"):
            assert draft not in Waiver.objects.visible_to(person(mailbox))
        assert draft not in Waiver.objects.visible_to(person("admin"))

    def test_a_draft_can_be_changed_and_what_was_sent_cannot(self) -> None:
        draft = factories.waiver("draft", by="product")
        facts = factories.request_of_waiver(topic="Fewer posts")
        draft.amend(actor=person("product"), rules=[rule("RA-02")], beneficiaries=[factories.subject()], **facts)
        assert (draft.topic, [named.code for named in draft.rules.all()]) == ("Fewer posts", ["RA-02"])
        with pytest.raises(Refused, match="Only who asked"):
            draft.submit(actor=person("engineering"), files=[])
        draft.submit(actor=person("product"), files=[])
        assert Message.objects.get(kind="waiver_received").recipient == "nadia@metro.example"
        for change in ("topic = 'More posts'", "conduct = 'x'", "contact = 'x@y.example'", "starts_on = '2020-01-01'"):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"UPDATE governance_waiver SET {change} WHERE id = %s", [draft.pk])
        for statement in (
            "DELETE FROM governance_waiver",
            "DELETE FROM governance_waiverrule",
            "UPDATE governance_waiverrule SET rule_id = rule_id",
            "TRUNCATE governance_waiver CASCADE",
        ):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)

    def test_one_request_follows_another(self) -> None:
        earlier = factories.waiver("refused")
        asked(earlier=earlier)
        with pytest.raises(IntegrityError), transaction.atomic():
            asked(earlier=earlier)


class TestScreen:
    def test_the_receipt_clock_stops_and_the_screener_is_kept_out_of_the_vote(self) -> None:
        waiver = factories.waiver("screening")
        assert Clock.objects.about(waiver).get(kind="waiver_receipt").outcome == "met"
        assert "Screened the request." in waiver.barred()[person("compliance")]

    def test_nobody_screens_their_own_request_nor_by_plain_sql(self) -> None:
        waiver = factories.waiver("submitted", by="product")
        product = person("product")
        product.change_roles(actor=factories.SYSTEM, roles=["product", "compliance"])
        with pytest.raises(Refused, match="You asked for this waiver"):
            waiver.screen(actor=person("product"))
        with pytest.raises(IntegrityError), transaction.atomic():
            Waiver.objects.filter(pk=waiver.pk).update(screened_by=product, screened_at=now())

    def test_the_facts_are_confirmed_before_the_committee_sees_it(self) -> None:
        waiver = factories.waiver("screening")
        with pytest.raises(Refused, match="Confirm the facts first"):
            waiver.put_to_committee(actor=person("compliance"))
        for facts, said in (
            ({"beneficiaries": [], "risk": "low"}, "at least one account"),
            ({"beneficiaries": [factories.subject()], "risk": ""}, "Rate the risk"),
        ):
            with pytest.raises(Refused, match=said):
                waiver.confirm_facts(actor=person("compliance"), conflicts="", **facts)

    def test_another_one_takes_over_only_from_somebody_who_left(self) -> None:
        waiver = factories.waiver("screening")
        legal = person("legal")
        legal.change_roles(actor=factories.SYSTEM, roles=["compliance"])
        with pytest.raises(Refused, match="screens this request"):
            waiver.screen(actor=person("legal"))
        person("compliance").deactivate(actor=person("admin"))
        Waiver.objects.get(pk=waiver.pk).screen(actor=person("legal"))

    def test_an_analyst_exemption_is_granted_at_screening(self) -> None:
        waiver = analyst_grant()
        assert (waiver.state, waiver.decided_by, waiver.ballot) == ("granted", person("compliance"), None)
        assert waiver.standing(now()) == "in_force"
        assert Message.objects.filter(kind="waiver_decided").count() == 1

    def test_everything_else_is_for_the_committee(self) -> None:
        waiver = factories.waiver("under_review")
        with pytest.raises(Refused, match="The committee decides"):
            waiver.grant_at_screening(
                actor=person("compliance"), reasons=ARGUMENT, conditions=["One."], ends_on=waiver.ends_on
            )

    def test_plain_sql_cannot_grant_without_a_ballot(self) -> None:
        waiver = factories.waiver("under_review")
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "UPDATE governance_waiver SET state = 'granted', decided_by_id = screened_by_id, decided_at = now(), "
                "reasons = 'x', conditions = ARRAY['x'] WHERE id = %s",
                [waiver.pk],
            )


def analyst_grant(**columns: Any) -> Waiver:
    facts = {"kind": "exemption", "exemption": "EX-NEWS"} | columns
    waiver = factories.waiver("screening", **facts)
    waiver.confirm_facts(
        actor=person("compliance"), beneficiaries=[factories.subject()], risk="low", conflicts="None known."
    )
    waiver.grant_at_screening(
        actor=person("compliance"), reasons=ARGUMENT, conditions=["An editor reads it."], ends_on=waiver.ends_on
    )
    return waiver


class TestChanges:
    def test_the_clock_waits_for_the_answer(self) -> None:
        began = now()
        waiver = factories.waiver("changes_requested")
        clock = Clock.objects.about(waiver).get(kind="waiver")
        assert clock.paused_at is not None
        assert Waiver.objects.get(pk=waiver.pk).due_at is None
        assert "Name the templates." in Message.objects.get(kind="waiver_changes").text
        with moved_to(now() + timedelta(days=10)):
            waiver.answer(
                actor=LinkHolder("applicant", waiver.reference),
                answer="They are attached.",
                files=[factories.sealed()],
                conduct="Up to one hundred posts a day.",
            )
        waiver = Waiver.objects.get(pk=waiver.pk)
        assert (waiver.state, waiver.conduct) == ("under_review", "Up to one hundred posts a day.")
        assert waiver.due_at >= began + timedelta(days=40)
        assert [file.name for file in waiver.files] == ["transcript.txt"]

    def test_an_answer_has_to_be_confirmed_again_before_the_vote(self) -> None:
        waiver = factories.waiver("changes_requested")
        waiver.answer(actor=LinkHolder("applicant", waiver.reference), answer="Here.", files=[])
        with pytest.raises(Refused, match="Screening has not confirmed"):
            factories.balloted(waiver)

    def test_only_the_applicant_answers(self) -> None:
        waiver = factories.waiver("changes_requested")
        for actor in (LinkHolder("applicant", "waiver:W-9999"), STRANGER, person("product")):
            with pytest.raises(Refused, match="Only who asked"):
                waiver.answer(actor=actor, answer="Here.", files=[])

    def test_not_while_the_committee_votes(self) -> None:
        waiver = factories.waiver("voting")
        with pytest.raises(Refused, match="committee is voting"):
            waiver.request_changes(actor=person("compliance"), changes="One more thing.")


class TestDecide:
    def test_a_grant_carries_the_conditions_and_the_end_that_were_voted_on(self) -> None:
        until = TODAY + timedelta(days=30)
        waiver = factories.waiver("granted", until=until)
        assert waiver.conditions == ["A monthly count of the posts is sent to us."]
        assert waiver.ends_on == until
        assert waiver.standing(now()) == "in_force"
        assert Clock.objects.about(waiver).get(kind="waiver").outcome == "met"
        notice = Notice.objects.get(about=waiver.reference, heading__contains="is granted")
        told = str(notice.sections)
        assert "A monthly count" in told
        assert ARGUMENT in told

    def test_a_refusal_gives_reasons_and_invites_an_answer(self) -> None:
        waiver = factories.waiver("refused")
        notice = Notice.objects.get(about=waiver.reference, heading__contains="is refused")
        assert "You can answer these reasons" in str(notice.sections)
        assert notice.token in Message.objects.get(kind="waiver_decided").text
        assert not Waiver.objects.in_force(now()).exists()

    def test_reasons_are_mandatory(self) -> None:
        waiver = factories.waiver("voting")
        for seat, _part in waiver.open_ballot.electorate():
            waiver.open_ballot.vote(actor=seat.person, choice="grant", reasons=ARGUMENT)
        with pytest.raises(Refused, match="Give the reasons"):
            waiver.grant(actor=person("chair"), reasons=" ")
        assert waiver.open_ballot is not None

    def test_who_screened_does_not_close_the_vote(self) -> None:
        waiver = factories.waiver("voting")
        both = person("compliance")
        both.change_roles(actor=factories.SYSTEM, roles=["compliance", "chair"])
        with moved_to(now() + timedelta(days=4)), pytest.raises(Refused, match="You screened this request"):
            waiver.grant(actor=person("compliance"), reasons=ARGUMENT)

    def test_a_decision_does_not_change(self) -> None:
        waiver = factories.waiver("granted")
        for change in ("conditions = ARRAY['x']", "ends_on = ends_on + 10", "reasons = 'x'", "decided_at = now()"):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"UPDATE governance_waiver SET {change} WHERE id = %s", [waiver.pk])
        for statement in (
            "UPDATE governance_spell SET ends_at = ends_at + interval '1 year'",
            "UPDATE governance_spell SET begins_at = begins_at - interval '1 year'",
            "DELETE FROM governance_spell",
            "DELETE FROM governance_waiverbeneficiary",
        ):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)


class TestInForce:
    """Computed from stored times: nothing has to run for a waiver to begin or end."""

    def test_from_its_first_day_to_the_end_of_its_last(self) -> None:
        waiver = factories.waiver(starts_on=TODAY + timedelta(days=5), ends_on=TODAY + timedelta(days=9))
        held = {day: at_noon(waiver, day) for day in (0, 4, 5, 9, 10)}
        assert held == {0: "pending", 4: "pending", 5: "in_force", 9: "in_force", 10: "expired"}

    def test_never_before_it_was_granted(self) -> None:
        before = now()
        waiver = factories.waiver()
        assert not Waiver.objects.in_force(before).exists()
        assert Waiver.objects.in_force(now()).get() == waiver

    def test_suspension_leaves_a_gap_that_stays(self) -> None:
        waiver = factories.waiver()
        first, chair = now(), person("chair")
        with moved_to(first + timedelta(days=10)):
            waiver.suspend(actor=person("compliance"), reasons="Too many posts.")
            assert waiver.standing(now()) == "suspended"
        with moved_to(first + timedelta(days=20)):
            waiver.reinstate(actor=chair, reasons="The limit is set now.")
        held = [Waiver.objects.in_force(first + timedelta(days=day)).exists() for day in (1, 9, 11, 19, 21)]
        assert held == [True, True, False, False, True]
        assert "conditions" not in waiver.ended_reason

    def test_revoked_is_for_good_and_what_was_covered_stays_covered(self) -> None:
        waiver = factories.waiver()
        first = now()
        with moved_to(first + timedelta(days=3)):
            waiver.revoke(actor=person("chair"), reasons="Templates dropped.")
        assert Waiver.objects.in_force(first + timedelta(days=2)).exists()
        assert not Waiver.objects.in_force(first + timedelta(days=3)).exists()
        assert Message.objects.filter(kind="waiver_decided").count() == 2
        assert available_to(waiver, person("chair")) == []

    def test_it_lapses_without_a_statement_and_holds_again_after_one(self) -> None:
        waiver = factories.waiver(risk="high", ends_on=TODAY + timedelta(days=300))
        first = now()
        lapses_at = waiver.spell.lapses_at
        assert first + timedelta(days=100) < lapses_at < first + timedelta(days=110)
        with moved_to(lapses_at + timedelta(days=2)):
            assert waiver.standing(now()) == "lapsed"
            assert Waiver.objects.lapsed(now()).get() == waiver
            waiver.attest(actor=LinkHolder("applicant", waiver.reference), statement="All kept.", files=[])
            assert waiver.standing(now()) == "in_force"
        held = [Waiver.objects.in_force(lapses_at + timedelta(days=day)).exists() for day in (-1, 1, 3)]
        assert held == [True, False, True]

    def test_a_statement_in_time_carries_it_on(self) -> None:
        waiver = factories.waiver(risk="high", ends_on=TODAY + timedelta(days=300))
        with moved_to(now() + timedelta(days=80)):
            waiver.attest(actor=LinkHolder("applicant", waiver.reference), statement="All kept.", files=[])
        with moved_to(now() + timedelta(days=130)):
            assert waiver.standing(now()) == "in_force"
        assert waiver.spells.count() == 1

    def test_a_low_risk_has_its_end_before_it_could_lapse(self) -> None:
        assert factories.waiver(risk="low").spell.lapses_at is None

    def test_after_its_end_nothing_can_be_done_to_it(self) -> None:
        waiver = factories.waiver()
        with moved_to(now() + timedelta(days=130)):
            for act, who in (("suspend", "chair"), ("revoke", "chair")):
                with pytest.raises(Refused, match="ended by itself"):
                    getattr(waiver, act)(actor=person(who), reasons="Late.")
            assert Waiver.objects.expired(now()).get() == waiver


def at_noon(waiver: Waiver, day: int) -> str:
    at = (now() + timedelta(days=day)).replace(hour=12)
    assert Waiver.objects.in_force(at).exists() is (waiver.standing(at) == "in_force")
    return waiver.standing(at)


class TestRecall:
    def test_the_committee_takes_it_back_and_decides(self) -> None:
        waiver = analyst_grant()
        waiver.recall(actor=person("chair"), reasons="The archive holds names of minors.")
        assert (waiver.state, waiver.standing(now())) == ("under_review", "under_review")
        assert not Waiver.objects.in_force(now()).exists()
        assert Clock.objects.about(waiver).running().get(kind="waiver").due_at == waiver.due_at
        with pytest.raises(Refused, match="in hand"):
            waiver.grant_at_screening(
                actor=person("compliance"), reasons=ARGUMENT, conditions=["x"], ends_on=waiver.ends_on
            )
        ballot = factories.balloted(waiver)
        for seat, _part in ballot.electorate():
            ballot.vote(actor=seat.person, choice="grant", reasons=ARGUMENT)
        waiver.grant(actor=person("chair"), reasons=ARGUMENT)
        assert waiver.standing(now()) == "in_force"

    def test_not_what_it_granted_itself(self) -> None:
        with pytest.raises(Refused, match="suspend or revoke"):
            factories.waiver().recall(actor=person("chair"), reasons="Second thoughts.")


class TestWithdraw:
    @pytest.mark.parametrize("state", ["submitted", "screening", "under_review", "changes_requested", "voting"])
    def test_by_link_until_it_is_decided(self, state: str) -> None:
        waiver = factories.waiver(state)
        waiver.withdraw(actor=LinkHolder("applicant", waiver.reference))
        assert waiver.state == "withdrawn"
        assert not Clock.objects.about(waiver).running().exists()
        assert waiver.open_ballot is None

    @pytest.mark.parametrize("state", ["granted", "refused", "revoked"])
    def test_not_afterwards(self, state: str) -> None:
        waiver = factories.waiver(state)
        with pytest.raises(Refused, match="can no longer be done"):
            waiver.withdraw(actor=LinkHolder("applicant", waiver.reference))

    def test_staff_take_back_their_own(self) -> None:
        waiver = factories.waiver("submitted", by="product")
        with pytest.raises(Refused, match="Only who asked"):
            waiver.withdraw(actor=person("engineering"))
        waiver.withdraw(actor=person("product"))


MAY = {  # in each state, who may do what besides the applicant; compliance screened it
    "draft": {},
    "submitted": {"compliance": {"screen"}},
    "screening": {"compliance": {"confirm_facts", "request_changes"}},
    "under_review": {"compliance": {"confirm_facts", "request_changes"}},
    "voting": {},
    "changes_requested": {},
    "granted": {"compliance": {"suspend"}, "chair": {"suspend", "revoke"}},
    "suspended": {"chair": {"reinstate", "revoke"}},
    "refused": {},
    "revoked": {},
    "withdrawn": {},
}
APPLICANT = {
    "draft": {"amend", "submit", "withdraw"},
    "submitted": {"withdraw"},
    "screening": {"withdraw"},
    "under_review": {"withdraw"},
    "voting": {"withdraw"},
    "changes_requested": {"answer", "withdraw"},
    "granted": {"attest"},
}


@pytest.mark.parametrize("state", MAY)
def test_every_role_in_every_state(state: str) -> None:
    waiver = factories.waiver(state, by="product")
    for mailbox in ("compliance", "chair", "member1", "engineering", "legal", "owner", "auditor", "admin", "lead"):
        acts = {act.name for act in available_to(waiver, person(mailbox))}
        assert acts == MAY[state].get(mailbox, set()), mailbox
    assert {act.name for act in available_to(waiver, person("product"))} == APPLICANT.get(state, set())


@pytest.mark.parametrize("role", Role.values)
def test_each_act_needs_its_permission(role: str) -> None:
    waiver = factories.waiver("submitted")
    user = person("lead")
    user.change_roles(actor=factories.SYSTEM, roles=[role])
    for act in operations_of(Waiver):
        if not act.creates and not user.may(act.permission):
            with pytest.raises(NotPermitted):
                getattr(waiver, act.name)(actor=user)


def test_an_act_in_the_wrong_state_says_so() -> None:
    waiver = factories.waiver("refused")
    with pytest.raises(Refused, match="is refused by now"):
        waiver.screen(actor=person("compliance"))
    with pytest.raises(Refused, match="people"):
        factories.waiver("submitted").screen(actor=System("clocks"))


def test_the_whole_way_is_in_one_history() -> None:
    waiver = factories.waiver("suspended")
    told = [kind for kind in kinds(waiver) if kind.startswith(("waiver.", "ballot."))]
    assert told == [
        "waiver.drafted", "waiver.submitted", "waiver.screened", "waiver.confirmed_facts", "waiver.put_to_committee",
        "ballot.opened", *["ballot.voted"] * 6, "waiver.granted", "ballot.closed", "waiver.suspended",
    ]  # fmt: skip
