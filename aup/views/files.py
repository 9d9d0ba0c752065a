"""A policy as a file: taken away whole, and brought in with every fault named by its line."""

from typing import Any

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from aup import translated, vagueness
from aup.documents import Documents
from aup.matrix import soundness
from aup.matrix.table import cells
from aup.models import PolicyVersion
from aup.models.version import POLICY_PERMISSIONS
from aup.policy_file import SIZE, PolicyFile, file_of
from aup.writing_forms import DraftFileForm, FileForm
from tipstaff.access import needs
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow.refused import Refused

SALT = "aup.import"
OPEN_FOR = 60 * 60  # seconds between looking at a file and drafting from it


@require_safe
@needs(*POLICY_PERMISSIONS)
def export_file(request: HttpRequest, ref: str) -> HttpResponse:
    """The whole version as one YAML file."""
    rows = PolicyVersion.objects.visible_to(request.user).select_related("policy", "matrix", "catalogue")
    version = get_object_or_404(rows, ref=ref.upper())
    response = HttpResponse(file_of(version), content_type="application/yaml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="policy-{version.number}.yaml"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.POLICY_EDIT)
def import_file(request: HttpRequest) -> HttpResponse:
    """First look at what a file says and what is wrong with it; then, as a second press, draft from it."""
    if request.method != "POST":
        return render(request, "aup/import_page.html", {"form": FileForm()})
    if "sealed" in request.POST:
        return _draft(request)
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "aup/import_page.html", {"form": form}, status=422)
    upload = form.cleaned_data["file"]
    raw = upload.read(SIZE + 1)
    given = PolicyFile.read(raw)
    if given.faults:
        return render(
            request,
            "aup/import_page.html",
            {"form": FileForm(), "faults": given.faults, "name": upload.name},
            status=422,
        )
    sealed = signing.dumps(raw.decode("utf-8-sig"), salt=SALT, compress=True)
    draft_form = DraftFileForm(initial={"number": given.document["number"], "sealed": sealed})
    return _preview(request, given, draft_form, upload.name)


def _draft(request: HttpRequest) -> HttpResponse:
    form = DraftFileForm(request.POST)
    try:
        text = signing.loads(request.POST["sealed"], salt=SALT, max_age=OPEN_FOR)
    except signing.BadSignature as error:
        raise Refused(_("This page was open for too long. Choose the file again.")) from error
    given = PolicyFile.read(text.encode())
    if not form.is_valid():
        return _preview(request, given, form, "", status=422)
    person: Any = request.user
    try:
        version = given.draft(actor=person, number=form.cleaned_data["number"].strip())
    except Refused as refused:
        form.add_error(None, str(refused))
        return _preview(request, given, form, "", status=409)
    return redirect("aup:text", version.ref)


def _preview(
    request: HttpRequest, given: PolicyFile, form: DraftFileForm, name: str, status: int = 200
) -> HttpResponse:
    document = given.document
    rules = [rule for group in document["taxonomy"]["groups"] for rule in group["rules"]]
    context = {
        "draft_form": form,
        "name": name,
        "document": document,
        "groups": len(document["taxonomy"]["groups"]),
        "rules": len(rules),
        "cells": len(cells(document["matrix"])),
        "translations": sum(1 for _entry in translated.entries(document.get("translations", {}))),
        "unsound": soundness.problems(document["matrix"]),
        "vague": [rule["code"] for rule in rules if vagueness.marks(rule)],
        "comparison": _compared(rules),
    }
    return render(request, "aup/import_page.html", context, status=status)


def _compared(rules: list[dict[str, Any]]) -> dict[str, Any] | None:
    """What is new, gone and changed against the version in force; None where none is."""
    in_force = PolicyVersion.objects.in_force(now())
    if in_force is None:
        return None
    known = {rule["code"]: rule for group in Documents.of(in_force).taxonomy["groups"] for rule in group["rules"]}
    given = {rule["code"]: rule for rule in rules}
    changed = [
        (code, [key for key in {**known[code], **rule} if known[code].get(key) != rule.get(key)])
        for code, rule in given.items()
        if code in known and rule != known[code]
    ]
    return {
        "version": in_force,
        "new": [code for code in given if code not in known],
        "gone": [code for code in known if code not in given],
        "changed": changed,
        "same": sum(1 for code, rule in given.items() if known.get(code) == rule),
    }
