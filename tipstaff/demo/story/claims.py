"""Research that is claimed in a case: accepted before protected research, refused before a breach, withdrawn, open."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

from cases.models import Claim, Hearing
from tipstaff.demo.story.prose import drawing, phrases
from tipstaff.demo.story.stage import Course
from tipstaff.time import now
from tipstaff.workflow.actors import LinkHolder

if TYPE_CHECKING:
    from tipstaff.demo.story.cases import CaseTeller


def in_answer(teller: "CaseTeller", hearing: Hearing) -> None:
    """The account holder claims it themselves, with the answer to a question."""
    said, day = phrases()["research"], _day(teller)
    Claim(
        case=teller.case, hearing=hearing, made_by=Claim.By.ACCOUNT_HOLDER, scope=said["scope"][0],
        disclosed=said["disclosed"][0], began_on=day - timedelta(days=1), ended_on=day,
    ).make(actor=LinkHolder("subject", hearing.reference))  # fmt: skip


def _day(teller: "CaseTeller") -> date:
    """The day of the first thing that was reported."""
    return min(report.conduct_at for report in teller.case.reports.all()).date()


def claimed(teller: "CaseTeller") -> Course:
    """Where the case ends as protected research it was claimed and accepted; elsewhere now and then, and not."""
    rng, said = drawing(f"{teller.plan.key} claim"), phrases()["research"]
    if open_one := teller.case.claims.filter(state=Claim.State.OPEN).first():
        open_one.case = teller.case
        yield now() + timedelta(minutes=4)
        open_one.refuse(actor=teller.stage.people["head"], reasons=said["refused"], limits=["harm"])
        return
    protected, lot = teller.plan.outcome == "safe_harbour", rng.random()
    if teller.plan.ends == "awaiting":
        ends = "open"
    elif protected:
        ends = "accepted"
    elif teller.plan.extra == "returned":
        ends = "refused"
    elif teller.plan.extra == "awaited":
        ends = "withdrawn"
    else:
        return
    if lot > 0.6 and not protected:
        return
    yield now() + timedelta(minutes=2)
    day = _day(teller)
    claim = Claim(
        case=teller.case, made_by=rng.choice(Claim.By.values), scope=rng.choice(said["scope"]),
        disclosed=rng.choice(said["disclosed"]), began_on=day - timedelta(days=2), ended_on=day,
        entered_by=teller.investigator,
    )  # fmt: skip
    claim.enter(actor=teller.investigator)
    if ends == "open":
        return
    yield now() + timedelta(minutes=4)
    if ends == "withdrawn":
        claim.withdraw(actor=teller.investigator, reasons=said["withdrawn"])
    elif ends == "accepted":
        claim.accept(actor=teller.stage.people["counsel"], reasons=said["accepted"])
    else:
        claim.refuse(actor=teller.stage.people["head"], reasons=said["refused"], limits=[rng.choice(["harm", "sale"])])
