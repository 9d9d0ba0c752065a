"""A translation stays with what it translates and is never dropped: one that is taken out keeps its row. Only with the
rule or the group of a draft does it go.
"""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION aup_keep_translation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF aup_state(OLD.version_id) = 'draft' THEN RETURN OLD; END IF;
        RAISE EXCEPTION '% on % is refused: a translation is taken out, and its row is kept', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'UPDATE' AND (NEW.id, NEW.version_id, NEW.group_id, NEW.rule_id, NEW.language)
            IS DISTINCT FROM (OLD.id, OLD.version_id, OLD.group_id, OLD.rule_id, OLD.language) THEN
        RAISE EXCEPTION '% on % is refused: a translation stays with what it translates', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF (SELECT version_id FROM aup_rule WHERE id = NEW.rule_id) <> NEW.version_id
            OR (SELECT version_id FROM aup_rulegroup WHERE id = NEW.group_id) <> NEW.version_id THEN
        RAISE EXCEPTION '% on % is refused: this rule or group is in another version', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER aup_translation_same BEFORE INSERT OR UPDATE OR DELETE ON aup_translation
    FOR EACH ROW EXECUTE FUNCTION aup_keep_translation();
ALTER TABLE aup_translation ENABLE ALWAYS TRIGGER aup_translation_same;
CREATE TRIGGER aup_translation_keep_all BEFORE TRUNCATE ON aup_translation
    FOR EACH STATEMENT EXECUTE FUNCTION aup_refuse_change();
ALTER TABLE aup_translation ENABLE ALWAYS TRIGGER aup_translation_keep_all;
"""


class Migration(migrations.Migration):
    dependencies = [("aup", "0003_authoring_guards")]
    operations = [migrations.RunSQL(FUNCTION, "DROP FUNCTION aup_keep_translation() CASCADE;")]
