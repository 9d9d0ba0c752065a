"""The dossier of one waiver: what is asked, what was found and decided, the ballot, and what this person may do."""

from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from aup.models import Rule
from governance.models import Ballot, BallotPart, Waiver
from governance.models.waiver_guards import exemption_of
from governance.waiver_forms import (
    VOTING_DAYS,
    AnswerForm,
    CallOffForm,
    ChangesForm,
    ConfirmForm,
    GrantForm,
    OpenForm,
    ReasonsForm,
    RecuseForm,
    StatementForm,
    VoteForm,
)  # fmt: skip
from tipstaff.access import StaffRequest, needs
from tipstaff.accounts.models import Subject
from tipstaff.ledger.models import Event
from tipstaff.permissions import Permission
from tipstaff.sla.models import Kind
from tipstaff.sla.words import clock_of, told_of
from tipstaff.time import now
from tipstaff.workflow.history import Step, describe
from tipstaff.workflow.operations import available_to

HISTORY = 30
# What is done from the dossier, and the form it takes; None: the press of a button is enough.
ACTS: dict[str, type[forms.Form] | None] = {
    "screen": None,
    "confirm_facts": ConfirmForm,
    "put_to_committee": None,
    "grant_at_screening": GrantForm,
    "request_changes": ChangesForm,
    "grant": ReasonsForm,
    "refuse": ReasonsForm,
    "recall": ReasonsForm,
    "suspend": ReasonsForm,
    "reinstate": ReasonsForm,
    "revoke": ReasonsForm,
    "answer": AnswerForm,
    "attest": StatementForm,
    "withdraw": None,
}
CONSEQUENCES = {
    "screen": gettext_lazy("You check the facts from here on, and have no vote on this request."),
    "confirm_facts": gettext_lazy("The committee votes on what you confirm."),
    "put_to_committee": gettext_lazy("The chair can open a ballot on it."),
    "grant_at_screening": gettext_lazy("It holds at once. The committee sees it and may recall it."),
    "request_changes": gettext_lazy("The applicant is asked by mail, and our clock waits for the answer."),
    "grant": gettext_lazy("The ballot closes, the waiver holds, and the applicant gets these reasons."),
    "refuse": gettext_lazy("The ballot closes, and the applicant gets these reasons and can answer them."),
    "recall": gettext_lazy("It holds no longer, and the committee decides about it."),
    "suspend": gettext_lazy("It holds no longer until it is reinstated. The holder gets these reasons at once."),
    "reinstate": gettext_lazy("It holds again from now on. The time in between stays uncovered."),
    "revoke": gettext_lazy("It ends for good. The holder gets these reasons."),
    "withdraw": gettext_lazy("Work on the request stops. This cannot be undone."),
}
DANGER = {"suspend", "revoke", "recall", "withdraw"}
BALLOT_ACTS: dict[str, type[forms.Form]] = {"vote": VoteForm, "recuse": RecuseForm, "call_off": CallOffForm}
Typed = dict[str, forms.Form]


def fetch(request: StaffRequest, ref: str) -> Waiver:
    waivers = Waiver.objects.visible_to(request.user).select_related(
        "requested_by", "screened_by", "decided_by", "system__owner", "ballot__committee", "earlier"
    )
    return get_object_or_404(waivers, ref=ref.upper())


@require_safe
@needs(Permission.WAIVER_VIEW)
def waiver(request: StaffRequest, ref: str) -> HttpResponse:
    return waiver_page(request, fetch(request, ref))


def waiver_page(
    request: StaffRequest, waiver: Waiver, *, status: int = 200, typed: Typed | None = None
) -> HttpResponse:
    """The dossier. `typed` replaces forms that came back with errors."""
    acts = {operation.name: operation for operation in available_to(waiver, request.user)}
    rules = list(waiver.rules.select_related("version__catalogue", "group"))
    clocks = told_of(waiver)
    context: dict[str, Any] = {
        "waiver": waiver,
        "rules": rules,
        "ground": exemption_of(rules[0], waiver.exemption) if waiver.exemption and rules else None,
        "changed_rules": _changed(rules),
        "covered": waiver.beneficiaries.all(),
        "standing": waiver.standing(now()),
        "acts": acts,
        "entries": _entries(waiver, acts, typed or {}),
        "clock": clock_of(clocks, Kind.WAIVER),
        "clocks": clocks,
        "later": waiver.later.exclude(state="draft").first(),
        "trail": _acts_in(waiver),
    }
    context |= ballot_context(request, waiver, typed or {})
    return render(request, "governance/waiver_page.html", context, status=status)


