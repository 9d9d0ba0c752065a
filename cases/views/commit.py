"""Committing a decision at the console, taking it back, and the draft that is kept meanwhile."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases import committing
from cases.decision_forms import NOTE, DecisionForm
from cases.forms import FindingForm
from cases.models import Case, Commitment, Decision, Draft
from cases.models.at_desk import FINDING
from cases.reasons import drafts_of
from cases.views.console import advice, case_page, count_of, decision_form, first_conduct, preview_of, reports_of
from cases.views.context import fetch, fetch_to_act
from cases.views.decisions import fetch_decision
from cases.views.exhibits import listed
from cases.views.queue import chosen_by, group_titles
from tipstaff.access import StaffRequest, needs
from tipstaff.accounts.models import User
from tipstaff.notices.models import Delivery
from tipstaff.permissions import Permission
from tipstaff.workflow.history import Step, steps_of
from tipstaff.workflow.refused import NotPermitted, Refused

CHANGED = 6  # acts of others that a 409 names
KEPT = {*DecisionForm.base_fields, *(FINDING + name for name in FindingForm.base_fields)}


@require_POST
@needs(Permission.DECISION_PROPOSE)
def decision_propose(request: StaffRequest, ref: str) -> HttpResponse:
    """Commit a decision: `act` is `next` to go on with the next case, `advice` or `preview` only to be shown what the
    matrix or the notice says, otherwise to stay.
    """
    asked = request.POST.get("act") in ("advice", "preview")
    case = fetch(request, ref) if asked else fetch_to_act(request, ref)
    form = decision_form(case, with_reasons(request, case))
    if asked:
        said = advice(request, case, form)
        if request.POST["act"] == "preview":
            said |= preview_of(request, case, form)
        form.errors.clear()  # only advice was asked for; what is missing is said there
        return case_page(request, case, decision_form=form, **said)
    if not form.is_valid():
        case = fetch(request, ref)
        return case_page(request, case, status=422, decision_form=form, **advice(request, case, form))
    decision: Decision = form.save(commit=False)
    decision.case, decision.proposed_by = case, request.user
    try:
        refuse_unseen(request, decision)
        committed = committing.commit(decision, actor=request.user, typed=typed_of(request))
    except NotPermitted:
        raise
    except Refused as refusal:  # said beside what was typed, which would be lost on a page of its own
        return refused(request, case, form, refusal)
    told(request, committed)
    return onwards(request, decision.case)


def with_reasons(request: StaffRequest, case: Case) -> QueryDict:
    """What was posted; who only asks for advice and wrote no reasons yet is given the draft of them."""
    posted = request.POST.copy()
    if posted.get("act") == "advice" and not posted.get("reasons", "").strip():
        reports = reports_of(case)
        found = list(case.findings.select_related("rule"))
        drafts = drafts_of(case, first_conduct(case, reports), count_of(reports), listed(case), found)
        posted["reasons"] = drafts.get(posted.get("outcome", ""), "")
    return posted


def refuse_unseen(request: StaffRequest, decision: Decision) -> None:
    """Somebody who accepted a recommendation gets that one or is told that it changed."""
    seen = request.POST.get("seen", "")
    if not seen or decision.outcome != Decision.Outcome.BREACH or decision.tier:
        return
    says = decision.recommend().evaluation.tier
    if says != seen:
        raise Refused(
            _("You were shown %(seen)s, and the matrix now says %(tier)s. Look at it, then commit again.")
            % {"seen": seen[:4], "tier": says}
        )


def refused(request: StaffRequest, case: Case, form: DecisionForm, refusal: Refused) -> HttpResponse:
    """The same page with what was typed, why not, and what others did since the page was loaded."""
    if not is_committed(case, request.user):
        Draft.keep(request.user, case, typed_of(request))
    case = fetch(request, case.ref)
    said = advice(request, case, form)
    form.add_error(field_of(form, refusal), str(refusal))
    changed = changed_since(request, case)
    return case_page(request, case, status=refusal.status, decision_form=form, changed=changed, **said)


def is_committed(case: Case, person: User) -> bool:
    """Whether what this person typed is what waits or was decided: then it is no draft any more."""
    if case.state in ("open", "investigating", "awaiting_information"):
        return False
    return case.decisions.filter(proposed_by=person).exclude(state__in=["returned", "withdrawn"]).exists()


def field_of(form: DecisionForm, refusal: Refused) -> str | None:
    """Where a refusal is said: beside the field that it is about, or above all of them."""
    if refusal.field == "days":
        return next((f"days_{kind}" for kind in form.cleaned_data.get("days", {})), None)
    return refusal.field if refusal.field in form.fields else None


def changed_since(request: StaffRequest, case: Case) -> list[Step]:
    loaded = parse_datetime(request.POST.get("loaded", "")[:40]) if request.POST.get("loaded") else None
    if loaded is None or loaded.tzinfo is None:
        return []
    steps = steps_of(case, limit=CHANGED, without=Delivery.reference_prefix)
    return [step for step in steps if step.at > loaded and step.who != request.user.title]


def told(request: StaffRequest, committed: Commitment) -> None:
    """The effect, with the address that takes it back while that can be done."""
    decision = committed.decision
    words: dict[str, Any] = {
        "decision": decision.ref,
        "case": decision.case.ref,
        "outcome": decision.get_outcome_display(),
        "seconds": committing.SECONDS,
    }
    if committed.issues:
        sentence = _("%(decision)s in %(case)s: %(outcome)s. It is issued in %(seconds)s seconds.") % words
    else:
        sentence = _("%(decision)s is proposed. Somebody else decides about it.") % words
    undo = reverse("cases:decision_undo", args=[decision.ref])
    messages.success(request, sentence, extra_tags=undo)


def onwards(request: StaffRequest, case: Case) -> HttpResponse:
    """The next case, claimed, for who asked for it; otherwise the same one."""
    if request.POST.get("act") != "next":
        return shown(request, case.ref)
    following = Case.objects.visible_to(request.user).claim_next(actor=request.user, **of_theirs(request))
    if following is not None and following.ref == request.POST.get("ahead"):
        answer = render(request, "cases/case_page.html#said")
        answer["Ahead"] = following.ref  # the browser has its page already
        answer["HX-Push-Url"] = following.get_absolute_url()
        return answer
    if following is not None:
        return shown(request, following.ref)
    messages.info(request, _("Nothing else is waiting that you could take."))
    return elsewhere(request, reverse("cases:queue"))


def of_theirs(request: StaffRequest) -> dict[str, Any]:
    """The part of the queue that this person works on unless they choose another."""
    chosen = chosen_by(request, QueryDict(mutable=True), group_titles)
    return {name: value for name, value in chosen.facts.items() if name != "waiting"}


@require_POST
@needs(Permission.CASE_CLAIM)
def fetch_ahead(request: StaffRequest) -> HttpResponse:
    """The console of the case that comes next, held for a minute, while somebody finishes the one before. It opens no
    exhibit, so nobody has seen anything of it yet. 204 when nothing waits.
    """
    case = Case.objects.visible_to(request.user).fetch_ahead(actor=request.user, **of_theirs(request))
    if case is None:
        return HttpResponse(status=204)
    answer = case_page(request, fetch(request, case.ref), part="ahead")
    answer["Ahead"] = case.ref
    return answer


def shown(request: StaffRequest, ref: str) -> HttpResponse:
    """The console of a case after an act: in the place of the one before it, or by a redirect without JavaScript."""
    address = reverse("cases:case", args=[ref])
    if request.headers.get("HX-Target") != "console":
        return redirect(address)
    answer = case_page(request, fetch(request, ref))
    answer["HX-Push-Url"] = address
    return answer


def elsewhere(request: StaffRequest, address: str) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)


@require_POST
@needs(Permission.DECISION_PROPOSE)
def decision_undo(request: StaffRequest, ref: str) -> HttpResponse:
    """Take back what was committed up to ten seconds ago. Later that is refused in words."""
    decision = fetch_decision(request, ref)
    committing.take_back(decision, actor=request.user)
    words = {"decision": decision.ref, "case": decision.case.ref}
    messages.success(request, _("%(decision)s is taken back. You hold %(case)s, and what you typed is there.") % words)
    return elsewhere(request, decision.case.get_absolute_url())


# --- drafts ---
def typed_of(request: StaffRequest) -> dict[str, list[str]]:
    """What was typed into the forms of the console, by field. Files and everything else are left out."""
    return {name: request.POST.getlist(name) for name in request.POST if name in KEPT or name.startswith(NOTE)}


@require_POST
@needs(Permission.CASE_INVESTIGATE, Permission.DECISION_PROPOSE)
def draft_keep(request: StaffRequest, ref: str) -> HttpResponse:
    """Keep what is typed, whoever holds the case now: a claim that runs out takes nothing away."""
    case = fetch(request, ref)
    if is_committed(case, request.user):
        return HttpResponse(status=204)  # a save that was under way while the same words were committed
    draft = Draft.keep(request.user, case, typed_of(request))
    return render(request, "cases/case_draft.html#saved", {"saved_at": draft.saved_at})
