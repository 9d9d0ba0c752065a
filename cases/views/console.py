"""The case console: what was reported and found on the left, the decision on the right, and the acts of both."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, DateTimeField, Exists, Min, OuterRef, Value, Window
from django.db.models.functions import Cast, Coalesce, Concat, Least
from django.forms import MultipleChoiceField, TypedMultipleChoiceField
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from aup.models import PolicyVersion
from cases.claims import claims_panel
from cases.decision_forms import NOTE, DecisionForm, choose
from cases.forms import AwaitForm, EvidenceForm, FindingForm, MergeForm, Offer, ResumeForm
from cases.hand_over_forms import hand_over
from cases.measures import planned
from cases.models import Case, Decision, Draft, Evidence, Finding, Sanction, approval
from cases.models.approval import may_propose, warning_missing
from cases.models.at_desk import FINDING
from cases.models.evidence import case_claimed
from cases.models.verdict import hidden_from
from cases.nearest import nearest
from cases.panels import authority_panel, beside_panel, checklist_panel, hearing_panel, interim_panel, remedy_panel
from cases.reasons import drafts_of, outcome_of
from cases.statement import preview
from cases.views.context import context_of, decisions_of, fetch, near_cases, with_hands
from cases.views.exhibits import glance, listed
from tipstaff.access import StaffRequest, needs
from tipstaff.notices import webhooks
from tipstaff.notices.models import Delivery
from tipstaff.permissions import Permission
from tipstaff.sla.models import Kind
from tipstaff.sla.words import clock_of, told_of
from tipstaff.time import now
from tipstaff.vault import showing, storage
from tipstaff.vault.models import SealedFile
from tipstaff.workflow.history import steps_of
from tipstaff.workflow.operations import available_to
from tipstaff.workflow.refused import NotPermitted, Refused

REPORTS = 50  # shown beside the case; the others are on pages of their own
WORDS = (
    "reasons",
    "departure_reason",
    "outside_waiver",
    "scope_reason",
    "legal_ground",
    "finding-facts",
    "finding-gaps",
)
HISTORY = 12  # entries shown beside the case; the whole history is a page of its own


@require_safe
@needs(Permission.CASE_VIEW)
def case(request: StaffRequest, ref: str) -> HttpResponse:
    return case_page(request, fetch(request, ref))


def case_page(request: StaffRequest, case: Case, *, status: int = 200, part: str = "", **bound: Any) -> HttpResponse:
    """The console of one case, or a `part` of its template. `bound` replaces a form that came back with errors."""
    with_hands(case)
    evidence = listed(case)
    reports = reports_of(case)
    with_files = [report for report in reports if report.has_files]
    conduct_at = first_conduct(case, reports)
    decisions, before = decisions_of(case, conduct_at)
    veiled = hidden_from(request.user, *decisions)
    issued = any(decision.issued_at for decision in decisions)
    acts = {operation.name for operation in available_to(case, request.user)}
    clocks = told_of(case, *decisions)
    readings = glance(request, case, evidence)
    context: dict[str, Any] = {
        "case": case,
        "acts": acts,
        "reports": reports,
        "report_files": SealedFile.objects.of(*with_files) if with_files else [],
        "evidence": evidence,
        "readings": readings,
        "talk": next((reading for reading in readings if reading.lines), None),
        "purposes": showing.Purpose.choices,
        "findings": list(case.findings.select_related("rule", "found_by")),
        "decisions": decisions,
        "veiled": veiled,
        "sanctions": list(case.sanctions.decided().select_related("acknowledged_by")) if issued else [],
        "told": webhooks.told_about(case) if issued else [],
        "clock": clock_of(clocks, Kind.DECISION),
        "clocks": clocks,
        "hands": case.hands.all(),
        "may_work": "release" in acts,
    } | context_of(case, before, conduct_at)
    context |= claims_panel(case, request.user)
    context |= interim_panel(case, request.user) | authority_panel(case, request.user)
    context |= remedy_panel(case, decisions)
    if "resume" in acts:
        context["resume_form"] = ResumeForm(prefix="resume")
    if "merge" in acts:
        context["merge_form"] = MergeForm(prefix="merge", case=case)
    if "close" not in acts and case.state == Case.State.DECIDED and request.user.may(Permission.CASE_LEAD):
        context["not_at_rest"] = case.rest_refusal
    if context["may_work"]:
        context |= work_forms(case, evidence, reports, context["findings"], request.GET.getlist("cite"))
        context["may_propose"] = may_propose(Decision(case=case), request.user) is None
    elif getattr(case, "typed", None) or "decision_form" in bound:
        context["draft"] = kept_words(getattr(case, "typed", None) or {}, bound.get("decision_form"))
    context |= hand_over(case, request.user, acts) | hearing_panel(case, request.user, acts)
    context |= beside_panel(case, request.user) | checklist_panel(case, acts)
    if request.headers.get("HX-Target") == "console":
        part = "swap"
    template = f"cases/case_page.html#{part}" if part else "cases/case_page.html"
    return render(request, template, context | bound, status=status)


def kept_words(typed: dict[str, list[str]], form: DecisionForm | None) -> list[str]:
    """What somebody typed and can commit no more, because they do not hold the case: to read and to copy."""
    fields = [*WORDS, *(name for name in typed if name.startswith("note_"))]
    words = [typed.get(name, [""])[0] for name in fields]
    if form is not None and form.data.get("reasons", "") not in words:
        words.insert(0, form.data["reasons"])
    return [word for word in words if word.strip()]


def reports_of(case: Case) -> list[Any]:
    """The first reports of the case, each with whether files came with it; `many` is the number of all."""
    files = SealedFile.objects.filter(matter=Concat(Value("report:"), OuterRef("ref")), state="sealed")
    reports = case.reports.select_related("rule").annotate(has_files=Exists(files))
    noon = Cast("happened_on", DateTimeField()) + timedelta(hours=12)
    first = Least("received_at", Coalesce(noon, "received_at"))
    return list(reports.annotate(many=Window(Count("*")), first_conduct=Window(Min(first)))[:REPORTS])


def count_of(reports: list[Any]) -> int:
    """Of all the reports of a case, from those shown."""
    return reports[0].many if reports else 0


def first_conduct(case: Case, reports: list[Any]) -> datetime:
    """When the earliest of what was reported happened, of all reports and not only of those shown."""
    if reports:
        return reports[0].first_conduct
    return case.opened_at


def work_forms(
    case: Case, evidence: list[Evidence], reports: list[Any], findings: list[Finding], cited: list[str]
) -> dict[str, Any]:
    """The forms of whoever holds the case, as they left them. `cited` are turns that were chosen while reading, for the
    next finding.
    """
    conduct_at = first_conduct(case, reports)
    typed: dict[str, list[str]] = getattr(case, "typed", None) or {}
    rules = Offer(conduct_at, case.rule_group)
    finding = {name.removeprefix(FINDING): values for name, values in typed.items() if name.startswith(FINDING)}
    written = {"rule": case.rule.code, "behaviour": case.behaviour} | initial_of(FindingForm, finding)
    if cited:
        written["citations"] = ", ".join(cited)[:2000]
    return {
        "await_form": AwaitForm(prefix="await", case=case),
        "evidence_form": EvidenceForm(prefix="evidence"),
        "finding_form": FindingForm(prefix="finding", evidence=evidence, rules=rules, initial=written),
        "citing": bool(cited or any(finding.get("facts", []))),
        "decision_form": decision_form(
            case,
            conduct_at=conduct_at,
            rules=rules,
            drafts=drafts_of(case, conduct_at, count_of(reports), evidence, findings),
            initial={"outcome": outcome_of(findings)} | initial_of(DecisionForm, typed),
        ),
    }


def initial_of(form: type[FindingForm | DecisionForm], typed: dict[str, list[str]]) -> dict[str, Any]:
    """A draft as initial values: lists for fields that take several."""
    several = (MultipleChoiceField, TypedMultipleChoiceField)
    fields = {name: field for name, field in form.base_fields.items() if name in typed}
    notes = {name: (values or [""])[0] for name, values in typed.items() if name.startswith(NOTE)}
    return notes | {
        name: typed[name] if isinstance(field, several) else (typed[name] or [""])[0] for name, field in fields.items()
    }


def decision_form(
    case: Case,
    data: Any = None,
    *,
    conduct_at: Any = None,
    rules: Offer | None = None,
    drafts: dict[str, str] | None = None,
    initial: dict[str, Any] | None = None,
) -> DecisionForm:
    """The form with the rules and the matrix in force at the conduct: at the time typed, once one is. `drafts` are the
    reasons by outcome that may be offered.
    """
    at = (typed_instant(data) if data is not None else conduct_at) or case.opened_at
    rules = rules if rules and rules.at == at else Offer(at, case.rule_group)
    version = case.rule.version
    if version.pk not in rules.versions:
        version = PolicyVersion.objects.latest_by(at).select_related("matrix").first() or version
    known: dict[str, Any] = {"rule": case.rule.code, "severity": case.severity, "conduct_at": at} | (initial or {})
    drafts = drafts or {}
    known.setdefault("reasons", drafts.get(known.get("outcome", ""), ""))
    document = version.matrix.document
    return DecisionForm(
        data, matrix=document, rules=rules, drafts=drafts, about=case.subject, key=case.ref, initial=known
    )


def typed_instant(data: Any) -> datetime | None:
    try:
        return DecisionForm.base_fields["conduct_at"].clean(data.get("conduct_at"))
    except ValidationError:
        return None


@require_safe
@needs(Permission.CASE_VIEW)
def case_trail(request: StaffRequest, ref: str) -> HttpResponse:
    """Other open cases close to this one and the newest of its history: what the console loads once somebody looks
    there, and a page of its own.
    """
    case = fetch(request, ref)
    near = near_cases(case)
    context = {
        "case": case,
        "others": [other for other in near if other.subject_id == case.subject_id],
        "linked": [other for other in near if other.subject_id != case.subject_id],
        "trail": steps_of(case, limit=HISTORY, without=Delivery.reference_prefix),
    }
    part = "#steps" if request.headers.get("HX-Request") else ""
    return render(request, f"cases/case_trail.html{part}", context)


@require_POST
@needs(Permission.CASE_CLAIM)
def case_claim(request: StaffRequest, ref: str) -> HttpResponse:
    case = fetch(request, ref)
    case.claim(actor=request.user)
    return redirect(case)


@require_POST
@needs(Permission.CASE_CLAIM)
def case_hold(request: StaffRequest, ref: str) -> HttpResponse:
    """The heartbeat of a page that somebody looks at: hold the case longer once half of the time is used up, so that an
    hour of reading is a few entries in the history and not sixty. `longer` asks for it now. 409 when it is lost.
    """
    case, lost = fetch(request, ref), ""
    half = timedelta(minutes=settings.CLAIM_MINUTES / 2)
    held = case.claimant == request.user and case.claimed_until is not None and case.claimed_until - now() > half
    if not held or request.GET.get("longer"):
        try:
            case.claim(actor=request.user)
        except NotPermitted:
            raise
        except Refused as refused:
            lost = f"{refused} {_('What you typed is kept.')}"
    acts = {operation.name for operation in available_to(case, request.user)}
    words = {"case": case, "acts": acts, "lease_lost": lost}
    return render(request, "cases/case_lease.html", words, status=409 if lost else 200)


@require_POST
@needs(Permission.CASE_CLAIM)
def case_release(request: StaffRequest, ref: str) -> HttpResponse:
    case = fetch(request, ref)
    case.release(actor=request.user)
    messages.success(request, _("%(case)s is back in the queue.") % {"case": case.ref})
    return redirect("cases:queue")


@require_POST
@needs(Permission.CASE_INVESTIGATE)
def evidence_add(request: StaffRequest, ref: str) -> HttpResponse:
    case = fetch(request, ref)
    form = EvidenceForm(request.POST, request.FILES, prefix="evidence")
    if not form.is_valid():
        return case_page(request, case, status=422, evidence_form=form)
    exhibit: Evidence = form.save(commit=False)
    exhibit.case, exhibit.added_by = case, request.user
    if refusal := case_claimed(exhibit, request.user):
        raise Refused(refusal)  # said before the file is taken in; the operation asks again under its lock
    try:
        with storage.received(form.cleaned_data["upload"], actor=request.user) as files:
            (exhibit.file,) = files
            exhibit.add(actor=request.user)
    except NotPermitted:
        raise
    except Refused as reason:  # said beside what was typed, which would be lost on a page of its own
        form.add_error("upload", str(reason))
        return case_page(request, case, status=reason.status, evidence_form=form)
    messages.success(request, _("E-%(number)s is sealed and in the case.") % {"number": exhibit.exhibit})
    return redirect(case)


@require_POST
@needs(Permission.CASE_INVESTIGATE)
def finding_record(request: StaffRequest, ref: str) -> HttpResponse:
    case = fetch(request, ref)
    at = min((report.conduct_at for report in case.reports.all()), default=case.opened_at)
    form = FindingForm(
        request.POST,
        prefix="finding",
        evidence=list(case.evidence.select_related("file")),
        rules=Offer(at, case.rule_group),
    )
    if not form.is_valid():
        return case_page(request, case, status=422, finding_form=form)
    finding: Finding = form.save(commit=False)
    finding.case, finding.found_by = case, request.user
    try:
        finding.record(actor=request.user)
    except NotPermitted:
        raise
    except Refused as refusal:  # said beside what was typed
        form.add_error(None, str(refusal))
        return case_page(request, case, status=refusal.status, finding_form=form)
    Draft.drop(request.user, case, finding=True)
    messages.success(request, _("The finding is written down."))
    return redirect(case)


@require_POST
@needs(Permission.DECISION_PROPOSE)
def decision_advice(request: StaffRequest, ref: str) -> HttpResponse:
    """What the matrix recommends for the inputs so far: the fragment beside the form. Changes nothing."""
    case = fetch(request, ref)
    form = decision_form(case, request.POST)
    return render(request, "cases/case_advice.html", {"case": case} | advice(request, case, form))


def preview_of(request: StaffRequest, case: Case, form: DecisionForm) -> dict[str, Any]:
    """The notice as the code that gives it would write it now, or what is still missing for one."""
    facts = form.cleaned_data
    needed = ["outcome", "rule", "conduct_at", "reasons"]
    if facts.get("outcome") == Decision.Outcome.BREACH:
        needed += ["intent", "sensitivity", "severity"]
    if case.subject is None:
        return {"preview_missing": _("There is no account behind this case, so nobody gets a notice.")}
    if not all(facts.get(name) for name in needed):
        return {"preview_missing": _("The notice needs the outcome, the rule, the day, the grading and the reasons.")}
    draft = Decision(case=case, proposed_by=request.user, issued_at=now())
    for name in ("outcome", "rule", "conduct_at", "intent", "sensitivity", "severity", "factors", "tier", "reasons"):
        setattr(draft, name, facts[name])
    draft.detection, draft.legal_ground = facts.get("detection", ""), facts.get("legal_ground", "")
    draft.ground()
    measures: list[Sanction] = []
    if draft.outcome == Decision.Outcome.BREACH:
        try:
            answer = draft.recommend()
        except Refused as refusal:
            return {"preview_missing": str(refusal)}
        draft.recurrence, draft.evaluation = answer.recurrence, answer.evaluation.as_json()
        draft.tier = draft.tier or answer.evaluation.tier
        choose(draft, facts)
        measures = [Sanction.of_tier(draft, document, at=now()) for document in draft.sanction_documents]
    return {"preview": preview(draft, measures)}


def advice(request: StaffRequest, case: Case, form: DecisionForm) -> dict[str, Any]:
    """The recommendation and the sentence of what will follow, or what is still missing for one."""
    form.full_clean()
    facts = form.cleaned_data
    return advice_on(request, case, form) | ({"nearest": nearest(case, facts["rule"])} if facts.get("rule") else {})


def advice_on(request: StaffRequest, case: Case, form: DecisionForm) -> dict[str, Any]:
    """The same, without the decisions nearest to it."""
    facts = form.cleaned_data
    if facts.get("outcome") != Decision.Outcome.BREACH:
        alone = facts.get("outcome") in approval.SELF_ISSUED
        return {"advice_asked": True, "no_measure": bool(facts.get("outcome")), "alone": alone}
    if not all(facts.get(name) for name in ("rule", "conduct_at", "intent", "sensitivity", "severity")):
        return {"advice_asked": True, "advice_missing": True}
    names = ("outcome", "rule", "conduct_at", "intent", "sensitivity", "severity", "factors")
    draft = Decision(case=case, proposed_by=request.user, **{name: facts[name] for name in names})
    try:
        recommendation = draft.recommend()
    except Refused as refusal:
        return {"advice_asked": True, "advice_refused": str(refusal)}
    draft.tier = facts.get("tier") or recommendation.evaluation.tier
    draft.evaluation = recommendation.evaluation.as_json()
    choose(draft, facts)
    return {
        "advice_asked": True,
        "recommendation": recommendation,
        "chosen": draft,
        "planned": planned(draft, now()),
        "days_fields": form.days_fields(draft.imposed_by(draft.tier_document)),
        "warning": warning_missing(draft),
    }
