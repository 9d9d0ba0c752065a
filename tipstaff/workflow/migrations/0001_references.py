"""References that people read: a letter and a Crockford base32 serial, one sequence a letter."""

from django.db import migrations

# report, case, decision, sanction, appeal, waiver, policy version, ballot, AI system (a machine), control (a check)
LETTERS = "rcdsawpbmkhuxf"

SQL = """
CREATE FUNCTION tipstaff_ref(letter text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    digits CONSTANT text := '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
    rest bigint := nextval('ref_' || lower(letter));
    code text := '';
BEGIN
    WHILE rest > 0 LOOP
        code := substr(digits, (rest % 32)::int + 1, 1) || code;
        rest := rest / 32;
    END LOOP;
    RETURN upper(letter) || '-' || CASE WHEN length(code) < 4 THEN lpad(code, 4, '0') ELSE code END;
END $$;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.RunSQL(
            SQL + "".join(f"CREATE SEQUENCE ref_{letter};" for letter in LETTERS),
            "DROP FUNCTION tipstaff_ref(text);" + "".join(f"DROP SEQUENCE ref_{letter};" for letter in LETTERS),
        )
    ]
