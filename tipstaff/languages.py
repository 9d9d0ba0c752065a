"""Which language a page speaks, and how a person chooses another: `?lang=` for this page, a cookie for all pages, else
what the browser asks for. Behind a signed link no cookie is set: there the record's language counts, unless `?lang=`
asks for another, and links keep asking.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from tipstaff.access import public

ASKED = "lang"
COOKIE_SECONDS = 365 * 24 * 60 * 60


def direction(language: str) -> str:
    return "rtl" if described(language)["bidi"] else "ltr"


@dataclass(frozen=True)
class Choice:
    """One language of the switch: `name` is its own name for itself, `url` this page in it."""

    code: str
    name: str
    direction: str
    url: str
    current: bool


def known(code: str | None) -> str:
    """The language of ours that `code` means (`es-MX` is `es`), or "" for what is none."""
    try:
        return translation.get_supported_language_variant(code) if code else ""
    except (LookupError, ValueError):
        return ""


class LanguageMiddleware:
    """Django's, with `?lang=` before cookie and browser, and without leaving a language behind in the thread."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        asked = known(_query(request).get(ASKED))
        preferred = translation.get_language_from_request(request)
        request.language_asked, request.language_preferred = asked, preferred  # type: ignore[attr-defined]
        with translation.override(asked or preferred):
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or settings.LANGUAGE_CODE)
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response


def _query(request: HttpRequest) -> QueryDict:
    """The address's parameters; none where there are more than we take, which the view answers for."""
    try:
        return request.GET
    except SuspiciousOperation:
        return QueryDict()


def speak(request: HttpRequest, language: str) -> None:
    """From here on answer in what the person chose, by `?lang=` or the switch that a cookie remembers; else in
    `language`, that of the record behind a link, whatever the browser wishes.
    """
    asked = getattr(request, "language_asked", "")
    chosen = known(request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME))
    translation.activate(asked or chosen or known(language) or settings.LANGUAGE_CODE)


def kept(request: HttpRequest) -> str:
    """What a link on this page carries so that the next one speaks the same: `?lang=es`, or nothing."""
    carried = carries(request)
    return f"?{urlencode(carried)}" if carried else ""


def carries(request: HttpRequest) -> dict[str, str]:
    """The same as parameters, for an address that has others, and for a form that asks with GET."""
    asked, preferred = getattr(request, "language_asked", ""), getattr(request, "language_preferred", "")
    current = translation.get_language() or ""
    return {ASKED: current} if asked or (preferred and current != preferred) else {}


def mailed(path: str, language: str) -> str:
    """`path` for a mail in `language`, so that the page behind it speaks it too."""
    return f"{path}?{ASKED}={known(language)}" if known(language) not in ("", settings.LANGUAGE_CODE) else path


def described(language: str) -> dict[str, Any]:
    """Name in the page's language (`name_translated`), own name and `bidi` of `language`; English if it is unknown."""
    return dict(translation.get_language_info(known(language) or settings.LANGUAGE_CODE))


def choices(request: HttpRequest) -> list[Choice]:
    """Every language, with the address of this page in it."""
    current, query = translation.get_language(), _query(request).copy()
    found = []
    for code, name in settings.LANGUAGES:
        query[ASKED] = code
        found.append(Choice(code, name, direction(code), f"?{query.urlencode()}", code == current))
    return found


def chrome(request: HttpRequest) -> dict[str, Any]:
    """Context of every page: the switch, and what links behind a signed link carry on."""
    return {
        "languages": choices(request),
        "keep_lang": kept(request),
        "policy_lang": settings.POLICY_LANGUAGE,
        "policy_dir": direction(settings.POLICY_LANGUAGE),
        "policy_language": described(settings.POLICY_LANGUAGE)["name_translated"],
    }


@csrf_exempt  # a language is no secret, and a token would set a cookie on pages that have none
@public
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Remember a language in a cookie and go back to the page `next`, if it is one of ours."""
    response = HttpResponseRedirect(_back(request))
    if language := known(request.POST.get(ASKED)):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=COOKIE_SECONDS,
            secure=settings.HTTPS,
            httponly=True,
            samesite="Lax",
        )
    return response


def _back(request: HttpRequest) -> str:
    """`next` without the `?lang=` that would overrule the choice; the start page for an address that is not ours."""
    wanted = request.POST.get("next", "")
    if not wanted.startswith("/") or not url_has_allowed_host_and_scheme(wanted, {request.get_host()}):
        return "/"
    parts = urlsplit(wanted)
    rest = [(name, value) for name, values in QueryDict(parts.query).lists() if name != ASKED for value in values]
    return parts._replace(query=urlencode(rest), fragment="").geturl()
