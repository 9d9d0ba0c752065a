"""Committing at the console, and ten seconds to take it back.

A proposal can be withdrawn while nobody has opened it. What its proposer may issue alone stays a proposal for those ten
seconds and is issued after them, so nothing has left, no reporter is answered and no clock is stopped before: an issued
decision is final, and taking one back would be a reversal. The rows are the jobs, as in the outbox: while no worker is
there nothing is lost, the proposal only waits, and anybody who may can issue it by hand.
"""

import logging
from datetime import timedelta
from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from cases.models import Commitment, Decision, Draft
from tipstaff.accounts.models import User
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow.refused import Refused
from tipstaff.workflow.unit import in_unit_of_work

logger = logging.getLogger(__name__)
SECONDS = 10  # to take back what was committed
BATCH = 200


def commit(decision: Decision, *, actor: User, typed: dict[str, list[str]]) -> Commitment:
    """Propose `decision`, and issue it in ten seconds if its proposer may. `typed` is what was in the form."""

    def act(_work: Any) -> Commitment:
        decision.propose(actor=actor)
        alone = decision.self_issued and not decision.needs_confirmer and actor.may(Permission.DECISION_ISSUE)
        until = now() + timedelta(seconds=SECONDS)
        Draft.drop(actor, decision.case, finding=False)
        return Commitment.objects.create(decision=decision, person=actor, until=until, issues=alone, typed=typed)

    return in_unit_of_work(act)


def take_back(decision: Decision, *, actor: User) -> None:
    """Undo a commit within its ten seconds: the proposal is withdrawn, its proposer holds the case again, and what was
    typed is a draft again. Refused later, to others, and once somebody else opened the proposal.
    """

    def act(_work: Any) -> None:
        committed = Commitment.objects.select_for_update().filter(decision=decision).first()
        if committed is None or committed.until <= now():
            raise Refused(
                _("The %(seconds)s seconds to take %(decision)s back are over.")
                % {"seconds": SECONDS, "decision": decision.ref}
            )
        if committed.opened_at:
            raise Refused(
                _("Somebody opened %(decision)s already. Withdraw it on its page, or ask them to send it back.")
                % {"decision": decision.ref}
            )
        decision.withdraw(actor=actor)
        decision.case.claim(actor=actor)
        Draft.keep(actor, decision.case, committed.typed)
        committed.delete()

    in_unit_of_work(act)


def opened(decision: Decision, by: User) -> None:
    """Somebody looks at a proposal: from now on it is not taken back behind their back."""
    if decision.state == Decision.State.PROPOSED and by.pk != decision.proposed_by_id:
        Commitment.objects.filter(decision=decision, opened_at=None).update(opened_at=now())


def leave_due() -> int:
    """Issue what its proposers issue alone and can no longer take back. Returns how many were issued."""
    issued = 0
    for pk in Commitment.objects.over(now()).order_by("until").values_list("pk", flat=True)[:BATCH]:
        try:
            issued += in_unit_of_work(partial(_leave, pk))
        except Refused as refused:  # somebody settled it, or its proposer left: it waits like any other proposal
            logger.info("decision %s is not issued by itself: %s", pk, refused)
            Commitment.objects.filter(pk=pk).delete()
        except Exception:  # one decision must not keep the others waiting; it is tried again at the next tick
            logger.exception("decision %s could not be issued by itself", pk)
    return issued


def _leave(pk: Any, _work: Any) -> bool:
    committed = Commitment.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk).first()
    if committed is None:
        return False
    decision = committed.decision
    alone = committed.issues and decision.state == Decision.State.PROPOSED
    if alone:
        decision.issue(actor=committed.person)
    committed.delete()
    return alone
