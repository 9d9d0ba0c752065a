import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import tipstaff.ledger.models
import tipstaff.time
import tipstaff.workflow.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
        ("cases", "0001_initial"),
        ("workflow", "0001_references"),
    ]

    operations = [
        migrations.CreateModel(
            name="Appeal",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tipstaff.ledger.models.UUIDv7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "ref",
                    models.CharField(
                        db_default=tipstaff.workflow.models.NextRef("A"), editable=False, max_length=20, unique=True
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("lodged", "Lodged"),
                            ("inadmissible", "Not admitted"),
                            ("under_review", "Under review"),
                            ("upheld", "Decision upheld"),
                            ("varied", "Decision made milder"),
                            ("reversed", "Decision reversed"),
                            ("remanded", "Sent back for a new decision"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="lodged",
                        max_length=16,
                    ),
                ),
                (
                    "decision",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appeals",
                        to="cases.decision",
                    ),
                ),
                (
                    "report",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appeals",
                        to="cases.report",
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appeals",
                        to="cases.case",
                    ),
                ),
                (
                    "ground",
                    models.CharField(
                        choices=[
                            ("not_me", "It was not me, or my account was taken over"),
                            ("context", "Something important was left out"),
                            ("rule", "The rule does not apply to what I did"),
                            ("too_harsh", "The measure is too harsh"),
                            ("other", "Something else"),
                        ],
                        max_length=12,
                    ),
                ),
                ("text", models.TextField(max_length=5000)),
                ("contact", models.EmailField(blank=True, max_length=254)),
                ("language", models.CharField(default="en", max_length=10)),
                ("lodged_at", models.DateTimeField(default=tipstaff.time.now, editable=False)),
                (
                    "reviewer",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("reviewed_part", models.CharField(editable=False, max_length=20, null=True)),
                ("taken_up_at", models.DateTimeField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("reasons", models.TextField(blank=True)),
                (
                    "inadmissible_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("no_standing", "The appeal does not come from the person affected."),
                            ("out_of_time", "The appeal came after the time allowed."),
                            ("duplicate", "The same appeal was heard already."),
                        ],
                        max_length=12,
                    ),
                ),
                ("due_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["lodged_at"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("case__isnull", False), ("decision__isnull", False), ("report", None)),
                            models.Q(("case", None), ("decision", None), ("report__isnull", False)),
                            _connector="OR",
                        ),
                        name="appeal_of_exactly_one",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["inadmissible", "withdrawn"]), _negated=True),
                        fields=("decision",),
                        name="appeal_once_per_decision",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["inadmissible", "withdrawn", "reversed"]), _negated=True),
                        fields=("report",),
                        name="appeal_once_per_report",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("reviewer", None), ("taken_up_at", None)),
                            models.Q(("reviewer__isnull", False), ("taken_up_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="appeal_taken_up_by_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("case", None),
                            ("reviewer", None),
                            models.Q(("reviewed_part", "reviewed_appeal"), ("reviewed_part__isnull", False)),
                            _connector="OR",
                        ),
                        name="appeal_reviewed_part",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["upheld", "varied", "reversed", "remanded"]), _negated=True),
                            models.Q(
                                ("decided_at__isnull", False),
                                ("reviewer__isnull", False),
                                models.Q(("reasons", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="appeal_decided_has_reasons",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "inadmissible"), _negated=True),
                            models.Q(("inadmissible_reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="appeal_inadmissible_reason",
                    ),
                ],
            },
        ),
    ]
