"""What the case page shows of matters that have a template of their own."""

from functools import cache
from typing import Any

from django.db.models import Exists, F, OuterRef, Q

from aup.checklists import points_of
from cases.check_forms import ChecklistForm
from cases.conflict_forms import ConflictForm
from cases.hearing_forms import HearingForm, TakeBackForm
from cases.interim_forms import InterimForm, LiftInterimForm, RuleOutForm
from cases.models import (
    Case,
    Check,
    Claim,
    Conflict,
    Decision,
    Hand,
    Hearing,
    Interim,
    Note,
    Referral,
    Remediation,
    Withholding,
)
from cases.models.hearing import may_be_taken_back
from cases.models.interim import may_answer, may_impose
from cases.models.note import SHOWN
from cases.models.served import Joined
from cases.note_forms import NoteForm
from cases.packed import packed, ready, unpacked
from tipstaff.accounts.models import User
from tipstaff.permissions import Permission
from tipstaff.workflow.operations import available_to

# What few cases have, by the name of its rows: the model, and the people behind a row.
RARE: dict[str, tuple[type[Any], tuple[str, ...]]] = {
    "claims": (Claim, ("entered_by", "assessed_by")),
    "referrals": (Referral, ()),
    "withholdings": (Withholding, ()),
    "hearings": (Hearing, ("asked_by", "ended_by")),
    "conflicts": (Conflict, ("person",)),
    "remediations": (Remediation, ()),
    "checks": (Check, ("by",)),
}


@cache
def there() -> dict[str, Any]:
    """To be read with the row of the case: the rare matters themselves, whether it has an interim measure, and whether
    anything was decided about its account. Django puts these words together once, and not for each page.
    """
    found: dict[str, Any] = {
        "has_interims": Exists(Interim.objects.filter(case=OuterRef("pk"))),
        "has_decisions": Exists(Decision.objects.filter(case__subject=OuterRef("subject"))),
    }
    for name, (model, people) in RARE.items():
        of: Any = Q(case=OuterRef("pk"))
        if name == "withholdings":  # an order goes on where its case does
            of = Joined(F("case"), OuterRef("pk"))
        found[f"packed_{name}"] = packed(model.objects.filter(of), *people)
    on = Q(case=OuterRef("pk")) | Q(subject=OuterRef("subject"))
    found["packed_notes"] = packed(Note.objects.filter(on).order_by("-written_at")[:SHOWN], "author")
    return {name: ready(Case, words) for name, words in found.items()}


def rows_of(case: Case, name: str) -> list[Any]:
    """The rows of one of these matters, as they were read with the row of the case or else by a query."""
    model, people = RARE[name]
    found = getattr(case, f"packed_{name}", None)
    if found is not None:
        listed = unpacked(model, found, *people)
    else:
        rows = Withholding.objects.of(case) if name == "withholdings" else getattr(case, name)
        listed = list(rows.select_related(*people) if people else rows.all())
    for row in listed:
        row.case = case
    return listed


def interim_panel(case: Case, person: User) -> dict[str, Any]:
    """What was answered to the question of an interim measure, and the forms of who may answer it. One query."""
    rows = case.interims.all() if getattr(case, "has_interims", True) else case.interims.none()
    answers = list(rows.select_related("answered_by", "seconded_by", "measure__acknowledged_by"))
    for answer in answers:
        answer.case = case
        if answer.needed:
            answer.measure.interim = answer
    running = next((answer for answer in answers if answer.is_in_force), None)
    context: dict[str, Any] = {"interims": answers, "interim_running": running}
    if running is not None:
        acts = {operation.name for operation in available_to(running, person)}
        context |= {"interim_acts": acts, "interim_lift_form": LiftInterimForm(prefix="interim-lift")}
    draft = Interim(case=case, needed=True)
    if running is not None or not person.may(Permission.INTERIM_ANSWER) or draft.cap is None:
        return context
    if may_answer(draft, person) is None:
        context["interim_refusal"] = may_impose(draft, person) if answers else None
        context["interim_form"] = InterimForm(prefix="interim", interim=draft)
        if not answers:
            context["rule_out_form"] = RuleOutForm(prefix="interim-none")
    return context


def authority_panel(case: Case, person: User) -> dict[str, Any]:
    """What an authority was told, and what is kept from the account holder."""
    return {
        "referrals": rows_of(case, "referrals"),
        "withheld": max(
            (order for order in rows_of(case, "withholdings") if order.in_force),
            key=lambda order: order.until,
            default=None,
        ),
        "notice_owed": case.owes_notice(rows_of(case, "referrals")),
        "may_refer": person.may(Permission.REFERRAL_MAKE) or person.may(Permission.NOTICE_WITHHOLD),
    }


def hearing_panel(case: Case, person: User, acts: set[str]) -> dict[str, Any]:
    """What the account holder was asked and answered, and the forms of who may ask or take back."""
    hearings = rows_of(case, "hearings")
    context: dict[str, Any] = {"hearings": hearings}
    waiting = next((hearing for hearing in hearings if hearing.is_open), None)
    if waiting is not None and person.may(Permission.CASE_INVESTIGATE) and may_be_taken_back(waiting, person) is None:
        context["take_back_form"] = TakeBackForm(prefix="take-back")
    if "await_information" in acts and case.subject is not None and not case.content_is_sealed:
        context["hearing_form"] = HearingForm(prefix="hearing")
    return context


def beside_panel(case: Case, person: User) -> dict[str, Any]:
    """What colleagues noted, and the form to add a note; whether this person may declare a conflict, and what leads
    read of those that were declared.
    """
    notes = getattr(case, "packed_notes", None)
    rows = Note.objects.around(case)[:SHOWN] if notes is None else unpacked(Note, notes, "author")
    context: dict[str, Any] = {"notes": list(rows)}
    if person.may(Permission.NOTE_WRITE):
        context["note_form"] = NoteForm(prefix="note", account=case.subject is not None)
    context |= conflict_panel(case, person)
    return context


def conflict_panel(case: Case, person: User) -> dict[str, Any]:
    """For each page on which somebody works on the case."""
    out = case.part_of(person) == Hand.Part.STAYED_OUT or case.state in ("merged", "closed")
    context: dict[str, Any] = {}
    if person.may(Permission.CONFLICT_DECLARE) and not out:
        context["conflict_form"] = ConflictForm(prefix="conflict")
    if person.may(Permission.CASE_LEAD):
        context["conflicts"] = rows_of(case, "conflicts")
    return context


def remedy_panel(case: Case, decisions: list[Decision], *, offers: bool = False) -> dict[str, Any]:
    """What the account holder can do to put right what was decided in `decisions`; with `offers`, for which of them
    more can be offered.
    """
    known = {decision.pk: decision for decision in decisions}
    rows = [row for row in rows_of(case, "remediations") if row.decision_id in known]
    for row in rows:
        row.decision = known[row.decision_id]
    breaches = [one for one in decisions if offers and one.stands and one.outcome == Decision.Outcome.BREACH]
    return {"remedies": rows, "offers_on": breaches[0] if breaches else None}


def checklist_panel(case: Case, acts: set[str]) -> dict[str, Any]:
    """The points of the checklist with their newest answers, and the form of who may answer."""
    known = {check.point: check for check in rows_of(case, "checks")}
    rows = [{"point": point, "check": known.get(point.key)} for point in points_of(case.rule_group)]
    context: dict[str, Any] = {"checklist": rows, "checks_open": sum(row["check"] is None for row in rows)}
    if "release" in acts:
        context["check_form"] = ChecklistForm(case=case, known=known)
    return context
