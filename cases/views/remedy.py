"""Putting it right, by signed link: no account, no cookie, no JavaScript. GET changes nothing; the key of the notice is
the credential, and it opens the pages of its decision only.
"""

from typing import Any

from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from aup.training import PASS_MARK, Course, course_about, passes, right
from cases import putting_right
from cases.models import Decision, Remediation
from cases.remedy_forms import CheckForm, PlanForm, ReviewForm, statements_for
from tipstaff import languages
from tipstaff.access import public
from tipstaff.accounts.limits import limited
from tipstaff.notices.models import Notice
from tipstaff.notices.views import private
from tipstaff.vault import storage
from tipstaff.workflow import references
from tipstaff.workflow.actors import LinkHolder
from tipstaff.workflow.refused import Refused


def _opened(request: HttpRequest, token: str) -> tuple[Notice, Decision]:
    """The notice of a breach that `token` opens, and its decision; its language is spoken from here on. What puts it
    right is the account holder's own: the notice of a wider account does not lead there.
    """
    notice = Notice.by_token(token)
    decision = references.find(notice.about) if notice and notice.scope == "subject" else None
    if notice is None or not isinstance(decision, Decision) or decision.outcome != Decision.Outcome.BREACH:
        raise Http404
    languages.speak(request, notice.language)
    return notice, decision


def _of(decision: Decision) -> list[Remediation]:
    """The newest of each kind, in the order in which the kinds are done."""
    newest: dict[str, Remediation] = {}
    for one in decision.remediations.order_by("offered_at", "id"):
        one.decision, one.case = decision, decision.case
        newest[one.kind] = one
    return [newest[kind] for kind in Remediation.Kind.values if kind in newest]


@public
@require_safe
def remedies(request: HttpRequest, token: str) -> HttpResponse:
    """What can be done to put a decision's breach right, and how each thing stands."""
    notice, decision = _opened(request, token)
    context = {"notice": notice, "decision": decision, "remedies": _of(decision), "token": token}
    return private(render(request, "cases/remedy_list.html", context))


@csrf_exempt
@public
@limited("remedy")
@require_http_methods(["GET", "HEAD", "POST"])
def remedy(request: HttpRequest, token: str, kind: str) -> HttpResponse:
    """One of them: accept it, take the check, or hand in what is asked; afterwards, how it stands."""
    notice, decision = _opened(request, token)
    found = next((one for one in _of(decision) if one.kind == kind), None)
    if found is None:
        raise Http404
    return private(_remedy(request, notice, found))


def _remedy(request: HttpRequest, notice: Notice, remediation: Remediation) -> HttpResponse:
    actor = LinkHolder("subject", notice.reference)
    course = course_about(remediation.decision.rule, get_language() or notice.language)
    form = form_for(request, remediation, course)
    if request.method != "POST":
        return _page(request, notice, remediation, course, form)
    act = request.POST.get("act")
    if act == "accept":
        if remediation.state == Remediation.State.OFFERED:
            remediation.accept(actor=actor)
        return _again(request, notice, remediation)
    if request.POST.get("attempt", str(remediation.attempts)) != str(remediation.attempts):
        return _again(request, notice, remediation)  # answers that came twice, or from an earlier attempt
    if form is None:  # it was done already, by the same person a moment ago, or by the times
        if refusal := refusal_of(remediation, actor):
            raise Refused(refusal)
        return _again(request, notice, remediation)
    if not form.is_valid():
        return _page(request, notice, remediation, course, form, status=422)
    if isinstance(form, CheckForm):
        _take(remediation, form, actor)
    else:
        _hand_in(remediation, form, actor)
    return _again(request, notice, remediation)


def form_for(
    request: HttpRequest, remediation: Remediation, course: Course
) -> CheckForm | PlanForm | ReviewForm | None:
    """The form of what is to be done now; None where nothing is."""
    actor = LinkHolder("subject")
    data = request.POST if request.method == "POST" and request.POST.get("act") != "accept" else None
    if remediation.kind == Remediation.Kind.TRAINING:
        if Remediation.attempt.operation.refusal(remediation, actor):  # type: ignore[attr-defined]
            return None
        attempt = remediation.attempts
        questions = remediation.questions(course, attempt)
        return CheckForm(data, questions=questions, initial={"attempt": attempt})
    if Remediation.hand_in.operation.refusal(remediation, actor):  # type: ignore[attr-defined]
        return None
    files = request.FILES if data is not None else None
    if remediation.kind == Remediation.Kind.CERTIFICATION:
        return PlanForm(data, files, statements=statements_for(course))
    return ReviewForm(data, files)


def refusal_of(remediation: Remediation, actor: LinkHolder) -> str | None:
    """Why nothing can be done now, where that is not simply because it was done."""
    if remediation.state in ("passed", "failed") or remediation.handed_in_at:
        return None
    training = remediation.kind == Remediation.Kind.TRAINING
    act: Any = Remediation.attempt if training else Remediation.hand_in
    act = Remediation.accept if remediation.state == Remediation.State.OFFERED else act
    refusal: str | None = act.operation.refusal(remediation, actor)
    return refusal


def _take(remediation: Remediation, form: CheckForm, actor: LinkHolder) -> None:
    """Count the answers. What comes in twice, or from a page of an earlier attempt, changes nothing."""
    if form.cleaned_data["attempt"] != remediation.attempts:
        return
    count, of = right(form.questions, form.answers), len(form.questions)
    act = remediation.finish if passes(count, of) else remediation.attempt
    act(actor=actor, right=count, of=of, answers=form.answers)


def _hand_in(remediation: Remediation, form: PlanForm | ReviewForm, actor: LinkHolder) -> None:
    try:
        with storage.received(form.cleaned_data["files"], actor=actor) as files:
            remediation.hand_in(actor=actor, files=files, **form.facts)
    except IntegrityError as error:
        raise Refused(str(error)) from error


def _page(
    request: HttpRequest, notice: Notice, remediation: Remediation, course: Course, form: Any, *, status: int = 200
) -> HttpResponse:
    context = {
        "notice": notice,
        "decision": remediation.decision,
        "remedy": remediation,
        "stand": remediation.stand,
        "refusal": None if form else refusal_of(remediation, LinkHolder("subject")),
        "course": course,
        "form": form,
        "promised": putting_right.promised(remediation)
        if remediation.stand in ("offered", "accepted", "in_progress")
        else [],
        "last": last_attempt(remediation, course),
        "mark": PASS_MARK,
        "token": notice.token,
    }
    return render(request, "cases/remedy_page.html", context, status=status)


def last_attempt(remediation: Remediation, course: Course) -> dict[str, Any] | None:
    """What was answered last, what is right, and why; as far as the policy still gives these examples."""
    if not remediation.answers:
        return None
    known = {one.key: one for one in [*course.own, *course.others]}
    rows = [(known[key], answer) for key, answer in remediation.answers.items() if key in known]
    judged = [(one, answer, (answer == "allowed") == one.allowed) for one, answer in rows]
    return {"rows": judged, "right": sum(good for _one, _answer, good in judged), "of": len(judged)}


def _again(request: HttpRequest, notice: Notice, remediation: Remediation) -> HttpResponse:
    address = reverse("cases:remedy", args=[notice.token, remediation.kind])
    return redirect(address + languages.kept(request))
