"""The policy as everybody may read it: the version in force, its rules and its matrix."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from aup.forms import RuleFilter, WhichVersion
from aup.matrix.words import called
from aup.models import DecisionMatrix, PolicyVersion, Rule
from aup.models.decision_matrix import said
from tipstaff.access import public
from tipstaff.time import now

GRANTS = {
    "automatic": gettext_lazy("judged within the case"),
    "analyst": gettext_lazy("granted on request by compliance"),
    "risk_council": gettext_lazy("granted on request by the committee"),
}
STAGES = {
    "intake": gettext_lazy("before use"),
    "runtime": gettext_lazy("during use"),
    "output": gettext_lazy("on outputs"),
}


@require_safe
@public
def policy(request: HttpRequest) -> HttpResponse:
    """The version in force, its rules by group, filtered by words and disposition."""
    version = PolicyVersion.objects.select_related("policy").in_force(now())
    form = RuleFilter(request.GET or None)
    rules = _chosen(version, form) if version else []
    found: dict[str, Any] = {"version": version, "form": form, "rules": rules, "filtered": bool(request.GET)}
    return render(request, _template(request, "aup/policy_page.html", "rules"), found)


def _chosen(version: PolicyVersion, form: RuleFilter) -> list[Rule]:
    rules = version.rules.filter(enabled=True).select_related("group")
    if form.is_bound and form.is_valid():
        rules = rules.matching(form.cleaned_data["q"])
        if disposition := form.cleaned_data["disposition"]:
            rules = rules.filter(disposition=disposition)
    return list(rules)


def _template(request: HttpRequest, name: str, fragment: str) -> str:
    return f"{name}#{fragment}" if request.headers.get("HX-Request") else name


@require_safe
@public
def rule(request: HttpRequest, code: str) -> HttpResponse:
    """One rule as the version in force says it, or as `?version=` does, so that a decision can link what it cites."""
    wish = WhichVersion(request.GET)
    if not wish.is_valid():
        raise Http404
    asked = wish.cleaned_data["version"]
    in_force = PolicyVersion.objects.in_force(now())
    number = asked or (in_force.number if in_force else "")
    rules = Rule.objects.visible_to(request.user).select_related("version__policy", "version__catalogue", "group")
    found = rules.prefetch_related("examples").filter(cite=f"{code.upper()}@{number}").first()
    if found is None or not (found.enabled or asked):
        raise Http404
    catalogue = found.version.catalogue
    exemptions = [entry | {"grant": GRANTS.get(entry["grant"], "")} for entry in catalogue.exemptions(found.exemptions)]
    controls = [entry | {"stage": STAGES.get(entry["stage"], "")} for entry in catalogue.controls(found.controls)]
    context = {
        "rule": found,
        "version": found.version,
        "in_force": in_force is not None and in_force.pk == found.version_id,
        "meaning": catalogue.meaning("dispositions", found.disposition),
        "exemptions": exemptions,
        "controls": controls,
    }
    return render(request, "aup/rule_page.html", context)


@require_safe
@public
def matrix(request: HttpRequest) -> HttpResponse:
    """How a tier follows from what was found, and what each tier brings."""
    version = PolicyVersion.objects.select_related("matrix").in_force(now())
    if version is None:
        return render(request, "aup/matrix_page.html", {"version": None})
    found: DecisionMatrix = version.matrix
    tiers = [
        tier | {"title": said(tier["title"]), "words": [found.sanction_words(each) for each in tier["sanctions"]]}
        for tier in found.tiers.values()
    ]
    rows = [row | {key: called(row[key]) for key in ("intent", "sensitivity")} for row in found.rows]
    factors = [factor | {"title": said(factor["title"])} for factor in found.factors]
    context = {"version": version, "matrix": found, "rows": rows, "tiers": tiers, "factors": factors}
    return render(request, "aup/matrix_page.html", context)
