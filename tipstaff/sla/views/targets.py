"""Pages of the administrator: how long what may take, and what a change would mean for the clocks that run."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from tipstaff.access import StaffRequest, needs
from tipstaff.permissions import Permission
from tipstaff.sla.forms import ReasonForm, TargetFormSet, initial_of
from tipstaff.sla.models import Kind, Target, TargetTable
from tipstaff.sla.models.target import first_problem
from tipstaff.sla.recalculation import Preview, preview
from tipstaff.workflow.history import steps_of

TABLES = 50


@require_safe
@needs(Permission.CLOCK_SET, Permission.CLOCK_BOARD)
def target_list(request: StaffRequest) -> HttpResponse:
    """The targets in force, by kind, and the tables that came before."""
    context = {
        "table": TargetTable.objects.newest(),
        "kinds": by_kind(Target.objects.in_force().select_related("calendar")),
        "tables": TargetTable.objects.all()[:TABLES],
        "may_change": request.user.may(Permission.CLOCK_SET),
    }
    return render(request, "sla/targets.html", context)


def by_kind(rows: Any) -> list[tuple[Kind, list[Target]]]:
    """Every kind of clock with its rows, in order; without any where nothing of this kind has a date."""
    found: dict[str, list[Target]] = {kind: [] for kind in Kind}
    for row in rows:
        found[row.kind].append(row)
    return [(Kind(kind), rows) for kind, rows in found.items()]


@require_safe
@needs(Permission.CLOCK_SET, Permission.CLOCK_BOARD)
def target_table(request: StaffRequest, table: int) -> HttpResponse:
    """One table as it was adopted, with who did it and why."""
    found = get_object_or_404(TargetTable, number=table)
    rows = found.targets.select_related("calendar").order_by("position")
    context = {"table": found, "kinds": [pair for pair in by_kind(rows) if pair[1]], "history": steps_of(found)}
    return render(request, "sla/target_table.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.CLOCK_SET)
def target_edit(request: StaffRequest, kind: str) -> HttpResponse:
    """The rows of one kind, in order. `preview` shows what would move; `adopt` makes a new table with them."""
    if kind not in Kind.values:
        raise Http404
    in_force = list(Target.objects.in_force().select_related("calendar"))
    own = [initial_of(row) for row in in_force if row.kind == kind]
    rows = TargetFormSet(request.POST if request.method == "POST" else None, initial=own)
    adopting = request.method == "POST" and "adopt" in request.POST
    reason = ReasonForm(request.POST if adopting else None)
    context: dict[str, Any] = {
        "kind": Kind(kind),
        "rows": rows,
        "reason": reason,
        "base": request.POST.get("base") or TargetTable.objects.newest().number,
    }
    if request.method != "POST":
        return render(request, "sla/target_edit.html", context)
    if not rows.is_valid():
        return render(request, "sla/target_edit.html", context, status=422)
    wanted = _put_in_order(rows, kind)
    table = [*(row.told for row in in_force if row.kind != kind), *wanted]
    proposed = [Target.of(row) for row in table]
    if problem := first_problem(proposed):
        return render(request, "sla/target_edit.html", context | {"problem": problem}, status=422)
    if adopting and reason.is_valid():
        made = TargetTable(reason=reason.cleaned_data["reason"])
        made.adopt(actor=request.user, rows=table, after=_number(context["base"]))
        messages.success(
            request, _("%(table)s are adopted. Clocks that start from now on count by them.") % {"table": made.title}
        )
        return redirect("clocks:recalculate")
    found: Preview = preview(proposed)
    return render(request, "sla/target_edit.html", context | {"preview": found}, status=422 if adopting else 200)


def _put_in_order(rows: Any, kind: str) -> list[dict[str, Any]]:
    """The rows that have a time, by the place that was typed; those without a place come last."""
    filled = [form for form in rows.forms if form.cleaned_data.get("amount")]
    filled.sort(key=lambda form: form.cleaned_data.get("ORDER") or len(rows.forms) + 1)
    return [form.row(kind) for form in filled]


def _number(typed: Any) -> int:
    return int(typed) if str(typed).isdecimal() else 0
