"""Asking for a waiver and following the request: no account, no JavaScript. GET changes nothing."""

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Max
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from aup.models import Rule
from governance import letters
from governance.models import Waiver
from governance.waiver_forms import AnswerForm, AskForm, StatementForm
from tipstaff import languages
from tipstaff.access import public
from tipstaff.accounts.limits import limited
from tipstaff.notices.models import Notice
from tipstaff.notices.views import private
from tipstaff.sla.models import Clock
from tipstaff.time import now
from tipstaff.vault import storage
from tipstaff.workflow import references
from tipstaff.workflow.actors import LinkHolder
from tipstaff.workflow.operations import available_to
from tipstaff.workflow.refused import Refused

REGISTER = 200  # waivers described on the public page


@require_safe
@public
def waiver_register(request: HttpRequest) -> HttpResponse:
    """What was asked for and granted, in numbers, and the waivers in force that may be described; never with names."""
    at = now()
    counts = dict(Waiver.objects.exclude(state="draft").values_list("state").annotate(Count("pk")))
    in_force = Waiver.objects.in_force(at)
    described = in_force.filter(disclosure=Waiver.Disclosure.PUBLIC).order_by("-decided_at").prefetch_related("rules")
    context = {
        "asked": sum(counts.values()),
        "refused": counts.get("refused", 0),
        "in_force": in_force.count(),
        "by_rule": _by_rule(in_force),
        "withheld": in_force.exclude(disclosure=Waiver.Disclosure.PUBLIC).count(),
        "described": described[:REGISTER],
    }
    return render(request, "governance/waiver_register.html", context)


def _by_rule(waivers: Any) -> list[Any]:
    """How many of `waivers` name each rule, the most named first; with the title of its latest version."""
    named = Rule.objects.filter(waivers__in=waivers)
    counted = named.values("code").annotate(count=Count("waivers", distinct=True), title=Max("title"))
    return list(counted.order_by("-count", "code"))


@csrf_exempt  # nobody is signed in here, and no cookie takes part
@public
@limited("waiver")
@require_http_methods(["GET", "HEAD", "POST"])
def waiver_ask(request: HttpRequest) -> HttpResponse:
    """Ask for a waiver. The same form sent twice is one request."""
    if request.method != "POST":
        return _form(request, AskForm(initial={"rule": request.GET.get("rule")}))
    return _asked(request, AskForm(request.POST, request.FILES))


@csrf_exempt
@public
@limited("waiver")
@require_http_methods(["GET", "HEAD", "POST"])
def waiver_again(request: HttpRequest, token: str) -> HttpResponse:
    """Ask again: once after a refusal, with new facts, or for what comes after a waiver. The old one stays as it is."""
    notice, earlier = _by_token(token)
    languages.speak(request, notice.language)
    if refusal := not_again(earlier):
        raise Refused(refusal)
    if request.method != "POST":
        return private(_form(request, AskForm(initial=_once_more(earlier)), earlier=earlier, token=token))
    return private(_asked(request, AskForm(request.POST, request.FILES), earlier=earlier, token=token))


def not_again(earlier: Waiver) -> str | None:
    """Why no request can follow this one, or None."""
    if earlier.state not in ("granted", "suspended", "refused", "revoked"):
        return _("This request is not decided yet, so no other can follow it.")
    if earlier.later.exclude(state__in=["draft", "withdrawn"]).exists():
        return _("One request followed this one already.")
    return None


def _once_more(earlier: Waiver) -> dict[str, Any]:
    names = AskForm.base_fields.keys() - {"submission", "files", "starts_on", "ends_on"}
    rules = [rule.code for rule in earlier.rules.all()]
    again = dict(zip(("rule", "second_rule"), rules, strict=False))
    return {name: getattr(earlier, name) for name in names if hasattr(earlier, name)} | again


def _form(request: HttpRequest, form: AskForm, *, status: int = 200, **context: Any) -> HttpResponse:
    return render(request, "governance/waiver_ask.html", {"form": form, **context}, status=status)


