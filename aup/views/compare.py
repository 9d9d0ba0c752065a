"""What changed from one version of the policy to another, side by side."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from aup import diff
from aup.forms import CompareForm
from aup.matrix.words import called
from aup.models import PolicyVersion, Rule
from aup.publication import text_of
from tipstaff.access import public
from tipstaff.languages import carries
from tipstaff.places import named
from tipstaff.time import now

PER_PAGE = 25  # rules whose words are compared on one page
LABELS = {
    "group": gettext_lazy("Family"),
    "title": gettext_lazy("Title"),
    "statement": gettext_lazy("The rule"),
    "action": gettext_lazy("What it is about"),
    "threshold": gettext_lazy("From when it bites"),
    "disposition": gettext_lazy("Disposition"),
    "kind": gettext_lazy("Kind"),
    "severity": gettext_lazy("Severity"),
    "conditions": gettext_lazy("Conditions"),
    "examples.allowed": gettext_lazy("Examples: allowed"),
    "examples.prohibited": gettext_lazy("Examples: not allowed"),
    "audience": gettext_lazy("Who it binds"),
    "modalities": gettext_lazy("Forms of content"),
    "jurisdictions": gettext_lazy("Where"),
    "products": gettext_lazy("Products"),
    "activity": gettext_lazy("What the system is asked to do"),
    "exemptions": gettext_lazy("Exemptions"),
    "minimum_tier": gettext_lazy("Never below"),
    "consequence.corrective": gettext_lazy("To put it right"),
    "consequence.monitoring": gettext_lazy("Watched afterwards"),
    "consequence.enforcement": gettext_lazy("Usual sanctions"),
    "legal_referral": gettext_lazy("Authorities"),
    "content_handling": gettext_lazy("How evidence is shown"),
    "support_first": gettext_lazy("Support first"),
    "zero_tolerance": gettext_lazy("Closed without an earlier warning"),
    "waivable": gettext_lazy("Can be waived"),
    "obligation": gettext_lazy("A duty of developers and deployers"),
    "controls": gettext_lazy("How the system enforces it"),
    "enabled": gettext_lazy("Switched on"),
    "parameters": gettext_lazy("Numbers in the rule"),
    "mappings": gettext_lazy("Other classifications"),
    "policy.title": gettext_lazy("Title"),
    "policy.publisher": gettext_lazy("Publisher"),
    "policy.binding_instrument": gettext_lazy("Why it binds"),
    "version.summary": gettext_lazy("Summary"),
    "version.scope.data": gettext_lazy("Data"),
    "version.scope.tasks": gettext_lazy("Tasks"),
    "version.scope.contexts": gettext_lazy("Where it applies"),
    "linked_documents": gettext_lazy("Other documents"),
}
CHOICES: dict[str, dict[str, Any]] = {
    "disposition": dict(Rule.Disposition.choices),
    "kind": dict(Rule.Kind.choices),
    "legal_referral": dict(Rule.Referral.choices),
    "content_handling": dict(Rule.Handling.choices),
    "audience": dict(Rule.Audience.choices),
    "modalities": dict(Rule.Modality.choices),
    "activity": dict(Rule.Activity.choices),
}
PLACES = "jurisdictions"
SWITCHES = {"support_first", "zero_tolerance", "waivable", "obligation", "enabled"}


@require_safe
@public
def compare(request: HttpRequest) -> HttpResponse:
    """`?from=` and `?to=` by their numbers; if none is named, the version in force against the one before it."""
    versions = list(PolicyVersion.objects.visible_to(request.user).select_related("policy", "matrix", "catalogue"))
    asked = _asked(request)
    form = CompareForm(asked, versions=versions)
    context: dict[str, Any] = {"form": form, "versions": versions}
    if asked and form.is_valid():
        by_number = {version.number: version for version in versions}
        before, after = by_number[form.cleaned_data["from"]], by_number[form.cleaned_data["to"]]
        context |= _compared(before, after, request.GET.get("page", "1"), carries(request))
    return render(request, "aup/compare_page.html", context)


def _asked(request: HttpRequest) -> dict[str, Any] | None:
    """What the address names; where it names nothing, the version in force and the one that took effect before it."""
    if {"from", "to"} & request.GET.keys():  # `?lang=` names no version
        return request.GET.dict()
    bound = list(PolicyVersion.objects.latest_by(now()).values_list("number", flat=True)[:2])
    return {"from": bound[1], "to": bound[0]} if len(bound) > 1 else None


def _compared(before: PolicyVersion, after: PolicyVersion, number: str, carried: dict[str, str]) -> dict[str, Any]:
    """Words are compared only for the rules of one page; which rules differ is known without."""
    found = diff.compare(worded(text_of(before)), worded(text_of(after)))
    page = Paginator(found.rules, PER_PAGE).get_page(number)
    address = reverse("aup:compare", query={"from": before.number, "to": after.number} | carried)
    counts = {kind: found.count(kind) for kind in ("added", "removed", "changed")}
    return {
        "before": before,
        "after": after,
        "diff": found,
        "counts": counts,
        "wording": [shown(change) for change in found.wording],
        "groups": [
            {"label": change.name, "lang": settings.POLICY_LANGUAGE, "change": change} for change in found.groups
        ],
        "index": [
            {"rule": change, "url": f"{address}&page={place // PER_PAGE + 1}#rule-{change.code}"}
            for place, change in enumerate(found.rules)
        ],
        "rules": [{"rule": change, "fields": [shown(each) for each in change.fields]} for change in page],
        "cells": [_cell(cell) for cell in found.cells],
        "page": page,
    }


def worded(text: dict[str, Any]) -> dict[str, Any]:
    """The text with its codes in the reader's words, so that it is these that are compared."""
    groups = [group | {"rules": [rule | dict(_words_of(rule)) for rule in group["rules"]]} for group in text["groups"]]
    return text | {"groups": groups}


def _words_of(rule: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, labels in CHOICES.items():
        value = rule.get(name)
        if isinstance(value, list):
            yield name, [str(labels.get(each, each)) for each in value]
        elif value is not None:
            yield name, str(labels.get(value, value))
    if PLACES in rule:
        yield PLACES, [named(code) for code in rule[PLACES]]
    for name in SWITCHES:
        yield name, _("yes") if rule.get(name) else _("no")


def shown(change: diff.Change) -> dict[str, Any]:
    """A change with its label, and the language its words are in."""
    ours = change.name in {*CHOICES, *SWITCHES, PLACES}
    return {
        "label": LABELS.get(change.name, change.name),
        "lang": get_language() if ours else settings.POLICY_LANGUAGE,
        "change": change,
    }


def _cell(cell: diff.Cell) -> dict[str, Any]:
    return {
        "intent": called(cell.intent),
        "sensitivity": called(cell.sensitivity),
        "severity": cell.severity,
        "recurrence": called(cell.recurrence),
        "before": cell.before,
        "after": cell.after,
    }
