"""What each request leaves in the log: an id that goes back in a header, who, which page, how it ended, how long."""

import re
import time
from collections.abc import Awaitable
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.functional import LazyObject
from django_structlog.middlewares import RequestMiddleware
from rest_framework.throttling import BaseThrottle

from tipstaff import tracing
from tipstaff.metrics import counts
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.history import READABLE

WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{7,63}")
QUIET = ("/healthz", "/readyz", "/metrics", settings.STATIC_URL)


class RequestLog(RequestMiddleware):
    """Stands before everything else, so that each answer has its id and is counted, and each failure has its line.

    An address is told as its pattern: what stands in a path may be a token, an account's name or what somebody typed.
    """

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        with counts.statements() as counted:
            request.statements = counted  # type: ignore[attr-defined]
            return super().__call__(request)

    def prepare(self, request: HttpRequest) -> None:
        """Take the caller's X-Request-ID if it is a plain word of 8 to 64 characters, else draw one."""
        structlog.contextvars.clear_contextvars()
        if not WELL_FORMED.fullmatch(request.META.get("HTTP_X_REQUEST_ID", "")):
            request.META.pop("HTTP_X_REQUEST_ID", None)
        request.started = time.perf_counter()  # type: ignore[attr-defined]
        structlog.contextvars.bind_contextvars(quiet=request.path.startswith(QUIET), **tracing.ids())
        super().prepare(request)
        request.request_id = structlog.contextvars.get_contextvars()["request_id"]  # type: ignore[attr-defined]

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        structlog.contextvars.bind_contextvars(**_place(request))

    def handle_response(self, request: HttpRequest, response: HttpResponseBase) -> None:
        response["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]
        seconds = time.perf_counter() - request.started  # type: ignore[attr-defined]
        structlog.contextvars.bind_contextvars(ms=round(seconds * 1000))
        if not request.path.startswith(settings.STATIC_URL):
            counts.answered(
                view=_view(request),
                method=str(request.method),
                status=response.status_code,
                seconds=seconds,
                statements=request.statements.count,  # type: ignore[attr-defined]
            )
        super().handle_response(request, response)  # type: ignore[arg-type]

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        match = request.resolver_match
        return f"{request.method} /{match.route}" if match else str(request.method)

    @staticmethod
    def bind_user_id(request: HttpRequest) -> None:
        """Who, as the ledger names them; nobody is looked up for it."""
        user = getattr(request, "_cached_user", None) or getattr(request, "user", None)
        if not isinstance(user, LazyObject) and isinstance(user, Actor):
            structlog.contextvars.bind_contextvars(actor=user.actor_ref)

    @classmethod
    def bind_ip(cls, request: HttpRequest) -> None:
        structlog.contextvars.bind_contextvars(address=BaseThrottle().get_ident(request))  # type: ignore[arg-type]


def _view(request: HttpRequest) -> str:
    match = request.resolver_match
    return match.view_name or match.route if match else "none"


def _place(request: HttpRequest) -> dict[str, str]:
    """The view's name, and the record's reference or id where that is all that stands in the address."""
    match = request.resolver_match
    if match is None:
        return {}
    told = {"view": _view(request)}
    for name, value in match.kwargs.items():
        if isinstance(value, UUID) or (name == "ref" and READABLE.fullmatch(str(value))):
            told[name] = str(value)
    return told
