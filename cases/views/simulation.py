"""What a version of the policy would have changed, had it been in force: read before signing and publishing it."""

from typing import Any

from dateutil.relativedelta import relativedelta
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from aup.matrix import shape
from aup.models import PolicyVersion
from aup.models.version import POLICY_PERMISSIONS
from cases.forms import SimulationForm
from cases.models import Decision
from cases.simulation import LIMIT, Outcome, past, simulate
from tipstaff.access import StaffRequest, needs
from tipstaff.time import now

PAGE = 50


@require_safe
@needs(*POLICY_PERMISSIONS)
def simulation(request: StaffRequest, ref: str) -> HttpResponse:
    """The matrix of one version over the breaches decided in the months chosen, 12 unless said otherwise."""
    versions = PolicyVersion.objects.visible_to(request.user).select_related("policy", "matrix")
    version = get_object_or_404(versions, ref=ref.upper(), matrix__isnull=False)
    form = SimulationForm(request.GET or None)
    months = form.months
    context: dict[str, Any] = {"version": version, "form": form, "months": months}
    if unread := shape.problems(version.matrix.document):
        return render(request, "cases/simulation.html", context | {"unread": unread})
    rules = {rule.code: rule.facts for rule in version.rules.all()}
    outcome = simulate(version.matrix.document, rules, past(now() - relativedelta(months=months)))
    return render(request, "cases/simulation.html", context | _shown(request, outcome, form.direction))


def _shown(request: StaffRequest, outcome: Outcome, direction: str) -> dict[str, Any]:
    wanted = [shift for shift in outcome.shifts if direction in ("", shift.direction)]
    visible = set(
        Decision.objects.visible_to(request.user).filter(ref__in=[s.ref for s in wanted]).values_list("ref", flat=True)
    )
    listed = [shift for shift in wanted if shift.ref in visible]
    page = Paginator(listed, PAGE).get_page(request.GET.get("page"))
    before = sorted({tier for tier, _after in outcome.pairs} | set(outcome.tiers), key=_place_in(outcome.tiers))
    return {
        "outcome": outcome,
        "limit": LIMIT,
        "milder": outcome.count("milder"),
        "harsher": outcome.count("harsher"),
        "other": outcome.count("other"),
        "steps": sorted(outcome.by_steps.items()),
        "table": [
            (tier, [(after, outcome.pairs[tier, after], after == tier) for after in outcome.tiers]) for tier in before
        ],
        "groups": sorted(outcome.groups.items()),
        "unjudged": outcome.unjudged.most_common(),
        "page": page,
        "hidden": len(wanted) - len(listed),
    }


def _place_in(order: list[str]) -> Any:
    return lambda tier: (order.index(tier) if tier in order else len(order), tier)
