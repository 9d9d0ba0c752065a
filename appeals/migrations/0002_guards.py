"""Who reviewed an appeal had no other part in the case: the same key that keeps the parts of a decision apart."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("appeals", "0001_initial"), ("cases", "0002_guards")]
    operations = [
        migrations.RunSQL(
            """ALTER TABLE appeals_appeal ADD CONSTRAINT appeal_reviewer_hand
               FOREIGN KEY (case_id, reviewer_id, reviewed_part) REFERENCES cases_hand (case_id, person_id, part)""",
            "ALTER TABLE appeals_appeal DROP CONSTRAINT appeal_reviewer_hand",
        )
    ]
