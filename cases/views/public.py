"""Pages for everybody: report a violation, and follow a report with its receipt code. No account, no JavaScript."""

from typing import Any

from django import forms
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from cases.forms import AnswerForm, CodeForm, ReportForm
from cases.models import Report
from cases.models.report import code_for
from tipstaff.access import public
from tipstaff.accounts.limits import limited
from tipstaff.notices.views import private
from tipstaff.permissions import Permission
from tipstaff.vault import storage
from tipstaff.workflow.actors import LinkHolder


@public
@limited("report")
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    """File a report. The same form sent twice is one report, and shows the same receipt code again."""
    if request.method != "POST":
        return render(
            request, "cases/report_form.html", {"form": ReportForm(initial={"rule": request.GET.get("rule")})}
        )
    form = ReportForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "cases/report_form.html", {"form": form}, status=422)
    code = code_for(str(form.cleaned_data["submission"]), form.cleaned_data["description"])
    filed = Report.by_code(code) or _file(request, form)
    return render(request, "cases/report_receipt.html", {"report": filed, "code": code})


def _file(request: HttpRequest, form: ReportForm) -> Report:
    facts = dict(form.cleaned_data)
    submission, uploads = str(facts.pop("submission")), facts.pop("files")
    staff = request.user if request.user.is_authenticated else None
    actor: Any = staff if staff and staff.may(Permission.REPORT_FILE) else LinkHolder("reporter")
    filed, code = Report.draw(
        submission,
        **facts,
        language=get_language() or "en",
        reported_by=staff,
        channel=Report.Channel.INTERNAL if staff else Report.Channel.PUBLIC,
    )
    try:
        with storage.received(uploads, actor=LinkHolder("reporter")) as files:
            filed.file(actor=actor, files=files)
    except IntegrityError:
        known = Report.by_code(code)  # the same form, sent by a second click a moment earlier
        if known is None:
            raise
        return known
    return filed


@csrf_exempt  # the code in the body is the credential; no cookie takes part
@public
@limited("follow")
@require_http_methods(["GET", "HEAD", "POST"])
def follow(request: HttpRequest) -> HttpResponse:
    """See how a report stands, answer a question about it or withdraw it, with the receipt code."""
    form = CodeForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return private(render(request, "cases/report_follow.html", {"form": form}, status=422 if request.POST else 200))
    found = Report.by_code(form.cleaned_data["code"])
    if found is None:
        form.add_error(
            "code", _("We know no such code. Check it letter by letter; it is on the page you got when you filed.")
        )
        return private(render(request, "cases/report_follow.html", {"form": form}, status=422))
    answer = _act(found, request)
    context = {"report": found, "code": form.cleaned_data["code"], "answer_form": answer, "trail": _stages(found)}
    context["appeal"] = found.appeals.last()
    return private(render(request, "cases/report_status.html", context, status=422 if answer.errors else 200))


def _act(found: Report, request: HttpRequest) -> forms.Form:
    """Do what the button said; the answer form comes back, with its errors if it had any."""
    actor = LinkHolder("reporter", found.reference)
    match request.POST.get("act"):
        case "withdraw":
            found.withdraw(actor=actor)
        case "supply":
            form = AnswerForm(request.POST)
            if not form.is_valid():
                return form
            found.supply(actor=actor, answer=form.cleaned_data["answer"])
    return AnswerForm()


def _stages(found: Report) -> list[dict[str, Any]]:
    stages = [{"at": found.received_at, "text": _("We received your report.")}]
    if found.triaged_at:
        words = {
            "declined": _("We declined to open a case."),
            "received": _("We declined to open a case; your appeal succeeded, and somebody else reads it now."),
            "needs_information": _(
                "We declined to open a case; your appeal succeeded, and somebody else reads it now."
            ),
        }.get(found.state, _("We opened a case, or added it to one."))
        stages.append({"at": found.triaged_at, "text": words})
    if found.answered_at:
        stages.append({"at": found.answered_at, "text": _("The case was decided.")})
    return stages[::-1]