def _asked(request: HttpRequest, form: AskForm, **context: Any) -> HttpResponse:
    if not form.is_valid():
        return _form(request, form, status=422, **context)
    try:
        waiver = _file(form, context.get("earlier"))
    except Refused as refusal:  # said beside what was typed, which would be lost on a page of its own
        form.add_error(None, str(refusal))
        return _form(request, form, status=refusal.status, **context)
    return private(render(request, "governance/waiver_receipt.html", {"waiver": waiver, "link": letters.link(waiver)}))


def _file(form: AskForm, earlier: Waiver | None) -> Waiver:
    if known := Waiver.objects.filter(submission=form.key).first():
        return known
    actor = LinkHolder("applicant")
    columns = form.columns | {"submission": form.key, "earlier": earlier, "language": get_language() or "en"}
    try:
        with storage.received(form.cleaned_data["files"], actor=actor) as files, transaction.atomic():
            return Waiver.ask(actor=actor, rules=form.rules, files=files, **columns)
    except IntegrityError as error:  # the same form by a second click a moment earlier, or another one for `earlier`
        if known := Waiver.objects.filter(submission=form.key).first():
            return known
        raise Refused(_("One request followed this one already.")) from error


def _by_token(token: str) -> tuple[Notice, Waiver]:
    notice = Notice.by_token(token)
    waiver = references.find(notice.about) if notice and notice.scope == "applicant" else None
    if notice is None or not isinstance(waiver, Waiver):
        raise Http404
    return notice, waiver


@csrf_exempt
@public
@limited("waiver")
@require_http_methods(["GET", "HEAD", "POST"])
def waiver_follow(request: HttpRequest, token: str) -> HttpResponse:
    """How a request stands, for whoever holds its link; answer, withdraw, or state that the conditions are kept."""
    notice, waiver = _by_token(token)
    languages.speak(request, notice.language)
    return private(_follow(request, waiver, token))


def _follow(request: HttpRequest, waiver: Waiver, token: str) -> HttpResponse:
    actor = LinkHolder("applicant", waiver.reference)
    acts = {act.name for act in available_to(waiver, actor)}
    data, act = (request.POST, request.POST.get("act")) if request.method == "POST" else (None, None)
    typed = {"conduct": waiver.conduct, "safeguards": waiver.safeguards}
    answer = AnswerForm(data if act == "answer" else None, request.FILES or None, initial=typed)
    statement = StatementForm(data if act == "attest" else None, request.FILES or None)
    if act == "withdraw":
        waiver.withdraw(actor=actor)
        return redirect(reverse("governance:waiver_follow", args=[token]) + languages.kept(request))
    if act in ("answer", "attest") and (answer if act == "answer" else statement).is_valid():
        _act(waiver, act, answer if act == "answer" else statement, actor)
        return redirect(reverse("governance:waiver_follow", args=[token]) + languages.kept(request))
    context = {
        "waiver": waiver,
        "token": token,
        "acts": acts,
        "standing": waiver.standing(now()),
        "answer_form": answer,
        "statement_form": statement,
        "letters": Notice.objects.filter(about=waiver.reference, scope="applicant").order_by("-given_at"),
        "clock": Clock.objects.about(waiver).filter(kind=Clock.Kind.WAIVER).order_by("-started_at").first(),
        "again": not_again(waiver) is None,
    }
    status = 422 if act in ("answer", "attest") else 200
    return render(request, "governance/waiver_follow.html", context, status=status)


def _act(waiver: Waiver, act: str, form: Any, actor: LinkHolder) -> None:
    declared = getattr(Waiver, act).operation
    if refusal := declared.refusal(waiver, actor):
        raise Refused(refusal)  # said before files are taken in; the operation asks again under its lock
    facts = dict(form.cleaned_data)
    with storage.received(facts.pop("files"), actor=actor) as files:
        getattr(waiver, act)(actor=actor, files=files, **facts)
