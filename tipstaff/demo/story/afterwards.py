"""What is told after the cases: how people found it who were part in one, and what those did who looked at harm."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import cycle
from typing import Any

from cases.models import Case, Decision, Report, care
from cases.models.care import OptOut
from cases.models.survey import QUESTIONS, SurveyAnswer, slot_of
from tipstaff.demo.story.prose import drawing, phrases
from tipstaff.demo.story.stage import Stage
from tipstaff.time import moved_to
from tipstaff.workflow.actors import LinkHolder
from tipstaff.workflow.models import Record

ANSWERS = 26  # of each side, at most
OPT_OUTS = {"reviewer": ("SH",), "reviewer2": ("CH", "VE"), "lead": ("CH",)}
LOOKED = ("reviewer", "reviewer2", "lead", "adjudicator", "senior", "appeals")  # at hard cases, in the last days
SHOWN_TODAY = {"reviewer2": 7, "reviewer": 3}  # times in this shift


def told(stage: Stage) -> None:
    _surveys(stage)
    _care(stage)


def _surveys(stage: Stage) -> None:
    """Some of both sides answered a day or two after they were told; who was decided about is harder to please."""
    settled = stage.days_ago(3)
    decisions = Decision.objects.filter(issued_at__lt=settled).order_by("issued_at", "proposed_at")
    reports = Report.objects.filter(answered_at__lt=settled).exclude(contact="").order_by("answered_at", "received_at")
    told_at = [(row, row.issued_at) for row in decisions]
    _answered("subject", told_at, (2, 3, 4, 5, 4, 1, 4, 3))
    _answered("reporter", [(row, row.answered_at) for row in reports], (4, 5, 3, 4, 5, 2, 5, 4))


def _answered(side: str, rows: Sequence[tuple[Record, Any]], scale: tuple[int, ...]) -> None:
    rng, texts = drawing(f"survey {side}"), cycle(phrases()["survey"][side])
    step = max(1, len(rows) // ANSWERS)
    for number, (matter, at) in enumerate(rows[::step][:ANSWERS]):
        said = {key: rng.choice(scale) for key in QUESTIONS}
        text = next(texts) if number % 2 == 0 else ""
        slot = slot_of(side, matter.reference)
        with moved_to(at + timedelta(days=rng.uniform(0.5, 2.5))):
            SurveyAnswer(side=side, slot=slot, text=text, **said).answer(actor=LinkHolder(side))


def _care(stage: Stage) -> None:
    """Groups that some would rather not be offered, and what each was shown: close to a full shift for one of them."""
    OptOut.objects.bulk_create(
        OptOut(person=stage.people[mailbox], rule_group=group)
        for mailbox, groups in OPT_OUTS.items()
        for group in groups
    )
    hard = [case for case in Case.objects.select_related("rule").order_by("-opened_at", "-id") if case.needs_care]
    if not hard:
        return
    group = max({case.rule_group for case in hard}, key=lambda name: (sum(c.rule_group == name for c in hard), name))
    looked_at = [case for case in hard if case.rule_group == group]
    for place, mailbox in enumerate(LOOKED):
        for turn in range(2 + place % 3):
            with moved_to(stage.days_ago(1.2 + 0.7 * turn + 0.1 * place)):
                care.count_showing(stage.people[mailbox], looked_at[(place + turn) % len(looked_at)], "lines")
    for mailbox, times in SHOWN_TODAY.items():
        for turn in range(times):
            with moved_to(stage.days_ago(0.02 + 0.02 * turn)):
                care.count_showing(stage.people[mailbox], looked_at[turn % len(looked_at)], "plain")
