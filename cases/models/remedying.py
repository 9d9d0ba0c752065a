"""Why something about putting a breach right cannot be done now: one sentence for each."""

from typing import TYPE_CHECKING

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from cases import putting_right
from cases.models.hand import Hand
from tipstaff.accounts.models import User
from tipstaff.time import now
from tipstaff.workflow.actors import Actor

if TYPE_CHECKING:
    from cases.models.remediation import Remediation

UNDER_WAY = ("offered", "accepted", "in_progress")


def may_offer(remediation: "Remediation", actor: Actor) -> str | None:
    decision = remediation.decision
    fell = decision.state in ("reversed", "superseded")  # while it is issued, its state says so only afterwards
    if decision.outcome != "breach" or decision.issued_at is None or fell:
        return _("This decision does not stand as a breach, so there is nothing to put right.")
    others = type(remediation).objects.filter(decision=decision, kind=remediation.kind)
    if others.filter(state__in=[*UNDER_WAY, "passed"]).exclude(due_at__lte=now(), handed_in_at=None).exists():
        return _("This is offered already.")
    if remediation.kind != remediation.Kind.TRAINING and not putting_right.restricting(decision):
        return _("No measure of this decision limits the account any more.")
    return None


def can_go_on(remediation: "Remediation", actor: Actor) -> str | None:
    if not remediation.decision.stands:
        return _("This decision does not stand any more, so nothing is asked of you.")
    if remediation.standing(now()) == remediation.State.LAPSED and remediation.due_at:
        return _("The time for this ended on %(day)s. What was decided stays as it is.") % {
            "day": date_format(remediation.due_at, "DATE_FORMAT")
        }
    if remediation.opens_at > now():
        return _("This opens on %(day)s.") % {"day": date_format(remediation.opens_at, "DATE_FORMAT")}
    return None


def can_try(remediation: "Remediation", actor: Actor) -> str | None:
    if remediation.kind != remediation.Kind.TRAINING:
        return _("There is no check to take here.")
    if remediation.again_at and remediation.again_at > now():
        return _("Read why first. You can take the check again at %(time)s UTC.") % {
            "time": date_format(remediation.again_at, "TIME_FORMAT")
        }
    return can_go_on(remediation, actor)


def can_hand_in(remediation: "Remediation", actor: Actor) -> str | None:
    if remediation.kind == remediation.Kind.TRAINING:
        return _("Nothing is handed in here: take the check.")
    return can_go_on(remediation, actor)


def may_assess(remediation: "Remediation", actor: Actor) -> str | None:
    """Handed in, and by nobody with another part in the case."""
    if remediation.handed_in_at is None:
        return _("Nothing was handed in yet.")
    if not remediation.decision.stands:
        return _("The decision does not stand any more, so nothing is to be assessed.")
    if (part := remediation.case.part_of(actor)) and part != Hand.Part.ASSESSED:
        return _("You %(part)s this case; someone who had no part must assess this.") % {"part": Hand.Part(part).label}
    return None if isinstance(actor, User) else _("People assess this.")


def is_over(remediation: "Remediation", actor: Actor) -> str | None:
    if remediation.standing(now()) == remediation.State.LAPSED:
        return None
    return _("It is not over yet.")
