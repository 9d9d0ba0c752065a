"""The provider's own systems: proposed, reviewed, released and controlled, with every answer on the map."""

from datetime import timedelta
from typing import Any

from governance.models import AISystem, Control
from tipstaff.demo.story.prose import governance
from tipstaff.demo.story.stage import Course, Stage
from tipstaff.time import now

WITH_US_FOR = 380.0  # days


def told(stage: Stage) -> Course:
    """Every system, one after the other; later its releases and what was looked at again."""
    for place, given in enumerate(governance()["systems"]):
        yield stage.days_ago(9 if given["ends"] in ("proposed", "in_review") else WITH_US_FOR - 3 * place)
        system = _propose(stage, given)
        if given["ends"] == "proposed":
            continue
        yield now() + timedelta(days=1)
        _answer(stage, system)
        for control in given["controls"]:
            _record(stage, system, *control)
        if given["ends"] == "in_review":
            continue
        yield now() + timedelta(days=1)
        system.approve(actor=stage.people["compliance"])
        for name, days in given["releases"]:
            stage.enter(_released(stage, system, name, days))
        for control in given["controls"]:
            if control[-1] == "retired":
                stage.enter(_replaced(stage, system, control[0]))
            elif control[-1] is not None:
                stage.enter(_verified(stage, system, control[0], control[-1]))
        if given["ends"] == "retired":
            stage.enter(_retired(stage, system))


def _propose(stage: Stage, given: dict[str, Any]) -> AISystem:
    system = AISystem(
        owner=stage.people["owner"],
        name=given["name"],
        purpose=given["purpose"],
        modalities=given["modalities"],
        channel=given["channel"],
        geographies=given["geographies"],
        risk_class=given["risk"],
        proposed_at=now(),
    )
    system.propose(actor=stage.people["owner"])
    return system


def _answer(stage: Stage, system: AISystem) -> None:
    system.answer(actor=stage.people["owner"], answers=governance()["answers"])
    system.submit(actor=stage.people["owner"])


def _record(
    stage: Stage, system: AISystem, name: str, kind: str, at: str, mode: str, rules: list[str], _verified: Any
) -> None:
    """A control for the rules named, or for all that the policy wants this kind of control for."""
    Control(
        system=system,
        name=name,
        description=f"{name}, as it runs in {system.name}.",
        kind=kind,
        stage=at,
        mode=mode,
        rules=rules or stage.codes_naming(kind),
        evidence=governance()["evidence"],
        recorded_at=now(),
    ).record(actor=system.owner)


def _released(stage: Stage, system: AISystem, name: str, days: float) -> Course:
    yield stage.days_ago(days)
    said = {key: governance()[key] for key in ("risks", "testing", "biases")}
    version = stage.version()
    system.release(actor=system.owner, name=name, released_on=now().date(), policy_version=version, **said)


def _verified(stage: Stage, system: AISystem, name: str, days: float) -> Course:
    """Somebody looks; one control that was looked at long ago is found not to work."""
    yield stage.days_ago(days)
    control = Control.objects.get(system=system, name=name)
    control.verify(actor=stage.people["engineering"], finding=governance()["verified"])
    if name == "Accounts under one control":
        yield stage.days_ago(11)
        control.refute(actor=stage.people["compliance"], finding=governance()["refuted"])


def _replaced(stage: Stage, system: AISystem, name: str) -> Course:
    yield stage.days_ago(150)
    Control.objects.get(system=system, name=name).retire(actor=system.owner, reason=governance()["replaced"])


def _retired(stage: Stage, system: AISystem) -> Course:
    yield stage.days_ago(80)
    system.retire(actor=system.owner, reason=governance()["retired"])
