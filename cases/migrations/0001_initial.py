import django.contrib.postgres.fields
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
        ("aup", "0001_initial"),
        ("vault", "0001_initial"),
        ("workflow", "0001_references"),
    ]

    operations = [
        migrations.CreateModel(
            name="Case",
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
                        db_default=tipstaff.workflow.models.NextRef("C"), editable=False, max_length=20, unique=True
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("investigating", "Investigating"),
                            ("awaiting_information", "Awaiting information"),
                            ("proposed", "Decision proposed"),
                            ("decided", "Decided"),
                            ("closed", "Closed"),
                            ("merged", "Merged"),
                        ],
                        default="open",
                        max_length=24,
                    ),
                ),
                (
                    "subject",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cases",
                        to="accounts.subject",
                    ),
                ),
                (
                    "behaviour",
                    models.CharField(
                        choices=[("human", "What a person did"), ("system", "What the system did")],
                        default="human",
                        max_length=10,
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        help_text="The rule alleged, as in force then.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="aup.rule",
                    ),
                ),
                ("rule_group", models.CharField(max_length=10)),
                ("severity", models.PositiveSmallIntegerField()),
                ("trust", models.SmallIntegerField(default=0)),
                ("due_at", models.DateTimeField(null=True)),
                ("opened_at", models.DateTimeField(default=tipstaff.time.now, editable=False)),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "claimed_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("claimed_until", models.DateTimeField(null=True)),
                (
                    "awaiting",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("account_holder", "the account holder"),
                            ("reporter", "a reporter"),
                            ("colleagues", "another team of ours"),
                            ("outside", "somebody outside"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "merged_into",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="merged", to="cases.case"
                    ),
                ),
                ("closed_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["-opened_at"],
                "indexes": [
                    models.Index(
                        models.OrderBy(models.F("severity"), descending=True),
                        models.OrderBy(models.F("due_at"), nulls_last=True),
                        models.OrderBy(models.F("trust"), descending=True),
                        models.F("id"),
                        condition=models.Q(("state__in", ["open", "investigating"])),
                        name="case_queue",
                    ),
                    models.Index(fields=["state", "-opened_at"], name="case_by_state"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("state__in", ("open", "investigating", "awaiting_information", "proposed"))
                        ),
                        fields=("subject", "rule_group"),
                        name="case_open_once_per_subject_group",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("severity__gte", 1), ("severity__lte", 4)), name="case_severity"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("subject__isnull", False), ("behaviour", "system"), _connector="OR"),
                        name="case_subject_unless_system",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "decided"), _negated=True),
                            ("decided_at__isnull", False),
                            _connector="OR",
                        ),
                        name="case_decided_at",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("claimed_by", None), ("claimed_until", None)),
                            models.Q(("claimed_by__isnull", False), ("claimed_until__isnull", False)),
                            _connector="OR",
                        ),
                        name="case_claim_is_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "awaiting_information"), models.Q(("awaiting", ""), _negated=True)),
                            models.Q(models.Q(("state", "awaiting_information"), _negated=True), ("awaiting", "")),
                            _connector="OR",
                        ),
                        name="case_awaiting_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("merged_into__isnull", False),
                                ("state", "merged"),
                                models.Q(("merged_into", models.F("id")), _negated=True),
                            ),
                            models.Q(models.Q(("state", "merged"), _negated=True), ("merged_into", None)),
                            _connector="OR",
                        ),
                        name="case_merged_into_another",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at__isnull", False), ("state", "closed")),
                            models.Q(models.Q(("state", "closed"), _negated=True), ("closed_at", None)),
                            _connector="OR",
                        ),
                        name="case_closed_at",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Hand",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "case_id", "person_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="hands", to="cases.case"
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
                        choices=[
                            ("reported", "reported"),
                            ("investigated", "investigated"),
                            ("confirmed", "confirmed"),
                            ("issued", "decided"),
                            ("reviewed_appeal", "reviewed an appeal in"),
                        ],
                        max_length=20,
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("case", "person", "part"), name="hand_part")],
            },
        ),
        migrations.CreateModel(
            name="Decision",
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
                        db_default=tipstaff.workflow.models.NextRef("D"), editable=False, max_length=20, unique=True
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "Proposed"),
                            ("confirmed", "Confirmed"),
                            ("returned", "Returned"),
                            ("withdrawn", "Withdrawn"),
                            ("issued", "Issued"),
                            ("upheld", "Upheld on appeal"),
                            ("varied", "Varied on appeal"),
                            ("reversed", "Reversed on appeal"),
                            ("superseded", "Replaced"),
                        ],
                        default="proposed",
                        max_length=12,
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="decisions", to="cases.case"
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("breach", "Breach"),
                            ("no_breach", "No breach"),
                            ("insufficient_evidence", "Not enough evidence"),
                            ("exempt", "Exempt"),
                            ("safe_harbour", "Protected research"),
                            ("support_routing", "Support offered"),
                            ("corrected", "Corrected in time"),
                            ("system_behaviour", "System behaviour"),
                            ("referred", "Referred"),
                        ],
                        max_length=24,
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        help_text="As it stood when the conduct happened.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="aup.rule",
                    ),
                ),
                ("conduct_at", models.DateTimeField()),
                ("intent", models.CharField(blank=True, max_length=20)),
                ("sensitivity", models.CharField(blank=True, max_length=20)),
                ("severity", models.PositiveSmallIntegerField(null=True)),
                ("recurrence", models.CharField(blank=True, editable=False, max_length=20)),
                (
                    "factors",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), blank=True, default=list
                    ),
                ),
                (
                    "evaluation",
                    models.JSONField(editable=False, help_text="Inputs, matrix version and result.", null=True),
                ),
                ("recommended_tier", models.CharField(blank=True, editable=False, max_length=4)),
                ("tier", models.CharField(blank=True, max_length=4)),
                (
                    "varied_tier",
                    models.CharField(blank=True, editable=False, help_text="Set by an appeal: milder.", max_length=4),
                ),
                ("departure_reason", models.TextField(blank=True, max_length=2000)),
                (
                    "outside_waiver",
                    models.TextField(
                        blank=True,
                        help_text="Why the act was outside the waiver in force; needs a confirmer.",
                        max_length=2000,
                    ),
                ),
                ("needs_confirmer", models.BooleanField(default=False, editable=False)),
                ("reasons", models.TextField(max_length=5000)),
                (
                    "detection",
                    models.CharField(
                        choices=[("none", "People only"), ("partial", "A person with automated help")],
                        default="none",
                        max_length=12,
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("proposed_part", models.CharField(default="investigated", editable=False, max_length=20)),
                ("proposed_at", models.DateTimeField(default=tipstaff.time.now, editable=False)),
                (
                    "confirmed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("confirmed_part", models.CharField(editable=False, max_length=20, null=True)),
                ("confirmed_at", models.DateTimeField(null=True)),
                (
                    "issued_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("issued_part", models.CharField(editable=False, max_length=20, null=True)),
                ("issued_at", models.DateTimeField(null=True)),
                ("returned_reason", models.TextField(blank=True, max_length=2000)),
                ("contested_at", models.DateTimeField(help_text="Set while an appeal is open.", null=True)),
                (
                    "settled_at",
                    models.DateTimeField(help_text="When an appeal ended in upheld, varied or reversed.", null=True),
                ),
            ],
            options={
                "ordering": ["-proposed_at"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["proposed", "confirmed"])),
                        fields=("case",),
                        name="decision_one_waiting",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("outcome", "breach"), _negated=True),
                            models.Q(
                                models.Q(("intent", ""), _negated=True),
                                models.Q(("sensitivity", ""), _negated=True),
                                ("severity__gte", 1),
                                ("severity__lte", 4),
                                models.Q(("tier", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="decision_breach_is_graded",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("outcome", "breach"), ("tier", ""), _connector="OR"),
                        name="decision_tier_only_for_breach",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("tier", models.F("recommended_tier")),
                            models.Q(("departure_reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="decision_departure_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("proposed_part", "investigated")), name="decision_proposed_part"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("confirmed_at", None), ("confirmed_by", None), ("confirmed_part", None)),
                            models.Q(
                                ("confirmed_at__isnull", False),
                                ("confirmed_by__isnull", False),
                                ("confirmed_part", "confirmed"),
                                ("confirmed_part__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="decision_confirmed_part",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("issued_at", None), ("issued_by", None), ("issued_part", None)),
                            models.Q(
                                ("issued_at__isnull", False),
                                ("issued_by__isnull", False),
                                ("issued_part", "issued"),
                                ("issued_part__isnull", False),
                            ),
                            models.Q(
                                ("issued_at__isnull", False),
                                ("issued_by__isnull", False),
                                ("issued_part", "investigated"),
                                ("issued_part__isnull", False),
                                models.Q(
                                    (
                                        "outcome__in",
                                        ("no_breach", "insufficient_evidence", "support_routing", "corrected"),
                                    ),
                                    ("tier", "T1"),
                                    _connector="OR",
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="decision_issued_part",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("issued_by", None), ("state__in", ["proposed", "confirmed", "returned", "withdrawn"])
                            ),
                            models.Q(
                                ("issued_by__isnull", False),
                                ("state__in", ["issued", "upheld", "varied", "reversed", "superseded"]),
                            ),
                            _connector="OR",
                        ),
                        name="decision_issued_has_issuer",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("issued_by", None),
                            ("needs_confirmer", False),
                            ("confirmed_by__isnull", False),
                            _connector="OR",
                        ),
                        name="decision_confirmed_before_issue",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Sanction",
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
                        db_default=tipstaff.workflow.models.NextRef("S"), editable=False, max_length=20, unique=True
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("issued", "Issued"),
                            ("lifted", "Lifted"),
                            ("revoked", "Revoked"),
                            ("superseded", "Replaced"),
                        ],
                        default="issued",
                        max_length=12,
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="sanctions", to="cases.case"
                    ),
                ),
                (
                    "decision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="sanctions", to="cases.decision"
                    ),
                ),
                (
                    "subject",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="sanctions", to="accounts.subject"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("warning", "Written warning"),
                            ("guidance", "Guidance"),
                            ("mandatory_training", "Mandatory training"),
                            ("content_removal", "Removal of hosted outputs"),
                            ("rate_limit", "Rate limit"),
                            ("feature_restriction", "Feature restriction"),
                            ("temporary_suspension", "Suspension"),
                            ("permanent_termination", "Permanent termination"),
                            ("legal_referral", "Legal referral"),
                        ],
                        max_length=24,
                    ),
                ),
                (
                    "terms",
                    models.JSONField(
                        default=dict, help_text="What the tier says besides kind and days: quota, scope, due days."
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField(help_text="Empty: without end.", null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_reason", models.CharField(blank=True, max_length=300)),
                (
                    "acknowledged_effect",
                    models.CharField(
                        blank=True,
                        choices=[("applied", "Applied"), ("ended", "Ended"), ("failed", "Failed")],
                        help_text="Says the gateway.",
                        max_length=8,
                    ),
                ),
                ("acknowledged_detail", models.CharField(blank=True, max_length=300)),
                ("acknowledged_at", models.DateTimeField(null=True)),
                (
                    "acknowledged_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.token",
                    ),
                ),
            ],
            options={
                "ordering": ["starts_at", "ref"],
                "indexes": [
                    models.Index(fields=["subject", "starts_at"], name="sanction_by_subject"),
                    models.Index(
                        condition=models.Q(
                            (
                                "kind__in",
                                (
                                    "content_removal",
                                    "rate_limit",
                                    "feature_restriction",
                                    "temporary_suspension",
                                    "permanent_termination",
                                ),
                            ),
                            models.Q(("acknowledged_effect", "ended"), _negated=True),
                        ),
                        fields=["-id"],
                        name="sanction_at_the_gateway",
                    ),
                    models.Index(
                        condition=models.Q(("acknowledged_effect", "failed")), fields=["id"], name="sanction_failed"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends_at", None), ("ends_at__gt", models.F("starts_at")), _connector="OR"),
                        name="sanction_ends_after_start",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at", None), ("state", "issued")),
                            models.Q(models.Q(("state", "issued"), _negated=True), ("ended_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="sanction_ended_at",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("acknowledged_at", None), ("acknowledged_by", None), ("acknowledged_effect", "")),
                            models.Q(
                                models.Q(("acknowledged_effect", ""), _negated=True),
                                ("acknowledged_at__isnull", False),
                                ("acknowledged_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="sanction_acknowledged_by_somebody",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Evidence",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tipstaff.ledger.models.UUIDv7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="evidence", to="cases.case"
                    ),
                ),
                ("exhibit", models.PositiveIntegerField(editable=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("transcript", "Transcript"),
                            ("image", "Image"),
                            ("audio", "Audio"),
                            ("video", "Video"),
                            ("document", "Document"),
                            ("log", "Log"),
                            ("request_record", "Request record"),
                            ("signal", "Signal"),
                        ],
                        max_length=20,
                    ),
                ),
                ("label", models.CharField(max_length=200, verbose_name="what it shows")),
                ("source", models.CharField(max_length=200, verbose_name="where it comes from")),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="vault.sealedfile"
                    ),
                ),
                (
                    "added_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("added_at", models.DateTimeField(default=tipstaff.time.now, editable=False)),
            ],
            options={
                "ordering": ["case", "exhibit"],
                "indexes": [models.Index(fields=["-added_at"], name="evidence_newest")],
                "constraints": [models.UniqueConstraint(fields=("case", "exhibit"), name="evidence_exhibit_once")],
            },
        ),
        migrations.CreateModel(
            name="Finding",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tipstaff.ledger.models.UUIDv7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="findings", to="cases.case"
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="aup.rule"),
                ),
                ("facts", models.TextField(max_length=5000, verbose_name="facts")),
                (
                    "conclusion",
                    models.CharField(
                        choices=[
                            ("breach", "The rule was broken"),
                            ("no_breach", "The rule was not broken"),
                            ("unclear", "It cannot be told"),
                        ],
                        max_length=12,
                        verbose_name="conclusion",
                    ),
                ),
                ("gaps", models.TextField(blank=True, max_length=2000, verbose_name="what is not known")),
                (
                    "exhibits",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveIntegerField(), blank=True, default=list
                    ),
                ),
                (
                    "citations",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=24),
                        blank=True,
                        default=list,
                        help_text="E-1#t12: a turn.",
                    ),
                ),
                (
                    "found_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("found_at", models.DateTimeField(default=tipstaff.time.now, editable=False)),
            ],
            options={
                "ordering": ["found_at"],
            },
        ),
        migrations.CreateModel(
            name="Report",
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
                        db_default=tipstaff.workflow.models.NextRef("R"), editable=False, max_length=20, unique=True
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("received", "Received"),
                            ("needs_information", "Question open"),
                            ("accepted", "Under investigation"),
                            ("declined", "Declined"),
                            ("withdrawn", "Withdrawn"),
                            ("answered", "Answered"),
                            ("closed", "Closed"),
                        ],
                        default="received",
                        max_length=20,
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[("public", "Public form"), ("api", "API"), ("internal", "Internal")],
                        default="public",
                        max_length=20,
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="aup.rule",
                    ),
                ),
                ("description", models.TextField(max_length=10000)),
                ("happened_on", models.DateField(blank=True, null=True)),
                (
                    "account",
                    models.CharField(blank=True, help_text="Whom it is about, as they typed it.", max_length=500),
                ),
                (
                    "links",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.URLField(max_length=1000), blank=True, default=list, size=10
                    ),
                ),
                ("good_faith", models.BooleanField(default=False)),
                ("contact", models.EmailField(blank=True, max_length=254)),
                ("language", models.CharField(default="en", max_length=10)),
                ("receipt_hash", models.CharField(editable=False, max_length=64, unique=True)),
                (
                    "reported_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "token",
                    models.UUIDField(blank=True, db_index=True, help_text="The machine that filed it.", null=True),
                ),
                ("received_at", models.DateTimeField(default=tipstaff.time.now, editable=False)),
                ("question", models.TextField(blank=True)),
                ("supplement", models.TextField(blank=True)),
                (
                    "triaged_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("triaged_at", models.DateTimeField(null=True)),
                (
                    "decline_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("out_of_scope", "This is outside what the policy covers."),
                            ("insufficient", "There is too little to go on."),
                            ("not_a_breach", "What is described does not break a rule."),
                            ("unfounded", "We found no sign that this happened."),
                            ("other_process", "Another process deals with this."),
                        ],
                        max_length=20,
                    ),
                ),
                ("decline_note", models.TextField(blank=True)),
                (
                    "case",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="reports", to="cases.case"
                    ),
                ),
                ("answered_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["received_at"],
                "indexes": [models.Index(fields=["state", "received_at"], name="report_by_state")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["accepted", "answered", "closed"]), _negated=True),
                            models.Q(("case__isnull", False), ("triaged_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="report_accepted_has_case",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "declined"), _negated=True),
                            models.Q(models.Q(("decline_reason", ""), _negated=True), ("triaged_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="report_declined_has_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["answered", "closed"]), _negated=True),
                            ("answered_at__isnull", False),
                            _connector="OR",
                        ),
                        name="report_answered_at",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "needs_information"), _negated=True),
                            models.Q(("question", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="report_question",
                    ),
                    models.CheckConstraint(condition=models.Q(("good_faith", True)), name="report_in_good_faith"),
                ],
            },
        ),
    ]
