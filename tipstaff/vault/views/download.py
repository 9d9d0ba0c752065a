"""Reading a sealed file: the read is an event, committed before the first byte leaves. Asking to read one that the law
keeps from most.
"""

import logging
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tipstaff.access import StaffRequest, needs
from tipstaff.permissions import Permission
from tipstaff.vault import fixity, storage
from tipstaff.vault.models import SealedFile, Unsealing
from tipstaff.workflow import references
from tipstaff.workflow.refused import NotPermitted, Refused

logger = logging.getLogger(__name__)


@require_POST
@needs(Permission.FILE_READ)
def download(request: StaffRequest, pk: UUID) -> FileResponse:
    """The original bytes, as an attachment only."""
    sealed = get_object_or_404(SealedFile.objects.visible_to(request.user), pk=pk)
    sealed.read(actor=request.user, purpose=request.POST.get("purpose", "review")[:200])
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
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@needs(Permission.FILE_READ)
def unseal(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Ask a custodian to let one open sealed material for a few hours; back to the matter that it belongs to."""
    sealed = get_object_or_404(SealedFile.objects.visible_to(request.user), pk=pk)
    matter = references.find(sealed.matter)
    if matter is None or not sealed.in_sight_of(request.user):
        raise NotPermitted(_("Your roles do not allow this."), permission=Permission.FILE_READ, about=sealed.stream)
    reason = request.POST.get("reason", "").strip()[: Unsealing._meta.get_field("reason").max_length]
    if not reason:
        raise Refused(_("Say what you need the material for. Whoever answers decides from that."))
    Unsealing(file=sealed, reason=reason).ask(actor=request.user)
    messages.success(request, _("A custodian is asked, and answers on the page of the file."))
    return redirect(matter.get_absolute_url())
