"""The page on which open clocks are moved to the targets and calendars of now: an act of its own, with a reason."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from tipstaff.access import StaffRequest, needs
from tipstaff.jobs import progress
from tipstaff.permissions import Permission
from tipstaff.sla.forms import ReasonForm
from tipstaff.sla.models import Recalculation, Target
from tipstaff.sla.recalculation import preview
from tipstaff.sla.tasks import recalculate_clocks


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.CLOCK_SET)
def recalculate(request: StaffRequest) -> HttpResponse:
    """Which open clocks count towards something else than the table says by now; posting moves them."""
    form = ReasonForm(request.POST if request.method == "POST" else None)
    found = preview(list(Target.objects.in_force()))
    if request.method == "POST" and form.is_valid():
        if not found.count:
            messages.info(request, _("Every open clock counts by the targets in force already."))
            return redirect("clocks:targets")
        ordered = Recalculation(reason=form.cleaned_data["reason"], ordered_by=request.user)
        ordered.order(actor=request.user)
        row = progress.ask(
            recalculate_clocks,
            str(ordered.pk),
            what=gettext_lazy("Recalculate clocks"),
            person=request.user,
            total=found.count,
        )
        return redirect(row)
    return render(request, "sla/recalculate.html", {"preview": found, "form": form}, status=422 if form.errors else 200)
