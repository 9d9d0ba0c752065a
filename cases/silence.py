"""Asked wherever a mail leaves for an account holder: whether the law keeps it back for now."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.apps import apps

from cases.models import served
from tipstaff.accounts.models import User
from tipstaff.notices import outbox
from tipstaff.permissions import Role
from tipstaff.time import now
from tipstaff.workflow.actors import Actor

if TYPE_CHECKING:
    from cases.models import Case


def withheld_until(case: "Case") -> datetime | None:
    """Until when the account holder is told nothing of `case`; None where nothing is kept back."""
    orders: Any = apps.get_model("cases", "Withholding").objects
    rows = orders.filter(case__in=served.joined(case.pk)).in_force(now())
    until: datetime | None = rows.order_by("-until").values_list("until", flat=True).first()
    return until


def tell_custodians(case: "Case", *, actor: Actor) -> None:
    """The rule makes referral compulsory: those who hand over evidence hear of it at once, by reference only."""
    for person in User.objects.with_role(Role.CUSTODIAN).order_by("email"):
        outbox.queue(
            "referral_owed",
            to=person.email,
            about=case,
            actor=actor,
            link=f"/desk/referrals/{case.ref}/",
            person=person,
        )
