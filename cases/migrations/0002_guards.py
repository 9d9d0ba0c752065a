"""Duties kept apart by key, and decisions that do not change once issued: what SQL itself refuses."""

from django.db import migrations

HANDS = """
ALTER TABLE cases_decision
    ADD CONSTRAINT decision_proposer_hand FOREIGN KEY (case_id, proposed_by_id, proposed_part)
        REFERENCES cases_hand (case_id, person_id, part),
    ADD CONSTRAINT decision_confirmer_hand FOREIGN KEY (case_id, confirmed_by_id, confirmed_part)
        REFERENCES cases_hand (case_id, person_id, part),
    ADD CONSTRAINT decision_issuer_hand FOREIGN KEY (case_id, issued_by_id, issued_part)
        REFERENCES cases_hand (case_id, person_id, part);

CREATE TRIGGER cases_hand_keep BEFORE UPDATE OR DELETE ON cases_hand FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER cases_hand_keep_all BEFORE TRUNCATE ON cases_hand FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE cases_hand ENABLE ALWAYS TRIGGER cases_hand_keep;
ALTER TABLE cases_hand ENABLE ALWAYS TRIGGER cases_hand_keep_all;
"""

ISSUED = """
CREATE FUNCTION cases_keep_decision() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    stamps CONSTANT text[] := ARRAY['state', 'contested_at', 'settled_at', 'varied_tier'];
    approval CONSTANT text[] := stamps || ARRAY['confirmed_by_id', 'confirmed_part', 'confirmed_at', 'issued_by_id',
        'issued_part', 'issued_at', 'returned_reason'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a decision is never deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.issued_at IS NOT NULL AND to_jsonb(OLD) - stamps <> to_jsonb(NEW) - stamps THEN
        RAISE EXCEPTION 'an issued decision does not change' USING ERRCODE = 'restrict_violation';
    END IF;
    IF to_jsonb(OLD) - approval <> to_jsonb(NEW) - approval THEN
        RAISE EXCEPTION 'what was proposed does not change; it is returned or withdrawn' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER cases_decision_keep BEFORE UPDATE OR DELETE ON cases_decision
    FOR EACH ROW EXECUTE FUNCTION cases_keep_decision();
CREATE TRIGGER cases_decision_keep_all BEFORE TRUNCATE ON cases_decision
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE cases_decision ENABLE ALWAYS TRIGGER cases_decision_keep;
ALTER TABLE cases_decision ENABLE ALWAYS TRIGGER cases_decision_keep_all;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial"), ("ledger", "0002_guards")]
    operations = [
        migrations.RunSQL(
            HANDS + ISSUED,
            """
            DROP FUNCTION cases_keep_decision() CASCADE;
            DROP TRIGGER cases_hand_keep ON cases_hand;
            DROP TRIGGER cases_hand_keep_all ON cases_hand;
            DROP TRIGGER cases_decision_keep_all ON cases_decision;
            ALTER TABLE cases_decision DROP CONSTRAINT decision_proposer_hand,
                DROP CONSTRAINT decision_confirmer_hand, DROP CONSTRAINT decision_issuer_hand;
            """,
        )
    ]
