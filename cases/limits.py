"""How many reports are taken from whom, and about whom: the same at every door, whoever stands there."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from rest_framework.request import Request

from aup.models import Rule
from tipstaff.accounts.limits import minutes_over, too_many_from_address
from tipstaff.accounts.models import Token
from tipstaff.workflow.refused import TooMany


def is_grave(rule: Rule | None) -> bool:
    """Whether a report under this rule is never turned away: a life may hang on it."""
    return rule is not None and (rule.severity == 4 or rule.legal_referral == Rule.Referral.MANDATORY)


def narrows(request: HttpRequest) -> bool:
    """Count a report that is always taken. True where more came than the wider limits allow, from this address or from
    everybody: then less is taken of it, as `told_of_grave` says. One address alone does not use up what is for all.
    """
    return bool(minutes_over("report_grave", request) or minutes_over("report_grave_all", "everybody"))


def is_mailed_enough(contact: str) -> bool:
    """Count a report that is always taken under its contact. True where the address got as many receipts as it may."""
    return bool(contact and minutes_over("report_contact", contact))


def small(files: list[Any]) -> list[Any]:
    """Of the uploads, those that are taken however many reports come."""
    return [file for file in files if file.size <= settings.FLOOD_FILE_BYTES]


def small_size() -> str:
    return filesizeformat(settings.FLOOD_FILE_BYTES)


def told_of_grave() -> str:
    """What is taken of a report about grave harm when very many come, by the numbers that `narrows` enforces."""
    return _(
        "A report about grave harm is always taken. When more than %(one)s an hour come from one place, or more than "
        "%(all)s in all, we take all of the words and files of up to %(size)s each. We then send no e-mail to an "
        "address that was not confirmed to us before. Your receipt code works all the same."
    ) % {
        "one": number_format(settings.GRAVE_REPORTS_PER_ADDRESS),
        "all": number_format(settings.GRAVE_REPORTS_PER_HOUR),
        "size": small_size(),
    }


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
