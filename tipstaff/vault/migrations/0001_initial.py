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
        ("workflow", "0001_references"),
    ]

    operations = [
        migrations.CreateModel(
            name="LegalHold",
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
                        db_default=tipstaff.workflow.models.NextRef("H"), editable=False, max_length=20, unique=True
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("placed", "In force"),
                            ("release_asked", "In force, release asked for"),
                            ("released", "Released"),
                        ],
                        default="placed",
                        editable=False,
                        max_length=20,
                    ),
                ),
                (
                    "on",
                    models.CharField(
                        db_index=True, help_text="A reference: case:C-0001.", max_length=200, verbose_name="on what"
                    ),
                ),
                ("reason", models.TextField(max_length=2000, verbose_name="reason")),
                (
                    "basis",
                    models.CharField(
                        help_text="The law, order or matter it rests on.", max_length=300, verbose_name="basis"
                    ),
                ),
                (
                    "placed_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("placed_at", models.DateTimeField(default=tipstaff.time.now, editable=False)),
                ("release_reason", models.TextField(blank=True, editable=False, max_length=2000)),
                (
                    "release_asked_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("release_asked_at", models.DateTimeField(editable=False, null=True)),
                (
                    "released_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("released_at", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "ordering": ["-placed_at"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("release_asked_by__isnull", True), ("released_by__isnull", True), ("state", "placed")
                            ),
                            models.Q(
                                ("release_asked_by__isnull", False),
                                ("released_by__isnull", True),
                                ("state", "release_asked"),
                            ),
                            models.Q(
                                ("release_asked_by__isnull", False),
                                ("released_by__isnull", False),
                                ("state", "released"),
                            ),
                            _connector="OR",
                        ),
                        name="hold_released_by_two",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("released_by__isnull", True),
                            models.Q(("released_by", models.F("release_asked_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="hold_released_by_different_people",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SealedFile",
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
                            ("receiving", "Being received"),
                            ("sealed", "Sealed"),
                            ("failed", "Failed"),
                            ("set_aside", "Set aside"),
                            ("disposed", "Disposed of"),
                        ],
                        default="receiving",
                        max_length=12,
                    ),
                ),
                ("matter", models.CharField(blank=True, db_index=True, max_length=200)),
                ("name", models.CharField(max_length=255)),
                ("declared_type", models.CharField(blank=True, max_length=200)),
                ("sniffed_type", models.CharField(blank=True, max_length=200)),
                (
                    "sniffer",
                    models.CharField(blank=True, help_text="What looked at its type, with its version.", max_length=60),
                ),
                (
                    "received_from",
                    models.CharField(blank=True, editable=False, help_text="The actor it came from.", max_length=200),
                ),
                (
                    "same_as",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="doubles",
                        to="vault.sealedfile",
                    ),
                ),
                ("size", models.BigIntegerField(null=True)),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("sha512", models.CharField(blank=True, max_length=128)),
                (
                    "wrapped_key",
                    models.BinaryField(help_text="The file's age identity, encrypted under the vault key."),
                ),
                ("received_at", models.DateTimeField(default=tipstaff.time.now, editable=False)),
                (
                    "verified_at",
                    models.DateTimeField(editable=False, help_text="Last compared with its digest.", null=True),
                ),
                ("damaged_at", models.DateTimeField(editable=False, null=True)),
                ("disposed_at", models.DateTimeField(editable=False, null=True)),
                (
                    "scan_result",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("clean", "Nothing found"),
                            ("found", "Malware found"),
                            ("unscannable", "Cannot be scanned whole"),
                            ("error", "Scan failed, is tried again"),
                        ],
                        editable=False,
                        max_length=12,
                    ),
                ),
                (
                    "scan_detail",
                    models.CharField(
                        blank=True, editable=False, help_text="What was found, or failed.", max_length=200
                    ),
                ),
                (
                    "scanner",
                    models.CharField(
                        blank=True, editable=False, help_text="With its signatures' version.", max_length=200
                    ),
                ),
                ("scanned_at", models.DateTimeField(editable=False, null=True)),
                ("scan_tries", models.PositiveSmallIntegerField(default=0, editable=False)),
                (
                    "scan_due_at",
                    models.DateTimeField(
                        default=tipstaff.time.now, editable=False, help_text="Empty: not to be scanned.", null=True
                    ),
                ),
            ],
            options={
                "ordering": ["received_at", "id"],
                "indexes": [
                    models.Index(
                        models.OrderBy(models.F("verified_at"), nulls_first=True),
                        models.F("id"),
                        condition=models.Q(("state", "sealed")),
                        name="file_to_verify",
                    ),
                    models.Index(
                        condition=models.Q(("scan_due_at__isnull", False), ("state", "sealed")),
                        fields=["scan_due_at"],
                        name="file_to_scan",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "sealed"), _negated=True),
                            models.Q(
                                ("size__isnull", False),
                                models.Q(("sha256", ""), _negated=True),
                                models.Q(("sha512", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="file_sealed_has_digests",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("disposed_at__isnull", False), ("state", "disposed"), ("wrapped_key", b"")),
                            models.Q(models.Q(("state", "disposed"), _negated=True), ("disposed_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="file_disposed_has_no_key",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "set_aside"), _negated=True),
                            models.Q(("matter", ""), ("wrapped_key", b"")),
                            _connector="OR",
                        ),
                        name="file_set_aside_has_no_key",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("state", "sealed"),
                            models.Q(("matter", ""), _negated=True),
                            models.Q(("matter__startswith", "file:"), _negated=True),
                        ),
                        fields=("matter", "sha256"),
                        name="file_once_in_its_matter",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("scan_result", ""), ("scanned_at__isnull", True)),
                            models.Q(
                                models.Q(("scan_result", ""), _negated=True),
                                ("scanned_at__isnull", False),
                                models.Q(("scanner", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="file_scanned_by_something",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RetentionClock",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tipstaff.ledger.models.UUIDv7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="retention_clocks",
                        to="vault.sealedfile",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("regulator", "An authority asked for it"),
                            ("preservation", "The law has it preserved after a referral"),
                            ("litigation", "A dispute is under way or expected"),
                        ],
                        max_length=20,
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("basis", models.CharField(max_length=300)),
                (
                    "set_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["expires_at"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("starts_at"))),
                        name="retention_ends_after_it_began",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Derivative",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tipstaff.ledger.models.UUIDv7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="derivatives", to="vault.sealedfile"
                    ),
                ),
                (
                    "file",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="derived",
                        to="vault.sealedfile",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("veiled", "Blurred and grey"),
                            ("grey", "In grey"),
                            ("plain", "In colour"),
                            ("lines", "Text in turns and lines"),
                            ("redaction", "Redaction"),
                            ("none", "Nothing to show"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Of a still in its video, of a redaction in its file."
                    ),
                ),
                (
                    "problem",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("no_viewer", "Files of this type are not shown here. Download the original to read it."),
                            ("audio", "Sound is not played here. Download the original to listen to it."),
                            ("no_ffmpeg", "Stills of a video need ffmpeg, which is not installed on this server."),
                            ("damaged", "The file is broken or is not what it says it is, so nothing could be drawn."),
                            ("too_large", "The picture has more pixels than we open, so nothing was drawn."),
                            ("too_long", "Reading it took longer than we allow, so it was stopped."),
                            ("broke_off", "The reader broke off at this file, so nothing is shown of it."),
                        ],
                        max_length=10,
                    ),
                ),
                ("tool", models.CharField(blank=True, help_text="What made it, with its version.", max_length=100)),
                ("params", models.JSONField(default=dict, help_text="With which settings, and what it found.")),
                (
                    "root",
                    models.CharField(
                        blank=True, help_text="RFC 6962 root over the salted lines, in hex.", max_length=64
                    ),
                ),
                (
                    "salt",
                    models.BinaryField(
                        help_text="Of the line tree; without it no line can be proven or guessed.", null=True
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=300, verbose_name="reason")),
                (
                    "made_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("made_at", models.DateTimeField(default=tipstaff.time.now, editable=False)),
            ],
            options={
                "ordering": ["parent", "kind", "position"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("file__isnull", False)),
                        fields=("parent", "kind", "position"),
                        name="derivative_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("file__isnull", True), ("kind", "none"), models.Q(("problem", ""), _negated=True)
                            ),
                            models.Q(
                                models.Q(("kind", "none"), _negated=True), ("file__isnull", False), ("problem", "")
                            ),
                            _connector="OR",
                        ),
                        name="derivative_is_there_or_says_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "redaction"), _negated=True),
                            models.Q(("made_by__isnull", False), models.Q(("reason", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="derivative_redaction_has_a_reason",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Disposal",
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
                        db_default=tipstaff.workflow.models.NextRef("X"), editable=False, max_length=20, unique=True
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "Waiting for approval"),
                            ("refused", "Refused"),
                            ("carried_out", "Carried out"),
                        ],
                        default="proposed",
                        editable=False,
                        max_length=20,
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="disposals", to="vault.sealedfile"
                    ),
                ),
                (
                    "ground",
                    models.CharField(
                        choices=[("expired", "Its retention is over"), ("erasure", "Somebody asked for erasure")],
                        max_length=10,
                        verbose_name="ground",
                    ),
                ),
                ("reason", models.TextField(max_length=2000, verbose_name="reason")),
                (
                    "proposed_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("proposed_at", models.DateTimeField(default=tipstaff.time.now, editable=False)),
                ("refusal", models.TextField(blank=True, editable=False)),
                (
                    "refused_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("ended_at", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "ordering": ["-proposed_at"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["proposed", "carried_out"])),
                        fields=("file",),
                        name="disposal_once_per_file",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("refusal", ""), ("state", "proposed")),
                            models.Q(
                                ("ended_at__isnull", False),
                                ("state", "refused"),
                                models.Q(("refusal", ""), _negated=True),
                            ),
                            models.Q(("ended_at__isnull", False), ("refusal", ""), ("state", "carried_out")),
                            _connector="OR",
                        ),
                        name="disposal_ended",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Approval",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tipstaff.ledger.models.UUIDv7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "disposal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="approvals", to="vault.disposal"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("approved_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["approved_at"],
                "constraints": [
                    models.UniqueConstraint(fields=("disposal", "person"), name="disposal_approved_once_each")
                ],
            },
        ),
        migrations.CreateModel(
            name="Unsealing",
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
                        db_default=tipstaff.workflow.models.NextRef("U"), editable=False, max_length=20, unique=True
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("asked", "Asked for"), ("granted", "Granted"), ("refused", "Refused")],
                        default="asked",
                        editable=False,
                        max_length=10,
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="unsealings", to="vault.sealedfile"
                    ),
                ),
                ("reason", models.TextField(max_length=2000, verbose_name="What do you need it for?")),
                (
                    "asked_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("asked_at", models.DateTimeField(default=tipstaff.time.now, editable=False)),
                ("answer", models.TextField(blank=True, editable=False, max_length=2000)),
                (
                    "answered_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("answered_at", models.DateTimeField(editable=False, null=True)),
                ("ends_at", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "ordering": ["-asked_at"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("answered_by__isnull", True), ("ends_at__isnull", True), ("state", "asked")),
                            models.Q(("answered_by__isnull", False), ("ends_at__isnull", False), ("state", "granted")),
                            models.Q(("answered_by__isnull", False), ("ends_at__isnull", True), ("state", "refused")),
                            _connector="OR",
                        ),
                        name="unsealing_answered",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("answered_by__isnull", True),
                            models.Q(("answered_by", models.F("asked_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="unsealing_answered_by_another",
                    ),
                ],
            },
        ),
    ]
