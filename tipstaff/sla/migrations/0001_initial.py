import datetime

import django.db.models.deletion
from django.db import migrations, models

import tipstaff.ledger.models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Clock",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tipstaff.ledger.models.UUIDv7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("about", models.CharField(db_index=True, max_length=200)),
                ("about_stream", models.CharField(max_length=200)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("triage", "Triage"),
                            ("decision", "Decision"),
                            ("appeal", "Appeal decision"),
                            ("waiver_receipt", "Waiver taken up"),
                            ("waiver", "Waiver decision"),
                            ("feedback", "Feedback answer"),
                        ],
                        max_length=30,
                    ),
                ),
                ("severity", models.PositiveSmallIntegerField()),
                ("target", models.DurationField(help_text="In working time, where there is a calendar.")),
                ("calendar", models.JSONField(help_text="As it was at the start; none: around the clock.", null=True)),
                ("started_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("next_check_at", models.DateTimeField(null=True)),
                ("level", models.PositiveSmallIntegerField(default=0)),
                ("paused_at", models.DateTimeField(null=True)),
                (
                    "pause_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("reporter", "waiting for the reporter"),
                            ("account_holder", "waiting for the account holder"),
                            ("applicant", "waiting for the applicant"),
                            ("outside", "waiting for somebody outside"),
                        ],
                        max_length=40,
                    ),
                ),
                ("paused", models.DurationField(default=datetime.timedelta)),
                ("breached_at", models.DateTimeField(help_text="When it was due, not when that was seen.", null=True)),
                ("detected_at", models.DateTimeField(null=True)),
                ("stopped_at", models.DateTimeField(null=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[("met", "Met"), ("breached", "Breached"), ("cancelled", "Cancelled")],
                        max_length=12,
                    ),
                ),
                ("elapsed", models.DurationField(null=True)),
            ],
            options={
                "ordering": ["started_at"],
                "indexes": [
                    models.Index(condition=models.Q(("stopped_at", None)), fields=["next_check_at"], name="clock_due")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("pause_reason", ""), ("paused_at", None)),
                            models.Q(
                                ("pause_reason__in", ["reporter", "account_holder", "applicant", "outside"]),
                                ("paused_at__isnull", False),
                                ("stopped_at", None),
                            ),
                            _connector="OR",
                        ),
                        name="clock_paused_for_a_reason",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("stopped_at", None)), fields=("about", "kind"), name="clock_one_running"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("elapsed", None), ("outcome", ""), ("stopped_at", None)),
                            models.Q(
                                ("elapsed__isnull", False),
                                ("stopped_at__isnull", False),
                                models.Q(("outcome", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="clock_stopped_is_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("breached_at", None), ("detected_at", None)),
                            models.Q(("breached_at__isnull", False), ("detected_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="clock_breach_has_both_times",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ClockAlert",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "clock_id", "level", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "clock",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="alerts", to="sla.clock"
                    ),
                ),
                ("level", models.PositiveSmallIntegerField()),
                ("reached_at", models.DateTimeField()),
                ("detected_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                ("name", models.CharField(max_length=60, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
            ],
        ),
    ]
