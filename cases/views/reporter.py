"""What a reporter says about themselves after filing: that the address is theirs, and whether they may be named. With
the receipt code, or with the link that was mailed to them.
"""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from cases.models import Consent, Report
from cases.models.proving import pk_of_link
from tipstaff import languages
from tipstaff.access import public
from tipstaff.accounts.limits import limited
from tipstaff.notices.views import private
from tipstaff.workflow.actors import Actor, LinkHolder


@csrf_exempt  # the link is the credential; no cookie takes part
@public
@limited("follow")
@require_http_methods(["GET", "HEAD", "POST"])
def follow_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind the link in our mail. It shows nothing of the report: the address may be somebody else's."""
    pk = pk_of_link(token)
    found = Report.objects.filter(pk=pk).first() if pk else None
    if found is None:
        raise Http404
    languages.speak(request, found.language)
    if request.method == "POST":
        act_on(found, request, request.POST.get("act"), actor=LinkHolder("reporter", found.reference))
    return private(render(request, "cases/report_own.html", {"report": found, **shown(found)}))


def shown(report: Report) -> dict[str, Any]:
    return {"consents": list(report.consents.order_by("-asked_at"))}


def act_on(report: Report, request: HttpRequest, act: str | None, *, actor: Actor) -> None:
    """Do what a button of the reporter's said: confirm the address, or answer a question about being named."""
    match act:
        case "prove":
            report.prove(actor=actor)
        case "consent_give" | "consent_refuse" | "consent_withdraw":
            consent = _consent(report, request)
            {"give": consent.give, "refuse": consent.refuse, "withdraw": consent.withdraw}[act[8:]](actor=actor)


def _consent(report: Report, request: HttpRequest) -> Consent:
    try:
        return get_object_or_404(report.consents.select_related("report"), pk=request.POST.get("consent"))
    except ValidationError as error:
        raise Http404 from error


def agreed_at_filing(report: Report) -> None:
    """The box of the form was ticked, which is empty by default."""
    purpose = _("It was told of what you reported, and asks who reported it.")
    consent = Consent(report=report, recipient=Consent.Recipient.AUTHORITY, purpose=purpose)
    consent.volunteer(actor=LinkHolder("reporter", report.reference))
