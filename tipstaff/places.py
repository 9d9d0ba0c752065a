"""Places that rules name by code, in the reader's words. The names are those of the Unicode CLDR."""

from babel import Locale
from django.utils.translation import get_language
from django.utils.translation import gettext as _


def named(code: str) -> str:
    """`DE` is Germany, `EU` the European Union and `*` everywhere; a code that nobody knows stays as it is."""
    if code == "*":
        return _("Everywhere")
    return str(Locale.parse(get_language() or "en", sep="-").territories.get(code, code))
