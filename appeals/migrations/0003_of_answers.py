"""A reporter contests what they were told of a case that was decided: the appeal is heard in that case."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("appeals", "0002_guards"),
        ("cases", "0035_report_outcome"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="appeal",
            name="appeal_of_exactly_one",
        ),
        migrations.RemoveConstraint(
            model_name="appeal",
            name="appeal_once_per_report",
        ),
        migrations.AddConstraint(
            model_name="appeal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("case__isnull", False), ("decision__isnull", False), ("report", None)),
                    models.Q(("decision", None), ("report__isnull", False)),
                    _connector="OR",
                ),
                name="appeal_of_exactly_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="appeal",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ("inadmissible", "withdrawn", "reversed", "remanded")), _negated=True),
                fields=("report",),
                name="appeal_once_per_report",
            ),
        ),
    ]
