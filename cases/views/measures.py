"""Measures at the provider's gateway: what it has not confirmed, what it could not do, what it did."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cases.models import Sanction
from cases.models.effect import Confirmation
from tipstaff.access import StaffRequest, needs
from tipstaff.accounts.models import Token
from tipstaff.permissions import Permission
from tipstaff.time import now

PAGE = 100
LEFT = [Confirmation.FAILED, Confirmation.AWAITED]
SHOWN = [choice for choice in Confirmation.choices if choice[0] != Confirmation.NOT_NEEDED]


@require_safe
@needs(Permission.CASE_VIEW)
def measure_list(request: StaffRequest) -> HttpResponse:
    """What the gateway could not do or still has to do, the oldest first; `word` shows one kind. The rest comes up as
    these are settled, so nothing is counted and no page is turned.
    """
    at, word = now(), request.GET.get("word", "")
    word = word if word in dict(SHOWN) else ""
    rows = Sanction.objects.visible_to(request.user).with_confirmation([word] if word else LEFT, at)
    rows = rows.select_related("subject", "case", "acknowledged_by")
    rows = rows.order_by("-id" if word == Confirmation.CONFIRMED else "id")
    found = list(rows[: PAGE + 1])
    gateways = Token.objects.usable(at).filter(scopes__contains=[Permission.SANCTION_ACKNOWLEDGE])
    context = {
        "sanctions": found[:PAGE],
        "more": len(found) > PAGE,
        "word": word,
        "words": SHOWN,
        "connected": gateways.exists(),
    }
    return render(request, "cases/measure_list.html", context)
