"""The durable notice page, opened with a signed link: no account, no cookie, no JavaScript, and GET changes nothing."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from tipstaff import languages
from tipstaff.access import public
from tipstaff.notices.models import Notice
from tipstaff.workflow import references


@public
@require_safe
def notice(request: HttpRequest, token: str) -> HttpResponse:
    found = Notice.by_token(token)
    if found is None:
        raise Http404
    languages.speak(request, found.language)
    context = {
        "notice": found,
        "written": languages.described(found.language),
        "record": references.find(found.about),
        "action_url": reverse(found.action, args=[token]) if found.action else "",
    }
    return private(render(request, "notices/notice.html", context))


def private(response: HttpResponse) -> HttpResponse:
    """Headers of every page behind a signed link: the address is the credential and must not travel."""
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store, private"
    response["X-Robots-Tag"] = "noindex"
    return response
