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


BREACH = "breach"
# What one of them asks of a rule; the rest of its `when` is for the person who names it.
ASKS = {
    "permitted": (lambda rule: rule.get("disposition") != "prohibited", "the rule prohibits this whatever was met"),
    "support-first": (lambda rule: rule.get("support_first"), "the rule is not one of support first"),
}


@dataclass(frozen=True)
class Evaluation:
    """What the matrix says. `steps` leads from the cell to `tier`; the first step is the cell itself. Where an override
    ends it without a tier, `outcome` is no breach, the tiers are empty and the only step says which override.
    """

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
    outcome: str = BREACH
    override: str = ""  # the one that ended it without a tier

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
    applying: Iterable[str] = (),
) -> Evaluation:
    """The tier for a breach of `rule` (`Rule.facts`) with these findings; `factors` and `applying` are ids of factors
    and overrides listed in the matrix. The first override that ends a case does; a permitted rule needs none named.

    Unknown values, an override that the rule does not admit, a severity more than 1 from the rule's own, a factor named
    twice and a cell without a tier raise ValueError.
    """
    found = {"intent": intent, "sensitivity": sensitivity, "severity": severity, "recurrence": recurrence}
    chosen = _factors(document, list(factors))
    _refuse_unknown(document, rule, found)
    inputs = {**found, "factors": [factor["id"] for factor in chosen], "rule": dict(rule)}
    if ending := _ending(document, rule, set(applying)):
        return _without_tier(document, rule, inputs, ending)
    known = tiers(document)
    base = cells(document).get((intent, sensitivity, severity, recurrence), "")
    if base not in known:
        raise ValueError(f"{_described(found)}: the matrix gives no tier for this.")
    steps = _steps(document, rule, found, chosen, base)
    tier = known[steps[-1]["to"]]
    mandatory = rule.get("legal_referral") == "mandatory"
    return Evaluation(
        inputs=inputs,
        matrix_version=str(document["decision_matrix"]["version"]),
        base_tier=base,
        tier=tier["code"],
        title=tier["title"],
        steps=tuple(steps),
        explanation=_explanation(steps, known),
        sanctions=_sanctions(tier, mandatory),
        remediation=dict(tier["remediation"]),
        approver=tier["approver"],
        four_eyes=bool(tier["four_eyes"]) or mandatory or bool(chosen and document["adjustments"].get("four_eyes")),
        adds_referral=mandatory,
        prior_warning_needed=ends_account(tier) and not rule.get("zero_tolerance"),
        notice_hours=tier["notice_hours"],
        appeal_months=tier["appeal_months"],
    )


def recurrence_of(document: Document, counted: int, under_sanction: bool) -> str:
    """The recurrence for so many earlier breaches that count: the last value for every further one, and for whoever
    was under a sanction at the time.
    """
    order = dimensions(document)["recurrence"]
    return str(order[-1] if under_sanction else order[min(counted, len(order) - 1)])


def _ending(document: Document, rule: Mapping[str, Any], applying: set[str]) -> dict[str, str] | None:
    """The first override of the document that is named, or that the rule itself brings, and ends the case."""
    listed = outcomes_without_tier(document)
    for name in applying - {override["id"] for override in listed}:
        raise ValueError(f"“{name}” is no override of this matrix that ends a case.")
    for name in applying & ASKS.keys():
        admitted, refusal = ASKS[name]
        if not admitted(rule):
            raise ValueError(f"The override “{name}” does not apply: {refusal}.")
    if rule.get("disposition") == "permitted":
        permitted = {"id": "permitted", "when": "The rule permits this.", "outcome": OUTCOMES_WITHOUT_TIER["permitted"]}
        listed = [permitted, *listed]
        applying = applying | {"permitted"}
    return next((override for override in listed if override["id"] in applying), None)


def _without_tier(
    document: Document, rule: Mapping[str, Any], inputs: dict[str, Any], override: Mapping[str, str]
) -> Evaluation:
    words = override["outcome"].replace("_", " ")
    why = f"{override['when'].rstrip('.')}: no tier follows and the outcome is {words}."
    referred = override["id"] == "good-faith-report" and rule.get("legal_referral") == "mandatory"
    if referred:
        why = f"{why.rstrip('.')}; the compulsory referral about the material is still made."
    return Evaluation(
        inputs=inputs,
        matrix_version=str(document["decision_matrix"]["version"]),
        base_tier="",
        tier="",
        title="",
        steps=({"why": why, "from": "", "to": ""},),
        explanation=why,
        sanctions=_sanctions({"sanctions": []}, referred),
        remediation={},
        approver="",
        four_eyes=referred,
        adds_referral=referred,
        prior_warning_needed=False,
        notice_hours=0,
        appeal_months=0,
        outcome=override["outcome"],
        override=override["id"],
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
        total = sum(factor["steps"] for factor in chosen)
        target = max(floor, min(len(order) - 1, place + max(-limit, min(limit, total))))
        steps.append(
            {"why": _adjusted(chosen, total, target - place, limit), "from": order[place], "to": order[target]}
        )
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


def _adjusted(chosen: list[dict[str, Any]], total: int, effect: int, limit: int) -> str:
    named = "; ".join(factor["title"][:1].lower() + factor["title"][1:] for factor in chosen)
    if total == 0:
        return f"The factors cancel out ({named})."
    if limit == 0:
        return f"The factors change nothing, because this matrix lets none move the tier ({named})."
    if effect == 0:
        place = "at its lowest for this rule" if total < 0 else "at its highest"
        return f"The factors change nothing, because the tier is {place} ({named})."
    steps = "one step" if abs(effect) == 1 else f"{abs(effect)} steps"
    most = ", the most they can in total" if abs(effect) == limit < abs(total) else ""
    return f"{'Aggravating' if total > 0 else 'Mitigating'} factors move it by {steps}{most} ({named})."


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
