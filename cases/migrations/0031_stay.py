"""A measure can stand still while an appeal is heard."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0030_handling")]

    operations = [
        migrations.RemoveConstraint(model_name="sanction", name="sanction_ended_at"),
        migrations.AddField(model_name="sanction", name="resumed_at", field=models.DateTimeField(null=True)),
        migrations.AddField(model_name="sanction", name="stayed_at", field=models.DateTimeField(null=True)),
        migrations.AlterField(
            model_name="sanction",
            name="state",
            field=models.CharField(
                choices=[
                    ("issued", "Issued"),
                    ("stayed", "Stands still during an appeal"),
                    ("lifted", "Lifted"),
                    ("revoked", "Revoked"),
                    ("superseded", "Replaced"),
                ],
                default="issued",
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            model_name="sanction",
            constraint=models.CheckConstraint(
                condition=models.Q(state__in=["issued", "stayed"], ended_at=None)
                | (~models.Q(state__in=["issued", "stayed"]) & models.Q(ended_at__isnull=False)),
                name="sanction_ended_at",
            ),
        ),
        migrations.AddConstraint(
            model_name="sanction",
            constraint=models.CheckConstraint(
                condition=models.Q(stayed_at=None, resumed_at=None) & ~models.Q(state="stayed")
                | models.Q(stayed_at__isnull=False, decision__isnull=False, resumed_at=None) & ~models.Q(state="issued")
                | models.Q(stayed_at__isnull=False, decision__isnull=False, resumed_at__isnull=False)
                & models.Q(resumed_at__gte=models.F("stayed_at"))
                & ~models.Q(state="stayed"),
                name="sanction_stayed_at",
            ),
        ),
    ]
