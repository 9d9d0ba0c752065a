import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import tipstaff.ledger.models
import tipstaff.time


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Subject",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tipstaff.ledger.models.UUIDv7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "external_id",
                    models.CharField(
                        max_length=120,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Za-z0-9._@:-]+\\Z", "Use letters, digits and . _ @ : - only."
                            )
                        ],
                        verbose_name="account id",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("end_user", "End user"),
                            ("api_key", "API key"),
                            ("application", "Application"),
                            ("workspace", "Workspace"),
                            ("organisation", "Organisation"),
                            ("distributor", "Distributor"),
                        ],
                        default="end_user",
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="accounts.subject",
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=200, verbose_name="name")),
                ("contact", models.EmailField(blank=True, max_length=254, verbose_name="contact")),
                (
                    "language",
                    models.CharField(
                        choices=[("en", "English"), ("es", "Español"), ("fr", "Français"), ("ar", "العربية")],
                        default="en",
                        max_length=10,
                        verbose_name="language",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
            ],
            options={
                "ordering": ["external_id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("parent__isnull", True),
                            models.Q(("parent", models.F("id")), _negated=True),
                            _connector="OR",
                        ),
                        name="subject_not_own_parent",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="User",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tipstaff.ledger.models.UUIDv7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                ("email", models.EmailField(max_length=254, unique=True, verbose_name="e-mail address")),
                ("name", models.CharField(max_length=150, verbose_name="name")),
                (
                    "roles",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("reviewer", "Reviewer"),
                                ("lead", "Lead"),
                                ("adjudicator", "Adjudicator"),
                                ("senior_adjudicator", "Senior adjudicator"),
                                ("head_of_enforcement", "Head of enforcement"),
                                ("counsel", "Counsel"),
                                ("compliance", "Compliance"),
                                ("product", "Product"),
                                ("engineering", "Engineering"),
                                ("legal", "Legal"),
                                ("policy_editor", "Policy editor"),
                                ("appeals_reviewer", "Appeals reviewer"),
                                ("member", "Committee member"),
                                ("chair", "Committee chair"),
                                ("custodian", "Evidence custodian"),
                                ("system_owner", "System owner"),
                                ("auditor", "Auditor"),
                                ("administrator", "Administrator"),
                            ],
                            max_length=40,
                        ),
                        blank=True,
                        default=list,
                    ),
                ),
                ("is_active", models.BooleanField(default=True)),
                ("date_joined", models.DateTimeField(default=tipstaff.time.now, editable=False)),
            ],
            options={
                "ordering": ["name"],
                "indexes": [django.contrib.postgres.indexes.GinIndex(fields=["roles"], name="user_by_role")],
                "constraints": [
                    models.UniqueConstraint(django.db.models.functions.text.Lower("email"), name="user_email_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Token",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tipstaff.ledger.models.UUIDv7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(help_text="Which machine this is for.", max_length=120, verbose_name="name")),
                (
                    "scopes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), verbose_name="scopes"
                    ),
                ),
                ("hash", models.CharField(editable=False, max_length=64, unique=True)),
                ("start", models.CharField(editable=False, max_length=12)),
                (
                    "granted_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("granted_at", models.DateTimeField(default=tipstaff.time.now, editable=False)),
                ("expires_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(editable=False, null=True)),
                ("last_used_at", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "ordering": ["-granted_at"],
            },
        ),
        migrations.CreateModel(
            name="IdempotentRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("token", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="accounts.token")),
                ("key", models.CharField(max_length=200)),
                ("fingerprint", models.CharField(max_length=64)),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("body", models.JSONField(null=True)),
                ("created_at", models.DateTimeField(default=tipstaff.time.now)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("token", "key"), name="idempotency_key_once_per_token")
                ],
            },
        ),
    ]
