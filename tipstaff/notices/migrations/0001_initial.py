import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import tipstaff.ledger.models
import tipstaff.notices.models.message
import tipstaff.time


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Endpoint",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tipstaff.ledger.models.UUIDv7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("active", "On"), ("disabled", "Off"), ("closed", "Closed")],
                        default="active",
                        max_length=10,
                    ),
                ),
                (
                    "description",
                    models.CharField(
                        help_text="What receives there, for example “Gateway”.", max_length=120, verbose_name="name"
                    ),
                ),
                (
                    "url",
                    models.URLField(
                        help_text="Where each message is posted. Put no password or key into it: the signature is the proof.",
                        max_length=500,
                        verbose_name="address",
                    ),
                ),
                (
                    "types",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=60), verbose_name="events"
                    ),
                ),
                ("rotation", models.PositiveIntegerField(default=0, editable=False)),
                ("rotated_at", models.DateTimeField(editable=False, null=True)),
                ("disabled_reason", models.CharField(blank=True, editable=False, max_length=300)),
                ("disabled_at", models.DateTimeField(editable=False, null=True)),
                ("registered_at", models.DateTimeField(default=tipstaff.time.now, editable=False)),
            ],
            options={
                "ordering": ["description", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "closed"), _negated=True),
                        fields=("url",),
                        name="endpoint_url_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("disabled_at", None), ("disabled_reason", ""), ("state", "active")),
                            models.Q(("disabled_at__isnull", False), ("state__in", ["disabled", "closed"])),
                            _connector="OR",
                        ),
                        name="endpoint_disabled_at",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tipstaff.ledger.models.UUIDv7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Waiting to be sent"),
                            ("handed_over", "Handed over"),
                            ("undeliverable", "Undeliverable"),
                        ],
                        default="queued",
                        max_length=16,
                    ),
                ),
                ("about", models.CharField(db_index=True, max_length=200)),
                ("about_stream", models.CharField(max_length=200)),
                ("kind", models.CharField(max_length=60)),
                ("recipient", models.EmailField(max_length=254)),
                ("language", models.CharField(default="en", max_length=10)),
                ("subject", models.CharField(max_length=250)),
                ("text", models.TextField()),
                (
                    "message_id",
                    models.CharField(
                        default=tipstaff.notices.models.message.new_message_id, max_length=250, unique=True
                    ),
                ),
                ("queued_at", models.DateTimeField(default=tipstaff.time.now)),
                ("next_attempt_at", models.DateTimeField(default=tipstaff.time.now)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("last_error", models.CharField(blank=True, max_length=300)),
                ("handed_over_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["queued_at"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "queued")), fields=["next_attempt_at"], name="message_due"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("handed_over_at__isnull", False), ("state", "handed_over")),
                            models.Q(
                                models.Q(("state", "handed_over"), _negated=True), ("handed_over_at__isnull", True)
                            ),
                            _connector="OR",
                        ),
                        name="message_handed_over_at",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tipstaff.ledger.models.UUIDv7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("queued", "Waiting"), ("delivered", "Delivered"), ("dead", "Given up")],
                        default="queued",
                        max_length=10,
                    ),
                ),
                (
                    "endpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="deliveries", to="notices.endpoint"
                    ),
                ),
                ("event", models.CharField(max_length=60)),
                ("about", models.CharField(max_length=200)),
                ("about_stream", models.CharField(max_length=200)),
                (
                    "subject_key",
                    models.CharField(help_text="Whose line it stands in: one line keeps its order.", max_length=200),
                ),
                ("place", models.PositiveIntegerField(editable=False)),
                (
                    "after",
                    models.CharField(blank=True, help_text="The decision whose notice goes first.", max_length=200),
                ),
                ("body", models.TextField(help_text="The JSON as it is signed and sent, the same at every try.")),
                ("queued_at", models.DateTimeField(default=tipstaff.time.now)),
                ("next_attempt_at", models.DateTimeField(default=tipstaff.time.now)),
                ("leased_until", models.DateTimeField(null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("last_status", models.PositiveSmallIntegerField(null=True)),
                ("last_error", models.CharField(blank=True, max_length=300)),
                ("delivered_at", models.DateTimeField(null=True)),
                ("given_up_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["-queued_at", "-place"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "queued")),
                        fields=["endpoint", "next_attempt_at"],
                        name="delivery_due",
                    ),
                    models.Index(
                        condition=models.Q(("state", "queued")),
                        fields=["endpoint", "subject_key", "place"],
                        name="delivery_line",
                    ),
                    models.Index(fields=["endpoint", "-id"], name="delivery_of_endpoint"),
                    models.Index(
                        condition=models.Q(("state", "dead")), fields=["endpoint", "-given_up_at"], name="delivery_dead"
                    ),
                    models.Index(fields=["about_stream"], name="delivery_about"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("endpoint", "subject_key", "place"), name="delivery_place_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("delivered_at", None), ("given_up_at", None), ("state", "queued")),
                            models.Q(("delivered_at__isnull", False), ("given_up_at", None), ("state", "delivered")),
                            models.Q(("delivered_at", None), ("given_up_at__isnull", False), ("state", "dead")),
                            _connector="OR",
                        ),
                        name="delivery_settled_at",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tipstaff.ledger.models.UUIDv7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("about", models.CharField(db_index=True, max_length=200)),
                ("about_stream", models.CharField(max_length=200)),
                ("scope", models.CharField(default="subject", max_length=20)),
                ("heading", models.CharField(max_length=250)),
                (
                    "sections",
                    models.JSONField(help_text="List of {heading, paragraphs: [text], facts: [[label, text]]}."),
                ),
                (
                    "action",
                    models.CharField(blank=True, help_text="URL name that takes the link's token.", max_length=60),
                ),
                ("action_label", models.CharField(blank=True, max_length=120)),
                ("language", models.CharField(default="en", max_length=10)),
                (
                    "message",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notices",
                        to="notices.message",
                    ),
                ),
                ("given_at", models.DateTimeField(default=tipstaff.time.now)),
            ],
            options={
                "ordering": ["-given_at"],
            },
        ),
    ]
