"""Who may propose, confirm and issue which decision. Each rule is a guard: a sentence that refuses, or None."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _

from aup.matrix.table import ends_account
from cases.models import course
from cases.models.case import Case
from cases.models.hand import Hand
from cases.models.holding import claimed_by_actor
from tipstaff.accounts.models import User
from tipstaff.permissions import Role
from tipstaff.workflow.actors import Actor

if TYPE_CHECKING:
    from cases.models.decision import Decision

# Outcomes that the proposer may issue, because nobody is burdened by them; they are sampled later.
SELF_ISSUED = ("no_breach", "insufficient_evidence", "support_routing", "corrected")
# Outcomes that say something of an account: where the system did it there is none.
OF_AN_ACCOUNT = ("breach", "exempt", "safe_harbour", "support_routing", "corrected")
# Who may issue a tier whose approver is the key: that role and those above it.
ISSUERS: dict[str, tuple[Role, ...]] = {
    "adjudicator": (Role.ADJUDICATOR, Role.SENIOR_ADJUDICATOR, Role.HEAD_OF_ENFORCEMENT),
    "senior_adjudicator": (Role.SENIOR_ADJUDICATOR, Role.HEAD_OF_ENFORCEMENT),
    "head_of_enforcement": (Role.HEAD_OF_ENFORCEMENT,),
    "head_of_enforcement_and_counsel": (Role.HEAD_OF_ENFORCEMENT,),
}


def may_propose(decision: "Decision", actor: Actor) -> str | None:
    if decision.case.state != Case.State.INVESTIGATING:
        return _("This case is not being investigated now.")
    return claimed_by_actor(decision.case, actor)


def not_the_proposer(decision: "Decision", actor: Actor) -> str | None:
    if actor == decision.proposed_by:
        return _("You proposed this decision.")
    return Hand.may_judge(decision.case, actor)


def only_the_proposer(decision: "Decision", actor: Actor) -> str | None:
    if actor != decision.proposed_by:
        return _("Only %(name)s, who proposed it, can withdraw it.") % {"name": decision.proposed_by}
    return None


def someone_else(decision: "Decision", actor: Actor, *unless: Hand.Part) -> str | None:
    """Refuse whoever has a part in the case already, `unless` it is the one they would have again; who judged something
    may go on to it. The Hand table says the same by key.
    """
    if (part := decision.case.part_of(actor)) and part not in (Hand.Part.JUDGED, *unless):
        return _("You %(part)s this case; someone else must do this.") % {"part": Hand.Part(part).label}
    return None


def may_confirm(decision: "Decision", actor: Actor) -> str | None:
    if refusal := someone_else(decision, actor, Hand.Part.CONFIRMED):
        return refusal
    if not decision.needs_confirmer:
        return _("This decision needs no confirmer; it can be issued.")
    if _needs_counsel(decision) and Role.COUNSEL not in _roles(actor):
        return _("Counsel confirms a termination with legal referral.")
    return verdict_missing(decision, actor) or course.unweighed(decision.case)


def may_issue(decision: "Decision", actor: Actor) -> str | None:
    if isinstance(actor, User) and actor.pk == decision.proposed_by_id:
        return _may_issue_own(decision) or course.unweighed(decision.case)
    if refusal := someone_else(decision, actor, Hand.Part.ISSUED):
        return refusal
    if not isinstance(actor, User):
        return _("Decisions are issued by people.")
    approver = decision.tier_document.get("approver", "adjudicator")
    if not set(ISSUERS[approver]) & set(actor.roles):
        who = " / ".join(str(role.label) for role in ISSUERS[approver])
        return _("A decision of this weight is issued by: %(who)s.") % {"who": who}
    if decision.needs_confirmer and decision.confirmed_by is None:
        return _("Someone else has to confirm this decision before it can be issued.")
    if refusal := verdict_missing(decision, actor) or course.unweighed(decision.case):
        return refusal
    return warning_missing(decision) or decision.claim_in_the_way()


def verdict_missing(decision: "Decision", actor: Actor) -> str | None:
    """Whoever agrees to what somebody else proposed says first what they would decide."""
    if not settings.OWN_VERDICT_FIRST or not isinstance(actor, User):
        return None
    if decision.verdicts.filter(person=actor).exists():
        return None
    return _("Give your own verdict first; you see what was proposed after that.")


def _may_issue_own(decision: "Decision") -> str | None:
    if decision.self_issued and not decision.needs_confirmer:
        return None
    if decision.lightest_warning and not settings.SELF_ISSUE_T1:
        return _("You proposed this warning; this organisation wants someone else to issue it.")
    return _("You investigated this case; someone else must issue the decision.")


def warning_missing(decision: "Decision") -> str | None:
    """Why this termination cannot be issued (DSA 23: only after an earlier warning, unless the rule is zero-tolerance);
    None when it can, or is no termination.
    """
    if not decision.ends_account or decision.rule.zero_tolerance or decision.counted().exists():
        return None
    open_still = [code for code, tier in decision.rule.version.matrix.tiers.items() if not ends_account(tier)]
    if not open_still:
        return _("This account was never warned under this group of rules, and the rule is not zero-tolerance.")
    return _(
        "This account was never warned under this group of rules, and the rule is not zero-tolerance: "
        "choose %(tier)s or below."
    ) % {"tier": open_still[-1]}


def _needs_counsel(decision: "Decision") -> bool:
    return decision.tier_document.get("approver") == "head_of_enforcement_and_counsel"


def _roles(actor: Actor) -> list[str]:
    return actor.roles if isinstance(actor, User) else []
