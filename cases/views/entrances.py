"""Who answers for each entrance: who does now, who did before, and naming somebody else."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases import pathways
from cases.answerable_forms import AnswerableForm
from cases.models.answerable import Answerable, Pathway
from tipstaff.access import StaffRequest, needs
from tipstaff.permissions import Permission
from tipstaff.workflow.refused import NotPermitted, Refused

EDITIONS = 200


@require_safe
@needs(Permission.PATHWAY_SET)
def entrances(request: StaffRequest) -> HttpResponse:
    """Who answers for each entrance, who did before, and a form for whoever comes next."""
    return _page(request)


@require_POST
@needs(Permission.PATHWAY_SET)
def entrance_appoint(request: StaffRequest, kind: str) -> HttpResponse:
    if kind not in Pathway.values:
        raise Http404
    form = AnswerableForm(request.POST, prefix=kind)
    if not form.is_valid():
        return _page(request, status=422, kind=kind, form=form)
    named: Answerable = form.save(commit=False)
    named.pathway, named.appointed_by = kind, request.user
    try:
        named.appoint(actor=request.user, after=form.cleaned_data["after"])
    except NotPermitted:
        raise
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _page(request, status=refusal.status, kind=kind, form=form, again=True)
    told = {"name": named.name, "pathway": named.get_pathway_display()}
    messages.success(request, _("%(name)s answers for “%(pathway)s” from now on.") % told)
    return redirect("cases:entrances")


def _page(
    request: StaffRequest, *, status: int = 200, kind: str = "", form: Any = None, again: bool = False
) -> HttpResponse:
    """`form` came back for the entrance `kind`; `again` where somebody else was faster, so that a second press, after
    reading theirs, goes through.
    """
    editions = list(Answerable.objects.visible_to(request.user).select_related("appointed_by")[:EDITIONS])
    rows = []
    for entrance in pathways.ENTRANCES:
        theirs = [one for one in editions if one.pathway == entrance.pathway]
        after = theirs[0].number if theirs else 0
        fresh = AnswerableForm(prefix=entrance.pathway, instance=_copy(theirs), initial={"after": after})
        if form is not None and kind == entrance.pathway:
            fresh = form
            if again:
                fresh.data = fresh.data | {f"{kind}-after": str(after)}
        rows.append({"entrance": entrance, "now": theirs[0] if theirs else None, "before": theirs[1:], "form": fresh})
    return render(request, "cases/entrance_list.html", {"rows": rows, "open": kind}, status=status)


def _copy(editions: list[Answerable]) -> Answerable | None:
    """What the form begins with: as it is, but for the reason."""
    if not editions:
        return None
    now = editions[0]
    return Answerable(role=now.role, name=now.name, contact=now.contact)
