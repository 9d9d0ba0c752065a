"""What the provider's machines are told of a decision and its measures: references, codes and times, never a reason.
And who is told when a machine says that it could not carry a measure out.
"""

from typing import TYPE_CHECKING, Any

from cases import silence
from tipstaff.accounts.models import User
from tipstaff.notices import outbox, webhooks
from tipstaff.notices.events import instant
from tipstaff.permissions import Role
from tipstaff.time import now
from tipstaff.workflow.actors import Actor

if TYPE_CHECKING:
    from cases.models import Case, Decision, Sanction


def tell_decision(decision: "Decision", became: str, *, actor: Actor) -> None:
    """Queue `decision.<became>` for those who take it; what is told holds once the act under way is done."""
    if to := webhooks.takers(f"decision.{became}"):
        told = {
            "ref": decision.ref,
            "state": became,
            "outcome": decision.outcome,
            "rule": decision.rule.code,
            "policy": decision.rule.version.number,
            "tier": decision.effective_tier or None,
            "issued_at": instant(decision.issued_at),
        }
        _queue(f"decision.{became}", decision, {"decision": told} | _around(decision), actor, to)


def tell_sanction(sanction: "Sanction", became: str, *, actor: Actor) -> None:
    """Queue `sanction.<became>`. One that ends is no longer among the account's measures, though its row still says so
    while the act is under way.
    """
    if to := webhooks.takers(f"sanction.{became}"):
        state = "issued" if became in ("imposed", "extended", "shortened", "resumed") else became
        told = _measure(sanction) | {"state": state}
        gone = None if state == "issued" else sanction
        around = _around_case(sanction.case, sanction.decision, without=gone)
        if became == "resumed" and around["account"]:  # its row says otherwise while the act is under way
            around["account"]["measures"].append(told)
        _queue(f"sanction.{became}", sanction, {"sanction": told} | around, actor, to)


def alarm(sanction: "Sanction", *, applying: bool, actor: Actor) -> None:
    """Tell those who answer for enforcement that a measure was not carried out, so that somebody does it by hand."""
    for person in User.objects.with_role(Role.LEAD, Role.HEAD_OF_ENFORCEMENT).order_by("email"):
        outbox.queue(
            "measure_failed",
            to=person.email,
            about=sanction,
            actor=actor,
            link=sanction.get_absolute_url(),
            person=person,
            applying=applying,
        )


def _queue(
    event: str, about: "Decision | Sanction", payload: dict[str, Any], actor: Actor, to: list[webhooks.Endpoint]
) -> None:
    line = about.case.subject or about.case
    after = getattr(about, "decision", about) or getattr(about, "interim", None)  # whose notice leaves first
    if silence.withheld_until(about.case):
        after = None  # the law keeps that notice back, and not the measure
    webhooks.queue(event, to=to, about=about, line=line, after=after, payload=payload, actor=actor)


def _around(decision: "Decision") -> dict[str, Any]:
    return _around_case(decision.case, decision)


def _around_case(case: "Case", decision: "Decision | None", *, without: "Sanction | None" = None) -> dict[str, Any]:
    """The case and its account with everything that limits it, now or later: whoever missed a message converges."""
    if case.subject is None:
        return {"case": case.ref, "account": None}
    measures = []
    for sanction in case.subject.sanctions.standing(now()).restricting().select_related("decision__rule", "case__rule"):
        if decision is not None and sanction.decision_id == decision.pk:
            sanction.decision = decision  # as the act under way leaves it
        if sanction != without:
            measures.append(_measure(sanction))
    account = {"id": case.subject.external_id, "kind": case.subject.kind, "measures": measures}
    return {"case": case.ref, "account": account}


def _measure(sanction: "Sanction") -> dict[str, Any]:
    return {
        "ref": sanction.ref,
        "state": sanction.state,
        "kind": sanction.kind,
        "starts_at": instant(sanction.starts_at),
        "ends_at": instant(sanction.ends_at),
        "terms": sanction.terms,
        "decision": sanction.decision.ref if sanction.decision else None,
        "rule": (sanction.decision or sanction.case).rule.code,
        "tier": sanction.decision.effective_tier if sanction.decision else None,
        "interim": sanction.decision is None,
    }
