"""The cells, tiers and dimensions of a matrix document, and what both ends have to agree on about them."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

Document = Mapping[str, Any]
Cell = tuple[str, str, int, str]  # intent, sensitivity, severity, recurrence

DIMENSIONS = ("intent", "sensitivity", "severity", "recurrence")
ROW = DIMENSIONS[:3]  # a row of the document names these and holds one tier for each recurrence
CELLS_LIMIT = 480  # in one matrix: what one form can send
TIERS_LIMIT = 12

# What the people and records above know by name; tests hold each list to the one it stands for.
APPROVERS = ("adjudicator", "senior_adjudicator", "head_of_enforcement", "head_of_enforcement_and_counsel")
SANCTIONS = (
    "warning", "guidance", "mandatory_training", "content_removal", "rate_limit", "feature_restriction",
    "temporary_suspension", "permanent_termination", "legal_referral",
)  # fmt: skip


def dimensions(document: Document) -> dict[str, list[Any]]:
    """The values of each dimension, from least to most serious."""
    return {name: list(dimension["order"]) for name, dimension in document["dimensions"].items()}


def tiers(document: Document) -> dict[str, dict[str, Any]]:
    """Every tier by its code, from lightest to heaviest."""
    return {tier["code"]: tier for tier in document["tiers"]}


def cells(document: Document) -> dict[Cell, str]:
    """Tier by (intent, sensitivity, severity, recurrence): the cells that are there."""
    return {cell: tier for row in document["matrix"] for cell, tier in cells_of(row)}


def cells_of(row: Mapping[str, Any]) -> Iterator[tuple[Cell, str]]:
    """The cells of one row: every key that is no dimension is a recurrence."""
    for key, tier in row.items():
        if key not in ROW:
            yield (row["intent"], row["sensitivity"], int(row["severity"]), key), tier


def wanted(document: Document) -> list[Cell]:
    """Every cell that the dimensions ask for, from least to most serious. Its place here is its number in a form."""
    orders = dimensions(document)
    return list(product(*(orders[name] for name in DIMENSIONS)))


def ends_account(tier: Mapping[str, Any]) -> bool:
    return any(sanction["type"] == "permanent_termination" for sanction in tier["sanctions"])


def named(cell: Cell) -> str:
    """A cell as the document's own words name it, for sentences about the document."""
    return f"{row_named(cell)}, {cell[3]}"


def row_named(cell: tuple[Any, ...]) -> str:
    return f"{cell[0]}, {cell[1]}, severity {cell[2]}"
