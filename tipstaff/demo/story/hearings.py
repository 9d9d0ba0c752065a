"""Account holders who are heard before a decision: some answer, some do not, and one question is taken back."""

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from django.core.files.uploadedfile import SimpleUploadedFile

from cases.models import Hearing
from tipstaff.demo.story import claims
from tipstaff.demo.story.prose import drawing
from tipstaff.demo.story.stage import Course
from tipstaff.time import now
from tipstaff.vault import storage
from tipstaff.workflow.actors import LinkHolder, System

if TYPE_CHECKING:
    from tipstaff.demo.story.cases import CaseTeller

QUESTIONS = (
    ("Who in your organisation approved what was sent that night?", "The rule asks for approval by a person."),
    ("Was this a test, and if so, who could see what came out of it?", "A test that nobody saw is another matter."),
    ("Which of the accounts that were used are yours?", "To leave out what others did with a name like yours."),
)
ANSWERS = (
    "It was our night shift. The person on duty approved the first message by telephone; the others went out by "
    "themselves, which they should not have. We have switched that off since.",
    "A test on our own board. Eleven colleagues could see it, and nobody else.",
    "The first two are ours. We do not know the third, and have asked our provider about it.",
)
TEST = 1  # the place of the question whose answer claims research
ENDS = ("answered", "lapsed", "withdrawn")


def is_heard(told: "CaseTeller") -> bool:
    """Whether it is the account holder who is asked in this plan."""
    return bool(told.subject.contact) and not told.case.content_is_sealed and told.plan.key[-1] in "0123456"


def heard(told: "CaseTeller") -> Course:
    rng = drawing(f"{told.plan.key} heard")
    under_way = told.plan.ends == "awaiting"
    end = "" if under_way else ENDS[sum(map(ord, told.plan.key)) % len(ENDS)]
    place = TEST if end == "answered" else rng.randrange(len(QUESTIONS))
    question, purpose = QUESTIONS[place]
    days = 14 if under_way else 3
    until = now() + timedelta(days=days) - timedelta(seconds=1)
    hearing = Hearing(case=told.case, question=question, purpose=purpose, asked_by=told.investigator, until=until)
    hearing.ask(actor=told.investigator)
    if under_way:
        return
    yield until + timedelta(minutes=5) if end == "lapsed" else now() + timedelta(hours=rng.uniform(8, 40))
    if end == "answered":
        _answer(hearing, question, ANSWERS[place])
        claims.in_answer(told, hearing)
    elif end == "lapsed":
        hearing.lapse(actor=System("reminders"))
    else:
        hearing.withdraw(actor=told.investigator, reason="The log of the gateway shows it.")
        return
    yield now() + timedelta(hours=rng.uniform(0.5, 4))
    told.case.claim(actor=told.investigator)


def _answer(hearing: Hearing, question: str, answer: str) -> None:
    holder = LinkHolder("subject", hearing.reference)
    turns = ({"role": "question", "content": question}, {"role": "account holder", "content": answer})
    content = "\n".join(map(json.dumps, turns)).encode()
    words = storage.receive(SimpleUploadedFile("answer.jsonl", content, "application/jsonl"), actor=holder)
    hearing.give_answer(actor=holder, answer=answer, files=[words])
