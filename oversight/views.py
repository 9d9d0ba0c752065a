"""Checking what was done: a case's whole history, read on a page or taken away as JSON."""

import json
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases.models import Case
from cases.models.verdict import hidden_from
from oversight import history
from tipstaff.access import StaffRequest, needs
from tipstaff.ledger.models import Event, Leaf
from tipstaff.pages import Pages
from tipstaff.permissions import Permission
from tipstaff.replica import may_lag
from tipstaff.workflow.history import describe
from tipstaff.workflow.refused import Refused

PAGE = 50


@require_safe
@needs(Permission.HISTORY_VIEW)
@may_lag
def index(request: StaffRequest) -> HttpResponse:
    """The ledger at a glance, and the cases whose history can be read."""
    word = request.GET.get("q", "").strip()[:120]
    cases = Case.objects.visible_to(request.user).select_related("subject", "rule").order_by("-opened_at")
    if word:
        cases = cases.matching(word)
    page = Pages(cases, PAGE).get_page(request.GET.get("page"))
    counts = {
        "events": Event.objects.count(),
        "leaves": Leaf.objects.count(),
        "refused": Event.objects.filter(kind="access.refused").count(),
    }
    return render(request, "oversight/index.html", {"page": page, "q": word, "counts": counts})


def fetch(request: StaffRequest, ref: str) -> Case:
    """The case. Refused to who still has to say what they would decide in it: its history tells what was proposed."""
    case = get_object_or_404(Case.objects.visible_to(request.user).select_related("subject", "rule"), ref=ref)
    if hidden_from(request.user, *case.decisions.waiting().select_related("case")):
        raise Refused(
            _("A decision waits for your own verdict in %(case)s; its history is shown after that.")
            % {"case": case.ref}
        )
    return case


@require_safe
@needs(Permission.HISTORY_VIEW)
@may_lag
def case_history(request: StaffRequest, ref: str) -> HttpResponse:
    """Every act in the case's stream, in order, with what was told and whether it is signed."""
    case = fetch(request, ref)
    page = Paginator(history.events_of(case), PAGE).get_page(request.GET.get("page"))
    events = list(page.object_list)
    entries = [{"event": event, "step": step} for event, step in zip(events, describe(events), strict=True)]
    context: dict[str, Any] = {"case": case, "page": page, "entries": entries}
    context["hands"] = case.hands.select_related("person")
    return render(request, "oversight/case_history.html", context)


@require_POST
@needs(Permission.HISTORY_EXPORT)
def case_download(request: StaffRequest, ref: str) -> HttpResponse:
    """The history as JSON. Taking it away is itself an event."""
    case = fetch(request, ref)
    document = history.export(case, actor=request.user)
    response = HttpResponse(json.dumps(document, indent=1, ensure_ascii=False), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="tipstaff-{case.ref}.json"'
    response["Cache-Control"] = "no-store"
    return response
