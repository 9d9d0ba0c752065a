from django.db import migrations


class Migration(migrations.Migration):
    """References of control tasks: T-…"""

    dependencies = [("workflow", "0001_references")]
    operations = [migrations.RunSQL("CREATE SEQUENCE ref_t", "DROP SEQUENCE ref_t")]