def _acts_in(waiver: Waiver) -> list[Step]:
    """What people did, newest first; mails and clocks are in the ledger too, and would bury it here."""
    noise = Q(kind__startswith="message.") | Q(kind__startswith="clock.") | Q(kind__startswith="notice.")
    events = Event.objects.filter(stream_id=waiver.stream).exclude(noise)
    return describe(events.order_by("-seq").prefetch_related("disclosures")[:HISTORY])


def _changed(rules: list[Rule]) -> list[str]:
    """The codes of `rules` whose text in force is another by now, or gone: the waiver wants to be looked at again."""
    current = {rule.code: rule for rule in Rule.objects.in_force(now()).filter(code__in=[rule.code for rule in rules])}
    return [rule.code for rule in rules if rule.code not in current or current[rule.code].statement != rule.statement]


def _entries(waiver: Waiver, acts: dict[str, Any], typed: Typed) -> list[dict[str, Any]]:
    """What this person can do, in order, each with its form."""
    return [
        {
            "name": name,
            "label": acts[name].label if name in acts else getattr(Waiver, name).operation.label,
            "hint": CONSEQUENCES.get(name, ""),
            "danger": name in DANGER,
            "form": typed.get(name) or form_of(name, waiver),
            "open": name in typed or name in ("grant", "refuse", "answer") or _is_next(name, waiver),
        }
        for name in ACTS
        if name in acts or name in typed
    ]


def _is_next(name: str, waiver: Waiver) -> bool:
    return name == "confirm_facts" and waiver.confirmed_at is None


def form_of(name: str, waiver: Waiver, data: Any = None, files: Any = None) -> forms.Form | None:
    kind = ACTS[name]
    if kind is None:
        return None
    initial: dict[str, Any] = {}
    if name == "confirm_facts":
        initial = {"beneficiaries": _guess(waiver), "risk": waiver.risk, "conflicts": waiver.conflicts}
    elif name == "grant_at_screening":
        initial = {"ends_on": waiver.ends_on}
    elif name == "answer":
        initial = {"conduct": waiver.conduct, "safeguards": waiver.safeguards}
    return kind(data, files, prefix=name, initial=initial)


def _guess(waiver: Waiver) -> list[str]:
    """The accounts confirmed before, else those of the words typed that are ids of accounts we know."""
    covered = list(waiver.beneficiaries.values_list("external_id", flat=True))
    words = waiver.accounts.replace(",", " ").replace(";", " ").split()
    return covered or list(Subject.objects.filter(external_id__in=words).values_list("external_id", flat=True))


def ballot_context(request: StaffRequest, waiver: Waiver, typed: Typed) -> dict[str, Any]:
    """The ballot under way, or the one that decided, as this person may see it; and what they can do with it."""
    ballot = waiver.open_ballot
    context: dict[str, Any] = {"ballot": ballot or waiver.ballot}
    if ballot is None and "open" not in typed and request.user.may(Permission.BALLOT_OPEN):
        context["open_refusal"], context["open_form"] = _open_form(request, waiver)
    elif "open" in typed:
        context["open_form"] = typed["open"]
    shown = context["ballot"]
    if shown is None:
        return context
    own = shown.part_of(request.user)
    voted = own is not None and own.part == BallotPart.Part.VOTED
    acts = {operation.name for operation in available_to(shown, request.user)} if ballot else set()
    refusal = Waiver.grant.operation.refusal(waiver, request.user)  # type: ignore[attr-defined]
    context |= {
        "own_part": own,
        "tally": shown.tally(),
        "counts_shown": shown.state != Ballot.State.OPEN or voted,
        "names_shown": (shown.state != Ballot.State.OPEN or voted) and request.user.may(Permission.COMMITTEE_VIEW),
        "electorate": shown.electorate(),
        "ballot_forms": {
            name: typed.get(name) or kind(prefix=name)
            for name, kind in BALLOT_ACTS.items()
            if name in acts or name in typed
        },
        "close_refusal": refusal if ballot and request.user.may(Permission.BALLOT_OPEN) else None,
    }
    return context


def _open_form(request: StaffRequest, waiver: Waiver) -> tuple[str | None, OpenForm | None]:
    """The form that opens a ballot, or why this person cannot; neither where none is due."""
    if waiver.state != Waiver.State.UNDER_REVIEW:
        return None, None
    initial = {"until": waiver.ends_on, "closes_at": now() + timedelta(days=VOTING_DAYS)}
    form = OpenForm(prefix="open", person=request.user, initial=initial)
    committee = form.fields["committee"].queryset.first()  # type: ignore[attr-defined]
    if committee is None:
        return _("Only somebody seated in the committee opens its ballots."), None
    likely = Ballot.on(waiver, committee=committee, conditions=["…"], until=waiver.ends_on)
    refusal = Ballot.open.operation.refusal(likely, request.user)  # type: ignore[attr-defined]
    return refusal, None if refusal else form
