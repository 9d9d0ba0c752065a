"""What stands beside the cases of the story: notes for colleagues, and a colleague who had to stay out."""

from typing import TYPE_CHECKING

from cases.models import Check, Conflict, Note
from cases.models.check import open_points
from tipstaff.accounts.models import User
from tipstaff.demo.story.prose import drawing

if TYPE_CHECKING:
    from tipstaff.demo.story.cases import CaseTeller

OF_CASE = (
    "The times in the log are those of the gateway, two hours ahead of the reports.",
    "A further report may come: the reporter said that a colleague saw the same.",
    "Correction to my note of before: it was the second application, and not the first.",
)
OF_ACCOUNT = (
    "Their night shift runs this account between ten and six; by day somebody else answers.",
    "Ask in Portuguese, please: they answered a letter in English only after three weeks.",
)
NOT_APPLICABLE = "It came through one account of one person, and nobody else had access."
CONFLICTS = (
    "I worked for this customer until last spring.",
    "My sister is one of those who reported it.",
)


def noted(told: "CaseTeller") -> None:
    chance = drawing(f"{told.plan.key} noted")
    author = told.investigator
    if chance.random() < 0.3 or told.plan.ends in ("investigating", "claimed"):
        Note(case=told.case, author=author, text=chance.choice(OF_CASE)).write(actor=author)
    if chance.random() < 0.08:
        text = chance.choice(OF_ACCOUNT)
        if not told.subject.notes.filter(text=text).exists():
            Note(subject=told.subject, author=author, text=text).write(actor=author)


def out_of_it(told: "CaseTeller", colleague: User) -> None:
    reason = drawing(f"{told.plan.key} conflict").choice(CONFLICTS)
    Conflict(case=told.case, person=colleague, reason=reason).declare(actor=colleague)


def checked(told: "CaseTeller") -> None:
    """What is open of the checklist, before a breach is proposed."""
    if told.plan.outcome != "breach":
        return
    for point in open_points(told.case):
        apart = drawing(f"{told.plan.key} {point.key}").random() < 0.06
        answer, reason = (Check.Answer.NOT_APPLICABLE, NOT_APPLICABLE) if apart else (Check.Answer.YES, "")
        made = Check(case=told.case, point=point.key, answer=answer, reason=reason, by=told.investigator)
        made.tick(actor=told.investigator)
