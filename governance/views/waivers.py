"""The desk's waivers: the register, the request of somebody who works here, and the dossier of one with its acts."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import F
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from aup.models import Rule
from governance.models import Waiver, WaiverRule
from governance.views.dossier import ACTS, fetch, form_of, waiver_page
from governance.waiver_forms import (
    StaffAskForm,
)
from tipstaff.access import StaffRequest, needs
from tipstaff.accounts.models import User
from tipstaff.pages import Pages
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.vault import storage
from tipstaff.workflow.refused import NotPermitted, Refused

PAGE = 50
SHOWN = {
    "waiting": gettext_lazy("To decide"),
    "in_force": gettext_lazy("In force"),
    "expiring": gettext_lazy("Ending within 60 days"),
    "lapsed": gettext_lazy("Lapsed"),
    "alone": gettext_lazy("Granted at screening"),
    "all": gettext_lazy("All"),
}


@require_safe
@needs(Permission.WAIVER_VIEW)
def waiver_list(request: StaffRequest) -> HttpResponse:
    """Waivers by what they wait for; `show` picks the others, `state` and `rule` narrow them."""
    show, state, code = (request.GET.get(name, "") for name in ("show", "state", "rule"))
    show = show if show in SHOWN else "waiting"
    found = _shown(Waiver.objects.visible_to(request.user), show, now())
    if state in Waiver.State.values:
        found = found.filter(state=state)
    if code:
        found = found.filter(pk__in=WaiverRule.objects.filter(rule__code=code[:10]).values("waiver"))
    found = found.prefetch_related("rules", "spells").order_by(F("due_at").asc(nulls_last=True), "-submitted_at", "id")
    context = {
        "page": Pages(found, PAGE).get_page(request.GET.get("page")),
        "show": show,
        "shown": SHOWN.items(),
        "state": state,
        "states": Waiver.State.choices,
        "rule": code,
        "rules": _rules_named(),
        "narrowed": bool(state or code),
        "may_ask": request.user.may(Permission.WAIVER_REQUEST),
    }
    return render(request, "governance/waiver_list.html", context)


def _shown(waivers: Any, show: str, at: datetime) -> Any:
    match show:
        case "waiting":
            return waivers.filter(state__in=["draft", "submitted", "screening", "under_review", "changes_requested"])
        case "in_force" | "expiring" | "lapsed":
            return getattr(waivers, show)(at)
        case "alone":
            return waivers.filter(route=Waiver.Route.SCREENING, ballot=None, decided_at__isnull=False)
    return waivers


def _rules_named() -> Any:
    named = Rule.objects.filter(pk__in=WaiverRule.objects.values("rule"))
    return named.order_by("code").distinct("code").values_list("code", "title")


@require_POST
@needs(
    Permission.WAIVER_SCREEN, Permission.BALLOT_OPEN, Permission.WAIVER_SUSPEND, Permission.WAIVER_REVOKE,
    Permission.WAIVER_REQUEST,
)  # fmt: skip
def waiver_act(request: StaffRequest, ref: str, operation: str) -> HttpResponse:
    """Carry out the named act. What was typed stays when it is refused."""
    if operation not in ACTS:
        raise Http404
    waiver = fetch(request, ref)
    form = form_of(operation, waiver, request.POST, request.FILES)
    if form is not None and not form.is_valid():
        return waiver_page(request, waiver, status=422, typed={operation: form})
    try:
        _carry_out(waiver, operation, form, request.user)
    except NotPermitted:
        raise
    except Refused as refusal:
        if form is None:
            raise
        form.add_error(None, str(refusal))
        return waiver_page(request, fetch(request, ref), status=refusal.status, typed={operation: form})
    said = getattr(Waiver, operation).operation.said
    messages.success(request, _("%(ref)s: you %(said)s.") % {"ref": waiver.ref, "said": said})
    return redirect(waiver)


def _carry_out(waiver: Waiver, operation: str, form: forms.Form | None, actor: User) -> None:
    facts = dict(form.cleaned_data) if form else {}
    if "files" in facts:
        if refusal := getattr(Waiver, operation).operation.refusal(waiver, actor):
            raise Refused(refusal)  # said before files are taken in; the operation asks again under its lock
        with storage.received(facts.pop("files"), actor=actor) as files:
            getattr(waiver, operation)(actor=actor, files=files, **facts)
        return
    getattr(waiver, operation)(actor=actor, **facts)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.WAIVER_REQUEST)
def waiver_new(request: StaffRequest) -> HttpResponse:
    """Ask for a waiver as somebody who works here; with “Save the draft”, later."""
    return _request_form(request, Waiver(requested_by=request.user), starts_on=now().date() + timedelta(days=14))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.WAIVER_REQUEST)
def waiver_edit(request: StaffRequest, ref: str) -> HttpResponse:
    """Go on with one's own draft."""
    draft = get_object_or_404(
        Waiver.objects.filter(requested_by=request.user, state=Waiver.State.DRAFT), ref=ref.upper()
    )
    typed = {name: getattr(draft, name) for name in StaffAskForm.base_fields if hasattr(draft, name)}
    codes = dict(zip(("rule", "second_rule"), draft.rules.values_list("code", flat=True), strict=False))
    system = draft.system.ref if draft.system else None
    return _request_form(request, draft, **(typed | codes | {"system": system}))


def _request_form(request: StaffRequest, waiver: Waiver, **initial: Any) -> HttpResponse:
    partly = request.POST.get("act") == "draft"
    data = request.POST if request.method == "POST" else None
    initial.pop("submission", None)
    form = StaffAskForm(data, person=request.user, partly=partly, initial=initial)
    context = {"form": form, "draft": None if waiver._state.adding else waiver}
    if data is None:
        return render(request, "governance/waiver_request.html", context)
    if not form.is_valid():
        return render(request, "governance/waiver_request.html", context, status=422)
    try:
        with transaction.atomic():
            saved = _save(waiver, form, request.user, submit=not partly)
    except NotPermitted:
        raise
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return render(request, "governance/waiver_request.html", context, status=refusal.status)
    words = _("%(ref)s is saved; only you see it.") if partly else _("%(ref)s is sent; compliance screens it.")
    messages.success(request, words % {"ref": saved.ref})
    return redirect(saved)


def _save(waiver: Waiver, form: StaffAskForm, actor: User, *, submit: bool) -> Waiver:
    if waiver._state.adding:
        if known := Waiver.objects.filter(submission=form.key).first():
            return known  # the same form by a second click
        waiver = Waiver(submission=form.key, **form.columns)
        waiver.draft(actor=actor, rules=form.rules, beneficiaries=[])
    else:
        waiver.amend(actor=actor, rules=form.rules, beneficiaries=[], **form.columns)
    if submit:
        waiver.submit(actor=actor, files=[])
    return waiver
