"""From what a reviewer found to the tier that the matrix gives, with every step said. Pure: no database, no clock.

Sentences are English because the result is stored with the decision and must read the same for ever.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from aup.matrix.table import Document, cells, dimensions, ends_account, tiers

# The overrides that end a case without a tier, and the outcome of each. The caller decides whether one applies.
OUTCOMES_WITHOUT_TIER = {
    "permitted": "no_breach",
    "exemption": "exempt",
    "support-first": "support_routing",
    "good-faith-report": "no_breach",
    "correction": "corrected",
}


@dataclass(frozen=True)
class Evaluation:
    """What the matrix says. `steps` leads from the cell to `tier`; the first step is the cell itself."""

    inputs: dict[str, Any]
    matrix_version: str
    base_tier: str
    tier: str
    title: str
    steps: tuple[dict[str, str], ...]  # {"why": sentence, "from": tier, "to": tier}
    explanation: str
    sanctions: tuple[dict[str, Any], ...]
    remediation: dict[str, Any]
    approver: str
    four_eyes: bool
    adds_referral: bool
    prior_warning_needed: bool
    notice_hours: int
    appeal_months: int

    def as_json(self) -> dict[str, Any]:
        """Everything, as JSON takes it."""
        return asdict(self) | {"steps": list(self.steps), "sanctions": list(self.sanctions)}


def severities(rule: Mapping[str, Any], document: Document) -> list[int]:
    """The severities a reviewer may find for `rule`: its own and its neighbours."""
    return [level for level in document["dimensions"]["severity"]["order"] if abs(level - rule["severity"]) <= 1]


def outcomes_without_tier(document: Document) -> list[dict[str, str]]:
    """The overrides that end a case without a tier: id, when, effect and outcome."""
    return [
        {**override, "outcome": OUTCOMES_WITHOUT_TIER[override["id"]]}
        for override in document["overrides"]
        if override["id"] in OUTCOMES_WITHOUT_TIER
    ]


def evaluate(
    document: Document,
    rule: Mapping[str, Any],
    *,
    intent: str,
    sensitivity: str,
    severity: int,
    recurrence: str,
    factors: Iterable[str] = (),
) -> Evaluation:
    """The tier for a breach of `rule` (`Rule.facts`) with these findings; `factors` are ids listed in the matrix.

    Unknown values, a severity more than 1 from the rule's own and a factor named twice raise ValueError.
    """
    found = {"intent": intent, "sensitivity": sensitivity, "severity": severity, "recurrence": recurrence}
    chosen = _factors(document, list(factors))
    _refuse_unknown(document, rule, found)
    known = tiers(document)
    base = cells(document)[intent, sensitivity, severity, recurrence]
    steps = _steps(document, rule, found, chosen, base)
    tier = known[steps[-1]["to"]]
    mandatory = rule.get("legal_referral") == "mandatory"
    return Evaluation(
        inputs={**found, "factors": [factor["id"] for factor in chosen], "rule": dict(rule)},
        matrix_version=str(document["decision_matrix"]["version"]),
        base_tier=base,
        tier=tier["code"],
        title=tier["title"],
        steps=tuple(steps),
        explanation=_explanation(steps, known),
        sanctions=_sanctions(tier, mandatory),
        remediation=dict(tier["remediation"]),
        approver=tier["approver"],
        four_eyes=bool(tier["four_eyes"]) or mandatory,
        adds_referral=mandatory,
        prior_warning_needed=ends_account(tier) and not rule.get("zero_tolerance"),
        notice_hours=tier["notice_hours"],
        appeal_months=tier["appeal_months"],
    )


def _factors(document: Document, ids: list[str]) -> list[dict[str, Any]]:
    adjustments = document["adjustments"]
    listed = {factor["id"]: factor for factor in [*adjustments["mitigating"], *adjustments["aggravating"]]}
    for name in ids:
        if name not in listed:
            raise ValueError(f"“{name}” is not a listed factor; the factors are {', '.join(listed)}.")
        if ids.count(name) > 1:
            raise ValueError(f"The factor “{name}” is named twice; name it once.")
    return [listed[name] for name in ids]


def _refuse_unknown(document: Document, rule: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    for dimension, values in dimensions(document).items():
        value = found[dimension]
        if isinstance(value, bool) or value not in values:
            raise ValueError(f"“{value}” is not a value of {dimension}; use one of {', '.join(map(str, values))}.")
    minimum = rule.get("minimum_tier")
    if minimum and minimum not in tiers(document):
        raise ValueError(f"The rule's minimum tier “{minimum}” is not a tier of this matrix.")
    if "severity" in rule and found["severity"] not in (allowed := severities(rule, document)):
        raise ValueError(
            f"The rule has severity {rule['severity']}, which may be moved by 1: use one of "
            f"{', '.join(map(str, allowed))}."
        )


def _steps(
    document: Document, rule: Mapping[str, Any], found: Mapping[str, Any], chosen: list[dict[str, Any]], base: str
) -> list[dict[str, str]]:
    order = list(tiers(document))
    steps = [{"why": f"{_described(found)}: the matrix gives {base}.", "from": base, "to": base}]
    minimum = rule.get("minimum_tier") or order[0]
    floor, place = order.index(minimum), order.index(base)
    if place < floor:
        steps.append({"why": f"The rule's minimum tier is {minimum}.", "from": base, "to": minimum})
        place = floor
    if chosen:
        limit = int(document["adjustments"]["max_total_steps"])
        moved = max(-limit, min(limit, sum(factor["steps"] for factor in chosen)))
        target = max(floor, min(len(order) - 1, place + moved))
        steps.append({"why": _adjusted(chosen, moved, target - place), "from": order[place], "to": order[target]})
        place = target
    if rule.get("legal_referral") == "mandatory":
        why = "The rule makes referral to the authority compulsory, so it is added with a second approval."
        steps.append({"why": why, "from": order[place], "to": order[place]})
    return steps


def _described(found: Mapping[str, Any]) -> str:
    """The findings as the start of a sentence: “Deliberate, personal data, severity 3, first violation”."""
    sensitivity = str(found["sensitivity"]).replace("_", "-")
    return (
        f"{str(found['intent']).capitalize()}, {sensitivity} data, severity {found['severity']}, "
        f"{found['recurrence']} violation"
    )


def _adjusted(chosen: list[dict[str, Any]], moved: int, effect: int) -> str:
    named = "; ".join(factor["title"][:1].lower() + factor["title"][1:] for factor in chosen)
    if moved == 0:
        return f"The factors cancel out ({named})."
    if effect == 0:
        limit = "at its lowest for this rule" if moved < 0 else "at its highest"
        return f"The factors change nothing, because the tier is {limit} ({named})."
    return f"{'Aggravating' if moved > 0 else 'Mitigating'} factors move it by one step ({named})."


def _explanation(steps: list[dict[str, str]], known: Mapping[str, Mapping[str, Any]]) -> str:
    """All the steps in one sentence, ending in the tier and its title."""
    parts = [step["why"].rstrip(".") for step in steps]
    clauses = [parts[0], *(part[:1].lower() + part[1:] for part in parts[1:])]
    last = steps[-1]["to"]
    return f"{'; '.join(clauses)}; the result is {last}, {known[last]['title'].lower()}."


def _sanctions(tier: Mapping[str, Any], mandatory: bool) -> tuple[dict[str, Any], ...]:
    sanctions = [dict(sanction) for sanction in tier["sanctions"]]
    if mandatory:
        sanctions = [sanction for sanction in sanctions if sanction["type"] != "legal_referral"]
        sanctions.append({"type": "legal_referral", "mandatory": True, "within_hours": 24})
    return tuple(sanctions)
