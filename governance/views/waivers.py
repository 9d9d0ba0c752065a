"""The desk's waivers: the register, and the dossier of one with what this person may do."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from governance.models import Waiver
from tipstaff.access import StaffRequest, needs
from tipstaff.permissions import Permission
from tipstaff.sla.models import Clock
from tipstaff.workflow.history import steps_of


def fetch(request: StaffRequest, ref: str) -> Waiver:
    waivers = Waiver.objects.visible_to(request.user).select_related(
        "requested_by", "screened_by", "decided_by", "system__owner", "ballot__committee", "earlier"
    )
    return get_object_or_404(waivers, ref=ref)


@require_safe
@needs(Permission.WAIVER_VIEW)
def waiver(request: StaffRequest, ref: str) -> HttpResponse:
    return waiver_page(request, fetch(request, ref))


def waiver_page(request: StaffRequest, waiver: Waiver, *, status: int = 200, **bound: Any) -> HttpResponse:
    """The dossier. `bound` replaces a form that came back with errors."""
    context: dict[str, Any] = {
        "waiver": waiver,
        "clock": Clock.objects.about(waiver).filter(kind=Clock.Kind.WAIVER).order_by("-started_at").first(),
        "trail": steps_of(waiver, limit=30),
    }
    return render(request, "governance/waiver_page.html", context | bound, status=status)
