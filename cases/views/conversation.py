"""A long conversation read inside the console: sixty turns at first, more as they are read, each look written down."""

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cases.models import Case
from cases.views import exhibits
from cases.views.context import fetch
from tipstaff.access import StaffRequest, needs
from tipstaff.permissions import Permission
from tipstaff.vault import showing


@require_safe
@needs(Permission.FILE_READ)
def conversation(request: StaffRequest, ref: str, item: int) -> HttpResponse:
    """Turns from `from` on, as a page or as what the console adds at its end."""
    case = fetch(request, ref)
    chosen = exhibits.find(case, exhibits.listed(case), item)
    asked = QueryDict(mutable=True)
    asked.update({"turn": request.GET.get("from", ""), "show": request.GET.get("show", "")})
    reading = exhibits.read(request, case, chosen, asked, most=exhibits.TURNS)
    context = {
        "case": case,
        "exhibit": chosen,
        "reading": reading,
        "next": reading.after if reading.turns else 0,
        "purposes": showing.Purpose.choices,
        "may_cite": case.claimant == request.user and case.state == Case.State.INVESTIGATING,
    }
    part = "#turns" if request.headers.get("HX-Request") else ""
    response = render(request, f"cases/case_conversation.html{part}", context)
    response["Cache-Control"] = "no-store"
    return response
