"""What confirmers and issuers would have decided, before they saw the proposal: mostly the same, at times milder."""

from typing import TYPE_CHECKING

from cases.models import Decision, Verdict
from tipstaff.accounts.models import User
from tipstaff.demo.story.prose import drawing, phrases

if TYPE_CHECKING:
    from tipstaff.demo.story.cases import CaseTeller


def given(teller: "CaseTeller", decision: Decision, person: User) -> None:
    rng = drawing(f"{teller.plan.key} {decision.proposed_at} {person.email}")
    outcome, tier, said = decision.outcome, decision.tier, phrases()["verdicts"]
    differs = rng.random() < 0.2 and tier > "T1"
    if differs:
        tier = f"T{int(tier[1]) - 1}"
    reason = rng.choice(said["differs" if differs else "agrees"])
    Verdict(decision=decision, person=person, outcome=outcome, tier=tier, reason=reason).pronounce(actor=person)


def confirmed(teller: "CaseTeller", decision: Decision, person: User) -> None:
    given(teller, decision, person)
    decision.confirm(actor=person)
