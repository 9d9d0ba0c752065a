"""Every version that bound: the list, each one whole at its own address, and each as JSON and Markdown."""

import hashlib
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from aup.models import Feedback, PolicyVersion
from aup.publication import as_json, as_markdown, whole_of
from aup.spells import spells
from aup.views.public import policy_page
from tipstaff.access import public
from tipstaff.time import now

FRESH_SECONDS = 300  # how long a copy may be taken for the present one without asking


def _published() -> list[PolicyVersion]:
    return list(PolicyVersion.objects.published().select_related("policy", "matrix", "catalogue"))


@require_safe
@public
def history(request: HttpRequest) -> HttpResponse:
    """The versions that bound and those that will, with from and until, why, and what changed."""
    found, at, heard = spells(_published()), now(), _heard()
    entries: list[dict[str, Any]] = []
    for place, spell in enumerate(found):
        earlier = found[place + 1].version if place + 1 < len(found) else None
        entries.append({
            "spell": spell,
            "version": spell.version,
            "binds": spell.binds(at),
            "ahead": spell.start > at,
            "earlier": earlier,
            "feedback": heard.get(spell.version.pk, []),
        })  # fmt: skip
    return render(request, "aup/version_history.html", {"entries": entries})


def _heard() -> dict[Any, list[dict[str, Any]]]:
    """What led to each version, as kind, rule and number: nothing that anybody wrote, and nobody who wrote it."""
    heard: dict[Any, list[dict[str, Any]]] = {}
    for row in Feedback.objects.led_to_counts():
        told = {"kind": Feedback.Kind(row["kind"]).label, "code": row["rule__code"], "count": row["count"]}
        heard.setdefault(row["led_to"], []).append(told)
    return heard


@require_safe
@public
def edition(request: HttpRequest, number: str) -> HttpResponse:
    """One version whole, whether or not it is in force."""
    version = _get(request, number)
    return policy_page(request, version, address=version.get_public_url())


def _get(request: HttpRequest, number: str) -> PolicyVersion:
    rows = PolicyVersion.objects.visible_to(request.user).select_related("policy", "matrix", "catalogue")
    return get_object_or_404(rows, number=number)


@require_safe
@public
def document(request: HttpRequest, form: str, number: str = "") -> HttpResponse:
    """A version as `json` or `md`; without a number the one in force."""
    if number:
        version = _get(request, number)
        stamps = (version.published_at, version.withdrawn_at)
    else:
        at = now()
        spell = next((spell for spell in spells(_published()) if spell.binds(at)), None)
        if spell is None:
            raise Http404
        version = spell.version
        stamps = (version.published_at, spell.start)
    return _answer(request, version, form, max((stamp for stamp in stamps if stamp), default=None))


def _answer(request: HttpRequest, version: PolicyVersion, form: str, changed_at: datetime | None) -> HttpResponse:
    """The document with what a cache needs; 304 to who has it already. What is not public is not for caches."""
    text = whole_of(version)
    written_at = version.translations.aggregate(last=Max("written_at"))["last"]
    changed_at = max((at for at in (changed_at, written_at) if at), default=None)
    language = get_language() or settings.LANGUAGE_CODE
    body = as_json(text) if form == "json" else as_markdown(text, language).encode()
    kind = "application/json" if form == "json" else "text/markdown; charset=utf-8"
    response = HttpResponse(body, content_type=kind)
    response["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    response["Content-Disposition"] = f'inline; filename="policy-{version.number}.{form}"'
    if version.published_at is None:
        response["Cache-Control"] = "private, no-store"
        return response
    response["Cache-Control"] = f"public, max-age={FRESH_SECONDS}"
    stamp = int(changed_at.timestamp()) if changed_at else None
    if stamp is not None:
        response["Last-Modified"] = http_date(stamp)
    return get_conditional_response(request, etag=response["ETag"], last_modified=stamp, response=response) or response
