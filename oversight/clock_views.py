"""The pages of the clocks: what is missed or due, one clock and why it was late, and how many targets were met."""

import csv
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from oversight import charts
from oversight.clock_board import HOURS, LISTS, USUAL, Board, FilterForm, Row, rows_of
from tipstaff.access import StaffRequest, needs
from tipstaff.accounts.models import User
from tipstaff.permissions import Permission
from tipstaff.replica import may_lag
from tipstaff.sla import attainment
from tipstaff.sla.models import Clock, Kind
from tipstaff.sla.models.clock import COMMENT_LIMIT
from tipstaff.time import now
from tipstaff.workflow.refused import NotPermitted, Refused

MINE = 10  # of one's own to explain, shown before the others


class ExplainForm(forms.Form):
    """Why a target was missed."""

    reason = forms.ChoiceField(
        label=gettext_lazy("What made it late?"),
        choices=[("", gettext_lazy("Choose one")), *Clock.BreachReason.choices],
        help_text=gettext_lazy("The one that mattered most."),
    )
    comment = forms.CharField(
        label=gettext_lazy("What happened?"),
        max_length=COMMENT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("A sentence for whoever reads this in a year. Leave out names of people outside."),
    )


@require_safe
@needs(Permission.CLOCK_BOARD)
def board(request: StaffRequest) -> HttpResponse:
    """What is missed and open, due soon, standing still, or not explained; by kind, severity and hands."""
    form = FilterForm(request.GET, person=request.user)
    chosen = form.cleaned()
    name = request.GET.get("list", "missed")
    name = name if name in LISTS else "missed"
    at = now()
    wanted = Board(
        at,
        hours=int(chosen.get("hours", USUAL)),
        kind=chosen.get("kind", ""),
        severity=chosen.get("severity", ""),
        owner=chosen.get("owner", ""),
    )
    after = request.GET.get("after", "")
    clocks, place = wanted.page(name, after)
    mine = []
    if name == "explain" and not after and not wanted.owner:
        mine = list(wanted.list_of(name).of_person(request.user).with_terms()[:MINE])
    rows = {row.clock.pk: row for row in rows_of([*mine, *clocks], request.user, at)}
    context: dict[str, Any] = {
        "form": form,
        "list": name,
        "tabs": _tabs(request, wanted, name),
        "mine": [rows[clock.pk] for clock in mine],
        "rows": [rows[clock.pk] for clock in clocks if clock not in mine],
        "filtered": any(chosen.get(part) for part in FilterForm.chosen),
        "hours": HOURS[str(wanted.hours)],
        "next_url": f"?{_query(request, after=place)}" if place else "",
        "first_url": f"?{_query(request)}" if after else "",
    }
    return render(request, "oversight/clock_board.html", context)


def _query(request: StaffRequest, **changed: str) -> str:
    kept = request.GET.copy()
    kept.pop("after", None)
    for name, value in changed.items():
        kept[name] = value
    return kept.urlencode()


def _tabs(request: StaffRequest, wanted: Board, current: str) -> list[dict[str, Any]]:
    counts = wanted.counts()
    return [
        {
            "label": label,
            "count": counts[name],
            "url": f"?{_query(request, list=name)}",
            "current": name == current,
        }
        for name, (_column, label) in LISTS.items()
    ]


def fetch(person: User, pk: UUID) -> Row:
    """A clock for who may see what it is about, or has the board; 404 for everybody else."""
    found = get_object_or_404(Clock.objects.with_terms(), pk=pk)
    (row,) = rows_of([found], person, now())
    if row.record is None and not person.may(Permission.CLOCK_BOARD):
        raise Http404
    return row


@require_safe
@needs(Permission.CLOCK_BOARD, Permission.CLOCK_EXPLAIN)
def clock(request: StaffRequest, pk: UUID) -> HttpResponse:
    return clock_page(request, fetch(request.user, pk))


def clock_page(request: StaffRequest, row: Row, *, status: int = 200, form: ExplainForm | None = None) -> HttpResponse:
    """One clock: by which row and calendar it counts, what it reached, and why it was late."""
    found = row.clock
    operation = Clock.explain.operation  # type: ignore[attr-defined]
    if form is None and row.record is not None and operation.available(found, request.user):
        form = ExplainForm(initial={"reason": found.breach_reason, "comment": found.breach_comment})
    context = {
        "row": row,
        "told": row.told,
        "clock": found,
        "alerts": found.alerts.order_by("level"),
        "form": form,
        "back": "board" if request.GET.get("back") == "board" else "",
    }
    return render(request, "oversight/clock_page.html", context, status=status)


@require_POST
@needs(Permission.CLOCK_EXPLAIN)
def explain(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Say why it was late, or say it better."""
    row = fetch(request.user, pk)
    form = ExplainForm(request.POST)
    if not form.is_valid():
        return clock_page(request, row, status=422, form=form)
    try:
        row.clock.explain(actor=request.user, **form.cleaned_data)
    except NotPermitted:
        raise
    except Refused as refusal:  # said beside what was typed
        form.add_error(None, str(refusal))
        return clock_page(request, row, status=refusal.status, form=form)
    messages.success(request, _("The reason is written down."))
    if request.POST.get("back") == "board":
        return redirect(f"{reverse('board:board')}?list=explain")
    return redirect(row.record.get_absolute_url() if row.record else reverse("board:clock", args=[pk]))


@require_safe
@needs(Permission.CLOCK_BOARD)
@may_lag
def attained(request: StaffRequest) -> HttpResponse:
    """How many targets were met, by kind and by week, and why the others were missed. Three grouped queries."""
    at = now()
    kinds, weeks = attainment.by_kind(at), attainment.by_week(at)
    kind = _chosen_kind(request, list(kinds))
    why = attainment.reasons(at)
    context: dict[str, Any] = {
        "kinds": [(each, tally) for each, tally in kinds.items()],
        "kind": kind,
        "weeks": weeks.get(kind, []) if kind else [],
        "reasons": why,
        "missed": sum(reason.count for reason in why),
        "since": attainment.first_week(at),
        "count": attainment.WEEKS,
    }
    if kind:
        context["picture"] = charts.columns([week for week in weeks.get(kind, []) if week.monday])
    context["bars"] = charts.bars(why)
    return render(request, "oversight/clock_attainment.html", context)


def _chosen_kind(request: StaffRequest, known: list[Kind]) -> Kind | None:
    """The kind that was asked for, the decision of a case otherwise, or the first there is."""
    for kind in (request.GET.get("kind", ""), Kind.DECISION, *known):
        if kind in known:
            return Kind(kind)
    return None


@require_safe
@needs(Permission.CLOCK_BOARD)
@may_lag
def attainment_download(request: StaffRequest) -> HttpResponse:
    """The same numbers as a table for a spreadsheet, one line for a kind and week."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="tipstaff-attainment.csv"'
    lines = csv.writer(response)
    lines.writerow(
        ["clock", "week", "met", "missed", "of them open", "called off late", "percent", "median hours", "p90 hours"]
    )
    for kind, weeks in attainment.by_week(now()).items():
        for week in weeks:
            tally = week.tally
            numbers = [tally.met, tally.missed, tally.still_open, tally.called_off, tally.percent]
            cells = [kind.value, week.label or "before", *numbers, tally.median, tally.ninetieth]
            lines.writerow([guarded(cell) for cell in cells])
    return response


def guarded(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
