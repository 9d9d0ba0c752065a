"""Asked wherever a mail leaves for an account holder: whether the law keeps it back for now.

An order is about a matter and not about a number: cases that became one are silent together, whichever of them it was
written down for.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.apps import apps

from cases.models import served
from tipstaff.accounts.models import User
from tipstaff.notices import outbox
from tipstaff.notices.models import Message
from tipstaff.permissions import Role
from tipstaff.time import now
from tipstaff.workflow.actors import Actor

if TYPE_CHECKING:
    from cases.models import Case


def withheld_until(case: "Case") -> datetime | None:
    """Until when the account holder is told nothing of `case`; None where nothing is kept back."""
    orders: Any = apps.get_model("cases", "Withholding").objects
    rows = orders.filter(case__in=served.whole(case.pk)).in_force(now())
    until: datetime | None = rows.order_by("-until").values_list("until", flat=True).first()
    return until


def keep_together(*parts: "Case") -> None:
    """The cases become one: where any of them is silent, what waits in the others waits as long."""
    untils = [until for part in parts if (until := withheld_until(part))]
    for part in parts if untils else ():
        move(part.pk, max(untils))


def move(case_id: UUID, at: datetime) -> None:
    """Let the mails that wait, to the holder of each account that the case is about or reaches, leave at `at`."""
    models: Any = apps.get_app_config("cases").get_model
    cases = models("Case").objects.filter(pk__in=served.whole(case_id)).select_related("subject")
    among = {"case__in": served.whole(case_id)}
    decisions = models("Decision").objects.filter(**among).select_related("scope")
    accounts = [*(one.subject for one in cases), *(one.scope for one in decisions)]
    contacts = {account.contact for account in accounts if account and account.contact}
    about = [one.reference for one in decisions]
    for name in ("Interim", "Sanction", "Hearing", "Remediation"):
        about += [one.reference for one in models(name).objects.filter(**among)]
    waiting = Message.objects.filter(state=Message.State.QUEUED, about__in=about, recipient__in=contacts)
    waiting.update(next_attempt_at=at)


def tell_custodians(case: "Case", *, actor: Actor) -> None:
    """The rule makes referral compulsory: those who hand over evidence hear of it at once, by reference only; but
    nobody of a case about their own account.
    """
    for person in User.objects.with_role(Role.CUSTODIAN).order_by("email"):
        if case.subject is not None and case.subject.belongs_to(person):
            continue
        outbox.queue(
            "referral_owed",
            to=person.email,
            about=case,
            actor=actor,
            link=f"/desk/referrals/{case.ref}/",
            person=person,
        )
