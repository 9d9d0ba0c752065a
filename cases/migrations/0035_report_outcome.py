"""What a reporter was told of the outcome of their case, and since when they contest it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0034_lean_queue"),
    ]

    operations = [
        migrations.AddField(
            model_name="report",
            name="contested_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="report",
            name="outcome",
            field=models.CharField(
                blank=True,
                choices=[
                    ("breach", "We found that a rule was broken, and acted on it."),
                    ("no_breach", "We found that no rule was broken."),
                    ("unclear", "What we have does not show that a rule was broken."),
                    ("allowed", "We found that what was done was allowed here."),
                    ("corrected", "What you reported has been put right, and no measure was needed."),
                    ("system", "We found that the fault was in the system itself, and have it mended."),
                ],
                max_length=12,
            ),
        ),
    ]
