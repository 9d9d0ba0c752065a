"""Matrices of other dimensions and tiers than the default one: made by hand, and drawn at random."""

from itertools import product
from typing import Any

from hypothesis import strategies as st

NAMES = ("intent", "sensitivity", "severity", "recurrence")
KINDS = ("warning", "rate_limit", "temporary_suspension", "permanent_termination")


def document(orders: dict[str, list[Any]], tiers: list[str], grade, *, steps: int = 1, **parts: Any) -> dict[str, Any]:
    """A matrix of these dimensions and tiers; `grade(cell)` is the place of a cell's tier."""
    rows: dict[Any, dict[str, Any]] = {}
    for cell in product(*(orders[name] for name in NAMES)):
        row = rows.setdefault(cell[:3], dict(zip(NAMES[:3], cell[:3], strict=True)))
        row[cell[3]] = tiers[grade(cell)]
    return {
        "decision_matrix": {"id": "of-our-own", "version": "2.0"},
        "dimensions": {name: {"order": order} for name, order in orders.items()}
        | {"recurrence": {"order": orders["recurrence"], "window_days": 90}},
        "sanctions": {kind: {"title": kind.replace("_", " ").capitalize()} for kind in KINDS},
        "tiers": [
            {
                "code": code,
                "title": f"Tier {code}",
                "sanctions": [{"type": KINDS[place * (len(KINDS) - 1) // max(1, len(tiers) - 1)]}],
                "remediation": {},
                "four_eyes": place > 1,
                "approver": "adjudicator",
                "notice_hours": 24,
                "appeal_months": 6,
            }
            for place, code in enumerate(tiers)
        ],
        "overrides": [
            {"id": name, "when": "When it is so.", "effect": "As said."}
            for name in ("exemption", "support-first", "minimum-tier", "mandatory-referral")
        ],
        "adjustments": {
            "max_total_steps": steps,
            "mitigating": [{"id": "sorry", "title": "Said sorry", "steps": -1}],
            "aggravating": [
                {"id": "profit", "title": "Made money", "steps": 1},
                {"id": "hidden", "title": "Hid it", "steps": 2},
            ],
        },
        "interim_measures": {"max_hours": {}},
        "matrix": list(rows.values()),
    } | parts


def own() -> dict[str, Any]:
    """Two intents, two kinds of data, every severity, two recurrences; three tiers."""
    orders = {
        "intent": ["careless", "wilful"],
        "sensitivity": ["none", "secret"],
        "severity": [1, 2, 3, 4],
        "recurrence": ["once", "again"],
    }

    def grade(cell):
        total = sum(orders[name].index(value) for name, value in zip(NAMES, cell, strict=True))
        return min(2, total // 2)

    return document(orders, ["NOTE", "LIM", "BAN"], grade)


def words(stem: str, most: int = 3):
    return st.integers(1, most).map(lambda count: [f"{stem}_{place}" for place in range(count)])


@st.composite
def sound(draw) -> dict[str, Any]:
    """A complete matrix in which no worse finding has a lighter tier."""
    orders = {
        "intent": draw(words("intent_value")),
        "sensitivity": draw(words("data")),
        "severity": sorted(draw(st.sets(st.integers(1, 4), min_size=1))),
        "recurrence": draw(words("time", 4)),
    }
    tiers = [f"L{place}" for place in range(draw(st.integers(1, 5)))]
    weights = {
        name: sorted(draw(st.lists(st.integers(0, 4), min_size=len(order), max_size=len(order))))
        for name, order in orders.items()
    }
    width = draw(st.integers(1, 4))

    def grade(cell):
        total = sum(weights[name][orders[name].index(value)] for name, value in zip(NAMES, cell, strict=True))
        return min(len(tiers) - 1, total // width)

    return document(orders, tiers, grade, steps=draw(st.integers(0, 3)))
