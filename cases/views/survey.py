"""The survey after an outcome, for both sides: by the link of a notice, or with a receipt code. GET changes nothing."""

from typing import Any

from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from cases.models import Decision, Report
from cases.models.survey import KEPT_DAYS, SurveyAnswer, slot_of
from cases.survey_forms import SurveyForm
from tipstaff import languages
from tipstaff.access import public
from tipstaff.accounts.limits import limited
from tipstaff.notices.models import Notice
from tipstaff.notices.views import private
from tipstaff.sla.attainment import FEW
from tipstaff.workflow import references
from tipstaff.workflow.actors import LinkHolder

SIDE = SurveyAnswer.Side
ENDED = ("answered", "closed", "declined")


@csrf_exempt  # the link is the credential; no cookie takes part
@public
@limited("survey")
@require_http_methods(["GET", "HEAD", "POST"])
def survey(request: HttpRequest, token: str) -> HttpResponse:
    """For the account holder, by the link of the notice that tells them of a decision."""
    notice = Notice.by_token(token)
    decision = references.find(notice.about) if notice and notice.scope == "subject" else None
    if notice is None or not isinstance(decision, Decision) or decision.issued_at is None:
        raise Http404
    languages.speak(request, notice.language)
    return private(_page(request, SIDE.SUBJECT, decision.reference))


@csrf_exempt  # the code in the body is the credential; no cookie takes part
@public
@limited("survey")
@require_http_methods(["GET", "HEAD", "POST"])
def survey_by_code(request: HttpRequest) -> HttpResponse:
    """For the reporter, with the receipt code, once the report came to an end."""
    code = request.POST.get("code", "")[:40]
    report = Report.by_code(code)
    if request.method != "POST" or report is None or report.state not in ENDED:
        return private(redirect("cases:follow"))
    return private(_page(request, SIDE.REPORTER, report.reference, code=code))


def answered(side: str, matter: str) -> bool:
    return SurveyAnswer.objects.filter(slot=slot_of(side, matter)).exists()


def _page(request: HttpRequest, side: str, matter: str, **more: Any) -> HttpResponse:
    context: dict[str, Any] = {"few": FEW, "days": KEPT_DAYS, "done": answered(side, matter), **more}
    sent = request.method == "POST" and request.POST.get("act") == "send"
    form = SurveyForm(request.POST if sent else None)
    if sent and not context["done"] and form.is_valid():
        _keep(side, matter, form.cleaned_data)
        context["done"] = True
    status = 422 if form.errors and not context["done"] else 200
    return render(request, "cases/survey_form.html", context | {"form": form}, status=status)


def _keep(side: str, matter: str, facts: dict[str, Any]) -> None:
    """Once: of two that were sent at the same time, the first stays."""
    try:
        with transaction.atomic():
            SurveyAnswer(side=side, slot=slot_of(side, matter), **facts).answer(actor=LinkHolder(side))
    except IntegrityError:
        if not answered(side, matter):
            raise
