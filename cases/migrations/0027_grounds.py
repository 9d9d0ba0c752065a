"""How a case began, whether software found it, and the law that was broken as well (DSA 17(3))."""

import django.contrib.postgres.fields
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_find_subjects"),
        ("aup", "0005_feedback_guards"),
        ("cases", "0026_claim_by_holder"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="decision",
            name="legal_ground",
            field=models.CharField(
                blank=True, help_text="The law that it breaks as well, where somebody says so.", max_length=500
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="sources",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("notice", "A report from outside"),
                        ("trusted_flagger", "A trusted flagger"),
                        ("machine", "A report by software"),
                        ("staff", "Somebody who works here"),
                    ],
                    max_length=20,
                ),
                blank=True,
                default=list,
                editable=False,
                help_text="How the case came to us; nothing where we looked into it unasked.",
            ),
        ),
        migrations.AlterField(
            model_name="decision",
            name="detection",
            field=models.CharField(
                blank=True,
                choices=[("none", "People only"), ("partial", "A person with automated help")],
                help_text="Left empty, it follows from the reports.",
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome", "breach"), ("legal_ground", ""), _connector="OR"),
                name="decision_law_only_for_breach",
            ),
        ),
    ]
