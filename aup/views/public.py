"""The policy as everybody may read it: the version in force, its rules and its matrix."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.views.decorators.http import require_safe

from aup.forms import RuleFilter, WhichVersion
from aup.matrix.table import dimensions, wanted
from aup.matrix.why import explained
from aup.matrix.words import called, reasoned
from aup.models import DecisionMatrix, PolicyVersion, Rule
from aup.models.decision_matrix import said
from aup.reading import measured
from aup.wording import Reading, Said
from tipstaff.access import public
from tipstaff.languages import carries
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


PARTS = (
    # key, title, and for whom; the rules of a part are told apart by what they do to a use
    ("users", gettext_lazy("Rules for everyone who uses the service")),
    ("builders", gettext_lazy("Duties of those who build on it or offer it to others")),
)
DISPOSITIONS = {
    Rule.Disposition.PROHIBITED: gettext_lazy("Never allowed"),
    Rule.Disposition.RESTRICTED: gettext_lazy("Allowed on conditions"),
    Rule.Disposition.PERMITTED: gettext_lazy("Allowed"),
}


@require_safe
@public
def policy(request: HttpRequest) -> HttpResponse:
    """The version in force, its rules apart by whom they bind and what they say, searched and filtered."""
    return policy_page(request, PolicyVersion.objects.select_related("policy", "matrix").in_force(now()))


def policy_page(request: HttpRequest, version: PolicyVersion | None, *, address: str = "") -> HttpResponse:
    """`version` as everybody reads it. `address` is its own, where it is asked for by number: links keep the number."""
    if version is None:
        return render(request, "aup/policy_page.html", {"version": None})
    reading = _reading(request, version)
    form = RuleFilter(request.GET, version=version, language=reading.language if reading.rows else "")
    rules = [(rule, reading.listed(rule)) for rule in form.chosen()]
    parts = list(_parts(rules, reading))
    context: dict[str, Any] = {
        "version": version,
        "form": form,
        "parts": parts,
        "count": sum(section["count"] for part in parts for section in part["sections"]),
        "filtered": form.is_bound,
        "address": address or reverse("aup:policy"),
        "pinned": bool(address),
        "reading": reading,
        "links_to": urlencode(_carried(address and version.number, reading) | carries(request)),
    }
    if not request.headers.get("HX-Request"):
        context |= _standing(version) if address else {}
        context["tiers"] = [tier | {"title": said(tier["title"])} for tier in version.matrix.tiers.values()]
        context["links"] = version.linked_documents.all()
        context |= _translated(version, rules, reading)
        context |= _grades(version, context["said"])
    return render(request, _template(request, "aup/policy_page.html", "rules"), context)


def _reading(request: HttpRequest, version: PolicyVersion) -> Reading:
    """In the language of the page, or with `?original=1` in the policy's own."""
    return Reading(version, get_language() or settings.LANGUAGE_CODE, original=request.GET.get("original") == "1")


def _carried(number: str, reading: Reading) -> dict[str, str]:
    """What the address of a rule takes along from this page."""
    return ({"version": number} if number else {}) | ({"original": "1"} if reading.original else {})


def _translated(version: PolicyVersion, rules: list[tuple[Rule, Said]], reading: Reading) -> dict[str, Any]:
    """What the version says about itself, how many rules are not translated, and whether any wording is earlier."""
    said = reading.version(version)
    return {
        "said": said,
        "untranslated": sum(rule.pk not in reading.rows for rule, _said in rules),
        "earlier": said.stale or any(each.stale for _rule, each in rules),
    }


def _grades(version: PolicyVersion, said: Said) -> dict[str, Any]:
    """How hard the summary and the rules are to read, measured for English alone (S19)."""
    if settings.POLICY_LANGUAGE != "en" or said.translated:
        return {"measurable": False}
    statements = version.rules.filter(enabled=True).values_list("statement", flat=True)
    return {
        "measurable": True,
        "summary_grade": measured(version.summary),
        "rules_grade": measured("\n".join(statements)),
    }


def _parts(rules: list[tuple[Rule, Said]], reading: Reading) -> Iterator[dict[str, Any]]:
    """User rules and the duties of builders apart (S43), each by what it says about a use, then by family."""
    described: set[str] = set()  # a family is introduced where it is met first
    for key, title in PARTS:
        mine = [(rule, words) for rule, words in rules if rule.binds_builders_only == (key == "builders")]
        sections = []
        for disposition, label in DISPOSITIONS.items():
            if found := [(rule, words) for rule, words in mine if rule.disposition == disposition]:
                families = []
                for group, some in groupby(found, key=lambda pair: pair[0].group):
                    families.append((reading.group(group), list(some), group.code not in described))
                    described.add(group.code)
                sections.append(
                    {"key": f"{key}-{disposition}", "title": label, "count": len(found), "families": families}
                )
        if sections:
            yield {"key": key, "title": title, "sections": sections}


def _standing(version: PolicyVersion) -> dict[str, Any]:
    """Whether a version asked for by number is the one in force, and which is."""
    in_force = PolicyVersion.objects.in_force(now())
    current = in_force is not None and in_force.pk == version.pk
    ahead = bool(version.state == "published" and version.effective_from and version.effective_from > now())
    return {"in_force": in_force, "current": current, "ahead": ahead}


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
    reading = _reading(request, found.version)
    exemptions = [entry | {"grant": GRANTS.get(entry["grant"], "")} for entry in catalogue.exemptions(found.exemptions)]
    controls = [entry | {"stage": STAGES.get(entry["stage"], "")} for entry in catalogue.controls(found.controls)]
    context = {
        "rule": found,
        "reading": reading,
        "said": reading.rule(found),
        "family": reading.group(found.group),
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
    """How a tier follows from what was found, and what each tier brings: now, or as `?version=` says."""
    wish = WhichVersion(request.GET)
    if not wish.is_valid():
        raise Http404
    asked = wish.cleaned_data["version"]
    versions = PolicyVersion.objects.visible_to(request.user).select_related("matrix")
    in_force = PolicyVersion.objects.select_related("matrix").in_force(now())
    version = get_object_or_404(versions, number=asked) if asked else in_force
    if version is None:
        return render(request, "aup/matrix_page.html", {"version": None})
    found: DecisionMatrix = version.matrix
    tiers = [
        tier | {"title": said(tier["title"]), "words": [found.sanction_words(each) for each in tier["sanctions"]]}
        for tier in found.tiers.values()
    ]
    context = {
        "version": version,
        "current": in_force is not None and in_force.pk == version.pk,
        "matrix": found,
        "rows": _rows(found),
        "recurrences": [called(value) for value in dimensions(found.document)["recurrence"]],
        "tiers": tiers,
        "factors": [
            factor | {"title": said(factor["title"]), "size": abs(factor["steps"])} for factor in found.factors
        ],
        "most": found.document["adjustments"]["max_total_steps"],
    }
    return render(request, "aup/matrix_page.html", context)


def _rows(matrix: DecisionMatrix) -> list[dict[str, Any]]:
    """Every finding in order, with its tier for each recurrence and why."""
    rows: dict[Any, dict[str, Any]] = {}
    for why in explained(matrix.document, wanted(matrix.document)):
        intent, sensitivity, severity, recurrence = why.cell
        words = {"intent": called(intent), "sensitivity": called(sensitivity), "severity": severity, "cells": []}
        row = rows.setdefault(why.cell[:3], words)
        row["cells"].append({"tier": why.tier, "recurrence": called(recurrence), "why": reasoned(why)})
    return list(rows.values())
