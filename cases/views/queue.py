"""The queue: what there is to work on, first things first and why, and the next case for whoever asks."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import IntegerField, QuerySet, Subquery
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from aup.models import PolicyVersion, RuleGroup
from cases.models import Case, QueueFilter, Report, care
from cases.models.queue_filter import FILTERS_LIMIT
from cases.queue_forms import FilterForm, SaveFilterForm
from tipstaff.access import StaffRequest, needs
from tipstaff.accounts.models import User
from tipstaff.pages import Pages
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow.refused import Refused

PAGE = 50


@dataclass(frozen=True)
class Chosen:
    """The part of the queue that is looked at, and the kept filter that it is, if it is one."""

    form: FilterForm
    kept: list[QueueFilter]
    is_default: bool = False

    @property
    def facts(self) -> dict[str, Any]:
        return self.form.facts

    @property
    def name(self) -> str:
        query = self.form.query
        return next((one.name for one in self.kept if query and one.query == query), "")


def chosen_by(request: StaffRequest, data: QueryDict, groups: Callable[[], dict[str, str]]) -> Chosen:
    """What was asked for; the person's own default where nothing was."""
    kept = list(request.user.queue_filters.all())
    default = next((one for one in kept if one.is_default), None)
    asked = any(name in data for name in (*FilterForm.base_fields, "all"))
    if default and not asked:
        return Chosen(FilterForm(QueryDict(default.query), groups), kept, is_default=True)
    return Chosen(FilterForm(data, groups), kept)


def group_titles() -> dict[str, str]:
    version = PolicyVersion.objects.latest_by(now()).values("pk")[:1]
    return dict(RuleGroup.objects.filter(version=Subquery(version)).order_by("position").values_list("code", "title"))


