"""Whether a matrix can be published: its shape, every cell there, and no lighter tier for a worse finding."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from aup.matrix import shape
from aup.matrix.table import DIMENSIONS, Cell, Document, cells, cells_of, dimensions, named, row_named, tiers, wanted


@dataclass(frozen=True)
class Descent:
    """Two neighbours of which the worse has the lighter tier."""

    milder: Cell
    worse: Cell
    milder_tier: str
    worse_tier: str

    def __str__(self) -> str:
        return _("%(worse)s has %(light)s, lighter than %(heavy)s for %(milder)s.") % {
            "worse": capfirst(named(self.worse)),
            "light": self.worse_tier,
            "heavy": self.milder_tier,
            "milder": named(self.milder),
        }


class Check:
    """What is wrong with the cells of a document of the right shape. Cells may be missing: a draft is work."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.orders, self.order = dimensions(document), list(tiers(document))
        self.table, self.wanted = cells(document), wanted(document)

    @cached_property
    def missing(self) -> list[Cell]:
        return [cell for cell in self.wanted if cell not in self.table]

    @property
    def filled(self) -> int:
        return len(self.wanted) - len(self.missing)

    @cached_property
    def strange(self) -> list[str]:
        """Rows that stand twice, cells that no dimension knows, tiers that are none."""
        rows = [(row["intent"], row["sensitivity"], int(row["severity"])) for row in self.document["matrix"]]
        known = set(self.wanted)
        found = [_("The row %(row)s stands twice.") % {"row": row_named(row)} for row in twice(rows)]
        found += [
            _("The cell %(cell)s is not in the dimensions.") % {"cell": named(cell)}
            for cell in self.table
            if cell not in known
        ]
        return found + [
            _("The cell %(cell)s has the unknown tier %(tier)s.") % {"cell": named(cell), "tier": tier}
            for row in self.document["matrix"]
            for cell, tier in cells_of(row)
            if tier not in self.order
        ]

    @cached_property
    def descents(self) -> list[Descent]:
        """Every pair of neighbours, along every dimension, of which the worse is lighter."""
        rank = {tier: place for place, tier in enumerate(self.order)}
        graded = {cell: tier for cell, tier in self.table.items() if tier in rank}
        return [
            Descent(milder, worse, graded[milder], graded[worse])
            for milder, worse in self._neighbours()
            if milder in graded and worse in graded and rank[graded[worse]] < rank[graded[milder]]
        ]

    def _neighbours(self) -> list[tuple[Cell, Cell]]:
        found: list[tuple[Cell, Cell]] = []
        for axis, name in enumerate(DIMENSIONS):
            for rest in product(*(self.orders[other] for other in DIMENSIONS if other != name)):
                line: list[Any] = [(*rest[:axis], value, *rest[axis:]) for value in self.orders[name]]
                found += pairwise(line)
        return found

    @property
    def concerned(self) -> set[Cell]:
        """The cells that a descent is about."""
        return {cell for descent in self.descents for cell in (descent.milder, descent.worse)}

    @property
    def sentences(self) -> list[str]:
        """Everything that stands in the way of publishing, one sentence each."""
        return [
            *self.strange,
            *(_("The cell %(cell)s is missing.") % {"cell": named(cell)} for cell in self.missing),
            *map(str, self.descents),
        ]


def twice(values: list[Any]) -> list[Any]:
    return [value for value in dict.fromkeys(values) if values.count(value) > 1]


def problems(document: Document) -> list[str]:
    """Why the matrix cannot be published: what has the wrong shape; else a cell missing, twice or unknown, or a worse
    finding with a lighter tier.
    """
    return shape.problems(document) or Check(document).sentences


def rule_problems(document: Document, rules: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the rules of a version (`Rule.facts`) ask for and its matrix does not have."""
    orders, known = dimensions(document), tiers(document)
    overrides = {override["id"] for override in document["overrides"]}
    found = []
    for rule in rules:
        code, minimum = rule["code"], rule.get("minimum_tier")
        if rule["severity"] not in orders["severity"]:
            found.append(
                _("Rule %(code)s has severity %(severity)s, which the matrix does not have.")
                % {"code": code, "severity": rule["severity"]}
            )
        if minimum and minimum not in known:
            found.append(
                _("Rule %(code)s has the minimum tier %(tier)s, which the matrix does not have.")
                % {"code": code, "tier": minimum}
            )
        for wish, override in (
            (minimum, "minimum-tier"),
            (rule.get("legal_referral") == "mandatory", "mandatory-referral"),
        ):
            if wish and override not in overrides:
                found.append(
                    _("Rule %(code)s needs the override %(override)s, which the matrix does not list.")
                    % {"code": code, "override": override}
                )
    return found
