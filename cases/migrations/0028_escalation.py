from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0027_grounds"),
    ]

    operations = [
        migrations.AddField(
            model_name="passing",
            name="reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("powers", "It needs powers that I do not have."),
                    ("rule", "The rule does not say what applies."),
                    ("first", "Nothing like it was decided before."),
                    ("danger", "Somebody may be in danger."),
                    ("other", "Another reason, said in the note."),
                ],
                default="",
                help_text="Why it was escalated.",
                max_length=20,
            ),
            preserve_default=False,
        ),
    ]
