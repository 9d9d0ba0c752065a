"""The desk: reports to triage, every case, and the page of an account."""

from typing import Any

from django.contrib import messages
from django.db.models import F
from django.db.models.lookups import IsNull
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from aup.models import Acknowledgement
from cases.about_forms import AcceptForm
from cases.consent_forms import ConsentForm
from cases.forms import DeclineForm, QuestionForm
from cases.models import Case, Note, Report
from cases.models.care import count_showing
from cases.models.queue import OPEN
from cases.note_forms import NoteForm
from governance.models import Waiver
from tipstaff.access import StaffRequest, needs
from tipstaff.accounts.models import Subject
from tipstaff.pages import Pages
from tipstaff.permissions import Permission
from tipstaff.sla.words import told_of
from tipstaff.workflow.history import steps_of
from tipstaff.workflow.operations import available_to
from tipstaff.workflow.unit import in_unit_of_work

PAGE = 50


@require_safe
@needs(Permission.REPORT_TRIAGE, Permission.REPORT_VIEW)
def report_list(request: StaffRequest) -> HttpResponse:
    """Reports that wait for triage, oldest first; `state` shows others."""
    state = request.GET.get("state", "received")
    reports = Report.objects.visible_to(request.user).select_related("rule", "case")
    if state in Report.State.values:
        reports = reports.filter(state=state)
    page = Pages(reports.order_by(IsNull(F("flagger"), True), "received_at"), PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "state": state, "states": Report.State.choices}
    return render(request, "cases/report_list.html", context)


@require_safe
@needs(Permission.REPORT_TRIAGE, Permission.REPORT_VIEW)
def report_desk(request: StaffRequest, ref: str) -> HttpResponse:
    return report_page(request, get_object_or_404(Report.objects.visible_to(request.user), ref=ref))


def report_page(request: StaffRequest, report: Report, *, status: int = 200, **bound: Any) -> HttpResponse:
    """A report as it was typed, and what triage can do with it. `bound` replaces a form that came back with errors."""
    acts = {operation.name for operation in available_to(report, request.user)}
    context: dict[str, Any] = {
        "report": report,
        "clocks": told_of(report),
        "trail": steps_of(report, limit=20),
        "consents": report.consents.order_by("-asked_at"),
        "known_accounts": Subject.objects.filter(external_id__in=report.account.split())[:5],
        "words_open": report.is_open_to(request.user, request.GET.get("words", "")),
        "refusal": Report.accept.operation.refusal(report, request.user),  # type: ignore[attr-defined]
    }
    if "accept" in acts:
        context["accept_form"] = AcceptForm(report=report, initial=_guess(report))
        context["covering"] = _covering(report)
    if "decline" in acts:
        context["decline_form"] = DeclineForm(prefix="decline")
    if "ask" in acts:
        context["ask_form"] = QuestionForm(prefix="ask")
    if report.contact and request.user.may(Permission.CONSENT_ASK):
        context["consent_form"] = ConsentForm(prefix="consent")
    return render(request, "cases/report_desk.html", context | bound, status=status)


@require_POST
@needs(Permission.EVIDENCE_READ)
def report_words(request: StaffRequest, ref: str) -> HttpResponse:
    """Open what was written under a sealed rule, for two minutes and on record. It counts as exposure."""
    report = get_object_or_404(Report.objects.visible_to(request.user).select_related("rule", "case"), ref=ref)
    report.read_words(actor=request.user)
    if report.case is not None:
        count_showing(request.user, report.case, "lines")
    return redirect(f"{report.get_absolute_url()}?words={report.opened_to(request.user)}")


def _covering(report: Report) -> list[Waiver]:
    """The waivers in force at the conduct for the account and the rule, as far as the report names both."""
    external_id = _guess(report).get("external_id")
    if report.rule is None or external_id is None:
        return []
    subject = Subject.objects.get(external_id=external_id)
    return list(Waiver.objects.covering(subject, report.rule, report.conduct_at))


def _guess(report: Report) -> dict[str, str]:
    """Fill in the account when what was typed is the id of one we know."""
    known = Subject.objects.filter(external_id__iexact=report.account.strip()).first() if report.account else None
    return {"external_id": known.external_id} if known else {}


