"""The decision matrix of a version at the desk: a table of cells that says at once what a change would break."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from aup.matrix import shape
from aup.matrix.editing import with_tiers
from aup.matrix.soundness import Check, rule_problems
from aup.matrix.table import Cell, cells, dimensions
from aup.matrix.why import explained
from aup.matrix.words import called, reasoned, spoken
from aup.matrix_forms import CellsForm
from aup.models import DecisionMatrix, PolicyVersion
from aup.models.decision_matrix import said
from aup.models.version import POLICY_PERMISSIONS
from tipstaff.access import needs
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow.operations import available_to

WEIGHTS = 4  # shades from the lightest to the heaviest tier


@require_http_methods(["GET", "HEAD", "POST"])
@needs(*POLICY_PERMISSIONS)
def matrix_edit(request: HttpRequest, ref: str) -> HttpResponse:
    """The table; sent back, it is saved as one change with one reason."""
    version = _get(request, ref)
    document = version.matrix.document
    if request.method != "POST":
        return _page(request, version, CellsForm(document=document))
    form = CellsForm(request.POST, document=document)
    if form.stale and may_edit(request, version):
        return _page(request, version, form.renewed(), status=409, others=form.changed_by_others)
    if may_edit(request, version) and not form.is_valid():
        return _page(request, version, form, status=422)
    changes = form.changes
    version.amend_matrix(actor=request.user, cells=changes, based_on=form.data.get("based_on", ""))
    count = len(changes)
    messages.success(request, ngettext("%(count)s cell saved.", "%(count)s cells saved.", count) % {"count": count})
    return redirect("aup:matrix_edit", version.ref)


@require_POST
@needs(Permission.POLICY_EDIT)
def matrix_check(request: HttpRequest, ref: str) -> HttpResponse:
    """What is typed, checked and not saved: the page again, or for HTMX the findings and the mark of every cell."""
    version = _get(request, ref)
    return _page(request, version, CellsForm(request.POST, document=version.matrix.document), checked=True)


def may_edit(request: HttpRequest, version: PolicyVersion) -> bool:
    person: Any = request.user  # signed in, or `needs` had refused
    return any(act.name == "amend_matrix" for act in available_to(version, person))


def _get(request: HttpRequest, ref: str) -> PolicyVersion:
    rows = PolicyVersion.objects.visible_to(request.user).select_related("policy", "matrix")
    return get_object_or_404(rows, ref=ref.upper(), matrix__isnull=False)


def _page(
    request: HttpRequest,
    version: PolicyVersion,
    form: CellsForm,
    *,
    status: int = 200,
    checked: bool = False,
    others: list[tuple[Cell, str, str]] | None = None,
) -> HttpResponse:
    document = version.matrix.document
    check = Check(with_tiers(document, form.chosen))
    before = _in_force(version)
    context = {
        "version": version,
        "form": form,
        "check": check,
        "descents": [_linked(form, descent) for descent in check.descents],
        "missing": [(form.cells.index(cell), spoken(cell)) for cell in check.missing],
        "strange": [*Check(document).strange, *rule_problems(document, [rule.facts for rule in version.rules.all()])],
        "tiers": [
            {"code": code, "title": said(tier["title"]), "weight": weight_of(place, len(form.codes))}
            for place, (code, tier) in enumerate(version.matrix.tiers.items())
        ],
        "groups": _groups(version.matrix, form, check, before),
        "before": before,
        "changed": len(form.changes),
        "others": [(spoken(cell), was, by_now) for cell, was, by_now in others or []],
        "editable": may_edit(request, version),
        "checked": checked,
    }
    fragment = checked and request.headers.get("HX-Request")
    template = "aup/matrix_edit.html#check" if fragment else "aup/matrix_edit.html"
    return render(request, template, context | {"fragment": bool(fragment)}, status=status)


def weight_of(place: int, count: int) -> int:
    """Which of four shades the tier at `place` of `count` has; 1 is the lightest."""
    return 1 + place * WEIGHTS // count


def _in_force(version: PolicyVersion) -> PolicyVersion | None:
    """The version in force now, unless it is this one."""
    found = PolicyVersion.objects.select_related("matrix").in_force(now())
    return found if found is not None and found.pk != version.pk and hasattr(found, "matrix") else None


def _linked(form: CellsForm, descent: Any) -> dict[str, Any]:
    return {
        "worse": form.cells.index(descent.worse),
        "worse_words": spoken(descent.worse),
        "worse_tier": descent.worse_tier,
        "milder": form.cells.index(descent.milder),
        "milder_words": spoken(descent.milder),
        "milder_tier": descent.milder_tier,
    }


def _groups(
    matrix: DecisionMatrix, form: CellsForm, check: Check, before: PolicyVersion | None
) -> list[dict[str, Any]]:
    """The cells by intent, then sensitivity, then severity, each with everything the page says of it."""
    old = {} if before is None or shape.problems(before.matrix.document) else cells(before.matrix.document)
    chosen, concerned, whys = form.chosen, check.concerned, explained(matrix.document, form.cells)
    views = {
        cell: {
            "number": number,
            "words": spoken(cell),
            "tier": chosen[cell],
            "saved": form.there.get(cell, ""),
            "old": old.get(cell, "") if before else chosen[cell],
            "compared": before is not None,
            "descends": cell in concerned,
            "why": reasoned(why),
            "by_hand": why.departs,
            "recurrence": called(cell[3]),
        }
        for number, (cell, why) in enumerate(zip(form.cells, whys, strict=True))
    }
    order = dimensions(matrix.document)
    return [
        {
            "intent": called(intent),
            "slug": intent,
            "recurrences": [called(value) for value in order["recurrence"]],
            "tables": [
                {
                    "sensitivity": called(sensitivity),
                    "slug": f"{intent}-{sensitivity}",
                    "rows": [
                        {
                            "severity": severity,
                            "cells": [views[intent, sensitivity, severity, value] for value in order["recurrence"]],
                        }
                        for severity in order["severity"]
                    ],
                }
                for sensitivity in order["sensitivity"]
            ],
        }
        for intent in order["intent"]
    ]
