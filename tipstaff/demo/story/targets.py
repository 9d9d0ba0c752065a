"""When the teams of the demo work, the targets that count by it, and why some were missed."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from tipstaff.accounts.models import User
from tipstaff.sla.models import Calendar, Clock, Kind, Target, TargetTable

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

WHO_EXPLAINS = ("lead", "head", "appeals", "compliance", "policy")
WHY = (
    ("volume", "Three campaigns came in on one night, and the desk worked through the most severe first."),
    ("staffing", "Two of four reviewers were ill that week."),
    ("evidence", "The request logs of the customer came two days after we had asked for them."),
    ("complexity", ""),
    ("language", "Nobody on the shift read the language; the translation took until the next morning."),
)


def explained(clock: str, people: dict[str, User], missed_at: datetime) -> Iterator[datetime]:
    """Some hours later whoever may says why the target was missed; of every fourth nobody has said it yet."""
    number = int(missed_at.timestamp())
    if number % 4 == 0:
        return
    yield missed_at + timedelta(hours=3 + number % 20)
    missed = Clock.objects.get(pk=clock)
    explain = Clock.explain.operation  # type: ignore[attr-defined]
    person = next((people[name] for name in WHO_EXPLAINS if explain.available(missed, people[name])), None)
    if person is not None:
        reason, comment = WHY[number % len(WHY)]
        missed.explain(actor=person, reason=reason, comment=comment)


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
