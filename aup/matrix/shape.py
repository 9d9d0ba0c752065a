"""Whether a document is a decision matrix at all: its JSON Schema, and what a schema cannot say.

A document without a problem here can be loaded, shown and edited, even while cells are missing.
"""

import json
import math
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from aup.matrix.table import CELLS_LIMIT, DIMENSIONS, Document, dimensions, tiers

SCHEMA = Path(__file__).with_name("decision_matrix.schema.json")
QUOTED = 160  # characters of what the schema says, which may quote the document


@cache
def validator() -> Draft202012Validator:
    schema = json.loads(SCHEMA.read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def problems(document: Any) -> list[str]:
    """What keeps `document` from being read as a matrix, one sentence each; the place first."""
    errors = sorted(validator().iter_errors(document), key=lambda error: list(map(str, error.absolute_path)))
    if errors:
        return [_spoken(error) for error in errors]
    return [sentence for check in CHECKS for sentence in check(document)]


def _spoken(error: ValidationError) -> str:
    error = best_match([error]) or error
    place = error.json_path.removeprefix("$").removeprefix(".") or _("the document")
    message = error.message if len(error.message) <= QUOTED else f"{error.message[:QUOTED]}…"
    return _("The matrix cannot be read at %(place)s: %(message)s.") % {"place": place, "message": message.rstrip(".")}


def _size(document: Document) -> Iterator[str]:
    count = math.prod(map(len, dimensions(document).values()))
    if count > CELLS_LIMIT:
        yield _("A matrix has at most %(limit)s cells; these dimensions make %(count)s.") % {
            "limit": CELLS_LIMIT,
            "count": count,
        }


def _severities(document: Document) -> Iterator[str]:
    order = dimensions(document)["severity"]
    if order != sorted(order):
        yield _("The severities stand in the wrong order; 1 is the lowest and 4 the highest.")


def _codes(document: Document) -> Iterator[str]:
    codes = [tier["code"] for tier in document["tiers"]]
    for code in dict.fromkeys(code for code in codes if codes.count(code) > 1):
        yield _("The tier %(tier)s stands twice.") % {"tier": code}
    factors = [factor["id"] for kind in ("mitigating", "aggravating") for factor in document["adjustments"][kind]]
    for name in dict.fromkeys(name for name in factors if factors.count(name) > 1):
        yield _("The factor %(factor)s stands twice.") % {"factor": name}


def _factors(document: Document) -> Iterator[str]:
    for kind, sign in (("mitigating", -1), ("aggravating", 1)):
        for factor in document["adjustments"][kind]:
            if factor["steps"] * sign <= 0:
                yield _("The factor %(factor)s is %(kind)s, but moves the tier the other way or not at all.") % {
                    "factor": factor["id"],
                    "kind": kind,
                }


def _sanctions(document: Document) -> Iterator[str]:
    for tier in document["tiers"]:
        for sanction in tier["sanctions"]:
            if sanction["type"] not in document["sanctions"]:
                yield _("Tier %(tier)s has the sanction %(sanction)s, which is not listed under sanctions.") % {
                    "tier": tier["code"],
                    "sanction": sanction["type"],
                }


def _unproven(document: Document) -> Iterator[str]:
    for name in DIMENSIONS:
        dimension = document["dimensions"][name]
        if "if_unproven" in dimension and dimension["if_unproven"] not in dimension["order"]:
            yield _("“%(value)s” is no value of %(dimension)s.") % {
                "value": dimension["if_unproven"],
                "dimension": name,
            }


def _scoring(document: Document) -> Iterator[str]:
    scoring, known = document.get("scoring"), tiers(document)
    if not scoring:
        return
    for name, order in dimensions(document).items():
        for value in order:
            if str(value) not in scoring["weights"][name]:
                yield _("The scoring has no weight for %(dimension)s %(value)s.") % {"dimension": name, "value": value}
    for code in {*scoring["tier_from_total"], *scoring.get("highest_tier_by_intent", {}).values()} - known.keys():
        yield _("The scoring names the tier %(tier)s, which the matrix does not have.") % {"tier": code}


CHECKS: tuple[Callable[[Document], Iterator[str]], ...] = (
    _size, _severities, _codes, _factors, _sanctions, _unproven, _scoring,
)  # fmt: skip
