"""The letter of feedback on the policy."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("workflow", "0002_custody_references")]
    operations = [migrations.RunSQL("CREATE SEQUENCE ref_f;", "DROP SEQUENCE ref_f;")]
