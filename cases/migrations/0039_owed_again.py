"""A notice to an authority is owed again where another case went into one that it was told of."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0038_left_out"),
    ]

    operations = [
        migrations.AddField(
            model_name="case",
            name="owed_again_at",
            field=models.DateTimeField(
                editable=False,
                help_text="When something came in that no notice to an authority has told of.",
                null=True,
            ),
        ),
    ]