@require_POST
@needs(Permission.REPORT_TRIAGE)
def report_accept(request: StaffRequest, ref: str) -> HttpResponse:
    report = get_object_or_404(Report.objects.visible_to(request.user), ref=ref)
    form = AcceptForm(request.POST, report=report)
    if not form.is_valid():
        return report_page(request, report, status=422, accept_form=form)
    facts = form.cleaned_data

    def accept(_work: Any) -> Case:
        """With the account, if it is new: of a report that is not accepted nothing is kept about anybody."""
        subject, about = None, {"kind": facts["kind"], "contact": facts["contact"]}
        if not form.about_system:
            subject, _new = Subject.resolve(facts["external_id"], actor=request.user, **about)
        chosen = {name: facts[name] for name in ("system", "rule", "severity")}
        return report.accept(actor=request.user, subject=subject, **chosen)

    case = in_unit_of_work(accept)
    messages.success(request, _("%(report)s is in case %(case)s.") % {"report": report.ref, "case": case.ref})
    return redirect(case)


@require_POST
@needs(Permission.REPORT_TRIAGE)
def report_decline(request: StaffRequest, ref: str) -> HttpResponse:
    report = get_object_or_404(Report.objects.visible_to(request.user), ref=ref)
    form = DeclineForm(request.POST, prefix="decline")
    if not form.is_valid():
        return report_page(request, report, status=422, decline_form=form)
    report.decline(actor=request.user, **form.cleaned_data)
    messages.success(request, _("%(report)s is declined; the reporter is told why.") % {"report": report.ref})
    return redirect("cases:report_list")


@require_POST
@needs(Permission.REPORT_TRIAGE)
def report_ask(request: StaffRequest, ref: str) -> HttpResponse:
    report = get_object_or_404(Report.objects.visible_to(request.user), ref=ref)
    form = QuestionForm(request.POST, prefix="ask")
    if not form.is_valid():
        return report_page(request, report, status=422, ask_form=form)
    report.ask(actor=request.user, question=form.cleaned_data["question"])
    messages.success(request, _("The reporter is asked; the clock waits for the answer."))
    return redirect("cases:report_list")


@require_safe
@needs(Permission.CASE_VIEW)
def case_list(request: StaffRequest) -> HttpResponse:
    """Every case, newest first, by state and by a word of its reference, account or rule."""
    cases = Case.objects.visible_to(request.user).select_related("subject", "rule").with_counts()
    state, word = request.GET.get("state", ""), request.GET.get("q", "").strip()[:120]
    if state == "open_now":
        cases = cases.filter(state__in=OPEN)
    elif state in Case.State.values:
        cases = cases.filter(state=state)
    if word:
        cases = cases.matching(word)
    page = Pages(cases.order_by("-opened_at"), PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "state": state, "q": word, "states": Case.State.choices}
    return render(request, "cases/case_list.html", context)


@require_safe
@needs(Permission.SUBJECT_VIEW)
def subject(request: StaffRequest, external_id: str) -> HttpResponse:
    """An account: what it hangs on, its cases, decisions, measures and notes."""
    return subject_page(request, fetch_subject(request, external_id))


def fetch_subject(request: StaffRequest, external_id: str) -> Subject:
    return get_object_or_404(Subject.objects.visible_to(request.user).select_related("parent"), external_id=external_id)


def subject_page(request: StaffRequest, found: Subject, *, status: int = 200, **bound: Any) -> HttpResponse:
    context = {
        "subject": found,
        "cases": found.cases.select_related("rule").order_by("-opened_at")[:PAGE],
        "sanctions": found.sanctions.select_related("decision", "case").order_by("-starts_at")[:PAGE],
        "acknowledged": Acknowledgement.objects.of(found).first(),
        "children": found.children.order_by("external_id")[:PAGE],
        "notes": Note.objects.visible_to(request.user).filter(subject=found).select_related("author")[:PAGE],
        "note_form": NoteForm(prefix="note") if request.user.may(Permission.NOTE_WRITE) else None,
    }
    return render(request, "cases/subject_page.html", context | bound, status=status)
