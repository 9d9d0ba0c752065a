"""Who may ask for, screen, decide and end a waiver, and what a request must hold. Sentences that refuse, or None."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext as _

from aup.models import Rule
from governance.models.ballot import over
from governance.models.dossier import MAX_DAYS
from tipstaff.accounts.models import Token, User
from tipstaff.time import now
from tipstaff.workflow.actors import Actor, LinkHolder

if TYPE_CHECKING:
    from governance.models.waiver import Waiver

REQUIRED = ("topic", "applicant_name", "contact", "conduct", "purpose", "data_involved", "safeguards", "jurisdictions")


def by_the_applicant(waiver: "Waiver", actor: Actor) -> str | None:
    """Only who asked goes on with a request: the person, the machine, or whoever holds the link that was mailed."""
    match actor:
        case User():
            same = actor == waiver.requested_by
        case Token():
            same = actor.pk == waiver.token
        case LinkHolder():
            unsent = waiver.state == waiver.State.DRAFT and waiver.requested_by is None and waiver.token is None
            same = unsent or actor.about == waiver.reference
        case _:
            same = actor.actor_kind == "system"
    return None if same else _("Only who asked for this waiver can do that.")


def may_be_submitted(waiver: "Waiver", actor: Actor) -> str | None:
    """Everything that a request names (W1), rules that can be waived at all, and a mandatory end within a year."""
    if refusal := by_the_applicant(waiver, actor):
        return refusal
    rules = list(waiver.rules.select_related("version__catalogue"))
    return " ".join(shortcomings(waiver, rules, named=waiver.beneficiaries.exists())) or None


def shortcomings(waiver: "Waiver", rules: list[Rule], *, named: bool = False) -> list[str]:
    """What stands in the way of submitting it, in sentences. `named` says whether its accounts are known already."""
    found = [_refusal_of_rule(waiver, rule) for rule in rules] if rules else [_("Name the rule that it is about.")]
    if any(not str(getattr(waiver, name)).strip() for name in REQUIRED):
        found.append(_("Fill in every part of the request: what, why, with which data, where and how it is kept safe."))
    if not waiver.accounts.strip() and not named:
        found.append(_("Name the accounts that it is for."))
    if waiver.disclosure == waiver.Disclosure.CONFIDENTIAL and not waiver.disclosure_reason.strip():
        found.append(_("Say why it must stay confidential."))
    return [sentence for sentence in [*found, *_wrong_dates(waiver, rules)] if sentence]


def _refusal_of_rule(waiver: "Waiver", rule: Rule) -> str | None:
    words: dict[str, Any] = {"code": rule.code, "title": rule.title}
    if not rule.waivable:
        return _("No waiver can be asked for rule %(code)s (%(title)s): it holds for everybody, always.") % words
    if Rule.objects.cited(rule.code, now()) != rule:
        return _("The policy changed since rule %(code)s was chosen; choose it again.") % words
    if waiver.kind == waiver.Kind.PERMISSION:
        if rule.disposition == Rule.Disposition.RESTRICTED:
            return None
        return _("Rule %(code)s forbids; only a restricted use can be permitted. Ask for an exemption.") % words
    if waiver.exemption not in rule.exemptions:
        return _("Rule %(code)s does not know this ground for an exemption; its page says which it knows.") % words
    if exemption_of(rule, waiver.exemption)["grant"] == "automatic":
        return _("This ground needs no waiver: say so if a case is opened, and it is judged there.")
    return None


def exemption_of(rule: Rule, code: str) -> dict[str, Any]:
    """The exemption `code` as the policy version of `rule` describes it."""
    return rule.version.catalogue.exemptions([code])[0]


def _wrong_dates(waiver: "Waiver", rules: list[Rule]) -> list[str]:
    if waiver.starts_on is None or waiver.ends_on is None:
        return [_("Every waiver has a first and a last day.")]
    if waiver.starts_on < now().date():
        return [_("The first day lies in the past; a waiver never reaches back.")]
    if waiver.ends_on <= waiver.starts_on:
        return [_("The last day has to come after the first.")]
    days = min([MAX_DAYS, *(_days_of(waiver, rule) for rule in rules)])
    if waiver.ends_on > waiver.starts_on + timedelta(days=days):
        return [_("At most %(days)s days can be asked for; a new request can follow.") % {"days": days}]
    return []


def _days_of(waiver: "Waiver", rule: Rule) -> int:
    if waiver.exemption not in rule.exemptions:
        return MAX_DAYS
    return exemption_of(rule, waiver.exemption)["max_days"] or MAX_DAYS


def not_concerned(waiver: "Waiver", actor: Actor) -> str | None:
    """Who asked or gains has no part in what is decided about it (W2)."""
    if actor in (waiver.requested_by, *waiver.gaining()):
        return _("You asked for this waiver or gain by it; someone else must do this.")
    return None


def free_to_screen(waiver: "Waiver", actor: Actor) -> str | None:
    if refusal := not_concerned(waiver, actor):
        return refusal
    if not isinstance(actor, User):
        return _("Requests are screened by people.")
    if waiver.screened_by and waiver.screened_by.is_active and not left_untouched(waiver):
        return _("%(name)s screens this request.") % {"name": waiver.screened_by}
    return None


def left_untouched(waiver: "Waiver") -> bool:
    """Whether who took it up has confirmed nothing for IDLE_DAYS; somebody else may take it then."""
    over = waiver.screened_at and waiver.screened_at + timedelta(days=settings.IDLE_DAYS) <= now()
    return bool(over) and waiver.confirmed_at is None


def its_screener(waiver: "Waiver", actor: Actor) -> str | None:
    if waiver.screened_by != actor:
        return _("%(name)s screens this request.") % {"name": waiver.screened_by}
    return not_concerned(waiver, actor)


def no_vote_under_way(waiver: "Waiver", actor: Actor) -> str | None:
    if refusal := its_screener(waiver, actor):
        return refusal
    return _("The committee is voting; the ballot is called off first.") if waiver.open_ballot else None


def confirmed(waiver: "Waiver", actor: Actor) -> str | None:
    if refusal := its_screener(waiver, actor):
        return refusal
    return (
        None if waiver.confirmed_at else _("Confirm the facts first: which accounts, how much risk, whose interests.")
    )


def may_grant_alone(waiver: "Waiver", actor: Actor) -> str | None:
    if waiver.route != waiver.Route.SCREENING:
        return _("The committee decides about this one.")
    if waiver.recalled_at or waiver.ballots.exists():
        return _("The committee has this request in hand, so it decides.")
    return confirmed(waiver, actor)


def ballots_say(granted: bool) -> Any:
    """The guard of granting and refusing: the open ballot is over and says so."""

    def guard(waiver: "Waiver", actor: Actor) -> str | None:
        if refusal := not_concerned(waiver, actor):
            return refusal
        if actor == waiver.screened_by:
            return _("You screened this request; someone else must close the vote.")
        ballot = waiver.open_ballot
        if ballot is None:
            return _("The committee has not voted on this.")
        if refusal := over(ballot, actor):
            return refusal
        if ballot.tally().granted != granted:
            return _("The ballots say refuse.") if granted else _("The ballots say grant.")
        return None

    return guard


def not_ended(waiver: "Waiver", actor: Actor) -> str | None:
    if refusal := not_concerned(waiver, actor):
        return refusal
    return _("It ended by itself on %(day)s.") % {"day": f"{waiver.ends_on:%d.%m.%Y}"} if waiver.is_over else None


def granted_alone(waiver: "Waiver", actor: Actor) -> str | None:
    if waiver.ballot_id:
        return _("The committee granted this; it can suspend or revoke it.")
    return not_ended(waiver, actor)


def may_be_attested(waiver: "Waiver", actor: Actor) -> str | None:
    if isinstance(actor, Token):
        return _("A person states how the conditions are kept, by the link that was mailed.")
    if refusal := by_the_applicant(waiver, actor):
        return refusal
    return _("It ended by itself on %(day)s.") % {"day": f"{waiver.ends_on:%d.%m.%Y}"} if waiver.is_over else None
