"""How a refused operation looks at each door: a page, a fragment, a problem document. Caught here and nowhere else."""

from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, TooManyFilesSent
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from tipstaff.collision import meanwhile, typed
from tipstaff.ledger.append import Entry, append
from tipstaff.time import now
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.refused import NotPermitted, Refused, TooMany


class RefusalMiddleware:
    """Turns `Refused` into an answer, and says no to what is too large or unreadable before anything reads it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.headers.get("Content-Length", "")
        files = request.path.startswith(settings.FILE_DOORS)
        limit = settings.REQUEST_BYTES if files else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if length.isdigit() and int(length) > limit:
            return page(request, 413, _("That is larger than we can take. Send fewer or smaller files."))
        if unreadable(request):
            return page(request, 404, _("This address cannot be read. Go back and try the link again."))
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, NotPermitted):
            record(getattr(request, "user", None), error)
        if isinstance(error, Refused):
            note(error)
            answer = page(request, error.status, str(error), error)
            if isinstance(error, TooMany):
                answer["Retry-After"] = str(error.seconds)
            return answer
        if isinstance(error, RequestDataTooBig | TooManyFilesSent):
            return page(request, 413, _("That is larger than we can take. Send fewer or smaller files."))
        return None


def unreadable(request: HttpRequest) -> bool:
    """Whether a NUL stands in the address of a page: no text of ours can hold it. The API names the wrong parameter."""
    address = request.path + request.META.get("QUERY_STRING", "")
    return not request.path.startswith("/api/") and ("%00" in address or "\0" in address)


def record(actor: Any, error: NotPermitted) -> None:
    """Write `access.refused` into the actor's own stream, in a transaction of its own."""
    if not isinstance(actor, Actor):
        return
    told = {
        "actor": {"kind": actor.actor_kind, "ref": actor.actor_ref},
        "about": {"ref": error.about},
        "facts.permission": str(error.permission),
    }
    with transaction.atomic():
        append([Entry(stream=f"access:{actor.actor_ref}", kind="access.refused", at=now(), told=told)])


def note(error: Refused) -> None:
    """Put the kind of refusal into the request's log line: the sentence may name people."""
    structlog.contextvars.bind_contextvars(refused=type(error).__name__)


KEYED = (
    "/notice/",
    "/appeal/",
    "/remedy/",
    "/follow/",
    "/survey/",
    "/waivers/ask/",
    "/waivers/follow/",
)  # opened by a link or a code: their refusals set no cookie either
TITLES = {
    400: gettext_noop("We could not read that"),
    401: gettext_noop("We do not know this token"),
    403: gettext_noop("That is not yours to do"),
    404: gettext_noop("There is nothing here"),
    405: gettext_noop("That cannot be done this way"),
    409: gettext_noop("That can no longer be done"),
    413: gettext_noop("That is too large"),
    415: gettext_noop("We cannot read this kind of body"),
    422: gettext_noop("Something is missing"),
    429: gettext_noop("Too many at once"),
    500: gettext_noop("Something broke on our side"),
}


def page(request: HttpRequest, status: int, sentence: str = "", refused: Refused | None = None) -> HttpResponse:
    """A refusal as a page, or as a fragment for HTMX, in the same words. Whoever came too late is told who was before
    them, and finds what they wrote.
    """
    template = "errors/refusal.html#fragment" if request.headers.get("HX-Request") else "errors/refusal.html"
    context = {
        "status": status,
        "layout": "base_link.html" if request.path.startswith(KEYED) else "base_public.html",
        "title": _(TITLES[status]),
        "sentence": sentence,
        "what_now": _("Go back and reload the page to see how things stand now.") if status == 409 else "",
        "changes": meanwhile(request, refused) if refused and status == 409 else [],
        "typed": typed(request) if refused else [],
        "back_url": request.META.get("HTTP_REFERER", ""),
    }
    return render(request, template, context, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig | TooManyFilesSent):
        return page(request, 413, _("That is larger than we can take. Send fewer or smaller files."))
    return page(request, 400, _("The address or the form was not one that we know. Start again from the page before."))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return page(request, 403, _("Your sign-in does not allow this page."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return page(
        request,
        404,
        _("The address is wrong, the link was cut short, or you are not signed in as somebody who may see it."),
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return page(
        request, 403, _("This form was open too long, or cookies are off. Go back, reload the page and send it again.")
    )


def problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """The API's answer to any refusal: `application/problem+json` (RFC 9457)."""
    request = context["request"]
    if isinstance(error, NotPermitted):
        record(request.user, error)
    if isinstance(error, Refused):
        note(error)
        error = _Conflict(str(error), error.status, wait=error.seconds if isinstance(error, TooMany) else None)
    elif isinstance(error, RequestDataTooBig):
        error = _Conflict("The body is larger than the API takes.", 413)
    elif isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    response = exception_handler(error, context)
    if response is None:
        return None
    response.data = _problem(error, response)
    response.content_type = "application/problem+json"
    return response


class _Conflict(exceptions.APIException):
    def __init__(self, sentence: str, status: int, *, wait: int | None = None) -> None:
        super().__init__(sentence)
        self.status_code = status
        self.wait = wait  # becomes `Retry-After`


def _problem(error: Exception, response: Response) -> dict[str, Any]:
    invalid = isinstance(error, exceptions.ValidationError)
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": TITLES.get(response.status_code, response.status_text),
        "status": response.status_code,
        "detail": "One or more fields are not as they should be." if invalid else str(getattr(error, "detail", error)),
    }
    if invalid:
        body["errors"] = response.data
    return body
