"""Pages of the administrator: tasks that failed for good, sending them again, dismissing them."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from tipstaff.access import StaffRequest, needs
from tipstaff.jobs.forms import DismissForm, SearchForm
from tipstaff.jobs.models import DeadLetter
from tipstaff.jobs.models.letter import DeadLetterQuerySet
from tipstaff.permissions import Permission
from tipstaff.workflow.history import steps_of
from tipstaff.workflow.operations import available_to
from tipstaff.workflow.refused import NotPermitted, Refused

PAGE = 50
AT_ONCE = 500  # letters that one press sends again


@require_safe
@needs(Permission.JOB_MANAGE)
def letter_list(request: StaffRequest) -> HttpResponse:
    """What needs somebody, newest first; the search shows the others."""
    form = SearchForm(request.GET or None)
    found = _found(request, request.GET)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "form": form,
        "searched": bool(request.GET.get("task") or request.GET.get("standing")),
        "at_once": AT_ONCE,
        "manages": True,
    }
    return render(request, "jobs/letter_list.html", context)


def _found(request: StaffRequest, asked: QueryDict) -> DeadLetterQuerySet:
    """What the search of a page shows; without a word on it, what needs somebody."""
    found = DeadLetter.objects.visible_to(request.user).order_by("-last_failed_at", "-id")
    form = SearchForm(asked)
    said = form.cleaned_data if form.is_valid() else {}
    standing = said.get("standing") or DeadLetter.Standing.OPEN
    if standing != "all":
        found = found.standing(standing)
    if task := said.get("task", "").strip():
        found = found.filter(task__icontains=task)
    return found


@require_safe
@needs(Permission.JOB_MANAGE)
def letter(request: StaffRequest, pk: UUID) -> HttpResponse:
    return letter_page(request, _fetch(request, pk))


def _fetch(request: StaffRequest, pk: UUID) -> DeadLetter:
    return get_object_or_404(DeadLetter.objects.visible_to(request.user), pk=pk)


def letter_page(request: StaffRequest, found: DeadLetter, *, status: int = 200, **bound: Any) -> HttpResponse:
    """One failed task; `bound` replaces the form."""
    acts = {operation.name for operation in available_to(found, request.user)}
    context: dict[str, Any] = {
        "letter": found,
        "acts": acts,
        "form": DismissForm() if "dismiss" in acts else None,
        "trail": steps_of(found, limit=20),
    }
    return render(request, "jobs/letter_page.html", context | bound, status=status)


@require_POST
@needs(Permission.JOB_MANAGE)
def letter_retry(request: StaffRequest, pk: UUID) -> HttpResponse:
    found = _fetch(request, pk)
    found.retry(actor=request.user)
    messages.success(request, _("The task was sent again. Reload to see how it ended."))
    return redirect(found)


@require_POST
@needs(Permission.JOB_MANAGE)
def letter_dismiss(request: StaffRequest, pk: UUID) -> HttpResponse:
    found = _fetch(request, pk)
    form = DismissForm(request.POST)
    if not form.is_valid():
        return letter_page(request, found, status=422, form=form)
    found.dismiss(actor=request.user, reason=form.cleaned_data["reason"])
    messages.success(request, _("The failed task is dismissed."))
    return redirect("jobs:letters")


@require_POST
@needs(Permission.JOB_MANAGE)
def letters_retry(request: StaffRequest) -> HttpResponse:
    """Send the ticked ones again, or all that the search shows. Each is an act of its own; what cannot is counted."""
    found = _found(request, request.POST)
    if "all" not in request.POST:
        found = found.filter(pk__in=[pk for word in request.POST.getlist("letter")[:AT_ONCE] if (pk := _uuid(word))])
    sent = kept_back = 0
    for each in found[:AT_ONCE]:
        try:
            each.retry(actor=request.user)
        except NotPermitted:
            raise
        except Refused:
            kept_back += 1
        else:
            sent += 1
    _say(request, sent, kept_back)
    back = {name: request.POST[name] for name in ("task", "standing") if request.POST.get(name)}
    return redirect(reverse("jobs:letters", query=back or None))


def _uuid(word: str) -> UUID | None:
    try:
        return UUID(word)
    except ValueError:
        return None


def _say(request: StaffRequest, sent: int, kept_back: int) -> None:
    if sent:
        told = ngettext("%(count)d task was sent again.", "%(count)d tasks were sent again.", sent)
        messages.success(request, told % {"count": sent})
    if kept_back:
        told = ngettext(
            "%(count)d task was not sent again: its page says why.",
            "%(count)d tasks were not sent again: their pages say why.",
            kept_back,
        )
        messages.warning(request, told % {"count": kept_back})
    if not sent and not kept_back:
        messages.warning(request, _("Nothing was sent again: tick what is to be retried."))
