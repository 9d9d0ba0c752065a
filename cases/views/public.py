"""Pages for everybody: report a violation, and follow a report with its receipt code. No account, no JavaScript."""

from typing import Any

from django import forms
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from cases import limits, pathways
from cases.forms import AnswerForm, CodeForm, ReportForm
from cases.models import Report
from cases.models.answerable import Pathway
from cases.models.answering import SPENT, contest_refused
from cases.models.flagger import Flagger
from cases.models.receipt import code_for
from cases.pathway_forms import FORMS
from cases.views import reporter
from tipstaff.access import public
from tipstaff.accounts.limits import limited
from tipstaff.notices.views import private
from tipstaff.permissions import Permission
from tipstaff.vault import storage
from tipstaff.workflow.actors import LinkHolder


@public
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    return report_page(request)


@csrf_exempt  # the link is the credential; no cookie takes part
@public
@require_http_methods(["GET", "HEAD", "POST"])
def report_flagger(request: HttpRequest, token: str) -> HttpResponse:
    """The form of a trusted flagger, by their own link. Once the status is over it is everybody's form, and says so."""
    flagger = Flagger.by_link(token)
    if flagger is None:
        raise Http404
    return private(report_page(request, flagger=flagger))


def report_page(
    request: HttpRequest, *, pathway: Pathway = Pathway.PUBLIC, flagger: Flagger | None = None
) -> HttpResponse:
    """File a report at one of the entrances. The same form sent twice is one report, and shows the same receipt code
    again. Who files too many is asked to wait, with everything they typed, unless it is about grave harm or they are a
    trusted flagger.
    """
    context: dict[str, Any] = {"flagger": flagger, **pathways.shown(pathway)}
    shape = FORMS.get(pathway, ReportForm)
    context["told_of_grave"] = limits.told_of_grave()
    if request.method != "POST":
        form = shape(initial={"rule": request.GET.get("rule")})
        return render(request, "cases/report_form.html", context | {"form": form})
    refusal = limits.of_address(request)
    form = shape(request.POST, request.FILES)
    whole = form.is_valid()
    trusted = flagger is not None and flagger.stands
    grave = whole and not trusted and limits.is_grave(form.cleaned_data["rule"])
    open_door = trusted or grave
    refusal = None if open_door else refusal
    if not (whole or refusal):
        return render(request, "cases/report_form.html", context | {"form": form}, status=422)
    if not refusal:
        code = code_for(str(form.cleaned_data["submission"]), form.cleaned_data["description"])
        known = Report.by_code(code)
        facts = form.cleaned_data
        refusal = None if known or open_door else limits.of_reporter(facts.get("contact") or "", facts["account"])
    if refusal:
        page = render(request, "cases/report_form.html", context | {"form": form, "wait": refusal}, status=429)
        page["Retry-After"] = str(refusal.seconds)
        return page
    filed = known or _file(request, form, pathway, grave=grave, flagger=flagger)
    context = {"report": filed, "code": code, "small_size": limits.small_size(), **pathways.told(filed)}
    return render(request, "cases/report_receipt.html", context)


def channel_of(pathway: Pathway, staff: Any) -> Report.Channel:
    """An auditor who works here reports as an auditor; anybody else who does, as a colleague."""
    if pathway == Pathway.AUDITOR:
        return Report.Channel.AUDITOR
    return Report.Channel.INTERNAL if staff else Report.Channel.PUBLIC


def _file(request: HttpRequest, form: ReportForm, pathway: Pathway, *, grave: bool, **more: Any) -> Report:
    """File what the form says. A `grave` report that comes among very many is filed with less (`limits.narrows`)."""
    facts = dict(form.cleaned_data)
    submission, uploads, may_share = str(facts.pop("submission")), facts.pop("files"), facts.pop("may_share")
    staff = request.user if request.user.is_authenticated else None
    if pathway == Pathway.INTERNAL:
        facts["contact"] = getattr(staff, "email", "")
    narrow, quiet = (limits.narrows(request), limits.is_mailed_enough(facts["contact"])) if grave else (False, False)
    if narrow:
        uploads, more["left_out"] = limits.small(uploads), len(uploads) - len(limits.small(uploads))
    actor: Any = staff if staff and staff.may(Permission.REPORT_FILE) else LinkHolder("reporter")
    filed, code = Report.draw(
        submission,
        **facts,
        **more,
        language=get_language() or "en",
        reported_by=staff,
        channel=channel_of(pathway, staff),
    )
    try:
        with storage.received(uploads, actor=LinkHolder("reporter")) as files, transaction.atomic():
            filed.file(actor=actor, files=files, **({"quiet": True} if narrow or quiet else {}))
            if may_share and filed.contact:
                reporter.agreed_at_filing(filed)
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
    context |= pathways.told(found) | reporter.shown(found)
    context |= {"appeal": (last := found.appeals.last())}
    context["may_appeal"] = contest_refused(found) is None and (last is None or last.state in SPENT)
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
        case act:
            reporter.act_on(found, request, act, actor=actor)
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
        stages.append({"at": found.answered_at, "text": found.get_outcome_display() or _("The case was decided.")})
    return stages[::-1]
