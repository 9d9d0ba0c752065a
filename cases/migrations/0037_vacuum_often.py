"""The queue is counted, and its late pages found, from indexes alone. PostgreSQL can do that where the table was vacuumed
since its last change, and by default it waits for that until a fifth of all cases changed.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0036_about_the_system"),
    ]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE cases_case SET (autovacuum_vacuum_scale_factor = 0.005)",
            "ALTER TABLE cases_case RESET (autovacuum_vacuum_scale_factor)",
        ),
    ]
