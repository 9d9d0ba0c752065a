"""Appealing by signed link: no account, no cookie, no JavaScript. GET changes nothing; the token is the credential."""

from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from appeals.forms import AppealForm, ReporterAppealForm
from appeals.models import Appeal
from cases.forms import CodeForm
from cases.models import Decision, Report
from cases.statement import appeal_closes_at
from tipstaff import languages
from tipstaff.access import public
from tipstaff.accounts.limits import limited
from tipstaff.notices.models import Notice
from tipstaff.notices.views import private
from tipstaff.vault import storage
from tipstaff.workflow import references
from tipstaff.workflow.actors import LinkHolder
from tipstaff.workflow.refused import Refused


@csrf_exempt
@public
@limited("appeal")
@require_http_methods(["GET", "HEAD", "POST"])
def lodge(request: HttpRequest, token: str) -> HttpResponse:
    """Appeal the decision of a notice, or see how the appeal stands."""
    notice = Notice.by_token(token)
    decision = references.find(notice.about) if notice else None
    if notice is None or not notice.action or not isinstance(decision, Decision):
        raise Http404
    languages.speak(request, notice.language)
    return private(_lodge(request, notice, decision))


def _lodge(request: HttpRequest, notice: Notice, decision: Decision) -> HttpResponse:
    heard = decision.appeals.exclude(state__in=["withdrawn", "inadmissible"]).first()
    actor = LinkHolder("subject", notice.reference)
    if request.method == "POST" and request.POST.get("act") == "withdraw" and heard:
        heard.withdraw(actor=actor)
        return _again(request, notice)
    draft = Appeal(decision=decision, case=decision.case, language=get_language() or notice.language)
    latest = heard or decision.appeals.last()
    previous = None if heard else latest
    refusal = None if heard else Appeal.lodge.operation.guard(draft, actor)  # type: ignore[attr-defined]
    form = AppealForm(request.POST if request.method == "POST" else None, request.FILES or None)
    context = {
        "notice": notice,
        "decision": decision,
        "appeal": heard,
        "previous": previous,
        "refusal": refusal,
        "closes_at": appeal_closes_at(decision),
        "form": form,
        "answers": Notice.objects.filter(about=latest.reference) if latest else [],
    }
    if request.method != "POST":
        return render(request, "appeals/appeal_form.html", context)
    if not form.is_valid():
        return render(request, "appeals/appeal_form.html", context, status=422)
    if heard is None:
        _file(draft, form, actor)
    return _again(request, notice)


def _again(request: HttpRequest, notice: Notice) -> HttpResponse:
    return redirect(reverse("appeals:lodge", args=[notice.token]) + languages.kept(request))


@csrf_exempt
@public
@limited("appeal")
@require_POST
def lodge_by_code(request: HttpRequest) -> HttpResponse:
    """A reporter whose report was declined, or answered without a breach, appeals with the receipt code."""
    code = CodeForm(request.POST)
    report = Report.by_code(code.cleaned_data["code"]) if code.is_valid() else None
    if report is None:
        raise Http404
    form = ReporterAppealForm(request.POST, request.FILES)
    context = {"report": report, "code": request.POST["code"], "form": form}
    if request.POST.get("act") == "open":
        return private(render(request, "appeals/appeal_report_form.html", context | {"form": ReporterAppealForm()}))
    if not form.is_valid():
        return private(render(request, "appeals/appeal_report_form.html", context, status=422))
    actor = LinkHolder("reporter", report.reference)
    appeal = _file(Appeal.of_report(report, language=get_language() or report.language), form, actor)
    return private(render(request, "appeals/appeal_receipt.html", {"appeal": appeal, "report": report}))


def _file(draft: Appeal, form: AppealForm, actor: LinkHolder) -> Appeal:
    if refusal := Appeal.lodge.operation.refusal(draft, actor):  # type: ignore[attr-defined]
        raise Refused(refusal)  # said before files are taken in; the operation asks again under its lock
    draft.ground, draft.text = form.cleaned_data["ground"], form.cleaned_data["text"]
    draft.contact = form.cleaned_data["contact"]
    try:
        with storage.received(form.cleaned_data["files"], actor=actor) as files:
            draft.lodge(actor=actor, files=files)
    except IntegrityError as error:
        raise Refused(_("This was appealed already. One appeal is heard for each decision.")) from error
    return draft
