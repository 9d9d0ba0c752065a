"""The durable notice page, opened with a signed link: no account, no cookie, no JavaScript, and GET changes nothing."""

from contextlib import suppress

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from tipstaff import languages
from tipstaff.access import public
from tipstaff.notices.models import Notice
from tipstaff.workflow import references
from tipstaff.workflow.actors import LinkHolder
from tipstaff.workflow.refused import Refused


@public
@require_safe
def notice(request: HttpRequest, token: str) -> HttpResponse:
    found = Notice.by_token(token)
    if found is None:
        raise Http404
    languages.speak(request, found.language)
    record = references.find(found.about)
    context = {
        "notice": found,
        "written": languages.described(found.language),
        "record": record,
        "links": record.notice_links(token) if record and found.scope != "wider" else [],
        "action_url": reverse(found.action, args=[token]) if found.action else "",
    }
    return private(render(request, "notices/notice.html", context))


@csrf_exempt  # the link is the credential; no cookie takes part
@public
@require_POST
def opened(request: HttpRequest, token: str) -> HttpResponse:
    """Somebody reads the notice: said by the page itself once it is shown. Programs that follow each link in a mail do
    not send it, so a scanner does not start the time to appeal.
    """
    found = Notice.by_token(token)
    if found is None:
        raise Http404
    if found.opened_at is None:
        with suppress(Refused):  # two windows at once: the first of them is written down
            found.open(actor=LinkHolder("subject", found.reference))
    return private(HttpResponse(status=204))


def private(response: HttpResponse) -> HttpResponse:
    """Headers of every page behind a signed link: the address is the credential and must not travel."""
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store, private"
    response["X-Robots-Tag"] = "noindex"
    return response
