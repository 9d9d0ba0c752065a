import datetime

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import tipstaff.ledger.models
import tipstaff.time
import tipstaff.workflow.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
        ("aup", "0001_initial"),
        ("workflow", "0001_references"),
    ]

    operations = [
        migrations.CreateModel(
            name="Committee",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tipstaff.ledger.models.UUIDv7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=150, unique=True, verbose_name="name")),
                (
                    "remit",
                    models.TextField(help_text="What it decides, and for whom.", max_length=2000, verbose_name="remit"),
                ),
                ("established_at", models.DateTimeField(default=tipstaff.time.now, editable=False)),
            ],
            options={
                "ordering": ["established_at"],
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tipstaff.ledger.models.UUIDv7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "committee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="memberships",
                        to="governance.committee",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "function",
                    models.CharField(
                        choices=[
                            ("product", "Product"),
                            ("engineering", "Engineering"),
                            ("legal", "Legal"),
                            ("safety", "Safety"),
                            ("ethics", "Ethics"),
                            ("external", "Public interest"),
                        ],
                        max_length=20,
                        verbose_name="function",
                    ),
                ),
                ("in_field", models.BooleanField(verbose_name="works in the field of AI")),
                ("affiliated", models.BooleanField(verbose_name="belongs to the provider, or has family there")),
                ("seated_at", models.DateTimeField(default=tipstaff.time.now, editable=False)),
                ("left_at", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "ordering": ["seated_at"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("left_at", None)),
                        fields=("committee", "person"),
                        name="membership_seated_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("left_at", None), ("left_at__gte", models.F("seated_at")), _connector="OR"),
                        name="membership_left_after_seated",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Ballot",
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
                        db_default=tipstaff.workflow.models.NextRef("B"), editable=False, max_length=20, unique=True
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Voting"), ("closed", "Closed"), ("called_off", "Called off")],
                        default="open",
                        max_length=12,
                    ),
                ),
                ("about", models.CharField(db_index=True, max_length=200)),
                ("about_stream", models.CharField(max_length=200)),
                (
                    "committee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="ballots", to="governance.committee"
                    ),
                ),
                (
                    "conditions",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=500), blank=True, default=list
                    ),
                ),
                (
                    "until",
                    models.DateField(help_text="The last day of what would be granted, where it has one.", null=True),
                ),
                (
                    "opened_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("opened_at", models.DateTimeField(default=tipstaff.time.now, editable=False)),
                ("closes_at", models.DateTimeField()),
                (
                    "closed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True, choices=[("granted", "Granted"), ("refused", "Refused")], max_length=8
                    ),
                ),
            ],
            options={
                "ordering": ["-opened_at"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")), fields=("about",), name="ballot_one_open_about"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("closes_at__gt", models.F("opened_at"))), name="ballot_closes_after_opening"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at", None), ("closed_by", None), ("state", "open"), ("outcome", "")),
                            models.Q(
                                ("closed_at__isnull", False),
                                ("closed_by__isnull", False),
                                ("state", "closed"),
                                models.Q(("outcome", ""), _negated=True),
                            ),
                            models.Q(("closed_at__isnull", False), ("state", "called_off"), ("outcome", "")),
                            _connector="OR",
                        ),
                        name="ballot_closed_has_outcome",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BallotPart",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "ballot_id", "person_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "ballot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="parts", to="governance.ballot"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "part",
                    models.CharField(
                        choices=[("voted", "Voted"), ("recused", "Recused themselves"), ("barred", "Recused by rule")],
                        max_length=8,
                    ),
                ),
                (
                    "choice",
                    models.CharField(
                        blank=True,
                        choices=[("grant", "Grant"), ("refuse", "Refuse"), ("abstain", "Abstain")],
                        max_length=8,
                    ),
                ),
                ("reasons", models.TextField(max_length=5000)),
                ("taken_at", models.DateTimeField(default=tipstaff.time.now)),
            ],
            options={
                "ordering": ["taken_at"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("part", "voted"), ("choice__in", ["grant", "refuse", "abstain"])),
                            models.Q(("part__in", ["recused", "barred"]), ("choice", "")),
                            _connector="OR",
                        ),
                        name="ballot_part_votes_or_is_recused",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reasons", ""), _negated=True), name="ballot_part_has_reasons"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AISystem",
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
                        db_default=tipstaff.workflow.models.NextRef("M"), editable=False, max_length=20, unique=True
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "Proposed"),
                            ("in_review", "In review"),
                            ("approved", "Approved"),
                            ("retired", "Retired"),
                        ],
                        default="proposed",
                        editable=False,
                        max_length=12,
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="systems", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("purpose", models.TextField(max_length=2000, verbose_name="purpose")),
                (
                    "modalities",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=12),
                        blank=True,
                        default=list,
                        help_text="Empty: not settled yet.",
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("interface", "An interface of ours that people use"),
                            ("api", "An API that developers build on"),
                            ("distributor", "A cloud partner or reseller"),
                            ("weights", "Weights that others run themselves"),
                            ("internal", "Inside our organisation only"),
                        ],
                        max_length=12,
                        verbose_name="channel",
                    ),
                ),
                (
                    "geographies",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=12),
                        blank=True,
                        default=list,
                        help_text="Country codes, EU, or * for everywhere. Empty: not settled yet.",
                    ),
                ),
                (
                    "risk_class",
                    models.CharField(
                        choices=[("minimal", "Minimal"), ("limited", "Limited"), ("high", "High")],
                        max_length=8,
                        verbose_name="risk class",
                    ),
                ),
                (
                    "answers",
                    models.JSONField(
                        blank=True, default=dict, help_text="Text by the key of governance.intake.QUESTIONS."
                    ),
                ),
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
                ("submitted_at", models.DateTimeField(editable=False, null=True)),
                (
                    "approved_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("approved_at", models.DateTimeField(editable=False, null=True)),
                ("retired_at", models.DateTimeField(editable=False, null=True)),
                ("reason", models.TextField(blank=True, editable=False, max_length=1000)),
            ],
            options={
                "verbose_name": "AI system",
                "ordering": ["name", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("name"),
                        condition=models.Q(("state", "retired"), _negated=True),
                        name="system_name_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("name", ""), _negated=True), models.Q(("purpose", ""), _negated=True)
                        ),
                        name="system_is_described",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("approved_at", None), ("retired_at", None), ("state", "proposed")),
                            models.Q(
                                ("approved_at", None),
                                ("reason", ""),
                                ("retired_at", None),
                                ("state", "in_review"),
                                ("submitted_at__isnull", False),
                            ),
                            models.Q(
                                ("approved_at__isnull", False),
                                ("reason", ""),
                                ("retired_at", None),
                                ("state", "approved"),
                                ("submitted_at__isnull", False),
                            ),
                            models.Q(
                                ("retired_at__isnull", False),
                                ("state", "retired"),
                                models.Q(("reason", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="system_stamps",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("approved_at", None), ("approved_by", None)),
                            models.Q(("approved_at__isnull", False), ("approved_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="system_approved_by_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("approved_by", None),
                            models.Q(("approved_by", models.F("owner")), _negated=True),
                            _connector="OR",
                        ),
                        name="system_not_approved_by_its_owner",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("approved_by", None),
                            ("proposed_by", None),
                            models.Q(("approved_by", models.F("proposed_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="system_not_approved_by_its_proposer",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["in_review", "approved"]), _negated=True),
                            models.Q(("modalities__len__gt", 0), ("geographies__len__gt", 0)),
                            _connector="OR",
                        ),
                        name="system_reviewed_with_its_facts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Release",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tipstaff.ledger.models.UUIDv7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "system",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="releases", to="governance.aisystem"
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("released_on", models.DateField()),
                (
                    "policy_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="aup.policyversion"
                    ),
                ),
                ("risks", models.TextField()),
                ("testing", models.TextField()),
                ("biases", models.TextField()),
                (
                    "recorded_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("recorded_at", models.DateTimeField(default=tipstaff.time.now)),
            ],
            options={
                "ordering": ["-released_on", "-recorded_at"],
                "constraints": [
                    models.UniqueConstraint(fields=("system", "name"), name="release_name_once_per_system"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("name", ""), _negated=True),
                            models.Q(("risks", ""), _negated=True),
                            models.Q(("testing", ""), _negated=True),
                            models.Q(("biases", ""), _negated=True),
                        ),
                        name="release_says_it_all",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Control",
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
                        db_default=tipstaff.workflow.models.NextRef("K"), editable=False, max_length=20, unique=True
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("active", "In use"), ("retired", "Retired")],
                        default="active",
                        editable=False,
                        max_length=8,
                    ),
                ),
                (
                    "system",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="controls", to="governance.aisystem"
                    ),
                ),
                ("name", models.CharField(max_length=160, verbose_name="name")),
                ("description", models.TextField(max_length=2000, verbose_name="description")),
                (
                    "kind",
                    models.CharField(
                        blank=True, help_text="A control of the policy's catalogue, by code.", max_length=40
                    ),
                ),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("intake", "Intake: before somebody may use it"),
                            ("runtime", "Runtime: while it works"),
                            ("output", "Output: before a result takes effect"),
                            ("people", "People: training, duties, escalation"),
                        ],
                        max_length=8,
                        verbose_name="stage",
                    ),
                ),
                (
                    "mode",
                    models.CharField(
                        choices=[
                            ("technical", "Technical: it cannot be done"),
                            ("automated", "Automated: a machine checks each time"),
                            ("manual", "Manual: a person checks"),
                            ("self_reported", "Self-reported: users promise"),
                        ],
                        max_length=14,
                        verbose_name="mode",
                    ),
                ),
                (
                    "rules",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=10), help_text="Codes of the rules it enforces."
                    ),
                ),
                ("evidence", models.TextField(blank=True, max_length=2000, verbose_name="evidence")),
                ("evidence_url", models.URLField(blank=True, max_length=500, verbose_name="link to evidence")),
                (
                    "recorded_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("recorded_at", models.DateTimeField(default=tipstaff.time.now, editable=False)),
                (
                    "amended_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("amended_at", models.DateTimeField(editable=False, null=True)),
                (
                    "verified_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("last_verified_at", models.DateTimeField(editable=False, null=True)),
                (
                    "verified_under",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="aup.policyversion",
                    ),
                ),
                (
                    "failed_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("failed_at", models.DateTimeField(editable=False, null=True)),
                ("finding", models.TextField(blank=True, editable=False, max_length=2000)),
                ("retired_at", models.DateTimeField(editable=False, null=True)),
                ("reason", models.TextField(blank=True, editable=False, max_length=2000)),
            ],
            options={
                "ordering": ["system_id", "stage", "ref"],
                "indexes": [django.contrib.postgres.indexes.GinIndex(fields=["rules"], name="control_by_rule")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("name", ""), _negated=True),
                            models.Q(("description", ""), _negated=True),
                            ("rules__len__gt", 0),
                        ),
                        name="control_is_described",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("last_verified_at", None), ("verified_by", None)),
                            models.Q(
                                ("failed_at", None),
                                ("last_verified_at__isnull", False),
                                ("verified_by__isnull", False),
                                models.Q(("finding", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="control_verified_by_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("failed_at", None), ("failed_by", None)),
                            models.Q(
                                ("failed_at__isnull", False),
                                ("failed_by__isnull", False),
                                models.Q(("finding", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="control_failed_by_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("verified_by", None),
                            ("recorded_by", None),
                            models.Q(("verified_by", models.F("recorded_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="control_not_verified_by_its_recorder",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("verified_by", None),
                            ("amended_by", None),
                            models.Q(("verified_by", models.F("amended_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="control_not_verified_by_its_editor",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("verified_by", None),
                            models.Q(("evidence", ""), _negated=True),
                            models.Q(("evidence_url", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="control_verified_on_evidence",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("reason", ""), ("retired_at", None), ("state", "active")),
                            models.Q(
                                ("retired_at__isnull", False),
                                ("state", "retired"),
                                models.Q(("reason", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="control_retired_with_a_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("evidence_url", ""),
                            ("evidence_url__startswith", "https://"),
                            ("evidence_url__startswith", "http://"),
                            _connector="OR",
                        ),
                        name="control_links_to_the_web",
                    ),
                    models.UniqueConstraint(
                        models.F("system"),
                        django.db.models.functions.text.Lower("name"),
                        condition=models.Q(("state", "active")),
                        name="control_name_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WaiverBeneficiary",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tipstaff.ledger.models.UUIDv7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "subject",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.subject"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Waiver",
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
                        db_default=tipstaff.workflow.models.NextRef("W"), editable=False, max_length=20, unique=True
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("submitted", "Submitted"),
                            ("screening", "Screening"),
                            ("under_review", "Under review"),
                            ("changes_requested", "Changes requested"),
                            ("granted", "Granted"),
                            ("refused", "Refused"),
                            ("suspended", "Suspended"),
                            ("revoked", "Revoked"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="draft",
                        max_length=20,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("exemption", "Exemption from a rule"),
                            ("permission", "Permission for a restricted use"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "exemption",
                    models.CharField(blank=True, help_text="The ground, by its code in the policy.", max_length=10),
                ),
                (
                    "route",
                    models.CharField(
                        choices=[
                            ("committee", "The committee decides"),
                            ("screening", "Compliance decides when screening"),
                        ],
                        default="committee",
                        editable=False,
                        max_length=12,
                    ),
                ),
                (
                    "system",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="waivers",
                        to="governance.aisystem",
                    ),
                ),
                ("topic", models.CharField(help_text="What is asked for, in one line.", max_length=160)),
                ("applicant_name", models.CharField(max_length=200)),
                ("contact", models.EmailField(max_length=254)),
                (
                    "language",
                    models.CharField(
                        choices=[("en", "English"), ("es", "Español"), ("fr", "Français"), ("ar", "العربية")],
                        default="en",
                        max_length=10,
                    ),
                ),
                (
                    "accounts",
                    models.CharField(blank=True, help_text="Whom it is for, as they typed it.", max_length=500),
                ),
                ("conduct", models.TextField(help_text="What exactly would be permitted.", max_length=5000)),
                ("purpose", models.TextField(max_length=5000)),
                ("data_involved", models.TextField(max_length=5000)),
                ("safeguards", models.TextField(max_length=5000)),
                ("jurisdictions", models.CharField(max_length=300)),
                ("residual_risk", models.TextField(blank=True, max_length=5000)),
                ("starts_on", models.DateField(null=True)),
                (
                    "ends_on",
                    models.DateField(
                        help_text="The last day. Mandatory, and at most a year after the first.", null=True
                    ),
                ),
                (
                    "disclosure",
                    models.CharField(
                        choices=[
                            ("public", "Public, without names"),
                            ("redacted", "Counted in public, not described"),
                            ("confidential", "Confidential; only counted"),
                        ],
                        default="public",
                        max_length=12,
                    ),
                ),
                ("disclosure_reason", models.TextField(blank=True, max_length=2000)),
                (
                    "requested_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("token", models.UUIDField(blank=True, db_index=True, help_text="The machine that asked.", null=True)),
                (
                    "submission",
                    models.UUIDField(
                        editable=False, help_text="The same form twice is one request.", null=True, unique=True
                    ),
                ),
                (
                    "earlier",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="later",
                        to="governance.waiver",
                    ),
                ),
                ("drafted_at", models.DateTimeField(default=tipstaff.time.now, editable=False)),
                ("submitted_at", models.DateTimeField(null=True)),
                (
                    "screened_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("screened_at", models.DateTimeField(null=True)),
                (
                    "confirmed_at",
                    models.DateTimeField(
                        help_text="Facts confirmed; an answer of the applicant opens it again.", null=True
                    ),
                ),
                (
                    "risk",
                    models.CharField(
                        blank=True, choices=[("low", "Low"), ("medium", "Medium"), ("high", "High")], max_length=8
                    ),
                ),
                (
                    "conflicts",
                    models.TextField(blank=True, help_text="Interests that screening noted.", max_length=2000),
                ),
                (
                    "changes",
                    models.TextField(blank=True, help_text="What the applicant is asked to change.", max_length=5000),
                ),
                ("answers", models.TextField(blank=True)),
                (
                    "ballot",
                    models.ForeignKey(
                        help_text="The one that decided.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="governance.ballot",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "conditions",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=500), blank=True, default=list
                    ),
                ),
                ("reasons", models.TextField(blank=True, max_length=5000)),
                (
                    "ended_reason",
                    models.TextField(blank=True, help_text="Why suspended, revoked or recalled.", max_length=5000),
                ),
                ("recalled_at", models.DateTimeField(null=True)),
                ("due_at", models.DateTimeField(null=True)),
                (
                    "beneficiaries",
                    models.ManyToManyField(
                        related_name="waivers", through="governance.WaiverBeneficiary", to="accounts.subject"
                    ),
                ),
            ],
            options={
                "ordering": ["-drafted_at"],
                "abstract": False,
                "indexes": [models.Index(fields=["state", "-submitted_at"], name="waiver_by_state")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "exemption"), models.Q(("exemption", ""), _negated=True)),
                            models.Q(("exemption", ""), ("kind", "permission")),
                            ("state__in", ["draft", "withdrawn"]),
                            _connector="OR",
                        ),
                        name="waiver_exemption_has_ground",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["draft", "withdrawn"]),
                            models.Q(
                                ("ends_on__isnull", False),
                                ("starts_on__isnull", False),
                                ("submitted_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="waiver_submitted_has_dates",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["draft", "withdrawn"]),
                            models.Q(
                                ("ends_on__gt", models.F("starts_on")),
                                (
                                    "ends_on__lte",
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("starts_on"), "+", models.Value(datetime.timedelta(days=365))
                                    ),
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="waiver_ends_within_a_year",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["draft", "submitted", "withdrawn"]),
                            models.Q(("screened_at__isnull", False), ("screened_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="waiver_screened_by_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("screened_by", None),
                            ("requested_by", None),
                            models.Q(("screened_by", models.F("requested_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="waiver_not_screened_by_applicant",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by", None),
                            ("requested_by", None),
                            models.Q(("decided_by", models.F("requested_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="waiver_not_decided_by_applicant",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by", None),
                            ("ballot", None),
                            models.Q(("decided_by", models.F("screened_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="waiver_ballot_not_closed_by_screener",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "changes_requested"), _negated=True),
                            models.Q(("changes", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="waiver_changes_are_named",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["granted", "suspended", "revoked", "refused"]), _negated=True),
                            models.Q(
                                ("decided_at__isnull", False),
                                ("decided_by__isnull", False),
                                models.Q(("reasons", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="waiver_decided_has_reasons",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["granted", "suspended", "revoked"]), _negated=True),
                            models.Q(
                                models.Q(("conditions", []), _negated=True),
                                models.Q(
                                    ("ballot__isnull", False),
                                    models.Q(("recalled_at", None), ("route", "screening")),
                                    _connector="OR",
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="waiver_granted_has_conditions",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "refused"), _negated=True), ("ballot__isnull", False), _connector="OR"
                        ),
                        name="waiver_refused_by_ballot",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["suspended", "revoked"]), _negated=True),
                            models.Q(("ended_reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="waiver_ended_has_reason",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["draft", "withdrawn"]), _negated=True),
                        fields=("earlier",),
                        name="waiver_followed_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WaiverRule",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tipstaff.ledger.models.UUIDv7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("waiver", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="governance.waiver")),
                (
                    "rule",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="aup.rule"),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("waiver", "rule"), name="waiver_rule_once")],
            },
        ),
        migrations.CreateModel(
            name="Spell",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tipstaff.ledger.models.UUIDv7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "waiver",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="spells", to="governance.waiver"
                    ),
                ),
                ("begins_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField(help_text="The end that was granted; every spell has one.")),
                (
                    "lapses_at",
                    models.DateTimeField(
                        help_text="When it stops unless the holder states that it is kept.", null=True
                    ),
                ),
                ("cut_at", models.DateTimeField(help_text="When an act ended it early.", null=True)),
            ],
            options={
                "ordering": ["begins_at", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("cut_at", None)), fields=("waiver",), name="spell_one_uncut"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("begins_at"))), name="spell_ends_after_it_begins"
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="WaiverBeneficiary",
            name="waiver",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="governance.waiver"),
        ),
        migrations.AddConstraint(
            model_name="WaiverBeneficiary",
            constraint=models.UniqueConstraint(fields=("waiver", "subject"), name="waiver_beneficiary_once"),
        ),
        migrations.AddField(
            model_name="Waiver",
            name="rules",
            field=models.ManyToManyField(related_name="waivers", through="governance.WaiverRule", to="aup.rule"),
        ),
    ]
