import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import tipstaff.ledger.models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Stream",
            fields=[
                ("name", models.CharField(max_length=200, primary_key=True, serialize=False)),
                ("head_seq", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tipstaff.ledger.models.UUIDv7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "stream",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="ledger.stream",
                    ),
                ),
                ("seq", models.BigIntegerField()),
                ("kind", models.CharField(max_length=80)),
                ("at", models.DateTimeField()),
                (
                    "decoys",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=43), default=list),
                ),
            ],
            options={
                "ordering": ["id"],
                "indexes": [models.Index(fields=["kind", "id"], name="event_by_kind")],
                "constraints": [
                    models.UniqueConstraint(fields=("stream", "seq"), name="event_seq_once_per_stream"),
                    models.CheckConstraint(condition=models.Q(("seq__gte", 1)), name="event_seq_from_one"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Disclosure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="disclosures", to="ledger.event"
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                ("salt", models.CharField(max_length=22, null=True)),
                ("value", models.JSONField(null=True)),
                ("digest", models.CharField(max_length=43)),
            ],
            options={
                "ordering": ["id"],
                "constraints": [models.UniqueConstraint(fields=("event", "name"), name="disclosure_once_per_event")],
            },
        ),
        migrations.CreateModel(
            name="SigningKey",
            fields=[
                ("kid", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("public", models.BinaryField(help_text="Raw 32-byte Ed25519 public key.")),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Leaf",
            fields=[
                ("idx", models.BigIntegerField(primary_key=True, serialize=False)),
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="leaf", to="ledger.event"
                    ),
                ),
                ("jws", models.TextField()),
                ("leaf_hash", models.BinaryField()),
            ],
            options={
                "ordering": ["idx"],
            },
        ),
        migrations.CreateModel(
            name="StreamTip",
            fields=[
                ("stream", models.CharField(max_length=200, primary_key=True, serialize=False)),
                ("seq", models.BigIntegerField()),
                ("leaf_hash", models.BinaryField()),
            ],
        ),
    ]
