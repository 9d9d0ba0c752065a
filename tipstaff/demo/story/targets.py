"""When the teams of the demo work, and the targets that count by it."""

from typing import Any

from tipstaff.accounts.models import User
from tipstaff.sla.models import Calendar, Kind, Target, TargetTable

OFFICE = ["09:00-17:30"]
TEAMS: dict[Kind, tuple[str, dict[str, Any]]] = {
    Kind.FEEDBACK: (
        "Policy team, Dublin",
        {"zone": "Europe/Dublin", "week": [OFFICE] * 5 + [[], []], "country": "IE"},
    ),
    Kind.WAIVER_RECEIPT: (
        "Committee office, Madrid",
        {
            "zone": "Europe/Madrid",
            "week": [["09:00-14:00", "15:30-18:30"]] * 4 + [["09:00-15:00"], [], []],
            "country": "ES",
            "subdivision": "MD",
        },
    ),
}


def adopt(admin: User) -> None:
    """Once: a calendar for each of TEAMS, and a table in which what they do counts by it."""
    if TargetTable.objects.count() > 1:
        return
    calendars = {}
    for kind, (name, hours) in TEAMS.items():
        calendars[kind] = Calendar(name=name)
        calendars[kind].make(actor=admin, hours=hours)
    rows = [
        row.told | ({"calendar": str(calendars[Kind(row.kind)].pk)} if row.kind in calendars else {})
        for row in Target.objects.in_force()
    ]
    table = TargetTable(reason="Two teams count by their own working days.")
    table.adopt(actor=admin, rows=rows, after=TargetTable.objects.newest().number)
