"""Opening a ballot, voting, taking no part, calling it off: each from the dossier, which comes back with it."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from governance.models import Ballot
from governance.views.dossier import BALLOT_ACTS, fetch, waiver_page
from governance.waiver_forms import OpenForm
from tipstaff.access import StaffRequest, needs
from tipstaff.permissions import Permission
from tipstaff.workflow.refused import NotPermitted, Refused


@require_POST
@needs(Permission.BALLOT_OPEN)
def ballot_open(request: StaffRequest, ref: str) -> HttpResponse:
    """Put a request to the vote on the terms typed."""
    waiver = fetch(request, ref)
    form = OpenForm(request.POST, prefix="open", person=request.user)
    if not form.is_valid():
        return waiver_page(request, waiver, status=422, typed={"open": form})
    ballot = Ballot.on(waiver, opened_by=request.user, **form.cleaned_data)
    try:
        ballot.open(actor=request.user)
    except NotPermitted:
        raise
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return waiver_page(request, fetch(request, ref), status=refusal.status, typed={"open": form})
    messages.success(request, _("The ballot is open, and every member is asked by mail."))
    return redirect(waiver)


@require_POST
@needs(Permission.BALLOT_CAST)
def ballot_act(request: StaffRequest, ref: str, operation: str) -> HttpResponse:
    """Vote, take no part, or call the ballot off. What was typed stays when it is refused."""
    if operation not in BALLOT_ACTS:
        raise Http404
    ballot = get_object_or_404(Ballot.objects.visible_to(request.user), ref=ref.upper())
    form = BALLOT_ACTS[operation](request.POST, prefix=operation)
    waiver = fetch(request, ballot.about.partition(":")[2])
    if not form.is_valid():
        return waiver_page(request, waiver, status=422, typed={operation: form})
    try:
        getattr(ballot, operation)(actor=request.user, **form.cleaned_data)
    except NotPermitted:
        raise
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return waiver_page(request, fetch(request, waiver.ref), status=refusal.status, typed={operation: form})
    said = {
        "vote": _("Your vote is cast. You now see what the others chose."),
        "recuse": _("You take no part in this ballot."),
        "call_off": _("The ballot is called off; you can open another."),
    }
    messages.success(request, said[operation])
    return redirect(waiver)
