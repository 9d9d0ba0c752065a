"""Reading a sealed file: the read is an event, committed before the first byte leaves."""

import logging
from uuid import UUID

from django.http import FileResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tipstaff.access import StaffRequest, needs
from tipstaff.permissions import Permission
from tipstaff.vault import storage
from tipstaff.vault.models import SealedFile
from tipstaff.workflow.refused import Refused

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
        raise Refused(
            _("%(name)s cannot be shown: what is stored is not what was sealed. Tell an evidence custodian.")
            % {"name": sealed.name}
        ) from error
    response = FileResponse(clear, as_attachment=True, filename=sealed.name, content_type="application/octet-stream")
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "no-store"
    return response
