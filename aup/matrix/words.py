"""What the values of a matrix are called in the reader's language; what we do not know is shown as it was given."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup.matrix.table import DIMENSIONS, Cell
from aup.matrix.why import Why

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

VALUES: dict[str, "StrOrPromise"] = {
    "inadvertent": gettext_lazy("Inadvertent"),
    "negligent": gettext_lazy("Negligent"),
    "deliberate": gettext_lazy("Deliberate"),
    "public": gettext_lazy("Public"),
    "internal": gettext_lazy("Internal"),
    "personal": gettext_lazy("Personal"),
    "special_category": gettext_lazy("Special category"),
    "first": gettext_lazy("First"),
    "repeat": gettext_lazy("Repeat"),
    "persistent": gettext_lazy("Persistent"),
}


def called(value: object) -> str:
    """A value of a dimension as people read it: “Special category”, “Severity 3”."""
    if isinstance(value, int):
        return _("Severity %(level)s") % {"level": value}
    return str(VALUES.get(str(value)) or str(value).replace("_", " ").capitalize())


def spoken(cell: Cell) -> str:
    """A cell as people read it: “Deliberate, Personal, Severity 3, First”."""
    return ", ".join(called(value) for _name, value in zip(DIMENSIONS, cell, strict=True))


def reasoned(why: Why) -> str:
    """Why a cell is what it is, in sentences for a reader."""
    said = []
    if why.terms:
        parts = [f"{called(t.value)}{':' if t.dimension == 'severity' else ''} {t.weight}" for t in why.terms]
        said.append(
            _("%(sum)s makes %(total)s, which gives %(tier)s.")
            % {"sum": " + ".join(parts), "total": why.total, "tier": why.uncapped}
        )
    if why.capped:
        said.append(
            _("For this intent the highest tier is %(tier)s: %(intent)s.")
            % {"tier": why.formula, "intent": called(why.cell[0])}
        )
    if why.departs and why.tier:
        said.append(_("It was set to %(tier)s by hand.") % {"tier": why.tier})
    if why.reason:
        said.append(_("The reason given: %(reason)s") % {"reason": why.reason})
    return " ".join(said) or _("It was set by hand; this matrix states no formula.")
