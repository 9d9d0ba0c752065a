"""The map: systems × rules, each with what enforces the one in the other, and the rules of one system."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from aup.models import Catalogue, Rule
from governance.coverage import Coverage, Survey, Tally, covers, survey, verified
from governance.forms import MapFilter
from governance.models import AISystem, Control, ControlTask
from governance.models.control import VERIFIED_FOR
from governance.views.systems import fetch, may_propose, may_record
from tipstaff.access import StaffRequest, needs
from tipstaff.permissions import Permission
from tipstaff.time import now

COLUMNS = 12  # systems side by side


@dataclass(frozen=True)
class Cell:
    """What the map says of one system and a group of rules or one rule; `result` None: nothing to show."""

    system: AISystem
    tally: Tally
    result: Coverage | None
    url: str

    @property
    def count(self) -> int:
        return self.tally.counts[self.result] if self.result else 0


@dataclass(frozen=True)
class Line:
    """One row of the map: a group of rules, or one rule of the group that was chosen."""

    code: str
    title: str
    url: str
    rule: Rule | None
    cells: list[Cell]


@require_safe
@needs(Permission.SYSTEM_VIEW)
def system_map(request: StaffRequest) -> HttpResponse:
    """Systems × groups of rules; `group` opens one into its rules, `result` leaves only that result."""
    at = now()
    found = survey(AISystem.objects.visible_to(request.user).standing().order_by("name", "id"), at)
    form = MapFilter(request.GET, rules=list(found.rules))
    group, result = form.chosen("group"), form.chosen("result")
    rules = [rule for rule in found.rules if group in ("", rule.group.code)]
    page = Paginator(found.systems, COLUMNS).get_page(request.GET.get("page"))
    lines = _lines(found, list(page), rules, opened=bool(group), only=result)
    context = {
        "form": form,
        "page": page,
        "lines": [line for line in lines if any(cell.result for cell in line.cells)],
        "tally": found.tally(rules=rules),
        "totals": [(system, found.tally(systems=[system], rules=rules)) for system in page],
        "group": rules[0].group if group and rules else None,
        "result": Coverage(result) if result else None,
        "rule_count": len(rules),
        "days": VERIFIED_FOR.days,
        "results": list(Coverage),
        "may_propose": may_propose(request),
        "tasks": ControlTask.objects.open_now().count(),
    }
    return render(request, "governance/system_map.html", context)


def _lines(found: Survey, systems: Sequence[AISystem], rules: list[Rule], *, opened: bool, only: str) -> list[Line]:
    """A line a rule if a group is `opened`, else a line a group."""
    parts: dict[str, list[Rule]] = {}
    for rule in rules:
        parts.setdefault(rule.code if opened else rule.group.code, []).append(rule)
    place = reverse("governance:system_map")
    places = {system.pk: reverse("governance:system_rules", args=[system.ref]) for system in systems}
    narrowed = f"&result={only}" if only else ""
    lines = []
    for code, some in parts.items():
        query = f"?group={quote(some[0].group.code)}{narrowed}"
        lines.append(
            Line(
                code=code,
                title=some[0].title if opened else some[0].group.title,
                url=some[0].get_absolute_url() if opened else f"{place}{query}",
                rule=some[0] if opened else None,
                cells=[_cell(found, system, some, only, f"{places[system.pk]}{query}") for system in systems],
            )
        )
    return lines


def _cell(found: Survey, system: AISystem, rules: list[Rule], only: str, url: str) -> Cell:
    tally = found.tally(systems=[system], rules=rules)
    result = tally.worst if not only else Coverage(only) if tally.counts[Coverage(only)] else None
    return Cell(system, tally, result, url)


@dataclass(frozen=True)
class Row:
    """One rule of one system: its result, and what stands behind it."""

    rule: Rule
    result: Coverage
    controls: list[tuple[Control, bool]]  # and whether its verification holds
    named: list[str]  # titles of the controls the policy names


@require_safe
@needs(Permission.SYSTEM_VIEW)
def system_rules(request: StaffRequest, ref: str) -> HttpResponse:
    """Every rule that applies to one system, with the controls behind the result."""
    system, at = fetch(request, ref), now()
    found = survey([system] if system.state != AISystem.State.RETIRED else [], at)
    form = MapFilter(request.GET, rules=list(found.rules))
    group, result = form.chosen("group"), form.chosen("result")
    rules = [rule for rule in found.rules if group in ("", rule.group.code)]
    titles = _titles(found.rules)
    rows = [
        Row(
            rule,
            outcome,
            [(control, verified(control, at)) for control in found.controls if covers(control, rule.code)],
            [titles[code] for code in rule.controls if code in titles],
        )
        for rule in rules
        if (outcome := found.of(system, rule)) and result in ("", outcome)
    ]
    context = {
        "system": system,
        "form": form,
        "rows": rows,
        "tally": found.tally(rules=rules),
        "group": group,
        "result": result,
        "filtered": bool(group or result),
        "may_record": may_record(request, system),
        "days": VERIFIED_FOR.days,
        "results": list(Coverage),
    }
    return render(request, "governance/system_rules.html", context)


def _titles(rules: Sequence[Rule]) -> dict[str, str]:
    """Titles of the controls that the policy names, by code."""
    catalogue = Catalogue.objects.filter(version=rules[0].version_id).first() if rules else None
    return {code: entry["title"] for code, entry in catalogue.document["controls"].items()} if catalogue else {}
