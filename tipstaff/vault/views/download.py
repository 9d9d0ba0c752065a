"""Reading a sealed file: the read is an event, committed before the first byte leaves. Asking to read one that the law
keeps from most.
"""

import logging
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tipstaff.access import StaffRequest, needs
from tipstaff.ledger.append import Entry, append
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.vault import fixity, storage
from tipstaff.vault.custody_forms import DownloadForm
from tipstaff.vault.models import SealedFile, Unsealing
from tipstaff.vault.views.sight import in_sight
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.refused import NotPermitted, Refused

logger = logging.getLogger(__name__)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.FILE_READ)
def download(request: StaffRequest, pk: UUID) -> HttpResponseBase:
    """Ask why; then the original bytes, as an attachment only."""
    sealed = _find(request, pk)
    form = DownloadForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return _original(request, sealed, form.cleaned_data["reason"])
    if not sealed.in_sight_of(request.user):
        if request.method == "POST":
            return _original(request, sealed, "")  # refused, and that is recorded
        raise Http404
    matter = in_sight(request.user, references.find(sealed.matter))
    refusal = getattr(SealedFile.download, "operation").refusal(sealed, request.user)  # noqa: B009
    context = {"file": sealed, "form": form, "matter": matter, "refusal": refusal}
    return render(request, "vault/download.html", context, status=422 if form.errors else 200)


def _find(request: StaffRequest, pk: UUID) -> SealedFile:
    """What came in. What was made of it is looked at through its own door, which writes into the original's log."""
    return get_object_or_404(SealedFile.objects.visible_to(request.user).originals(), pk=pk)


def _original(request: StaffRequest, sealed: SealedFile, reason: str) -> FileResponse:
    try:
        sealed.download(actor=request.user, reason=reason, sha256=sealed.sha256)
    except Refused as refusal:
        _note_denial(sealed, request.user, reason, refusal)
        raise
    try:
        clear = storage.open_sealed(sealed)
    except storage.Damaged as error:
        logger.exception("file %s is damaged", sealed.pk)
        sealed.report_damage(actor=fixity.FIXITY)
        raise Refused(
            _("%(name)s cannot be shown: what is stored is not what was sealed. Tell an evidence custodian.")
            % {"name": sealed.name}
        ) from error
    response = FileResponse(clear, as_attachment=True, filename=sealed.name, content_type="application/octet-stream")
    response.block_size = storage.CHUNK
    response["Content-Length"] = str(sealed.size)
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "no-store"
    return response


def _note_denial(sealed: SealedFile, person: Actor, reason: str, refusal: Refused) -> None:
    """A refused reading stands in the custody log too, in a transaction of its own."""
    told = {
        "actor": {"kind": person.actor_kind, "ref": person.actor_ref},
        "about": {"ref": sealed.reference, "id": str(sealed.pk)},
        "facts.reason": reason,
        "facts.refusal": "not permitted" if isinstance(refusal, NotPermitted) else "refused",
    }
    with transaction.atomic():
        append([Entry(stream=sealed.stream, kind="file.access_denied", at=now(), told=told)])


@require_POST
@needs(Permission.FILE_READ)
def unseal(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Ask a custodian to let one open sealed material for a few hours; back to the matter that it belongs to."""
    sealed = _find(request, pk)
    matter = references.find(sealed.matter)
    if matter is None or not sealed.in_sight_of(request.user):
        raise NotPermitted(_("Your roles do not allow this."), permission=Permission.FILE_READ, about=sealed.stream)
    reason = request.POST.get("reason", "").strip()[: Unsealing._meta.get_field("reason").max_length]
    if not reason:
        raise Refused(_("Say what you need the material for. Whoever answers decides from that."))
    Unsealing(file=sealed, reason=reason).ask(actor=request.user)
    messages.success(request, _("A custodian is asked, and answers on the page of the file."))
    return redirect(matter.get_absolute_url())
