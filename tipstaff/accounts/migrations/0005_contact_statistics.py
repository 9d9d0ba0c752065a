"""How often each contact occurs. PostgreSQL does not look at the statistics of a partial index, so it took every person
for the holder of one account in two hundred, and read whole tables to leave those out.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_subject_by_contact"),
    ]

    operations = [
        migrations.RunSQL(
            "CREATE STATISTICS subject_contact ON (UPPER(contact)) FROM accounts_subject; ANALYZE accounts_subject",
            "DROP STATISTICS subject_contact",
        ),
    ]
