"""Feedback at the desk: the list, one item with its answer, and what it led to."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import F
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from aup.feedback_forms import AnswerForm, LinkForm
from aup.models import Feedback, Rule
from tipstaff import languages
from tipstaff.access import StaffRequest, needs
from tipstaff.accounts.models import User
from tipstaff.pages import Pages
from tipstaff.permissions import Permission
from tipstaff.sla.models import Kind
from tipstaff.sla.words import clock_of, told_of
from tipstaff.workflow.history import steps_of
from tipstaff.workflow.operations import available_to
from tipstaff.workflow.refused import NotPermitted, Refused

PAGE = 50
SHOWN = {
    "open": gettext_lazy("To answer"),
    "answered": gettext_lazy("Answered"),
    "all": gettext_lazy("All"),
}
# The one due first; of what is answered, the latest.
ORDER = (F("due_at").asc(nulls_last=True), F("answered_at").desc(nulls_last=True), "pk")
ACTS: dict[str, type[LinkForm] | None] = {"answer": AnswerForm, "link": LinkForm, "unlink": None}


@require_safe
@needs(Permission.FEEDBACK_ANSWER)
def feedback_list(request: StaffRequest) -> HttpResponse:
    """What waits for an answer, the one due first at the top; `show`, `kind` and `rule` pick others."""
    show, kind, code = (request.GET.get(name, "") for name in ("show", "kind", "rule"))
    code = code.upper()
    show = show if show in SHOWN else "open"
    found = Feedback.objects.visible_to(request.user)
    if show != "all":
        found = found.filter(state="received" if show == "open" else "answered")
    if kind in Feedback.Kind.values:
        found = found.filter(kind=kind)
    rules = list(_rules_named())
    if code:
        found = found.about_rule(code) if code in dict(rules) else found.none()
    found = found.select_related("version", "rule", "led_to").order_by(*ORDER)
    context = {
        "page": Pages(found, PAGE).get_page(request.GET.get("page")),
        "show": show,
        "shown": SHOWN.items(),
        "kind": kind,
        "kinds": Feedback.Kind.choices,
        "rule": code,
        "rules": rules,
        "narrowed": bool(kind or code),
    }
    return render(request, "aup/feedback_list.html", context)


def _rules_named() -> Any:
    """The rules that any feedback is about, each once, by the title that it has in the latest version of these."""
    named = Rule.objects.filter(pk__in=Feedback.objects.values("rule"))
    return named.order_by("code", "-version__drafted_at").distinct("code").values_list("code", "title")


@require_safe
@needs(Permission.FEEDBACK_ANSWER)
def feedback_item(request: StaffRequest, ref: str) -> HttpResponse:
    """One item: what was written, its answer, and what it led to."""
    return _page(request, _get(request, ref))


@require_POST
@needs(Permission.FEEDBACK_ANSWER)
def feedback_act(request: StaffRequest, ref: str, operation: str) -> HttpResponse:
    """Carry out the named act. What was typed stays when it is refused."""
    if operation not in ACTS:
        raise Http404
    found = _get(request, ref)
    form = form_of(operation, found, request.POST)
    if form is not None and not form.is_valid():
        return _page(request, found, {operation: form}, status=422)
    try:
        getattr(found, operation)(actor=request.user, **(form.cleaned_data if form else {}))
    except NotPermitted:
        raise
    except Refused as refusal:
        if form is None:
            raise
        form.add_error(None, str(refusal))
        return _page(request, _get(request, ref), {operation: form}, status=refusal.status)
    said = getattr(Feedback, operation).operation.said
    messages.success(request, _("%(ref)s: you %(said)s.") % {"ref": found.ref, "said": said})
    return redirect(found)


def _get(request: StaffRequest, ref: str) -> Feedback:
    rows = Feedback.objects.visible_to(request.user).select_related(
        "version", "rule", "led_to", "filed_by", "answered_by"
    )
    return get_object_or_404(rows, ref=ref.upper())


def form_of(operation: str, found: Feedback, data: Any = None) -> forms.Form | None:
    kind = ACTS[operation]
    return None if kind is None else kind(data, prefix=operation, feedback=found)


def _page(
    request: StaffRequest, found: Feedback, typed: dict[str, forms.Form] | None = None, status: int = 200
) -> HttpResponse:
    typed = typed or {}
    person: User = request.user
    acts = {act.name: act for act in available_to(found, person)}
    entries = [
        {
            "name": name,
            "label": getattr(Feedback, name).operation.label,
            "form": typed.get(name) or form_of(name, found),
            "open": name in typed or name == "answer" or (name == "link" and found.led_to is None),
        }
        for name in ACTS
        if name in acts or name in typed
    ]
    clocks = told_of(found)
    context = {
        "feedback": found,
        "entries": entries,
        "refusal": None if entries else Feedback.answer.operation.refusal(found, person),  # type: ignore[attr-defined]
        "clock": clock_of(clocks, Kind.FEEDBACK),
        "clocks": clocks,
        "written": languages.described(found.language)["name_translated"],
        "trail": steps_of(found),
    }
    return render(request, "aup/feedback_item.html", context, status=status)
