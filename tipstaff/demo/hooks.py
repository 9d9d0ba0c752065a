"""The demo's own receiver of webhooks: it verifies each message and keeps the newest, so that one sees them arrive."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tipstaff.access import public
from tipstaff.accounts.models import User
from tipstaff.notices import events
from tipstaff.notices.models import Endpoint

KEPT = 50
NAME = "Demo gateway"


@dataclass(frozen=True)
class Received:
    at: datetime
    message_id: str
    payload: dict[str, Any]

    @property
    def text(self) -> str:
        return json.dumps(self.payload, indent=2)


def register(admin: User) -> Endpoint:
    """Make this receiver known, or tell it its address anew when the demo moved to another port. Idempotent."""
    url = f"{settings.BASE_URL}{reverse('demo:webhooks')}"
    known = Endpoint.objects.kept().filter(url__endswith=reverse("demo:webhooks")).first()
    if known is None:
        types = [name for name in events.TYPES if not name.startswith("clock.")]  # it carries measures out
        known = Endpoint(description=NAME, url=url, types=types)
        known.register(actor=admin)
    elif known.url != url:
        known.amend(actor=admin, description=known.description, url=url, types=known.types)
    return known


@csrf_exempt
@public
def webhooks(request: HttpRequest) -> HttpResponse:
    """GET lists what arrived and was verified; POST is what the gateway of a provider would be."""
    if not settings.DEMO:
        raise Http404
    if request.method == "POST":
        return _receive(request)
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    return render(request, "demo/webhooks.html", {"received": _kept(), "kept": KEPT})


def _receive(request: HttpRequest) -> HttpResponse:
    endpoint = Endpoint.objects.kept().filter(url__endswith=request.path).first()
    if endpoint is None:
        return HttpResponse(status=404)
    for secret in endpoint.signing_secrets():
        try:
            payload = Webhook(secret).verify(request.body, dict(request.headers))
        except (WebhookVerificationError, ValueError):
            continue
        _keep(request.headers["webhook-id"], payload)
        return HttpResponse(status=204)
    return HttpResponse("The signature is not right.", status=401, content_type="text/plain")


def _keep(message_id: str, payload: dict[str, Any]) -> None:
    """One file for each id, so that a message that comes twice is kept once."""
    settings.DEMO_HOOKS_DIR.mkdir(parents=True, exist_ok=True)
    name = "".join(letter for letter in message_id if letter.isalnum() or letter == "_")[:80]
    file = settings.DEMO_HOOKS_DIR / f"{name}.json"
    draft = file.with_suffix(f".{uuid4().hex}")  # put in place at one stroke: a page may be reading
    draft.write_text(json.dumps({"at": datetime.now(UTC).isoformat(), "id": message_id, "payload": payload}))
    draft.replace(file)
    for old in sorted(settings.DEMO_HOOKS_DIR.glob("*.json"), key=lambda file: file.stat().st_mtime)[:-KEPT]:
        old.unlink(missing_ok=True)


def _kept() -> list[Received]:
    found = [json.loads(file.read_text()) for file in settings.DEMO_HOOKS_DIR.glob("*.json")]
    received = [Received(datetime.fromisoformat(one["at"]), one["id"], one["payload"]) for one in found]
    return sorted(received, key=lambda one: one.at, reverse=True)
