"""The queue: what there is to work on, first things first, and the next case for whoever asks."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases.models import Case, Report
from tipstaff.access import StaffRequest, needs
from tipstaff.permissions import Permission
from tipstaff.time import now

PAGE = 50


@require_safe
@needs(Permission.CASE_CLAIM)
def queue(request: StaffRequest) -> HttpResponse:
    """Cases to work on, first things first, and the reason for the order."""
    cases = Case.objects.visible_to(request.user).queued().select_related("subject", "rule", "claimed_by").with_counts()
    page = Paginator(cases, PAGE).get_page(request.GET.get("page"))
    mine = Case.objects.filter(claimed_by=request.user, claimed_until__gt=now(), state="investigating")
    context: dict[str, Any] = {
        "page": page,
        "mine": mine.select_related("subject", "rule").with_counts().order_by("claimed_until"),
    }
    context["late"] = Case.objects.queued().filter(due_at__lt=now()).count()
    context["waiting_reports"] = Report.objects.filter(state="received").count()
    return render(request, "cases/case_queue.html", context)


@require_POST
@needs(Permission.CASE_CLAIM)
def claim_next(request: StaffRequest) -> HttpResponse:
    """Claim the first free case and open it."""
    case = Case.objects.visible_to(request.user).claim_next(actor=request.user)
    if case is None:
        messages.info(request, _("Nothing is waiting that you could take."))
        return redirect("cases:queue")
    return redirect(case)
