"""The terms of a version's matrix at the desk: how long a suspension is, how many months there are to appeal."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from aup.models import PolicyVersion
from aup.models.version import POLICY_PERMISSIONS
from aup.terms_form import TermsForm
from aup.views.matrix import may_edit
from tipstaff.access import needs
from tipstaff.workflow.refused import Refused


@require_http_methods(["GET", "HEAD", "POST"])
@needs(*POLICY_PERMISSIONS)
def terms_edit(request: HttpRequest, ref: str) -> HttpResponse:
    """Every number and choice beside the cells; sent back, what differs is saved as one change with one reason."""
    rows = PolicyVersion.objects.visible_to(request.user).select_related("policy", "matrix")
    version = get_object_or_404(rows, ref=ref.upper(), matrix__isnull=False)
    editable = may_edit(request, version)
    posted = request.POST if request.method == "POST" else None
    form = TermsForm(posted, document=version.matrix.document, editable=editable or posted is not None)
    if posted is None:
        return _page(request, version, form, editable)
    if not form.is_valid():
        return _page(request, version, form, editable, status=422)
    count = len(form.changes)
    try:
        version.amend_terms(actor=request.user, changes=form.changes, reason=form.cleaned_data["reason"])
    except Refused as refused:  # somebody was faster, or the whole does not fit: beside the form, with what was typed
        if not editable:
            raise
        version.matrix.refresh_from_db()
        again = TermsForm(posted, document=version.matrix.document, editable=True)
        again.is_valid()
        again = again.renewed()
        again.add_error(None, str(refused))
        return _page(request, version, again, editable, status=409)
    messages.success(request, ngettext("%(count)s term saved.", "%(count)s terms saved.", count) % {"count": count})
    return redirect("aup:terms_edit", version.ref)


def _page(
    request: HttpRequest, version: PolicyVersion, form: TermsForm, editable: bool, status: int = 200
) -> HttpResponse:
    context = {"version": version, "form": form, "groups": list(form.in_groups()), "editable": editable}
    return render(request, "aup/terms_edit.html", context, status=status)
