"""How many reports are taken from whom, and about whom: the same at every door, whoever stands there."""

from django.http import HttpRequest
from django.utils.translation import ngettext
from rest_framework.request import Request

from aup.models import Rule
from tipstaff.accounts.limits import minutes_over, too_many_from_address
from tipstaff.accounts.models import Token
from tipstaff.workflow.refused import TooMany


def is_grave(rule: Rule | None) -> bool:
    """Whether a report under this rule is never turned away: a life may hang on it."""
    return rule is not None and (rule.severity == 4 or rule.legal_referral == Rule.Referral.MANDATORY)


def of_address(request: HttpRequest) -> TooMany | None:
    """What a person at this address is told who files too many; None while it is within the limit."""
    minutes = minutes_over("report", request)
    return TooMany(too_many_from_address(minutes), minutes=minutes) if minutes else None


def of_machine(request: Request, token: Token) -> TooMany | None:
    """The same for a program: by its address and by its token. It speaks for many people, so it may do more."""
    if minutes := minutes_over("report_machine", request):
        return TooMany(too_many_from_address(minutes), minutes=minutes)
    if minutes := minutes_over("report_machine", str(token.pk)):
        sentence = ngettext(
            "That is more than we take with one token at a time. Try again in %(minutes)s minute.",
            "That is more than we take with one token at a time. Try again in %(minutes)s minutes.",
            minutes,
        )
        return TooMany(sentence % {"minutes": minutes}, minutes=minutes)
    return None


def of_reporter(contact: str, account: str) -> TooMany | None:
    """Why no more is taken from this reporter, or about this account, for now; None if it is."""
    if contact and (minutes := minutes_over("report_contact", contact)):
        sentence = ngettext(
            "We took many reports from this e-mail address today. Try again in %(minutes)s minute.",
            "We took many reports from this e-mail address today. Try again in %(minutes)s minutes.",
            minutes,
        )
        return TooMany(sentence % {"minutes": minutes}, minutes=minutes)
    if account.strip() and (minutes := minutes_over("report_account", account.strip())):
        sentence = ngettext(
            "We took many reports about this account in the last hour, and are looking into it. "
            "Try again in %(minutes)s minute.",
            "We took many reports about this account in the last hour, and are looking into it. "
            "Try again in %(minutes)s minutes.",
            minutes,
        )
        return TooMany(sentence % {"minutes": minutes}, minutes=minutes)
    return None
