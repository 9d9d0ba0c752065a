"""How we enforce, for everybody to read: put together from what the system is configured with, so that the page cannot
promise what the code does not do.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy, ngettext, pgettext
from django.views.decorators.http import require_safe

from aup.models import PolicyVersion
from aup.models.decision_matrix import said
from cases import claims
from cases.models import Claim
from cases.models.answerable import Answerable, Pathway
from cases.models.approval import ISSUERS
from cases.models.hand import Hand
from cases.models.survey import QUESTIONS
from cases.models.survey import tallied as tallied_survey
from cases.statement import APPEAL_MONTHS
from governance.models.dossier import MAX_DAYS
from governance.models.waiver import RECERTIFY_MONTHS
from governance.quorum import SEATS_MINIMUM
from tipstaff.access import public
from tipstaff.permissions import Permission, Role, roles_with
from tipstaff.sla.attainment import FEW, WEEKS, tallied
from tipstaff.sla.models import Kind, Target
from tipstaff.sla.models.target import SEVERITIES, first_match
from tipstaff.sla.promises import between
from tipstaff.time import now

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

# What is done, and the permission that it takes.
ACTS = (
    (gettext_lazy("Reads reports, and opens a case or says why not"), Permission.REPORT_TRIAGE),
    (gettext_lazy("Investigates, and proposes a decision"), Permission.DECISION_PROPOSE),
    (gettext_lazy("Confirms a grave decision before it is issued"), Permission.DECISION_CONFIRM),
    (gettext_lazy("Hears appeals"), Permission.APPEAL_DECIDE),
    (gettext_lazy("Screens requests for waivers"), Permission.WAIVER_SCREEN),
    (gettext_lazy("Votes on waivers"), Permission.BALLOT_CAST),
    (gettext_lazy("Writes the policy"), Permission.POLICY_EDIT),
    (gettext_lazy("Signs a new version for the product"), Permission.POLICY_SIGN_PRODUCT),
    (gettext_lazy("Signs a new version for engineering"), Permission.POLICY_SIGN_ENGINEERING),
    (gettext_lazy("Signs a new version for the law"), Permission.POLICY_SIGN_LEGAL),
    (gettext_lazy("Signs a new version for compliance"), Permission.POLICY_SIGN_COMPLIANCE),
    (gettext_lazy("Checks whole histories of cases"), Permission.HISTORY_EXPORT),
)
CASE_ACTS = (
    Permission.REPORT_TRIAGE, Permission.CASE_VIEW, Permission.DECISION_PROPOSE, Permission.DECISION_ISSUE,
    Permission.APPEAL_DECIDE,
)  # fmt: skip
PARTS = {
    Hand.Part.REPORTED: gettext_lazy("reporting"),
    Hand.Part.INVESTIGATED: gettext_lazy("investigating"),
    Hand.Part.JUDGED: gettext_lazy("helping to judge before the decision"),
    Hand.Part.CONFIRMED: gettext_lazy("confirming"),
    Hand.Part.ISSUED: gettext_lazy("deciding"),
    Hand.Part.REVIEWED_APPEAL: gettext_lazy("hearing the appeal"),
    Hand.Part.ASSESSED: gettext_lazy("judging whether it was put right"),
}
GOALS = {
    Kind.RECEIPT: gettext_lazy("The receipt of a report leaves"),
    Kind.TRIAGE: gettext_lazy("A report is read and answered"),
    Kind.INTERIM: gettext_lazy("It is decided whether an account is limited until then"),
    Kind.AUTHORITY: gettext_lazy("An authority is told, where the law asks for it"),
    Kind.DECISION: gettext_lazy("A case is decided"),
    Kind.STATEMENT: gettext_lazy("The reasons leave after the decision"),
    Kind.REPORTER: gettext_lazy("The reporter is told of the decision"),
    Kind.FINDING: gettext_lazy("An auditor's finding is answered"),
    Kind.APPEAL_RECEIPT: gettext_lazy("The receipt of an appeal leaves"),
    Kind.APPEAL: gettext_lazy("An appeal is decided"),
    Kind.WAIVER_RECEIPT: gettext_lazy("A request for a waiver is taken up"),
    Kind.WAIVER: gettext_lazy("A request for a waiver is decided"),
    Kind.FEEDBACK: gettext_lazy("Feedback on the policy is answered"),
}


@require_safe
@public
def how_we_enforce(request: HttpRequest) -> HttpResponse:
    """Who decides, within what time, by which table, and what can be done against it (S34, S35, S62, S98)."""
    version = PolicyVersion.objects.select_related("matrix").in_force(now())
    targets = list(Target.objects.in_force())
    context = {
        "version": version,
        "acts": [(act, labels(roles_with(permission))) for act, permission in ACTS],
        "parts": [PARTS[part] for part in Hand.Part if part in PARTS],
        "without_case_powers": labels(
            [role for role in Role.values if not any(role in roles_with(act) for act in CASE_ACTS)]
        ),
        "self_issued_warning": settings.SELF_ISSUE_T1,
        "severities": SEVERITIES,
        "goals": goals(targets),
        "answerable": answerable(),
        "sooner": sooner(targets),
        "kept": kept(now()),
        "opinions": opinions(now()),
        "weeks": WEEKS,
        "few": FEW,
        "steps": {kind.value: between(targets, kind) for kind in GOALS},
        "appeal_months": APPEAL_MONTHS,
        "limits": Claim.Limit.labels,
        "claims": claims.counted(),
        "seats": SEATS_MINIMUM,
        "waiver_days": MAX_DAYS,
        "restate_months": sorted(set(RECERTIFY_MONTHS.values())),
    }
    if version:
        context |= _of_matrix(version)
    return render(request, "oversight/how_we_enforce.html", context)


def _of_matrix(version: PolicyVersion) -> dict[str, Any]:
    matrix = version.matrix
    tiers = [
        tier | {"title": said(tier["title"]), "issuers": labels(ISSUERS.get(tier["approver"], ()))}
        for tier in matrix.tiers.values()
    ]
    months = [tier["appeal_months"] for tier in tiers]
    return {
        "tiers": tiers,
        "appeal_months": min(months, default=APPEAL_MONTHS),
        "window_days": matrix.recurrence_window_days,
        "interim": [
            (level, spoken(timedelta(hours=hours)))
            for level in SEVERITIES
            if (hours := matrix.interim_hours(level)) is not None
        ],
    }


def answerable() -> list[tuple["StrPromise", Answerable | None]]:
    """Each entrance with who answers for its decisions, as its page and its receipts say it."""
    named = Answerable.objects.current()
    return [(pathway.label, named.get(pathway)) for pathway in Pathway]


def goals(targets: list[Target]) -> list[tuple["StrPromise", list[str]]]:
    """What there is a goal for, with the goal at each severity in words; empty where there is none."""
    table = []
    for kind, label in GOALS.items():
        found = [first_match(targets, kind, level) for level in SEVERITIES]
        if any(found):
            table.append((label, [row.spoken if row else "" for row in found]))
    return table


def sooner(targets: list[Target]) -> list[tuple["StrPromise", str]]:
    """What has another goal where the law makes us tell an authority, than at the highest severity elsewhere."""
    worst = max(SEVERITIES)
    rows = ((label, first_match(targets, kind, worst, referral=True), kind) for kind, label in GOALS.items())
    return [(label, row.spoken) for label, row, kind in rows if row and row != first_match(targets, kind, worst)]


def kept(at: datetime) -> list[tuple["StrPromise", list[int | None]]]:
    """For each goal the share that was met at each severity, in percent, from the rows of the leads' board; None where
    there were too few to say.
    """
    found = dict(tallied(at, "kind", "severity"))
    table = []
    for kind, label in GOALS.items():
        tallies = [found.get((kind.value, level)) for level in SEVERITIES]
        if any(tallies):
            table.append((label, [tally.public_percent if tally else None for tally in tallies]))
    return table


def opinions(at: datetime) -> list[tuple["StrPromise", list[int | None]]]:
    """To each question of the survey the percent of each side that agrees; None where too few answered."""
    sides = tallied_survey(at.date())
    return [
        (question, [said[place].agree for said in sides.values()]) for place, question in enumerate(QUESTIONS.values())
    ]


def spoken(length: timedelta) -> str:
    """A length of time in words: whole days, or hours below two days."""
    hours = round(length.total_seconds() / 3600)
    if hours < 48 and hours % 24:
        return ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours}
    days = round(hours / 24)
    return ngettext("%(count)s day", "%(count)s days", days) % {"count": days}


def labels(roles: Any) -> str:
    return pgettext("between two of a list", ", ").join(str(Role(role).label) for role in roles)
