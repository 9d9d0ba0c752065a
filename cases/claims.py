"""Claims of research where they are shown: beside a case, and counted for everybody."""

from typing import Any

from django.db.models import Count

from cases.claim_forms import AssessForm, ClaimForm, WithdrawForm
from cases.models import Case, Claim
from cases.models.claim import not_decided
from cases.panels import rows_of
from tipstaff.accounts.models import User
from tipstaff.permissions import Permission
from tipstaff.workflow.operations import available_to


def claims_panel(case: Case, person: User) -> dict[str, Any]:
    """What the page of a case says of them; no query where there are none (the row of the case says so)."""
    rows = rows_of(case, "claims")
    found = [(claim, {act.name for act in available_to(claim, person)}) for claim in rows]
    panel: dict[str, Any] = {"claims": found, "claims_open": [one for one in rows if one.state == Claim.State.OPEN]}
    if person.may(Permission.CASE_INVESTIGATE) and not_decided(Claim(case=case), person) is None and case.subject_id:
        panel["claim_form"] = ClaimForm(prefix="claim")
    if panel["claims_open"]:
        panel |= {"assess_form": AssessForm(prefix="assess"), "withdraw_form": WithdrawForm(prefix="withdraw")}
    return panel


def counted() -> dict[str, int]:
    """How many claims there were, by what became of them (H10)."""
    return dict(Claim.objects.values_list("state").annotate(many=Count("pk")))
