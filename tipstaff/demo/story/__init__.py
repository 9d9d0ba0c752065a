"""The demo's story, told by calling operations under a clock moved into the past. Deterministic, relative to now.

`cast` says who plays, `plans` what will have happened by now, `stage` runs everybody's acts in the order of time.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

from django.contrib.auth.hashers import make_password
from django.db import transaction

from aup.models import PolicyVersion
from cases.models import Case, Report
from tipstaff.accounts.models import User
from tipstaff.demo import hooks
from tipstaff.demo.people import PASSWORD, PEOPLE
from tipstaff.demo.story import (
    afterwards,
    cast,
    custody,
    feedback,
    itself,
    policy,
    readers,
    systems,
    targets,
    tasks,
    waivers,
)
from tipstaff.demo.story.cases import CaseTeller
from tipstaff.demo.story.cast import DEMO
from tipstaff.demo.story.hands import all_or_none, dealt
from tipstaff.demo.story.plans import Planner
from tipstaff.demo.story.policy import publish
from tipstaff.demo.story.prose import drawing
from tipstaff.demo.story.reports import TAKEN_UP, Reporters, unfounded
from tipstaff.demo.story.stage import Course, Stage
from tipstaff.time import moved_to, now

SEED = "tipstaff"
GATEWAY = timedelta(days=0.9)  # since when the provider's gateway is told of what happens, by the worker, for real

__all__ = ["enrol", "publish", "tell"]


def tell(say: Callable[[str], None] = lambda _line: None, *, scale: float = 1.0, hands: int = 1) -> str:
    """Make what is missing and say what was done. Safe to run again: a story that was told is left as it is. `scale`
    below 1 tells a smaller one, which still has something for everybody; `hands` processes tell it.
    """
    with moved_to(now() - policy.AGE):
        people = enrol()
    if not PolicyVersion.objects.filter(state="published").exists():
        publish(people)
    if Report.objects.exists():
        hooks.register(people["admin"])  # the port may be another one today
        return f"{len(people)} people; the story was told already."
    if not scale:
        return f"{len(people)} people and a policy; DEMO_STORY=0 asks for no more."
    say("Telling the demo's story, once: this takes about half a minute.")
    with transaction.atomic():
        stage, reporters = _set_up(people, say)
    _tell(stage, reporters, scale, hands)
    return f"{len(people)} people, {Report.objects.count()} reports, {Case.objects.count()} cases."


def enrol() -> dict[str, User]:
    """The people of the demo by mailbox name, enrolled if they are not."""
    known = {user.email: user for user in User.objects.all()}
    password = make_password(PASSWORD)  # hashed once: it is the same for all of them, and known to everybody
    for person in PEOPLE:
        if person.email not in known:
            user = User(email=person.email, name=person.name, roles=[person.role])
            user.password = password
            user.enrol(actor=DEMO)
            known[person.email] = user
    return {person.mailbox: known[person.email] for person in PEOPLE}


def _set_up(people: dict[str, User], say: Callable[[str], None]) -> tuple[Stage, Reporters]:
    """The policy, the gateway, the accounts and the machines' tokens, if a start that was cut short left none."""
    began = now()
    policy.revise(people, began)
    with moved_to(began - GATEWAY):  # before the hands begin, so that each knows it; it is told nothing earlier
        hooks.register(people["admin"])
    with moved_to(began - policy.AGE):
        targets.adopt(people["admin"])
        stage = Stage(began, people, cast.register(), say)
        return stage, Reporters(stage)


def _tell(stage: Stage, reporters: Reporters, scale: float, hands: int) -> None:
    """What follows from there: all of it or nothing, so that a start that was cut short tells it again."""
    plays = [partial(_play, stage, courses) for courses in dealt(_shares(stage, reporters, scale), hands)]
    with uncollected():
        if hands > 1:
            all_or_none(plays)
        else:
            with transaction.atomic():
                plays[0]()
        with transaction.atomic():
            custody.told(stage)
            tasks.told(stage)
            afterwards.told(stage)


def _play(stage: Stage, courses: list[Course]) -> None:
    for course in courses:
        stage.enter(course)
    stage.play()


def _shares(stage: Stage, reporters: Reporters, scale: float) -> dict[str, tuple[float, list[Course]]]:
    """The courses that may meet, together: those about one tree of accounts, and what the house does by itself. With
    each share how long it takes, roughly.
    """
    with moved_to(stage.began):
        severities = {code: rule.severity for code, rule in stage.books[0][1].items()}
    planner, cases = Planner(drawing(SEED), severities, scale), dict[str, Case]()
    shares: dict[str, tuple[float, list[Course]]] = {}

    def put(share: str, weight: float, course: Course) -> None:
        before, courses = shares.get(share, (0.0, []))
        shares[share] = before + weight, [*courses, course]

    for plan in planner.deal():
        put(planner.trees[plan.account], plan.weight, CaseTeller(stage, reporters, plan, cases).told())
    for course in unfounded(stage, reporters, scale):
        put(planner.trees[TAKEN_UP], 0.4, course)
    for course in feedback.told(stage):
        put("the house", 0.1, course)
    for course in itself.told(stage, reporters):
        put("the house", 1, course)
    for course in (systems.told(stage), *readers.told(stage), *waivers.told(stage, scale)):
        put("the house", 1, course)
    return shares


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the garbage collector: what a story leaves behind is little, and looking for it costs a tenth of it."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
