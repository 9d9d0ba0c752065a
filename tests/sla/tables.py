"""Tables of targets and calendars, adopted as an administrator adopts them."""

from typing import Any

from tests.factories import person
from tipstaff.sla.models import Calendar, Target, TargetTable


def rows_in_force() -> list[dict[str, Any]]:
    return [row.told for row in Target.objects.in_force()]


def adopt(*first: dict[str, Any], only: bool = False) -> TargetTable:
    """A new table: `first`, then the rows of the one in force that are still reached, or nothing more for `only`."""
    rows = [Target.of(row) for row in first]
    kept = [] if only else rows_in_force()
    left = [row for row in kept if not any(new.covers(Target.of(row)) for new in rows)]
    table = TargetTable(reason="Another year, other targets.")
    newest = TargetTable.objects.newest().number
    table.adopt(actor=person("admin"), rows=[*first, *left], after=newest)
    return table


def calendar(document: dict[str, Any], name: str = "Shifts") -> Calendar:
    """A calendar that works as `document` says, without public holidays."""
    made = Calendar(name=name)
    made.make(actor=person("admin"), hours={"zone": document["zone"], "week": document["week"]})
    return made
