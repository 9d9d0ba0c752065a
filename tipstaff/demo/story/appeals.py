"""Appeals of account holders and of reporters, up to every end there is."""

from datetime import timedelta
from random import Random

from appeals.models import Appeal
from cases.models import Decision, Report
from tipstaff.demo.story.prose import Matter, Words, phrases
from tipstaff.demo.story.stage import Course, Stage
from tipstaff.sla.clocks import usual_length
from tipstaff.sla.models import Clock
from tipstaff.time import now
from tipstaff.workflow.actors import LinkHolder

OPEN = ("lodged", "under_review")
# What becomes of the appeals of reporters, by the number of the declined report.
OF_REPORTERS = {
    0: "lodged", 1: "under_review", 2: "reversed", 5: "upheld", 7: "reversed", 12: "inadmissible", 18: "upheld",
    23: "withdrawn", 30: "upheld",
}  # fmt: skip


def of_decision(stage: Stage, decision: Decision, matter: Matter, ends: str, words: Words, rng: Random) -> Course:
    """The account holder appeals, by the link of the notice."""
    yield now() + timedelta(days=rng.uniform(1, 3) if ends in OPEN else rng.uniform(1, 8))
    decision.refresh_from_db()
    text = words.into(matter.appeal) or "I did what I could to put it right. Please read the conversation to its end."
    subject = decision.case.subject
    appeal = Appeal(
        decision=decision,
        case=decision.case,
        ground=rng.choice([Appeal.Ground.CONTEXT, Appeal.Ground.RULE, Appeal.Ground.TOO_HARSH, Appeal.Ground.NOT_ME]),
        text=text,
        language=subject.language if subject else "en",
        lodged_at=now(),
    )
    actor = LinkHolder("subject", decision.reference)
    appeal.lodge(actor=actor, files=[])
    yield from _heard(stage, appeal, ends, words, rng, actor)


def of_report(stage: Stage, report: Report, number: int, rng: Random, words: Words) -> Course:
    """Some reporters whose report was declined appeal, with their receipt code, and some of them are right."""
    ends = OF_REPORTERS.get(number)
    if ends is None:
        return
    yield now() + timedelta(days=rng.uniform(0.5, 3))
    text = words.into(rng.choice(phrases()["reporter_appeals"]))
    appeal = Appeal(report=report, ground=Appeal.Ground.OTHER, text=text, language=report.language, lodged_at=now())
    actor = LinkHolder("reporter", report.reference)
    appeal.lodge(actor=actor, files=[])
    yield from _heard(stage, appeal, ends, words, rng, actor)


def of_answer(stage: Stage, report: Report, ends: str, words: Words, rng: Random) -> Course:
    """Whoever reported was told that there was no breach, and does not believe it."""
    yield now() + timedelta(days=rng.uniform(0.5, 3))
    report.refresh_from_db()
    text = words.into(rng.choice(phrases()["answer_appeals"]))
    facts = {"ground": Appeal.Ground.OTHER, "text": text, "language": report.language, "lodged_at": now()}
    appeal = Appeal.of_report(report, **facts)
    actor = LinkHolder("reporter", report.reference)
    appeal.lodge(actor=actor, files=[])
    yield from _heard(stage, appeal, ends, words, rng, actor)


def _heard(stage: Stage, appeal: Appeal, ends: str, words: Words, rng: Random, actor: LinkHolder) -> Course:
    if ends == "lodged":
        return
    target = usual_length(Clock.Kind.APPEAL, appeal.severity)
    late = 1.6 if rng.random() < 0.06 else 1.0
    lodged, reviewer = now(), stage.people["appeals"]
    yield lodged + target * rng.uniform(0.05, 0.2) * late
    if ends == "withdrawn":
        appeal.withdraw(actor=actor)
        return
    if ends == "inadmissible":
        reason = Appeal.Inadmissible.NO_STANDING if appeal.decision else Appeal.Inadmissible.DUPLICATE
        appeal.declare_inadmissible(actor=reviewer, reason=reason)
        return
    appeal.take_up(actor=reviewer)
    if ends == "under_review":
        if appeal.stayable:
            appeal.stay(actor=reviewer, reason="Their shop would be closed before this is read to the end.")
        return
    yield lodged + target * rng.uniform(0.25, 0.7) * late
    decide(appeal, ends.partition("_")[0], words, rng, stage)


def decide(appeal: Appeal, ends: str, words: Words, rng: Random, stage: Stage) -> None:
    whose = "" if appeal.decision else "answer_" if appeal.is_of_answer else "reporter_"
    said = phrases()[whose + ends]
    facts = {"reasons": words.into(rng.choice(said))}
    if ends == "varied":
        facts["tier"] = appeal.milder_tiers[-1]["code"]
    act = {"upheld": appeal.uphold, "reversed": appeal.reverse, "varied": appeal.vary, "remanded": appeal.remand}[ends]
    act(actor=stage.people["appeals"], **facts)
