"""How far and how long a decision limits: on which account, for how many days, and what of its tier is left out.

By default it is the account that the case is about, for as long as its tier says (P8: the narrowest scope). A wider
account needs a reason and its reference, typed; a whole organisation needs that in any case. Other days, and what is
left out, depart from the matrix.
"""

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from cases.models.effect import AT_THE_GATEWAY
from tipstaff.accounts.models import Subject

if TYPE_CHECKING:
    from cases.models.decision import Decision

WHOLE = (Subject.Kind.ORGANISATION, Subject.Kind.DISTRIBUTOR)  # whoever limits one types its reference
SCOPE_REASON_LIMIT = 2000
FINAL = "permanent_termination"  # who would leave it out chooses a lighter tier


def accounts_above(subject: Subject | None) -> list[Subject]:
    """The accounts that `subject` hangs on, the nearest first."""
    found: list[Subject] = []
    while subject is not None and (subject := subject.parent) is not None and subject not in found:
        found.append(subject)
    return found


def limits(documents: list[dict[str, Any]]) -> list[str]:
    """The kinds among `documents` that limit an account."""
    return [document["type"] for document in documents if document["type"] in AT_THE_GATEWAY]


def scope_refusals(
    subject: Subject | None, scope: Subject | None, *, reason: str, typed: str, limiting: bool
) -> dict[str, str]:
    """What is wrong with a scope, by field. `limiting`: whether the measures limit an account at all."""
    if subject is None:
        return {}
    wrong: dict[str, str] = {}
    if scope is not None and scope not in accounts_above(subject):
        wrong["scope"] = _("A measure reaches the account of the case or one that it hangs on.")
        return wrong
    if scope is not None and not reason.strip():
        wrong["scope_reason"] = _("A wider account needs a reason: why the narrower one does not stop the harm.")
    reached = scope or subject
    must_type = scope is not None or (limiting and reached.kind in WHOLE)
    if must_type and typed.strip().casefold() != reached.external_id.casefold():
        wrong["scope_typed"] = _("Type %(account)s, the reference of the account that is limited as a whole.") % {
            "account": reached.external_id
        }
    return wrong


def longest(decision: "Decision", kind: str) -> int:
    """The most days that the matrix gives a measure of this kind, in any tier."""
    tiers = decision.rule.version.matrix.document["tiers"]
    return max((line.get("days", 0) for tier in tiers for line in tier["sanctions"] if line["type"] == kind), default=0)


def days_refusal(decision: "Decision", days: dict[str, int]) -> str | None:
    """Why these days cannot be; None if they can. They may be more or fewer than the tier says: that departs."""
    for kind, count in days.items():
        most = longest(decision, kind)
        if not 1 <= count <= most:
            return _("A measure lasts from 1 to %(most)s days, the longest that the matrix gives one of its kind.") % {
                "most": most
            }
    return None


def different_days(documents: list[dict[str, Any]], days: dict[str, int]) -> dict[str, int]:
    """Of the days chosen, those of a measure that the tier imposes for another time."""
    usual = {line["type"]: line["days"] for line in documents if "days" in line}
    return {kind: count for kind, count in days.items() if kind in usual and usual[kind] != count}


def left_out_of(documents: list[dict[str, Any]], left_out: list[str]) -> list[str]:
    """Of what was left out, what the tier imposes. All that limits is not left out at once: that is a lighter tier."""
    could = [kind for kind in limits(documents) if kind != FINAL]
    return sorted({kind for kind in left_out if kind in could})


def left_out_refusal(documents: list[dict[str, Any]], left_out: list[str]) -> str | None:
    if left_out and not set(limits(documents)) - set(left_out):
        return _("Nothing that limits the account would be left; choose a lighter tier instead.")
    return None


def adjusted(
    documents: list[dict[str, Any]], *, days: dict[str, int], left_out: list[str], milder: bool = False
) -> list[dict[str, Any]]:
    """The lines of a tier as they are imposed. `milder`: an appeal put a lighter tier in place, so no line of it lasts
    longer than it says.
    """
    kept = [dict(line) for line in documents if line["type"] not in left_out]
    for line in kept:
        if line["type"] in days and "days" in line:
            line["days"] = min(days[line["type"]], line["days"]) if milder else days[line["type"]]
    return kept
