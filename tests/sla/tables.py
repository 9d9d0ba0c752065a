"""Tables of targets and calendars, adopted as an administrator adopts them."""

from typing import Any

from tests.factories import person
from tipstaff.sla.models import Calendar, Target, TargetTable

COLUMNS = ("kind", "severity", "referral", "amount", "unit", "statutory", "norm")


def rows_in_force() -> list[dict[str, Any]]:
    rows = Target.objects.in_force()
    return [
        {name: getattr(row, name) for name in COLUMNS} | {"calendar": row.calendar_id and str(row.calendar_id)}
        for row in rows
    ]


def adopt(*first: dict[str, Any], only: bool = False) -> TargetTable:
    """A new table: `first`, then the rows of the one in force that are still reached, or nothing more for `only`."""
    rows = [Target(**{name: row.get(name) for name in ("kind", "severity", "referral")}) for row in first]
    kept = [] if only else rows_in_force()
    left = [row for row in kept if not any(new.covers(Target(**{n: row[n] for n in COLUMNS[:3]})) for new in rows)]
    table = TargetTable(reason="Another year, other targets.")
    table.adopt(actor=person("admin"), rows=[*first, *left])
    return table


def calendar(document: dict[str, Any], name: str = "Shifts") -> Calendar:
    """A calendar that works as `document` says, without public holidays."""
    made = Calendar(name=name)
    made.make(actor=person("admin"), hours={"zone": document["zone"], "week": document["week"]})
    return made
