"""Pages of whoever started something long: how far it is."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from tipstaff.access import StaffRequest, signed_in
from tipstaff.jobs.models import Progress
from tipstaff.pages import Pages
from tipstaff.permissions import Permission
from tipstaff.workflow import references

PAGE = 50


@require_safe
@signed_in
def progress_list(request: StaffRequest) -> HttpResponse:
    """What this person started, newest first; administrators see everything."""
    found = Progress.objects.visible_to(request.user).select_related("person").order_by("-id")
    page = Pages(found, PAGE).get_page(request.GET.get("page"))
    person = request.user
    context = {"page": page, "manages": person.may(Permission.JOB_MANAGE), "watches": person.may(Permission.JOB_VIEW)}
    return render(request, "jobs/progress_list.html", context)


@require_safe
@signed_in
def progress(request: StaffRequest, pk: UUID) -> HttpResponse:
    """One long task; the fragment is what the page asks for every two seconds while it moves."""
    row = get_object_or_404(Progress.objects.visible_to(request.user).select_related("person"), pk=pk)
    if request.headers.get("HX-Request"):
        answer = render(request, "jobs/progress_page.html#course", {"row": row})
    else:
        about = references.find(row.about) if row.about else None
        shown = about if about is not None and _may_see(request, about) else None
        answer = render(request, "jobs/progress_page.html", {"row": row, "about": shown})
    answer["Cache-Control"] = "no-store"
    return answer


def _may_see(request: StaffRequest, record: object) -> bool:
    found = type(record)._default_manager  # type: ignore[attr-defined]
    return bool(hasattr(found, "visible_to") and found.visible_to(request.user).filter(pk=record.pk).exists())  # type: ignore[attr-defined]
