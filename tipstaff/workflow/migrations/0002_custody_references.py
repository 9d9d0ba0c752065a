"""Letters of the records that keep files: holds, unsealings, and disposals (X for what is crossed out)."""

from django.db import migrations

LETTERS = "hux"


class Migration(migrations.Migration):
    dependencies = [("workflow", "0001_references")]
    operations = [
        migrations.RunSQL(
            "".join(f"CREATE SEQUENCE ref_{letter};" for letter in LETTERS),
            "".join(f"DROP SEQUENCE ref_{letter};" for letter in LETTERS),
        )
    ]
