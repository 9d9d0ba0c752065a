"""Pages of the administrator: who receives webhooks, with which secret, and what became of each message."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import OuterRef, Subquery
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tipstaff.access import StaffRequest, needs
from tipstaff.notices import events, webhooks
from tipstaff.notices.forms import DisableForm, EndpointForm
from tipstaff.notices.models import Delivery, Endpoint
from tipstaff.notices.models.endpoint import ENDPOINT_LIMIT
from tipstaff.permissions import Permission
from tipstaff.workflow.history import steps_of
from tipstaff.workflow.operations import available_to

PAGE = 50
LISTED = 200  # closed ones are listed too, and there is no limit to those


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.WEBHOOK_MANAGE)
def endpoint_list(request: StaffRequest) -> HttpResponse:
    """Every receiver with what waits and what was given up; the form adds one."""
    form = EndpointForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        endpoint: Endpoint = form.save(commit=False)
        endpoint.register(actor=request.user)
        messages.success(
            request,
            _("%(name)s is told from now on. Show the secret and set it there, then send a test.")
            % {"name": endpoint.description},
        )
        return redirect(endpoint)
    told = Delivery.objects.filter(endpoint=OuterRef("pk"), state=Delivery.State.DELIVERED).order_by("-pk")
    listed = Endpoint.objects.visible_to(request.user).annotate(told_at=Subquery(told.values("delivered_at")[:1]))
    listed = listed.order_by("state", "description", "id")[:LISTED]
    waiting, missed = webhooks.waiting_by_endpoint(), webhooks.missed_by_endpoint()
    context = {
        "rows": [(found, waiting.get(found.pk, 0), missed.get(found.pk, 0)) for found in listed],
        "form": form,
        "limit": ENDPOINT_LIMIT,
        "types": list(events.TYPES.values()),
    }
    return render(request, "notices/endpoint_list.html", context, status=422 if form.errors else 200)


def fetch(request: StaffRequest, pk: UUID) -> Endpoint:
    return get_object_or_404(Endpoint.objects.visible_to(request.user), pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.WEBHOOK_MANAGE)
def endpoint(request: StaffRequest, pk: UUID) -> HttpResponse:
    """One receiver; the form changes it."""
    found = fetch(request, pk)
    if request.method != "POST":
        return endpoint_page(request, found)
    form = EndpointForm(request.POST, instance=fetch(request, pk))
    if not form.is_valid():
        return endpoint_page(request, found, status=422, form=form)
    found.amend(actor=request.user, **form.cleaned_data)
    messages.success(request, _("%(name)s is changed.") % {"name": found.description})
    return redirect(found)


def endpoint_page(request: StaffRequest, endpoint: Endpoint, *, status: int = 200, **bound: Any) -> HttpResponse:
    """One receiver and its messages, newest first, from `before` on. `bound` replaces a form or adds the secret."""
    acts = {operation.name for operation in available_to(endpoint, request.user)}
    shown, older = _deliveries(request, endpoint)
    context: dict[str, Any] = {
        "endpoint": endpoint,
        "acts": acts,
        "deliveries": shown,
        "older": older,
        "state": request.GET.get("state", ""),
        "newest": "before" not in request.GET,
        "trail": steps_of(endpoint, limit=20),
        "form": EndpointForm(instance=endpoint) if "amend" in acts else None,
        "disable_form": DisableForm(prefix="disable") if "disable" in acts else None,
        "old_secret_until": endpoint.old_secret_until,
        "types": [events.TYPES[name] for name in endpoint.types if name in events.TYPES],
    }
    response = render(request, "notices/endpoint_page.html", context | bound, status=status)
    response["Cache-Control"] = "no-store"
    return response


def _deliveries(request: StaffRequest, endpoint: Endpoint) -> tuple[list[Delivery], str]:
    """A page of messages and the cursor of the next one."""
    found = Delivery.objects.visible_to(request.user).filter(endpoint=endpoint)
    if (state := request.GET.get("state")) in Delivery.State.values:
        found = found.filter(state=state)
    with suppress(KeyError, ValueError):
        found = found.filter(pk__lt=UUID(request.GET["before"]))
    page = list(found.explained().order_by("-pk")[: PAGE + 1])
    for delivery in page:
        delivery.endpoint = endpoint
    return page[:PAGE], str(page[PAGE - 1].pk) if len(page) > PAGE else ""


@require_POST
@needs(Permission.WEBHOOK_MANAGE)
def endpoint_reveal(request: StaffRequest, pk: UUID) -> HttpResponse:
    """The page with the secret on it. A POST, so that looking is an act and the secret stays out of addresses."""
    found = fetch(request, pk)
    return endpoint_page(request, found, secret=found.reveal(actor=request.user))


@require_POST
@needs(Permission.WEBHOOK_MANAGE)
def endpoint_rotate(request: StaffRequest, pk: UUID) -> HttpResponse:
    found = fetch(request, pk)
    found.rotate(actor=request.user)
    messages.success(request, _("There is a new secret. Show it and set it there; both sign for 24 hours."))
    return redirect(found)


@require_POST
@needs(Permission.WEBHOOK_MANAGE)
def endpoint_test(request: StaffRequest, pk: UUID) -> HttpResponse:
    found = fetch(request, pk)
    found.send_test(actor=request.user)
    messages.success(request, _("The test is queued. Reload in a few seconds to see what became of it."))
    return redirect(found)


@require_POST
@needs(Permission.WEBHOOK_MANAGE)
def endpoint_disable(request: StaffRequest, pk: UUID) -> HttpResponse:
    found = fetch(request, pk)
    form = DisableForm(request.POST, prefix="disable")
    if not form.is_valid():
        return endpoint_page(request, found, status=422, disable_form=form)
    found.disable(actor=request.user, reason=form.cleaned_data["reason"])
    messages.success(request, _("%(name)s is off. What happens waits for it.") % {"name": found.description})
    return redirect(found)


@require_POST
@needs(Permission.WEBHOOK_MANAGE)
def endpoint_enable(request: StaffRequest, pk: UUID) -> HttpResponse:
    found = fetch(request, pk)
    found.enable(actor=request.user)
    messages.success(request, _("%(name)s is on again; what waited leaves first.") % {"name": found.description})
    return redirect(found)


@require_POST
@needs(Permission.WEBHOOK_MANAGE)
def endpoint_close(request: StaffRequest, pk: UUID) -> HttpResponse:
    found = fetch(request, pk)
    found.close(actor=request.user)
    messages.success(request, _("%(name)s is closed.") % {"name": found.description})
    return redirect("webhooks:list")


@require_POST
@needs(Permission.WEBHOOK_MANAGE)
def delivery_retry(request: StaffRequest, pk: UUID) -> HttpResponse:
    delivery = get_object_or_404(Delivery.objects.visible_to(request.user).select_related("endpoint"), pk=pk)
    delivery.retry(actor=request.user)
    messages.success(request, _("It is back in line and leaves in a few seconds."))
    return redirect(delivery.endpoint)
