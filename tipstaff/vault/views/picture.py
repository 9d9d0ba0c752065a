"""A picture that we drew of a sealed file, for the page that shows it. The look is an event before the first byte."""

import logging
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from tipstaff.access import StaffRequest, needs
from tipstaff.permissions import Permission
from tipstaff.vault import fixity, showing, storage
from tipstaff.vault.models import Derivative

logger = logging.getLogger(__name__)


@require_safe
@needs(Permission.FILE_READ)
def picture(request: StaffRequest, pk: UUID) -> HttpResponse:
    """The veiled one to whoever may read the file; the others to who asked to be shown it, while that lasts."""
    found = get_object_or_404(Derivative.objects.visible_to(request.user).select_related("parent", "file"), pk=pk)
    opened, purpose = showing.is_open(found, request.GET.get("show", ""), request.user)
    if found.file is None or found.kind == Derivative.Kind.LINES or not opened:
        raise Http404
    found.view(actor=request.user, purpose=purpose, part=f"{found.kind} {found.position}")
    content = content_of(found)
    if not content.startswith(b"\xff\xd8\xff"):
        raise Http404
    response = HttpResponse(content, content_type="image/jpeg")
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Content-Disposition"] = "inline"
    response["Cache-Control"] = "no-store"
    return response


def content_of(derivative: Derivative) -> bytes:
    """The bytes of what was made, checked against their digest. A damaged one is reported, and is not there."""
    if derivative.file is None:
        raise Http404
    try:
        with storage.open_sealed(derivative.file) as clear:
            return clear.read()
    except storage.Damaged as error:
        logger.exception("derivative %s is damaged", derivative.pk)
        derivative.file.report_damage(actor=fixity.FIXITY)
        raise Http404 from error
