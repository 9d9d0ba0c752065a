"""History cannot be changed: triggers that fire in every replication role, whoever is connected."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: history is only added to', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION refuse_all_but_erasure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.salt IS NULL AND NEW.value IS NULL AND OLD.id = NEW.id AND OLD.event_id = NEW.event_id
       AND OLD.name = NEW.name AND OLD.digest = NEW.digest
       AND EXISTS (SELECT 1 FROM ledger_leaf WHERE event_id = OLD.event_id) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'UPDATE on % is refused: a signed fact can be erased, never altered', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION refuse_all_but_growth() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'ledger_stream' THEN
        IF OLD.name = NEW.name AND NEW.head_seq > OLD.head_seq THEN RETURN NEW; END IF;
    ELSIF OLD.stream = NEW.stream AND NEW.seq > OLD.seq THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'UPDATE on % is refused: a stream only grows', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
"""


def guard(table: str, *, update: str = "refuse_change") -> str:
    return f"""
CREATE TRIGGER {table}_keep BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER {table}_keep_all BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER {table}_same BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {update}();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_keep;
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_keep_all;
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_same;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [
        migrations.RunSQL(
            REFUSE
            + guard("ledger_event")
            + guard("ledger_leaf")
            + guard("ledger_signingkey")
            + guard("ledger_disclosure", update="refuse_all_but_erasure")
            + guard("ledger_stream", update="refuse_all_but_growth")
            + guard("ledger_streamtip", update="refuse_all_but_growth"),
            "DROP FUNCTION refuse_change() CASCADE; DROP FUNCTION refuse_all_but_erasure() CASCADE;"
            "DROP FUNCTION refuse_all_but_growth() CASCADE;",
        )
    ]
