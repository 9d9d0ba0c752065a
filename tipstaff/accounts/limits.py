"""How often a public door may be used, per address. One table in settings, enforced here and told on the page."""

import functools
import ipaddress
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import ngettext
from rest_framework.throttling import SimpleRateThrottle

from tipstaff.access import View
from tipstaff.workflow.refused import TooMany


class _PerAddress(SimpleRateThrottle):
    """Django REST framework's counter, for a plain view."""

    def __init__(self, scope: str) -> None:
        self.scope = scope
        self.rate = settings.RATE_LIMITS[scope]
        self.num_requests, self.duration = self.parse_rate(self.rate)

    def get_cache_key(self, request: Any, view: Any) -> str:
        return f"limit:{self.scope}:{_network(self.get_ident(request))}"


def _network(address: str) -> str:
    """The address, or for IPv6 the /64 it lies in: one household or server has all of it."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else address


def limited(scope: str) -> Any:
    """Refuse POSTs from one address beyond `settings.RATE_LIMITS[scope]` with 429."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def counted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            throttle = _PerAddress(scope)
            if request.method == "POST" and not throttle.allow_request(request, view):  # type: ignore[arg-type]
                minutes = int((throttle.wait() or 60) // 60) + 1
                raise TooMany(
                    ngettext(
                        "That is more than we take from one address at a time. Try again in %(minutes)s minute.",
                        "That is more than we take from one address at a time. Try again in %(minutes)s minutes.",
                        minutes,
                    )
                    % {"minutes": minutes}
                )
            return view(request, *args, **kwargs)

        return counted

    return decorate
