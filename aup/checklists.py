"""What must have been looked at before a breach is found, by group of rules: data beside the taxonomy."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Point:
    key: str
    text: str


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((DATA / "checklists.yaml").read_text())
    return document


def points_of(group: str) -> list[Point]:
    """The points of a group of rules, those common to all first; of a group that an organisation added, the common."""
    document = _document()
    own = document["groups"].get(group, {})
    return [Point(key, text) for key, text in [*document["common"].items(), *own.items()]]
