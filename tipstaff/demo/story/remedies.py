"""What account holders do to put a breach right: some at once, some half of it, and some leave it until it lapses."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from aup.training import course_about, right
from cases.models import Decision, Remediation
from tipstaff.accounts.models import User
from tipstaff.demo.story.prose import drawing, phrases
from tipstaff.demo.story.stage import Course
from tipstaff.notices.reminders import REMINDERS
from tipstaff.time import now
from tipstaff.workflow.actors import LinkHolder

if TYPE_CHECKING:
    from tipstaff.demo.story.cases import CaseTeller

ASSESSORS = ("appeals", "adjudicator", "senior", "head")


def put_right(teller: "CaseTeller", decision: Decision) -> Course:
    """As far as it has come by now."""
    for at in _course(teller, decision):
        if at >= teller.stage.latest:
            return
        yield at


def _course(teller: "CaseTeller", decision: Decision) -> Course:
    """In the order of time: what can be begun soon, then what has to cool off, then what lapses."""
    rows = {one.kind: one for one in decision.remediations.all()}
    for one in rows.values():
        one.decision, one.case = decision, teller.case
    busy = teller.plan.appeal in ("", "upheld") and not teller.plan.key.startswith("old")
    lot = drawing(f"{teller.plan.key} put right").random() if busy else 1.0
    if plan := rows.get("certification"):
        yield from _certified(teller, plan, lot)
    if course := rows.get("training"):
        yield from _trained(teller, course, lot)
    if review := rows.get("re_evaluation"):
        yield from _reviewed(teller, review, lot)
    for one in sorted(rows.values(), key=lambda row: row.due_at or teller.stage.began):
        waits = one.settled_at is None and one.handed_in_at is None
        if waits and one.due_at and one.due_at < teller.stage.latest:
            yield max(one.due_at, now())
            one.lapse(actor=REMINDERS)


def _holder(remedy: Remediation) -> LinkHolder:
    return LinkHolder("subject", remedy.decision.reference)


def _trained(teller: "CaseTeller", remedy: Remediation, lot: float) -> Course:
    """Of ten, four pass, one of them at the second attempt; two begin; one stays below the mark; three leave it."""
    if lot > 0.7:
        return
    yield now() + timedelta(days=1 + 4 * lot)
    remedy.accept(actor=_holder(remedy))
    if lot > 0.5:
        return
    questions = course_about(remedy.decision.rule, "en").check("told")
    known = {one.key: "allowed" if one.allowed else "prohibited" for one in questions}
    yield now() + timedelta(minutes=12)
    if lot > 0.3:
        guessed = known | {one.key: "allowed" for one in questions}
        remedy.attempt(actor=_holder(remedy), right=right(questions, guessed), of=len(questions), answers=guessed)
        if lot > 0.4:
            return
        yield now() + timedelta(minutes=9)
    remedy.finish(actor=_holder(remedy), right=len(questions), of=len(questions), answers=known)


def _certified(teller: "CaseTeller", remedy: Remediation, lot: float) -> Course:
    if lot > 0.8:
        return
    yield now() + timedelta(days=1 + 2 * lot)
    remedy.accept(actor=_holder(remedy))
    if lot > 0.65:
        return
    yield now() + timedelta(hours=20)
    facts: dict[str, Any] = phrases()["put_right"]["plan"]
    remedy.hand_in(actor=_holder(remedy), files=[], **facts)
    yield from _assessed(teller, remedy, passes=lot < 0.4, waits=lot > 0.55)


def _reviewed(teller: "CaseTeller", remedy: Remediation, lot: float) -> Course:
    if lot > 0.6:
        return
    yield max(remedy.opens_at, now()) + timedelta(days=1)
    remedy.accept(actor=_holder(remedy))
    yield now() + timedelta(minutes=30)
    remedy.hand_in(actor=_holder(remedy), files=[], text=phrases()["put_right"]["review"])
    yield from _assessed(teller, remedy, passes=lot < 0.3, waits=False)


def _assessed(teller: "CaseTeller", remedy: Remediation, *, passes: bool, waits: bool) -> Course:
    if waits and now() > teller.stage.days_ago(25):
        return
    yield now() + timedelta(days=3)
    assessor = _new_to(teller)
    if assessor is None:
        return
    said = phrases()["put_right"]
    if passes:
        remedy.pass_assessment(actor=assessor, reasons=said["passed"])
    else:
        remedy.fail_assessment(actor=assessor, reasons=said["failed"])


def _new_to(teller: "CaseTeller") -> User | None:
    """Somebody with no part in the case; None where each of them judged something in it."""
    had = set(teller.case.hands.values_list("person", flat=True))
    return next((who for name in ASSESSORS if (who := teller.stage.people[name]).pk not in had), None)
