"""Changing a matrix document: always a new document, with a reason beside every cell that was changed."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from django.utils.translation import gettext as _

from aup.digests import digest as digest
from aup.matrix.table import DIMENSIONS, ROW, Cell, Document, cells, named, tiers, wanted

REASON_LIMIT = 300  # characters, of why a cell is changed


def with_cells(document: Document, changes: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """`document` with some cells changed; each change: the four findings, `was` (the tier now, or ""), `tier` and
    `reason`. An unknown cell or tier, a cell twice, a wrong `was` and a missing reason raise ValueError.
    """
    changed = deepcopy(dict(document))
    known, there, codes = set(wanted(document)), cells(document), tiers(document)
    seen: set[Cell] = set()
    for change in changes:
        cell: Cell = tuple(change[name] for name in DIMENSIONS)
        reason = str(change["reason"]).strip()
        if cell not in known:
            raise ValueError(_("This matrix has no cell %(cell)s.") % {"cell": named(cell)})
        if change["tier"] not in codes:
            raise ValueError(_("“%(tier)s” is not a tier of this matrix.") % {"tier": change["tier"]})
        if cell in seen:
            raise ValueError(_("The cell %(cell)s is changed twice; change it once.") % {"cell": named(cell)})
        if (now := there.get(cell, "")) != change["was"]:
            raise ValueError(
                _("%(cell)s is %(now)s by now, not %(was)s; look at it again.")
                % {"cell": named(cell), "now": now or _("empty"), "was": change["was"] or _("empty")}
            )
        if not reason:
            raise ValueError(_("Say why these cells change."))
        if len(reason) > REASON_LIMIT:
            raise ValueError(_("A reason has at most %(count)s characters.") % {"count": REASON_LIMIT})
        seen.add(cell)
        _set(changed, cell, change["tier"], reason)
    return changed


def _set(document: dict[str, Any], cell: Cell, tier: str, reason: str) -> None:
    where = dict(zip(DIMENSIONS, cell, strict=True))
    recurrence = where["recurrence"]
    rows = [row for row in document["matrix"] if all(row[name] == where[name] for name in ROW)]
    if not rows:
        rows = [{name: where[name] for name in ROW}]
        document["matrix"].append(rows[0])
    for row in rows:
        row[str(recurrence)] = tier
    others = [
        said for said in document.get("cell_reasons", []) if any(said[name] != where[name] for name in DIMENSIONS)
    ]
    document["cell_reasons"] = [*others, where | {"tier": tier, "reason": reason}]


def with_tiers(document: Document, chosen: Mapping[Cell, str]) -> dict[str, Any]:
    """`document` with the tiers of a form that is not saved yet, so that it can be checked. Empty ones are left out."""
    changed = deepcopy(dict(document))
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for cell, tier in chosen.items():
        row = rows.setdefault(cell[:3], dict(zip(ROW, cell[:3], strict=True)))
        if tier:
            row[cell[3]] = tier
    changed["matrix"] = list(rows.values())
    return changed
