"""The policy as those see it who write, sign and publish it."""

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from aup.forms import FORMS, NumberForm, OperationForm
from aup.models import Feedback, PolicyVersion, SignOff
from aup.models.drafting import Drafting
from aup.models.version import POLICY_PERMISSIONS
from tipstaff.access import needs
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow.operations import available_to, operations_of

State = PolicyVersion.State
IRREVERSIBLE = {"withdraw"}
FORWARD = {"submit", "approve", "publish"}
# Acts with a page of their own: `operate` does not know what they need.
OWN_PAGES = {
    "amend_matrix",
    "amend_terms",
    *(act.name for act in operations_of(PolicyVersion) if act.name in vars(Drafting)),
}


@require_safe
@needs(*POLICY_PERMISSIONS)
def versions(request: HttpRequest) -> HttpResponse:
    """Every version, newest first, in words that say which one binds."""
    in_force = PolicyVersion.objects.in_force(now())
    found = PolicyVersion.objects.visible_to(request.user).select_related("policy").prefetch_related("sign_offs")
    rows = [(version, version.status(in_force)) for version in found]
    person: Any = request.user
    return render(request, "aup/version_list.html", {"rows": rows, "may_edit": person.may(Permission.POLICY_EDIT)})


@require_safe
@needs(*POLICY_PERMISSIONS)
def version(request: HttpRequest, ref: str) -> HttpResponse:
    """One version: what it says about itself, who signed, what it lacks and what can be done next."""
    return _page(request, _get(request, ref))


@require_POST
@needs(*POLICY_PERMISSIONS)
def operate(request: HttpRequest, ref: str, operation: str) -> HttpResponse:
    """Carry out the named operation; one that is not possible by now is refused with the reason."""
    found = _get(request, ref)
    declared = {known.name: known for known in operations_of(PolicyVersion) if not known.creates}.get(operation)
    if declared is None or operation in OWN_PAGES:
        raise Http404
    form = FORMS.get(operation, OperationForm)(request.POST, version=found)
    if not form.is_valid():
        return _page(request, found, {operation: form}, status=422)
    getattr(found, operation)(actor=request.user, **form.facts)
    messages.success(request, _("Done: %(operation)s.") % {"operation": declared.label})
    return redirect(found)


def _get(request: HttpRequest, ref: str) -> PolicyVersion:
    rows = PolicyVersion.objects.visible_to(request.user).select_related(
        "policy", "matrix", "based_on", "drafted_by", "submitted_by", "approved_by", "published_by", "withdrawn_by"
    )
    return get_object_or_404(rows.prefetch_related("sign_offs__person"), ref=ref.upper())


def _page(
    request: HttpRequest, found: PolicyVersion, typed: dict[str, OperationForm] | None = None, status: int = 200
) -> HttpResponse:
    typed = typed or {}
    person: Any = request.user  # signed in, or `needs` had refused
    buttons, forms = [], []
    for declared in available_to(found, person):
        if declared.name in OWN_PAGES:
            continue
        entry: dict[str, Any] = {
            "name": declared.name,
            "label": declared.label,
            "url": reverse("aup:operate", args=[found.ref, declared.name]),
            "danger": declared.name in IRREVERSIBLE,
            "primary": declared.name in FORWARD,
        }
        if kind := FORMS.get(declared.name):
            form = typed.get(declared.name) or kind(version=found, initial={"effective_from": found.effective_from})
            forms.append(entry | {"form": form})
        else:
            buttons.append(entry)
    signed = {sign_off.function: sign_off for sign_off in found.sign_offs.all()}
    in_force = PolicyVersion.objects.in_force(now())
    context = {
        "version": found,
        "in_force": in_force,
        "status": found.status(in_force),
        "functions": [(function.label, signed.get(function)) for function in SignOff.Function],
        "missing": found.missing() if found.state in {State.DRAFT, State.IN_REVIEW, State.APPROVED} else [],
        "rule_count": found.rules.count(),
        "feedback": _feedback(found, person),
        "buttons": buttons,
        "forms": forms,
        "new_number": NumberForm() if person.may(Permission.POLICY_EDIT) else None,
        "links": found.linked_documents.all(),
    }
    return render(request, "aup/version_page.html", context, status=status)


def _feedback(version: PolicyVersion, person: Any) -> list[dict[str, Any]]:
    """How much open feedback there is about each rule that `version` has, for who may answer it while it is written."""
    if version.state != State.DRAFT or not person.may(Permission.FEEDBACK_ANSWER):
        return []
    counts = dict(Feedback.objects.open_now().values_list("rule__code").annotate(count=Count("pk")))
    rules = version.rules.filter(code__in=[code for code in counts if code]).order_by("position")
    told = [{"code": code, "title": title, "count": counts[code]} for code, title in rules.values_list("code", "title")]
    return told + ([{"code": "", "title": "", "count": counts[None]}] if None in counts else [])
