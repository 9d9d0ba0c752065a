"""Who may open a page. Every view names its permission or says it is public; a view that does neither is refused."""

import functools
import hmac
import ipaddress
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from rest_framework.views import APIView

from tipstaff.permissions import Permission
from tipstaff.workflow.refused import NotPermitted

if TYPE_CHECKING:
    from tipstaff.accounts.models import User

View = Callable[..., HttpResponseBase]


class StaffRequest(HttpRequest):
    """A request that `needs` or `signed_in` let through: somebody who works here is behind it."""

    user: "User"


def public(view: View) -> View:
    """Anyone may open this page."""
    view.access = "public"  # type: ignore[attr-defined]
    return view


def needs(*permissions: Permission) -> Callable[[View], View]:
    """The page needs a sign-in and any of `permissions`. Without them a page is not there (404) and an act is refused
    (403, recorded)."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not any(request.user.may(permission) for permission in permissions):
                if request.method in {"GET", "HEAD"}:
                    raise Http404
                raise NotPermitted(_("Your roles do not allow this."), permission=permissions[0], about=request.path)
            return view(request, *args, **kwargs)

        guarded.access = permissions  # type: ignore[attr-defined]
        return guarded

    return decorate


def signed_in(view: View) -> View:
    """The page needs a sign-in and no role."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        return view(request, *args, **kwargs)

    guarded.access = "signed in"  # type: ignore[attr-defined]
    return guarded


FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-Ip")


def is_operators(request: HttpRequest) -> bool:
    """Whether a machine of the operator asks: it brings METRICS_TOKEN, or it calls from METRICS_ALLOWED_ADDRESSES
    itself. Who comes through a proxy has the proxy's address and needs the token.
    """
    word, _, token = request.headers.get("Authorization", "").partition(" ")
    if word.lower() == "bearer" and settings.METRICS_TOKEN:
        return hmac.compare_digest(token.encode(), settings.METRICS_TOKEN.encode())
    if any(name in request.headers for name in FORWARDED):
        return False
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    plain = getattr(address, "ipv4_mapped", None) or address
    return any(plain in network for network in settings.METRICS_ALLOWED_ADDRESSES)


class DenyByDefaultMiddleware:
    """Refuses a view that names no access, and asks people for their second factor."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        access = access_of(view)
        if access is None:
            raise PermissionDenied(f"{view.__module__}.{view.__qualname__} names no access.")
        if access not in {"public", "sign-in", "token"} and lacks_second_factor(request):
            return redirect("mfa_index")
        return None


def access_of(view: Any) -> Any:
    """What `view` declares: permissions, "public", "signed in", "sign-in" (allauth), "token" (API); or None."""
    if declared := getattr(view, "access", None):
        return declared
    if isinstance(getattr(view, "cls", None), type) and issubclass(view.cls, APIView):
        return "token"
    if view.__module__.startswith("allauth."):
        return "sign-in"
    return None


def lacks_second_factor(request: HttpRequest) -> bool:
    return bool(
        settings.STAFF_NEED_SECOND_FACTOR and request.user.is_authenticated and not is_mfa_enabled(request.user)
    )
