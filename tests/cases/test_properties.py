"""What holds whatever people do, and in whatever order: over decisions, acts and people drawn at random."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from appeals.models import Appeal
from cases.models import Case, Conflict, Decision, Hand, Interim, Remediation, Report, Sanction
from cases.models.recurrence import STANDING
from tests import factories
from tests.factories import SYSTEM, person
from tipstaff.accounts.models import Subject
from tipstaff.ledger.models import Event
from tipstaff.notices.models import Notice
from tipstaff.time import moved_to, now
from tipstaff.workflow.actors import LinkHolder
from tipstaff.workflow.refused import Refused

pytestmark = pytest.mark.usefixtures("people")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
HOLDER = LinkHolder("subject")
RULE = "FR-02"
WHY = "Hundreds of messages go out every hour and reach people who did not ask for them."
ON_APPEAL = "The owner of the board confirmed that the test was agreed, so the rule does not apply to what you did."
# Not shrunk: each try costs a case in the database, so that looking for a smaller failure would take minutes.
drawn = settings(
    max_examples=10,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def interim(case: Case, kind: str = "rate_limit", by: str = "reviewer") -> Interim:
    measure = Interim(case=case, needed=True, answered_by=person(by), reason=WHY, lighter=WHY)
    measure.impose(actor=person(by), kind=kind, terms={})
    return measure


# --- Issued, then reversed: as if it had never been ---
@dataclass(frozen=True)
class Breach:
    """What somebody decides about an account, and when the conduct was."""

    intent: str
    sensitivity: str
    severity: int
    tier: str
    since: timedelta  # the conduct, until it is decided

    def issue(self, account: Subject, *, before: str = "") -> Decision:
        """Issue it now; `before` is the kind of an interim measure that the account bore for some hours already."""
        at = now()
        with moved_to(at - 9 * HOUR):
            case = factories.claimed(about=account, code=RULE, severity=4)
            if before:
                interim(case, before)
        case.claim(actor=person("reviewer"))
        decision = factories.draft(
            case, intent=self.intent, sensitivity=self.sensitivity, severity=self.severity, tier=self.tier,
            departure_reason="Another tier fits what happened.", conduct_at=at - self.since,
        )  # fmt: skip
        decision.propose(actor=person("reviewer"))
        if decision.needs_confirmer:
            decision.confirm(actor=person("adjudicator"))
        decision.issue(actor=person("head"))
        return decision


BREACHES = st.builds(
    Breach,
    intent=st.sampled_from(["inadvertent", "negligent", "deliberate"]),
    sensitivity=st.sampled_from(["public", "internal", "personal", "special_category"]),
    severity=st.integers(2, 4),
    tier=st.sampled_from(["T1", "T3", "T4", "T5", "T6"]),
    since=st.integers(1, 40).map(lambda days: days * DAY),
)


def picture(account: Subject, start: datetime) -> dict[str, Any]:
    """What is in force for the account at many times, and what would be said of its next breach."""
    rule, found = factories.rule(RULE), {}
    for day in (-20, 1, 8, 45, 170):
        at = start + day * DAY
        measures = Sanction.objects.filter(subject=account)
        found[f"measures on day {day}"] = (
            set(measures.in_force(at).values_list("pk", flat=True)),
            set(measures.was_in_force(at).values_list("pk", flat=True)),
            set(measures.with_effect(["pending"], at).values_list("pk", flat=True)),
            set(measures.standing(at).values_list("kind", "ends_at")),
        )
        case = Case(id=uuid4(), subject=account, rule=rule, rule_group=rule.group.code, severity=2)
        following = Decision(
            case=case, outcome="breach", rule=rule, conduct_at=at, intent="negligent", sensitivity="personal",
            severity=2,
        )  # fmt: skip
        said = following.recommend()
        line = {"type": "temporary_suspension", "days": 90}
        found[f"the next of day {day}"] = (
            said.recurrence,
            [one.pk for one in said.counted],
            said.evaluation.as_json(),
            Sanction.of_tier(following, line, at=start + 221 * DAY).ends_at,
        )
    return found


@given(
    earlier=st.lists(BREACHES, max_size=2),
    breach=BREACHES,
    before=st.sampled_from(["", "rate_limit", "temporary_suspension"]),
    wait=st.integers(1, 40),
    lifted=st.booleans(),
)
@example(
    earlier=[], breach=Breach("negligent", "personal", 2, "T6", DAY), before="temporary_suspension", wait=5, lifted=True
)
@drawn
def test_what_is_reversed_leaves_nothing(
    earlier: list[Breach], breach: Breach, before: str, wait: int, lifted: bool
) -> None:
    account, first = factories.subject(), now() + 50 * DAY
    for place, one in enumerate(earlier):
        with moved_to(first + place * 12 * DAY):
            one.issue(account)
    start = first + 30 * DAY
    untouched = picture(account, start)
    with moved_to(start):
        decision = breach.issue(account, before=before)
        assert decision.sanctions.in_force(now()).exists()
    with moved_to(start + wait * DAY):
        if lifted:
            for measure in decision.sanctions.standing(now()):
                if measure.lasts:
                    measure.lift(actor=SYSTEM, reason="The holder stopped.")
        factories.taken_up(decision).reverse(actor=person("appeals"), reasons=ON_APPEAL)
    assert picture(account, start) == untouched


# --- Nothing is in force without a decision and a notice ---
def latest(model: Any, account: Subject) -> Any:
    """The newest of its kind about the account; an act on None was not possible."""
    path = "subject" if model is Case else "case__subject"
    found = model.objects.filter(**{path: account}).order_by("id").last()
    if found is None:
        raise Refused("There is none.")
    return found


def opened(account: Subject) -> None:
    factories.claimed(about=account, code=RULE, severity=4)


def proposed(account: Subject, **columns: Any) -> None:
    case = latest(Case, account)
    case.claim(actor=person("reviewer"))
    factories.draft(case, **({"severity": 2} | columns)).propose(actor=person("reviewer"))


ACTS: dict[str, Callable[[Subject], Any]] = {
    "open": opened,
    "limit": lambda account: interim(latest(Case, account)),
    "second": lambda account: latest(Interim, account).second(actor=person("senior")),
    "end limit": lambda account: latest(Interim, account).lift(actor=person("reviewer"), reason="It stopped."),
    "propose": proposed,
    "propose more": lambda account: proposed(account, tier="T6", departure_reason="It reached many people."),
    "propose none": lambda account: proposed(account, outcome="no_breach", severity=None),
    "confirm": lambda account: latest(Decision, account).confirm(actor=person("adjudicator")),
    "return": lambda account: latest(Decision, account).send_back(actor=person("adjudicator"), reason="Say when."),
    "withdraw": lambda account: latest(Decision, account).withdraw(actor=person("reviewer")),
    "issue": lambda account: latest(Decision, account).issue(actor=person("head")),
    "lift": lambda account: latest(Sanction, account).lift(actor=SYSTEM, reason="The holder stopped."),
    "appeal": lambda account: factories.lodged(latest(Decision, account)),
    "hear": lambda account: latest(Appeal, account).take_up(actor=person("appeals")),
    "give up": lambda account: latest(Appeal, account).withdraw(actor=HOLDER),
    "uphold": lambda account: latest(Appeal, account).uphold(actor=person("appeals"), reasons=ON_APPEAL),
    "vary": lambda account: latest(Appeal, account).vary(actor=person("appeals"), reasons=ON_APPEAL, tier="T3"),
    "reverse": lambda account: latest(Appeal, account).reverse(actor=person("appeals"), reasons=ON_APPEAL),
    "remand": lambda account: latest(Appeal, account).remand(actor=person("appeals"), reasons=ON_APPEAL),
}
HOURS = {"an hour": 1, "a day": 24, "a week": 168, "two months": 1440}
COMMON = [  # what is often done one after the other, so that random sequences come far
    ("open", "limit", "an hour", "second"),
    ("open", "propose", "issue"),
    ("open", "propose more", "confirm", "issue"),
    ("appeal", "hear", "reverse"),
    ("appeal", "hear", "vary"),
    ("appeal", "hear", "remand"),
]
SEQUENCES = st.lists(
    st.sampled_from(COMMON) | st.sampled_from([(act,) for act in [*ACTS, *HOURS]]), min_size=2, max_size=6
).map(lambda parts: [act for part in parts for act in part])


def unfounded(account: Subject) -> list[str]:
    """The measures in force, at any time, with no issued decision that stands or interim answer, or no notice."""
    in_force: dict[Any, Sanction] = {}
    for days in (-1, 0, 20):
        rows = Sanction.objects.filter(subject=account).in_force(now() + days * DAY)
        in_force |= {row.pk: row for row in rows.select_related("decision", "interim")}
    found = []
    for measure in in_force.values():
        decision, limit = measure.decision, measure.interim
        if decision is not None:
            sound = decision.state in STANDING and decision.issued_by_id and measure.starts_at >= decision.issued_at
        else:
            sound = limit is not None and limit.needed
        given = Notice.objects.filter(about=(decision or limit).reference, scope="subject", given_at__lte=now())
        if not sound or not given.exists():
            found.append(f"{measure.ref}: {measure.kind} of {decision or limit}")
    return found


@given(SEQUENCES)
@example(["open", "limit", "propose more", "confirm", "issue", "a day", "appeal", "hear", "vary", "lift"])
@drawn
def test_nothing_is_in_force_without_a_decision_and_a_notice(sequence: list[str]) -> None:
    account, at = factories.subject(), now()
    for act in sequence:
        at += HOURS.get(act, 0) * HOUR
        with moved_to(at):
            with suppress(Refused):
                ACTS.get(act, lambda account: None)(account)
            assert unfounded(account) == [], f"after “{act}” of {sequence}"


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE cases_decision SET state = 'issued' WHERE id = %(id)s", "decision_issued_has_issuer"),
        (
            "UPDATE cases_decision SET state = 'issued', issued_by_id = proposed_by_id, issued_part = 'issued', "
            "issued_at = now() WHERE id = %(id)s",
            "decision_issuer_hand",
        ),
        (
            "INSERT INTO cases_sanction (ref, state, case_id, subject_id, kind, terms, starts_at, ended_reason, "
            "acknowledged_effect, acknowledged_detail) SELECT 'S-SQL', 'issued', case_id, "
            "(SELECT subject_id FROM cases_case WHERE id = case_id), 'rate_limit', '{}', now(), '', '', '' "
            "FROM cases_decision WHERE id = %(id)s",
            "sanction_of_a_decision_or_interim",
        ),
    ],
)
def test_plain_sql_neither_issues_nor_imposes_without_a_decision(statement: str, constraint: str) -> None:
    decision = factories.proposed()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, {"id": decision.pk})


def test_plain_sql_imposes_nothing_of_a_decision_that_is_only_proposed() -> None:
    decision = factories.proposed()
    row = Sanction.of_tier(decision, {"type": "rate_limit", "days": 3}, at=now())
    row.save(force_insert=True)
    with pytest.raises(IntegrityError, match="by a decision that was issued"), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS cases_sanction_of_issued IMMEDIATE")  # as COMMIT does


# --- One person, one part ---
TEAM = ("reviewer", "reviewer2", "adjudicator", "head", "appeals", "lead")
ALL_ROLES = ("reviewer", "lead", "adjudicator", "senior_adjudicator", "head_of_enforcement", "appeals_reviewer")
COUNTED = (Hand, Decision, Appeal, Remediation, Interim, Conflict, Sanction, Notice, Event)


def propose(case: Case, who: str) -> None:
    facts = {"severity": 2, "tier": "T4", "departure_reason": "It reached many people."}
    decision = Decision(
        case=case, proposed_by=person(who), outcome="breach", rule=case.rule, reasons=factories.REASONS,
        conduct_at=now() - HOUR, intent="negligent", sensitivity="personal", **facts,
    )  # fmt: skip
    factories.checked(case, who)
    decision.propose(actor=person(who))


def assess(case: Case, who: str) -> None:
    plan = case.remediations.filter(kind="certification").last()
    if plan is None:
        raise Refused("There is no plan.")
    if plan.state == "offered":
        plan.accept(actor=HOLDER)
        plan.hand_in(actor=HOLDER, files=[], signatory="R. Vale", position="Owner", statements=["So."], text=WHY)
    plan.pass_assessment(actor=person(who), reasons=ON_APPEAL)


def newest(of: Any) -> Any:
    if (found := of.order_by("id").last()) is None:
        raise Refused("There is none.")
    return found


PARTS: dict[str, Callable[[Case, str], Any]] = {
    "claim": lambda case, who: case.claim(actor=person(who)),
    "stay out": lambda case, who: Conflict(case=case, person=person(who), reason="We are kin.").declare(
        actor=person(who)
    ),
    "propose": propose,
    "confirm": lambda case, who: newest(case.decisions).confirm(actor=person(who)),
    "issue": lambda case, who: newest(case.decisions).issue(actor=person(who)),
    "assess": assess,
    "hear": lambda case, who: newest(case.appeals).take_up(actor=person(who)),
    "uphold": lambda case, who: newest(case.appeals).uphold(actor=person(who), reasons=ON_APPEAL),
}
WHO = st.sampled_from(TEAM)
ASSIGNED = st.tuples(
    WHO,
    st.tuples(*(st.lists(WHO, min_size=2, max_size=5, unique=True) for _part in PARTS)),
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from(list(PARTS)), WHO), max_size=4),
)


def parts_as_signed(case: Case) -> list[tuple[str, str]]:
    """Who had which part, by the columns of what was done."""
    had = [("reported", report.reported_by) for report in Report.objects.filter(case=case)]
    for decision in case.decisions.all():
        had += [("investigated", decision.proposed_by), ("confirmed", decision.confirmed_by)]
        had += [("issued", decision.issued_by)]
    had += [("reviewed_appeal", appeal.reviewer) for appeal in case.appeals.all()]
    had += [("assessed", remediation.assessed_by) for remediation in case.remediations.all()]
    return sorted({(part, who.email) for part, who in had if who is not None})


@given(ASSIGNED)
@drawn
def test_nobody_holds_two_parts_of_a_case(assigned: Any) -> None:
    for mailbox in TEAM:
        person(mailbox).change_roles(actor=SYSTEM, roles=list(ALL_ROLES))
    reporter, by_part, inserted = assigned
    steps = [(part, who) for part, tried in zip(PARTS, by_part, strict=True) for who in tried]
    for place, part, who in inserted:
        steps.insert(place, (part, who))
    report = factories.report(reported_by=person(reporter), contact="")
    triage = person("reviewer" if reporter == "lead" else "lead")
    case = report.accept(actor=triage, subject=factories.subject(), rule=factories.rule(RULE), severity=2)
    for part, who in steps:
        case = Case.objects.get(pk=case.pk)
        decision = case.decisions.last()
        if part == "hear" and decision and decision.stands and not case.appeals.exists():
            factories.lodged(decision)
        before = [model.objects.count() for model in COUNTED]
        try:
            PARTS[part](case, who)
        except Refused:
            if part != "assess":  # there the holder may have handed something in before
                assert [model.objects.count() for model in COUNTED] == before, (part, who)
    signed = parts_as_signed(case)
    emails = [email for _part, email in signed]
    assert len(set(emails)) == len(emails), signed
    hands = {(hand.part, hand.person.email) for hand in Hand.objects.filter(case=case).select_related("person")}
    assert len({email for _part, email in hands}) == len(hands)
    assert set(signed) <= hands
