"""Redacting an exhibit: choosing what a copy hides, and handing the copy on."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from cases.views.console import fetch
from cases.views.exhibits import find, listed, read
from tipstaff.access import StaffRequest, needs
from tipstaff.permissions import Permission
from tipstaff.vault import redaction, showing
from tipstaff.vault.models import Derivative, SealedFile
from tipstaff.vault.models.derivative import REASON_LIMIT
from tipstaff.vault.views.picture import content_of
from tipstaff.workflow.refused import NotPermitted, Refused


class RedactForm(forms.Form):
    """What to hide and why. Lines are ticked beside their text, or typed; rectangles are typed, or dragged."""

    also = forms.CharField(
        label=gettext_lazy("Turns and lines on other pages"),
        required=False,
        max_length=2000,
        help_text=gettext_lazy("As in t3, t12-14: whole turns. They are hidden beside the lines you tick."),
    )
    boxes = forms.CharField(
        label=gettext_lazy("Rectangles"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3, "data-boxes": "", "inputmode": "numeric"}),
        help_text=gettext_lazy("One a line: left, top, width and height in pixels. Or drag over the picture."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why it is hidden"),
        max_length=REASON_LIMIT,
        help_text=gettext_lazy(
            "Stays in the history, and stands in a redacted transcript. Do not repeat what you hide."
        ),
    )

    def __init__(self, *arguments: Any, pictures: bool, **options: Any) -> None:
        super().__init__(*arguments, **options)
        del self.fields["also" if pictures else "boxes"]

    def _clean_with(self, name: str, parse: Callable[[str], Any], told: str) -> Any:
        try:
            return parse(self.cleaned_data[name])
        except ValueError as error:
            raise forms.ValidationError(told % {"word": str(error)}) from error

    def clean_also(self) -> Any:
        told = _("“%(word)s” is no turn. Write t3 for a turn, t12-14 for several.")
        return self._clean_with("also", redaction.typed, told)

    def clean_boxes(self) -> Any:
        told = _("“%(word)s” is no rectangle. Write four whole numbers: left, top, width, height.")
        return self._clean_with("boxes", redaction.boxes, told)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.FILE_REDACT)
def exhibit_redact(request: StaffRequest, ref: str, item: int) -> HttpResponse:
    """Choose what a copy hides. What was ticked and typed is kept if it is refused."""
    case = fetch(request, ref)
    chosen = find(case, listed(case), item)
    reading = read(request, case, chosen, request.GET)
    if reading.why_not or not (reading.lines or reading.first_of("plain")):
        raise Refused(reading.why_not or _("There is nothing of this file that could be redacted."))
    ticked = [int(index) for index in request.POST.getlist("line")[:2000] if index.isdecimal() and len(index) < 7]
    form = RedactForm(request.POST if request.method == "POST" else None, pictures=reading.is_pictures)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                made = _redact(request, chosen.file, form.cleaned_data, ticked)
            except NotPermitted:
                raise
            except Refused as refusal:
                form.add_error(None, str(refusal))
                status = refusal.status
            else:
                messages.success(request, _("The redaction is sealed. The original stays as it is."))
                return redirect(reverse("cases:exhibit", args=[case.ref, item]) + f"?redaction={made.position}")
    context = {"case": case, "exhibit": chosen, "reading": reading, "form": form, "ticked": ticked}
    context |= {"purposes": showing.Purpose.choices}
    response = render(request, "cases/evidence_redact.html", context, status=status)
    response["Cache-Control"] = "no-store"  # going back to it is another look, which is written down
    return response


def _redact(request: StaffRequest, file: SealedFile, facts: dict[str, Any], ticked: list[int]) -> Derivative:
    if "boxes" in facts:
        return redaction.redact_picture(file, actor=request.user, reason=facts["reason"], boxes=facts["boxes"])
    return redaction.redact_lines(file, actor=request.user, reason=facts["reason"], chosen=ticked, also=facts["also"])


@require_POST
@needs(Permission.FILE_READ)
def redaction_download(request: StaffRequest, ref: str, item: int, position: int) -> HttpResponse:
    """The redacted copy to hand on: of a transcript the document that proves itself, of a picture the picture."""
    case = fetch(request, ref)
    chosen = find(case, listed(case), item)
    found = chosen.file.derivatives.filter(kind="redaction", position=position).select_related("file").first()
    if found is None or found.file is None or case.content_is_sealed:
        raise Http404
    found.parent = chosen.file
    found.view(actor=request.user, purpose="handed on", part=f"redaction {position}")
    content = content_of(found)
    ending = "json" if found.root else "jpg"
    response = HttpResponse(content, content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="{case.ref}-E{item}-redacted-{position}.{ending}"'
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "no-store"
    return response
