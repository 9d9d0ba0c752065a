"""How often a public door may be used, per address and by what is typed there. One table in settings, enforced here and
told on the page.
"""

import functools
import hashlib
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


class _PerWord(SimpleRateThrottle):
    """The same counter for something that was typed."""

    def __init__(self, scope: str, word: str) -> None:
        self.scope, self.word = scope, hashlib.sha256(word.casefold().encode()).hexdigest()
        self.rate = settings.RATE_LIMITS[scope]
        self.num_requests, self.duration = self.parse_rate(self.rate)

    def get_cache_key(self, request: Any, view: Any) -> str:
        return f"limit:{self.scope}:{self.word}"


def minutes_over(scope: str, of: HttpRequest | str) -> int:
    """Count one use of `scope` from the address of a request, or of a word that was typed. 0 if it is within
    `settings.RATE_LIMITS[scope]`, else after how many minutes to try again.
    """
    counter = _PerWord(scope, of) if isinstance(of, str) else _PerAddress(scope)
    if counter.allow_request(of, None):  # type: ignore[arg-type]
        return 0
    return int((counter.wait() or 60) // 60) + 1


def too_many_from_address(minutes: int) -> str:
    return ngettext(
        "That is more than we take from one address at a time. Try again in %(minutes)s minute.",
        "That is more than we take from one address at a time. Try again in %(minutes)s minutes.",
        minutes,
    ) % {"minutes": minutes}


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
            if request.method == "POST" and (minutes := minutes_over(scope, request)):
                raise TooMany(too_many_from_address(minutes), minutes=minutes)
            return view(request, *args, **kwargs)

        return counted

    return decorate
