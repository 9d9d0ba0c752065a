"""The targets and the calendar that a new installation begins with."""

from pathlib import Path
from typing import Any

import yaml
from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.utils import timezone

DEFAULTS = Path(__file__).resolve().parent.parent / "targets.yaml"
UNITS = {"min": "minutes", "h": "hours", "d": "days", "bd": "working_days"}


def row(told: dict[str, Any]) -> dict[str, Any]:
    amount, unit = told.pop("within").split()
    return told | {"amount": int(amount), "unit": UNITS[unit]}


def begin(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    defaults = yaml.safe_load(DEFAULTS.read_text())
    at, hours, using = timezone.now(), defaults["calendar"], editor.connection.alias
    calendar = apps.get_model("sla", "Calendar").objects.using(using).create(name=hours["name"])
    apps.get_model("sla", "CalendarEdition").objects.using(using).create(
        calendar=calendar,
        number=1,
        document={"zone": hours["zone"], "week": hours["week"], "holidays": {}},
        until_year=at.year + 3,
        made_at=at,
    )
    table = (
        apps.get_model("sla", "TargetTable")
        .objects.using(using)
        .create(number=1, reason="The targets that Tipstaff comes with.", adopted_at=at)
    )
    rows = [row(told) for told in defaults["targets"]]
    target = apps.get_model("sla", "Target")
    target.objects.using(using).bulk_create(
        target(table=table, position=place, calendar=calendar if told["unit"] == "working_days" else None, **told)
        for place, told in enumerate(rows, 1)
    )


class Migration(migrations.Migration):
    dependencies = [("sla", "0002_guards")]
    operations = [
        migrations.RunPython(begin, migrations.RunPython.noop),
    ]
