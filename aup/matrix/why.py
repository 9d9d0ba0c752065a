"""Why a cell is what it is: the sum by which it was set, and what was said when somebody set it otherwise."""

from dataclasses import dataclass

from aup.matrix.table import DIMENSIONS, Cell, Document, cells, tiers


@dataclass(frozen=True)
class Term:
    """What one finding weighs."""

    dimension: str
    value: str | int
    weight: int


@dataclass(frozen=True)
class Why:
    """`formula` is the tier that the document's scoring gives, and empty where the document has none."""

    cell: Cell
    tier: str
    terms: tuple[Term, ...]
    total: int
    uncapped: str
    formula: str
    reason: str

    @property
    def capped(self) -> bool:
        """Whether the sum alone would give a heavier tier than this intent can."""
        return self.formula != self.uncapped

    @property
    def departs(self) -> bool:
        """Whether the cell is other than its sum says."""
        return bool(self.formula) and self.tier != self.formula


def why(document: Document, cell: Cell) -> Why:
    """Where the tier of `cell` comes from. A cell that is missing has the tier ""; an unknown one raises KeyError."""
    return explained(document, [cell])[0]


def explained(document: Document, asked: list[Cell]) -> list[Why]:
    """`why` of each cell."""
    table, reasons = cells(document), reasons_of(document)
    return [_why(document, cell, table.get(cell, ""), reasons.get(cell, {})) for cell in asked]


def _why(document: Document, cell: Cell, tier: str, said: dict[str, str]) -> Why:
    reason = said.get("reason", "") if said.get("tier") == tier else ""  # it was given for another tier
    scoring = document.get("scoring")
    if not scoring:
        return Why(cell, tier, (), 0, "", "", reason)
    order, weights = list(tiers(document)), scoring["weights"]
    values: tuple[str | int, ...] = cell
    terms = tuple(
        Term(name, value, int(weights[name][str(value)])) for name, value in zip(DIMENSIONS, values, strict=True)
    )
    total = sum(term.weight for term in terms)
    lowest = scoring["tier_from_total"]
    reached = [code for code in order if code in lowest and int(lowest[code]) <= total]
    uncapped = reached[-1] if reached else order[0]
    cap = scoring.get("highest_tier_by_intent", {}).get(cell[0], order[-1])
    formula = min(uncapped, cap, key=order.index)
    return Why(cell, tier, terms, total, uncapped, formula, reason)


def reasons_of(document: Document) -> dict[Cell, dict[str, str]]:
    """What was said of each edited cell: the tier it got and why."""
    return {
        (said["intent"], said["sensitivity"], int(said["severity"]), said["recurrence"]): said
        for said in document.get("cell_reasons", [])
    }