class Counted(Subquery):
    """How many rows of another query there are, to be read with a row of this one."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()

    def __init__(self, rows: QuerySet[Any]) -> None:
        super().__init__(rows.order_by().values("pk"))


def counts(request: StaffRequest, titles: dict[str, str], at: datetime) -> dict[str, Any]:
    """The live numbers: of the whole queue, whatever filter is chosen; by group for who leads. Counted from an index
    alone, which the account does not stand in.
    """
    context: dict[str, Any] = {}
    if request.user.may(Permission.CASE_LEAD):
        groups = Case.objects.queued().counted_by_group(at)
        context |= {name: sum(row[name] for row in groups) for name in ("total", "late", "soon")}
        context["groups"] = [row | {"title": titles.get(row["rule_group"], row["rule_group"])} for row in groups]
    else:
        context |= Case.objects.queued().counted(at)
    context |= User.objects.filter(pk=request.user.pk).values(
        set_aside=Counted(Case.objects.set_aside()),
        held=Counted(Case.objects.held_by(request.user, at)),
        waiting_reports=Counted(Report.objects.filter(state="received")),
    )[0]
    return context


def why(case: Case, at: datetime) -> str:
    """Why a case stands where it stands: the columns that the queue is ordered by, in words."""
    parts = [_("severity %(level)s of 4") % {"level": case.severity}]
    if case.flagged:
        parts.append(_("reported by a trusted flagger"))
    if case.state == Case.State.AWAITING_INFORMATION:
        parts.append(_("waits for %(whom)s") % {"whom": case.get_awaiting_display()})
    elif case.due_at is None:
        parts.append(_("its clock stands still"))
    elif case.due_at < at:
        parts.append(_("%(span)s late") % {"span": timesince(case.due_at, at, depth=1)})
    else:
        parts.append(_("due in %(span)s") % {"span": timeuntil(case.due_at, at, depth=1)})
    if case.trust > 0:
        parts.append(_("its reporters were right before"))
    elif case.trust < 0:
        parts.append(_("its reporters were wrong before"))
    return ", ".join(parts)


@require_safe
@needs(Permission.CASE_CLAIM)
def queue(request: StaffRequest) -> HttpResponse:
    return queue_page(request)


def queue_page(request: StaffRequest, *, status: int = 200, **bound: Any) -> HttpResponse:
    """Cases to work on, first things first, each with the reason for its place."""
    at, titles = now(), group_titles()
    chosen = chosen_by(request, request.GET, lambda: titles)
    facts = dict(chosen.facts)
    cases = Case.objects.visible_to(request.user)
    cases = cases.set_aside() if facts.pop("waiting", False) else cases.queued()
    cases = cases.within(at, **facts).select_related("subject", "rule", "claimed_by").with_counts()
    page = Pages(cases, PAGE).get_page(request.GET.get("page"))
    mine = Case.objects.held_by(request.user, at)
    context: dict[str, Any] = {
        "page": page,
        "mine": mine.select_related("subject", "rule", "claimed_by").with_counts().order_by("claimed_until"),
        "chosen": chosen,
        "query": chosen.form.query,
        "spent": care.budget_spent(request.user, at),
        "save_form": SaveFilterForm(prefix="keep", initial={"name": chosen.name}),
    }
    for case in page:
        case.why = why(case, at)
    return render(request, "cases/case_queue.html", context | counts(request, titles, at) | bound, status=status)


@require_safe
@needs(Permission.CASE_CLAIM)
def queue_counts(request: StaffRequest) -> HttpResponse:
    """The live numbers alone: the fragment that asks for itself again every half minute."""
    at = now()
    titles = group_titles() if request.user.may(Permission.CASE_LEAD) else {}
    return render(request, "cases/case_queue.html#counts", counts(request, titles, at))


@require_POST
@needs(Permission.CASE_CLAIM)
def claim_next(request: StaffRequest) -> HttpResponse:
    """Claim the first free case of what the person works on, and open it."""
    within = QueryDict(request.POST.get("within", "")[:300], mutable=True)
    if "within" in request.POST:
        within["all"] = "1"
    chosen = chosen_by(request, within, group_titles)
    facts = {name: value for name, value in chosen.facts.items() if name != "waiting"}
    case = Case.objects.visible_to(request.user).claim_next(actor=request.user, **facts)
    if case is not None:
        return redirect(case)
    if care.budget_spent(request.user, now()):
        told = _("You have seen enough hard content for this shift, and nothing milder waits. Take your time.")
        messages.info(request, told)
    elif facts:
        messages.info(request, _("Nothing that you could take is waiting within this filter."))
    else:
        messages.info(request, _("Nothing is waiting that you could take."))
    address = reverse("cases:queue")
    return redirect(f"{address}?{chosen.form.query}" if facts else address)


@require_POST
@needs(Permission.CASE_CLAIM)
def filter_keep(request: StaffRequest) -> HttpResponse:
    """Keep a part of the queue by name. The same name again replaces what it stood for."""
    query = FilterForm(QueryDict(request.POST.get("query", "")[:300]), group_titles).query
    form = SaveFilterForm(request.POST, prefix="keep")
    if not form.is_valid():
        return queue_page(request, status=422, save_form=form, query=query)
    facts = form.cleaned_data
    with transaction.atomic():
        mine = QueueFilter.objects.filter(person=request.user)
        names = set(mine.select_for_update().values_list("name", flat=True))
        if facts["name"] not in names and len(names) >= FILTERS_LIMIT:
            raise Refused(_("You keep %(count)s filters already. Remove one first.") % {"count": FILTERS_LIMIT})
        if facts["is_default"]:
            mine.filter(is_default=True).update(is_default=False)
        kept = {"query": query, "is_default": facts["is_default"]}
        QueueFilter.objects.update_or_create(person=request.user, name=facts["name"], defaults=kept)
    messages.success(request, _("“%(name)s” is kept.") % {"name": facts["name"]})
    return redirect(f"{reverse('cases:queue')}?{query or 'all=1'}")


@require_POST
@needs(Permission.CASE_CLAIM)
def filter_remove(request: StaffRequest, item: int) -> HttpResponse:
    get_object_or_404(QueueFilter, person=request.user, pk=item).delete()
    return redirect("cases:queue")
