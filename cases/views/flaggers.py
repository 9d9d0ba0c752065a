"""Trusted flaggers: who they are, how right they were, and giving and taking the status."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from cases.flagger_forms import FlaggerForm, RevokeForm
from cases.models.flagger import Flagger
from cases.trust import UNFOUNDED
from tipstaff.access import StaffRequest, needs
from tipstaff.permissions import Permission
from tipstaff.time import now

SHOWN = 200


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.FLAGGER_GRANT)
def flaggers(request: StaffRequest) -> HttpResponse:
    """Everybody who has or had the status; the form grants it to one more."""
    form = FlaggerForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        flagger: Flagger = form.save(commit=False)
        flagger.granted_by, flagger.granted_at = request.user, now()
        flagger.grant(actor=request.user)
        messages.success(request, _("%(name)s is a trusted flagger and was sent a link.") % {"name": flagger.name})
        return redirect("cases:flaggers")
    return flagger_page(request, status=422 if form.errors else 200, form=form)


def flagger_page(request: StaffRequest, *, status: int = 200, **bound: Any) -> HttpResponse:
    listed = Flagger.objects.visible_to(request.user).select_related("granted_by", "revoked_by", "token")
    breach = Q(
        reports__case__decisions__outcome="breach", reports__case__decisions__state__in=["issued", "upheld", "varied"]
    )
    listed = listed.annotate(
        filed=Count("reports", distinct=True),
        right=Count("reports", breach, distinct=True),
        wrong=Count("reports", Q(reports__state="declined", reports__decline_reason__in=UNFOUNDED), distinct=True),
    )
    context: dict[str, Any] = {"flaggers": listed[:SHOWN], "form": FlaggerForm(), "revoke_form": RevokeForm()}
    return render(request, "cases/flagger_list.html", context | bound, status=status)


@require_POST
@needs(Permission.FLAGGER_GRANT)
def flagger_revoke(request: StaffRequest, pk: UUID) -> HttpResponse:
    flagger = get_object_or_404(Flagger.objects.visible_to(request.user), pk=pk)
    form = RevokeForm(request.POST)
    if not form.is_valid():
        return flagger_page(request, status=422, revoke_form=form, revoking=flagger)
    flagger.revoke(actor=request.user, **form.cleaned_data)
    messages.success(request, _("%(name)s is no trusted flagger any more.") % {"name": flagger.name})
    return redirect("cases:flaggers")
