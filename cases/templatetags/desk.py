"""What stands in every row of a list of cases, made without a template for each row."""

from datetime import datetime
from functools import cache
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.dateformat import format as as_format
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince, timeuntil
from django.utils.timezone import localtime
from django.utils.translation import get_language
from django.utils.translation import gettext as _

register = template.Library()


@register.simple_tag
def severity(level: int) -> str:
    """`parts/severity.html`, which says the same of every case that is as severe, in one language."""
    return _severity(level, get_language())


@cache
def _severity(level: int, _language: str | None) -> str:
    return SafeString(render_to_string("parts/severity.html", {"level": level}))


@register.simple_tag(takes_context=True)
def due(context: Any, at: datetime | None, label: str = "", short: bool = False) -> str:
    """Until when something has to be done: a chip that counts down. `short` leaves out the word for it."""
    if not at:
        return ""
    now, here = context["now"], localtime(at)
    late = at < now
    tone = " late" if late else " due" if here.date() == localtime(now).date() else ""
    span = timesince(at, now) if late else timeuntil(at, now)
    words = _("%(span)s late") if late else "%(span)s" if short else _("due in %(span)s")
    return format_html(
        '<span class="chip{}">{}<time datetime="{}" title="{} {}" data-countdown="{}"{}>{}</time></span>',
        tone,
        f"{label}: " if label else "",
        here.isoformat(),
        date_format(here, "DATETIME_FORMAT"),
        as_format(here, "e"),
        here.isoformat(),
        SafeString(" data-short") if short else "",
        words % {"span": span},
    )
