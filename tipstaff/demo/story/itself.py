"""What systems did by themselves: accepted without an account, gathered by system, one decided and one still open."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from cases.models import Case, Decision, Finding, Verdict
from governance.models import AISystem
from tipstaff.demo.story.prose import drawing, governance, phrases
from tipstaff.demo.story.reports import Reporters, triager
from tipstaff.demo.story.stage import Course, Stage
from tipstaff.time import now

BY_ITSELF = Decision.Outcome.SYSTEM_BEHAVIOUR


def told(stage: Stage, reporters: Reporters) -> Iterator[Course]:
    for number, given in enumerate(governance()["by_itself"]):
        yield _course(stage, reporters, f"itself{number}", given)


def _course(stage: Stage, reporters: Reporters, key: str, given: dict[str, Any]) -> Course:
    for place, text in enumerate(given["reports"]):
        yield stage.days_ago(given["days"] - place / 10)
        rng, rule = drawing(f"{key} {place}"), stage.rule(given["rule"])
        report = reporters.file(f"{key}:{place}", rng, text, rule=rule)
        yield now() + timedelta(minutes=40)
        system = AISystem.objects.filter(name=given["system"]).first()
        rule = stage.rule(given["rule"], report.conduct_at)
        case = report.accept(actor=triager(stage, rng), subject=None, system=system, rule=rule, severity=rule.severity)
    if "finding" in given:
        yield from _decided(stage, case, given)


def _decided(stage: Stage, case: Case, given: dict[str, Any]) -> Course:
    investigator, issuer = stage.people["reviewer"], stage.people["adjudicator"]
    yield now() + timedelta(hours=3)
    case.claim(actor=investigator)
    yield now() + timedelta(minutes=12)
    Finding(
        case=case,
        rule=case.rule,
        facts=given["finding"],
        conclusion=Finding.Conclusion.BREACH,
        behaviour=Case.Behaviour.SYSTEM,
        standard=Finding.Standard.CLEAR,
        found_by=investigator,
        found_at=now(),
    ).record(actor=investigator)
    yield now() + timedelta(minutes=5)
    conduct_at = min(report.conduct_at for report in case.reports.all())
    decision = Decision(
        case=case,
        outcome=BY_ITSELF,
        rule=stage.rule(given["rule"], conduct_at),
        conduct_at=conduct_at,
        reasons=given["finding"],
        proposed_by=investigator,
        proposed_at=now(),
    )
    decision.propose(actor=investigator)
    yield now() + timedelta(hours=2)
    reason = phrases()["verdicts"]["agrees"][0]
    Verdict(decision=decision, person=issuer, outcome=BY_ITSELF, reason=reason).pronounce(actor=issuer)
    decision.issue(actor=issuer)
