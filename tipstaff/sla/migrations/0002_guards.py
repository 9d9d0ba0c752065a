"""What SQL itself refuses: to rewrite a target or an edition of a calendar."""

from django.db import migrations

TABLES = ("calendaredition", "target", "targettable")

GUARDS = "".join(
    f"""
CREATE TRIGGER sla_{table}_same BEFORE UPDATE OR DELETE ON sla_{table} FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER sla_{table}_kept_all BEFORE TRUNCATE ON sla_{table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE sla_{table} ENABLE ALWAYS TRIGGER sla_{table}_same;
ALTER TABLE sla_{table} ENABLE ALWAYS TRIGGER sla_{table}_kept_all;
"""
    for table in TABLES
)


class Migration(migrations.Migration):
    dependencies = [("sla", "0001_initial"), ("ledger", "0002_guards")]
    operations = [
        migrations.RunSQL(
            GUARDS,
            "".join(
                f"DROP TRIGGER sla_{table}_same ON sla_{table}; DROP TRIGGER sla_{table}_kept_all ON sla_{table};"
                for table in TABLES
            ),
        ),
    ]
