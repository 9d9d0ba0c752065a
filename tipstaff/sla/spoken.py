"""Lengths of time in words, for everybody to read."""

from django.utils.translation import ngettext


def spoken(unit: str, amount: int) -> str:
    """`working_days` and 2 is "2 working days". The units are those of a Target."""
    said = {
        "minutes": ngettext("%(count)s minute", "%(count)s minutes", amount),
        "hours": ngettext("%(count)s hour", "%(count)s hours", amount),
        "days": ngettext("%(count)s day", "%(count)s days", amount),
        "working_days": ngettext("%(count)s working day", "%(count)s working days", amount),
    }
    return said[unit] % {"count": amount}
