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
        ("workflow", "0001_references"),
    ]

    operations = [
        migrations.CreateModel(
            name="Policy",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tipstaff.ledger.models.UUIDv7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("title", models.CharField(max_length=200, unique=True, verbose_name="title")),
                ("publisher", models.CharField(max_length=200, verbose_name="publisher")),
                (
                    "binding_instrument",
                    models.TextField(
                        help_text="What makes it binding, such as the terms of service.",
                        verbose_name="binding instrument",
                    ),
                ),
                ("adopted_at", models.DateTimeField(default=tipstaff.time.now, editable=False)),
            ],
            options={
                "verbose_name_plural": "policies",
                "ordering": ["title"],
            },
        ),
        migrations.CreateModel(
            name="PolicyVersion",
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
                        db_default=tipstaff.workflow.models.NextRef("P"), editable=False, max_length=20, unique=True
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="aup.policy"
                    ),
                ),
                ("number", models.CharField(max_length=20, verbose_name="number")),
                ("rationale", models.TextField(blank=True, verbose_name="rationale")),
                ("changelog", models.TextField(blank=True, verbose_name="what changed")),
                ("summary", models.TextField(blank=True, verbose_name="summary in plain language")),
                (
                    "scope",
                    models.JSONField(help_text="Lists of sentences: data, tasks, contexts.", verbose_name="scope"),
                ),
                ("effective_from", models.DateTimeField(blank=True, null=True, verbose_name="in force from")),
                (
                    "based_on",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="aup.policyversion",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("in_review", "In review"),
                            ("approved", "Approved"),
                            ("published", "Published"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="draft",
                        editable=False,
                        max_length=20,
                    ),
                ),
                (
                    "drafted_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("drafted_at", models.DateTimeField(default=tipstaff.time.now, editable=False)),
                (
                    "submitted_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
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
                (
                    "published_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("published_at", models.DateTimeField(editable=False, null=True)),
                (
                    "withdrawn_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("withdrawn_at", models.DateTimeField(editable=False, null=True)),
                ("withdrawal_reason", models.TextField(blank=True, editable=False)),
            ],
            options={
                "ordering": ["-drafted_at"],
                "constraints": [
                    models.UniqueConstraint(fields=("number",), name="policy_version_number_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "published")),
                        fields=("effective_from",),
                        name="policy_version_one_in_force",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("approved_at__isnull", True),
                                ("published_at__isnull", True),
                                ("state", "draft"),
                                ("submitted_at__isnull", True),
                                ("withdrawn_at__isnull", True),
                            ),
                            models.Q(
                                ("approved_at__isnull", True),
                                ("published_at__isnull", True),
                                ("state", "in_review"),
                                ("submitted_at__isnull", False),
                                ("withdrawn_at__isnull", True),
                            ),
                            models.Q(
                                ("approved_at__isnull", False),
                                ("published_at__isnull", True),
                                ("state", "approved"),
                                ("submitted_at__isnull", False),
                                ("withdrawn_at__isnull", True),
                            ),
                            models.Q(
                                ("approved_at__isnull", False),
                                ("published_at__isnull", False),
                                ("state", "published"),
                                ("submitted_at__isnull", False),
                                ("withdrawn_at__isnull", True),
                            ),
                            models.Q(("state", "withdrawn"), ("withdrawn_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="policy_version_stamps",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "published"), _negated=True),
                            models.Q(("effective_from__isnull", False), models.Q(("rationale", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="policy_version_published_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "withdrawn"), models.Q(("withdrawal_reason", ""), _negated=True)),
                            models.Q(models.Q(("state", "withdrawn"), _negated=True), ("withdrawal_reason", "")),
                            _connector="OR",
                        ),
                        name="policy_version_withdrawal_reason",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DecisionMatrix",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tipstaff.ledger.models.UUIDv7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "version",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="matrix", to="aup.policyversion"
                    ),
                ),
                ("document", models.JSONField(help_text="decision_matrix.yaml as it was given.")),
            ],
            options={
                "verbose_name_plural": "decision matrices",
            },
        ),
        migrations.CreateModel(
            name="SignOff",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tipstaff.ledger.models.UUIDv7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="sign_offs", to="aup.policyversion"
                    ),
                ),
                (
                    "function",
                    models.CharField(
                        choices=[
                            ("product", "Product"),
                            ("engineering", "Engineering"),
                            ("legal", "Legal"),
                            ("compliance", "Compliance"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("signed_at", models.DateTimeField(default=tipstaff.time.now, editable=False)),
            ],
            options={
                "ordering": ["signed_at"],
                "constraints": [
                    models.UniqueConstraint(fields=("version", "function"), name="sign_off_once_per_function"),
                    models.UniqueConstraint(fields=("version", "person"), name="sign_off_once_per_person"),
                    models.CheckConstraint(
                        condition=models.Q(("function__in", ["product", "engineering", "legal", "compliance"])),
                        name="sign_off_function_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Acknowledgement",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tipstaff.ledger.models.UUIDv7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="acknowledgements",
                        to="aup.policyversion",
                    ),
                ),
                (
                    "subject",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="acknowledgements",
                        to="accounts.subject",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("signatory", models.CharField(blank=True, max_length=120)),
                (
                    "means",
                    models.CharField(
                        choices=[
                            ("api", "By the provider's own pages"),
                            ("link", "On our page, by a signed link"),
                            ("desk", "At the desk"),
                        ],
                        max_length=4,
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        choices=[("en", "English"), ("es", "Español"), ("fr", "Français"), ("ar", "العربية")],
                        default="en",
                        max_length=10,
                    ),
                ),
                ("given_at", models.DateTimeField(default=tipstaff.time.now, editable=False)),
            ],
            options={
                "ordering": ["-given_at", "-id"],
                "constraints": [
                    models.UniqueConstraint(fields=("subject", "version"), name="acknowledgement_once_per_account"),
                    models.UniqueConstraint(fields=("person", "version"), name="acknowledgement_once_per_person"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("means__in", ["api", "link"]), ("person__isnull", True), ("subject__isnull", False)
                            ),
                            models.Q(("means", "desk"), ("person__isnull", False), ("subject__isnull", True)),
                            _connector="OR",
                        ),
                        name="acknowledgement_by_one",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Catalogue",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tipstaff.ledger.models.UUIDv7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "version",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="catalogue", to="aup.policyversion"
                    ),
                ),
                ("document", models.JSONField(help_text="taxonomy.yaml without its groups.")),
            ],
        ),
        migrations.CreateModel(
            name="RuleGroup",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tipstaff.ledger.models.UUIDv7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="groups",
                        to="aup.policyversion",
                    ),
                ),
                ("code", models.CharField(max_length=10)),
                ("title", models.CharField(max_length=200)),
                ("description", models.TextField()),
                ("position", models.PositiveSmallIntegerField()),
            ],
            options={
                "ordering": ["position"],
                "constraints": [
                    models.UniqueConstraint(fields=("version", "code"), name="rule_group_code_once_per_version")
                ],
            },
        ),
        migrations.CreateModel(
            name="Rule",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tipstaff.ledger.models.UUIDv7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rules",
                        to="aup.policyversion",
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="rules", to="aup.rulegroup"
                    ),
                ),
                ("cite", models.CharField(editable=False, max_length=40, unique=True)),
                ("position", models.PositiveSmallIntegerField()),
                ("code", models.CharField(max_length=10)),
                ("title", models.CharField(max_length=200)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("content", "Content"),
                            ("end_use", "End use"),
                            ("industry", "Industry"),
                            ("operational", "Operational"),
                            ("disclosure", "Disclosure"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "disposition",
                    models.CharField(
                        choices=[
                            ("prohibited", "Prohibited"),
                            ("restricted", "Restricted"),
                            ("permitted", "Permitted"),
                        ],
                        max_length=20,
                    ),
                ),
                ("severity", models.PositiveSmallIntegerField()),
                (
                    "modalities",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), blank=True, default=list
                    ),
                ),
                (
                    "audience",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), blank=True, default=list
                    ),
                ),
                (
                    "jurisdictions",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), blank=True, default=list
                    ),
                ),
                (
                    "products",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=80),
                        blank=True,
                        default=list,
                        help_text="The products it is limited to; none means all.",
                    ),
                ),
                (
                    "activity",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        help_text="Limits it to making or to classifying; none means that the exemptions decide.",
                    ),
                ),
                ("enabled", models.BooleanField(default=True)),
                ("statement", models.TextField()),
                ("action", models.CharField(max_length=300)),
                ("threshold", models.CharField(max_length=400)),
                ("conditions", models.JSONField(blank=True, default=list)),
                ("parameters", models.JSONField(blank=True, default=dict)),
                (
                    "exemptions",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), blank=True, default=list
                    ),
                ),
                (
                    "legal_referral",
                    models.CharField(
                        choices=[
                            ("none", "No referral expected"),
                            ("discretionary", "Counsel decides"),
                            ("mandatory", "Referral is compulsory"),
                        ],
                        default="none",
                        max_length=20,
                    ),
                ),
                (
                    "content_handling",
                    models.CharField(
                        choices=[
                            ("standard", "Reviewers may open the evidence"),
                            ("sensitive", "Hidden until asked for; every view is logged"),
                            ("sealed", "Never shown to reviewers"),
                        ],
                        default="standard",
                        max_length=20,
                    ),
                ),
                ("support_first", models.BooleanField(default=False)),
                ("minimum_tier", models.CharField(blank=True, max_length=4, null=True)),
                (
                    "consequence",
                    models.JSONField(
                        default=dict, help_text="corrective, monitoring and, unless permitted, enforcement."
                    ),
                ),
                ("waivable", models.BooleanField(default=False)),
                ("zero_tolerance", models.BooleanField(default=False)),
                ("obligation", models.BooleanField(default=False)),
                (
                    "controls",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), blank=True, default=list
                    ),
                ),
                ("mappings", models.JSONField(blank=True, default=dict)),
            ],
            options={
                "ordering": ["version_id", "position"],
                "constraints": [
                    models.UniqueConstraint(fields=("version", "code"), name="rule_code_once_per_version"),
                    models.CheckConstraint(
                        condition=models.Q(("severity__gte", 1), ("severity__lte", 4)), name="rule_severity_1_to_4"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("disposition__in", ["prohibited", "restricted", "permitted"])),
                        name="rule_disposition_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Example",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tipstaff.ledger.models.UUIDv7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="examples",
                        to="aup.rule",
                    ),
                ),
                (
                    "kind",
                    models.CharField(choices=[("allowed", "Allowed"), ("prohibited", "Prohibited")], max_length=10),
                ),
                ("text", models.TextField()),
                ("position", models.PositiveSmallIntegerField()),
            ],
            options={
                "ordering": ["rule_id", "kind", "position"],
                "constraints": [
                    models.UniqueConstraint(fields=("rule", "kind", "position"), name="example_position_once"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["allowed", "prohibited"])), name="example_kind_known"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Translation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tipstaff.ledger.models.UUIDv7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="translations",
                        to="aup.policyversion",
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="translations",
                        to="aup.rulegroup",
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="translations",
                        to="aup.rule",
                    ),
                ),
                ("language", models.CharField(max_length=10, verbose_name="language")),
                (
                    "words",
                    models.JSONField(
                        default=dict, help_text="The translated parts by their names; none once it was taken out."
                    ),
                ),
                (
                    "source",
                    models.JSONField(
                        default=dict, help_text="The same parts of the original, as they were translated."
                    ),
                ),
                ("source_sha256", models.CharField(editable=False, max_length=64)),
                (
                    "written_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("written_at", models.DateTimeField(default=tipstaff.time.now, editable=False)),
            ],
            options={
                "ordering": ["language", "written_at"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("version", "language", "group", "rule"), name="translation_once", nulls_distinct=False
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("group", None), ("rule", None), _connector="OR"),
                        name="translation_of_one_thing",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Feedback",
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
                        db_default=tipstaff.workflow.models.NextRef("F"), editable=False, max_length=20, unique=True
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("received", "Received"), ("answered", "Answered")],
                        default="received",
                        editable=False,
                        max_length=20,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("ambiguity", "Something is unclear"),
                            ("near_miss", "Something almost went wrong"),
                            ("unintended_consequence", "A rule has an effect nobody wanted"),
                        ],
                        max_length=30,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="feedback", to="aup.policyversion"
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
                ("text", models.TextField(max_length=5000)),
                ("contact", models.EmailField(blank=True, max_length=254)),
                (
                    "language",
                    models.CharField(
                        choices=[("en", "English"), ("es", "Español"), ("fr", "Français"), ("ar", "العربية")],
                        default="en",
                        max_length=10,
                    ),
                ),
                (
                    "submission",
                    models.UUIDField(editable=False, help_text="Of the form: sent twice, it is one item.", unique=True),
                ),
                (
                    "filed_by",
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
                    models.UUIDField(blank=True, db_index=True, help_text="The machine that gave it.", null=True),
                ),
                ("received_at", models.DateTimeField(default=tipstaff.time.now, editable=False)),
                ("due_at", models.DateTimeField(editable=False, help_text="A copy of the running clock's.", null=True)),
                ("answer_text", models.TextField(blank=True, max_length=5000)),
                (
                    "answered_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("answered_at", models.DateTimeField(null=True)),
                (
                    "led_to",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="led_to_by",
                        to="aup.policyversion",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "feedback",
                "ordering": ["-received_at"],
                "indexes": [models.Index(fields=["state", "due_at"], name="feedback_by_state")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("answer_text", ""),
                                ("answered_at__isnull", True),
                                ("answered_by__isnull", True),
                                ("led_to", None),
                                ("state", "received"),
                            ),
                            models.Q(
                                ("answered_at__isnull", False),
                                ("answered_by__isnull", False),
                                ("state", "answered"),
                                models.Q(("answer_text", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="feedback_answered_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("filed_by", None),
                            ("answered_by", None),
                            models.Q(("answered_by", models.F("filed_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="feedback_answered_by_another",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("led_to", None), models.Q(("led_to", models.F("version")), _negated=True), _connector="OR"
                        ),
                        name="feedback_led_to_another",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["ambiguity", "near_miss", "unintended_consequence"])),
                        name="feedback_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("text", ""), _negated=True), name="feedback_says_something"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LinkedDocument",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tipstaff.ledger.models.UUIDv7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="linked_documents",
                        to="aup.policyversion",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("behaviour_policy", "Model behaviour policy"),
                            ("model_card", "Model card: out-of-scope uses"),
                            ("api_policy", "API policy"),
                            ("contract", "Third-party contract"),
                        ],
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                ("url", models.URLField(blank=True, max_length=500, verbose_name="address")),
                ("binding", models.BooleanField(default=False, verbose_name="binds users as well")),
                ("position", models.PositiveSmallIntegerField()),
            ],
            options={
                "ordering": ["position"],
                "constraints": [
                    models.UniqueConstraint(fields=("version", "title"), name="linked_document_title_once_per_version"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["behaviour_policy", "model_card", "api_policy", "contract"])),
                        name="linked_document_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "model_card"), _negated=True), ("binding", False), _connector="OR"
                        ),
                        name="linked_document_card_does_not_bind",
                    ),
                ],
            },
        ),
    ]
