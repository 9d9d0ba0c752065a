"""What the course of a case allows besides deciding it: waiting for an answer, joining another case, coming to rest."""

from typing import TYPE_CHECKING

from django.db.models import Max, Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from cases.models.answering import CONTESTABLE, contest_closes_at
from cases.statement import appeal_closes_at
from tipstaff.time import now
from tipstaff.workflow.actors import Actor

if TYPE_CHECKING:
    from cases.models.case import Case


def nobody_elses(case: "Case", actor: Actor) -> str | None:
    """Nobody else holds it."""
    if not case.is_held_by(actor) and case.claimant:
        return _("%(name)s is working on this case.") % {"name": case.claimant}
    return None


def joins(case: "Case", into: "Case") -> str | None:
    """Why `case` cannot be merged into `into`; None if it can. Evidence stays where it was sealed, so a case that has
    some is merged into by others and not the other way round.
    """
    if into.pk == case.pk:
        return _("A case cannot be merged into itself.")
    if into.state not in ("open", "investigating", "awaiting_information"):
        return _("%(case)s is not open to more reports: it is decided, or about to be.") % {"case": into.ref}
    if into.rule_group != case.rule_group:
        return _("%(case)s is about other rules, so what was reported here would be decided by nobody.") % {
            "case": into.ref
        }
    if refusal := across_accounts(case, into):
        return refusal
    if case.claims.exists():
        return _("Research is claimed in this case, and that stays with it. Merge %(case)s into this one instead.") % {
            "case": into.ref
        }
    if case.evidence.exists() or case.findings.exists():
        return _("Evidence or findings stand in this case. Merge %(case)s into this one instead.") % {"case": into.ref}
    return None


def across_accounts(case: "Case", into: "Case") -> str | None:
    """Reports that named the wrong account, or held for the system's what a person did, go where they belong, and
    nothing is decided here. Once the account holder was asked, limited or judged, a decision about them ends the case.
    """
    if case.subject_id is None or case.subject_id == into.subject_id:
        return None
    if case.hearings.exists() or case.interims.filter(needed=True).exists() or case.decisions.exists():
        return _(
            "The holder of %(account)s was asked or limited in %(case)s, so it ends with a decision about them. "
            "Decide it here."
        ) % {"account": case.subject, "case": case.ref}
    return None


def unweighed(case: "Case") -> str | None:
    """Why no decision leaves that waits in `case`: reports came after it was proposed, and nobody weighed them."""
    if not case.unweighed:
        return None
    return _(
        "%(reports)s came after this was proposed. Read it, then say that it changes nothing, or send it back."
    ) % {"reports": ", ".join(case.unweighed[:3]) + ("…" if len(case.unweighed) > 3 else "")}


def may_weigh(case: "Case", actor: Actor) -> str | None:
    """Whoever may confirm or issue what waits; its proposer where nobody else has to."""
    decision = case.decisions.waiting().first()
    if decision is None or not case.unweighed:
        return _("Nothing came after the proposal that nobody weighed.")
    decision.case = case
    refusal: str | None = decision.weighing_refused(actor)
    return refusal


def at_rest(case: "Case", actor: Actor) -> str | None:
    """No appeal is open, of the account holder or a reporter, and the time to appeal is over for both."""
    return case.rest_refusal


def not_at_rest(case: "Case") -> str | None:
    """Why something can still follow the decision of `case`; None if nothing can."""
    for decision in case.decisions.filter(issued_at__isnull=False).select_related("rule__version__matrix"):
        if decision.contested_at:
            return _("An appeal against %(decision)s is open.") % {"decision": decision.ref}
        if not decision.stands or decision.outcome != "breach":
            continue
        closes = appeal_closes_at(decision)
        if closes is None:
            return _(
                "No mail with the notice of %(decision)s has reached the account holder, so they can still appeal."
            ) % {"decision": decision.ref}
        if closes > now():
            return _("The account holder can appeal %(decision)s until %(day)s.") % {
                "decision": decision.ref,
                "day": date_format(closes, "DATE_FORMAT"),
            }
    return reporters_not_at_rest(case)


def reporters_not_at_rest(case: "Case") -> str | None:
    """Why a reporter who was told of no breach may still be right; None if none can. One query."""
    found = case.reports.filter(state="answered").aggregate(
        open=Max("ref", filter=Q(contested_at__isnull=False)),
        latest=Max("answered_at", filter=Q(outcome__in=CONTESTABLE)),
    )
    if found["open"]:
        return _("An appeal against the answer to %(report)s is open.") % {"report": found["open"]}
    closes = contest_closes_at(found["latest"])
    if closes and closes > now():
        return _("Whoever reported can appeal until %(day)s.") % {"day": date_format(closes, "DATE_FORMAT")}
    return None
