"""What was made of a file does not change afterwards: only its salt may go."""

from django.db import migrations

KEPT = """
CREATE FUNCTION vault_keep_derivative() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'what was made of a file stays on record' USING ERRCODE = 'restrict_violation';
    END IF;
    IF to_jsonb(OLD) - 'salt' <> to_jsonb(NEW) - 'salt' OR (NEW.salt IS NOT NULL AND NEW.salt IS DISTINCT FROM OLD.salt) THEN
        RAISE EXCEPTION 'what was made of a file does not change; its salt may be erased' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER vault_derivative_keep BEFORE UPDATE OR DELETE ON vault_derivative
    FOR EACH ROW EXECUTE FUNCTION vault_keep_derivative();
CREATE TRIGGER vault_derivative_keep_all BEFORE TRUNCATE ON vault_derivative
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE vault_derivative ENABLE ALWAYS TRIGGER vault_derivative_keep;
ALTER TABLE vault_derivative ENABLE ALWAYS TRIGGER vault_derivative_keep_all;
"""


class Migration(migrations.Migration):
    dependencies = [("vault", "0001_initial"), ("ledger", "0002_guards")]
    operations = [
        migrations.RunSQL(
            KEPT,
            """
            DROP FUNCTION vault_keep_derivative() CASCADE;
            DROP TRIGGER vault_derivative_keep_all ON vault_derivative;
            """,
        )
    ]
