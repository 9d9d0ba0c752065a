"""Who assessed a claim, seconded a measure, gave a verdict, investigated or declared a conflict has that part by key."""

from django.db import migrations

# What was done before the Hand table knew of it; who has a part already keeps it.
KNOWN = """
INSERT INTO cases_hand (case_id, person_id, part)
    SELECT case_id, found_by_id, 'investigated' FROM cases_finding
    UNION SELECT case_id, added_by_id, 'investigated' FROM cases_evidence WHERE added_by_id IS NOT NULL
    UNION SELECT case_id, asked_by_id, 'investigated' FROM cases_hearing
    UNION SELECT case_id, by_id, 'investigated' FROM cases_check
    ON CONFLICT DO NOTHING;
INSERT INTO cases_hand (case_id, person_id, part)
    SELECT case_id, assessed_by_id, 'judged' FROM cases_claim WHERE assessed_by_id IS NOT NULL
    UNION SELECT case_id, seconded_by_id, 'judged' FROM cases_interim WHERE seconded_by_id IS NOT NULL
    UNION SELECT case_id, person_id, 'judged' FROM cases_verdict JOIN cases_decision ON cases_decision.id = decision_id
    ON CONFLICT DO NOTHING;
INSERT INTO cases_hand (case_id, person_id, part)
    SELECT case_id, person_id, 'stayed_out' FROM cases_conflict ON CONFLICT DO NOTHING;
SET CONSTRAINTS ALL IMMEDIATE;
"""

# A key says that they have a part in the case, which is one and stays it; the trigger that it is one of those that the
# act gives: no key can, because who judged may go on to confirm or issue.
KEYS = """
ALTER TABLE cases_claim ADD CONSTRAINT claim_assessor_hand
    FOREIGN KEY (case_id, assessed_by_id) REFERENCES cases_hand (case_id, person_id);
ALTER TABLE cases_interim ADD CONSTRAINT interim_seconder_hand
    FOREIGN KEY (case_id, seconded_by_id) REFERENCES cases_hand (case_id, person_id);
ALTER TABLE cases_finding ADD CONSTRAINT finding_finder_hand
    FOREIGN KEY (case_id, found_by_id) REFERENCES cases_hand (case_id, person_id);
ALTER TABLE cases_evidence ADD CONSTRAINT evidence_adder_hand
    FOREIGN KEY (case_id, added_by_id) REFERENCES cases_hand (case_id, person_id);
ALTER TABLE cases_hearing ADD CONSTRAINT hearing_asker_hand
    FOREIGN KEY (case_id, asked_by_id) REFERENCES cases_hand (case_id, person_id);
ALTER TABLE cases_check ADD CONSTRAINT check_ticker_hand
    FOREIGN KEY (case_id, by_id) REFERENCES cases_hand (case_id, person_id);
ALTER TABLE cases_conflict ADD CONSTRAINT conflict_hand
    FOREIGN KEY (case_id, person_id) REFERENCES cases_hand (case_id, person_id);

CREATE FUNCTION cases_hand_fits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    done CONSTANT jsonb := to_jsonb(NEW);
    who CONSTANT uuid := (done ->> TG_ARGV[0])::uuid;
    had CONSTANT text := (
        SELECT part FROM cases_hand WHERE person_id = who AND case_id = coalesce(
            (done ->> 'case_id')::uuid, (SELECT case_id FROM cases_decision WHERE id = (done ->> 'decision_id')::uuid)
        )
    );
BEGIN
    IF who IS NOT NULL AND (had IS NULL OR had <> ALL (string_to_array(TG_ARGV[1], ' '))) THEN
        RAISE EXCEPTION 'whoever did this has no such part in the case' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER cases_claim_hand AFTER INSERT OR UPDATE OF case_id, assessed_by_id ON cases_claim
    FOR EACH ROW EXECUTE FUNCTION cases_hand_fits('assessed_by_id', 'judged confirmed issued');
CREATE CONSTRAINT TRIGGER cases_interim_hand AFTER INSERT OR UPDATE OF case_id, seconded_by_id ON cases_interim
    FOR EACH ROW EXECUTE FUNCTION cases_hand_fits('seconded_by_id', 'judged confirmed issued');
CREATE CONSTRAINT TRIGGER cases_verdict_hand AFTER INSERT OR UPDATE OF decision_id, person_id ON cases_verdict
    FOR EACH ROW EXECUTE FUNCTION cases_hand_fits('person_id', 'judged confirmed issued');
CREATE CONSTRAINT TRIGGER cases_finding_hand AFTER INSERT OR UPDATE OF case_id, found_by_id ON cases_finding
    FOR EACH ROW EXECUTE FUNCTION cases_hand_fits('found_by_id', 'investigated');
CREATE CONSTRAINT TRIGGER cases_evidence_hand AFTER INSERT OR UPDATE OF case_id, added_by_id ON cases_evidence
    FOR EACH ROW EXECUTE FUNCTION cases_hand_fits('added_by_id', 'investigated');
CREATE CONSTRAINT TRIGGER cases_hearing_hand AFTER INSERT OR UPDATE OF case_id, asked_by_id ON cases_hearing
    FOR EACH ROW EXECUTE FUNCTION cases_hand_fits('asked_by_id', 'investigated');
CREATE CONSTRAINT TRIGGER cases_check_hand AFTER INSERT ON cases_check
    FOR EACH ROW EXECUTE FUNCTION cases_hand_fits('by_id', 'investigated');

ALTER TABLE cases_claim ENABLE ALWAYS TRIGGER cases_claim_hand;
ALTER TABLE cases_interim ENABLE ALWAYS TRIGGER cases_interim_hand;
ALTER TABLE cases_verdict ENABLE ALWAYS TRIGGER cases_verdict_hand;
ALTER TABLE cases_finding ENABLE ALWAYS TRIGGER cases_finding_hand;
ALTER TABLE cases_evidence ENABLE ALWAYS TRIGGER cases_evidence_hand;
ALTER TABLE cases_hearing ENABLE ALWAYS TRIGGER cases_hearing_hand;
ALTER TABLE cases_check ENABLE ALWAYS TRIGGER cases_check_hand;
"""

AS_BEFORE = """
DROP FUNCTION cases_hand_fits() CASCADE;
ALTER TABLE cases_claim DROP CONSTRAINT claim_assessor_hand;
ALTER TABLE cases_interim DROP CONSTRAINT interim_seconder_hand;
ALTER TABLE cases_finding DROP CONSTRAINT finding_finder_hand;
ALTER TABLE cases_evidence DROP CONSTRAINT evidence_adder_hand;
ALTER TABLE cases_hearing DROP CONSTRAINT hearing_asker_hand;
ALTER TABLE cases_check DROP CONSTRAINT check_ticker_hand;
ALTER TABLE cases_conflict DROP CONSTRAINT conflict_hand;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0032_finding_standard")]

    operations = [
        migrations.RunSQL(KNOWN, migrations.RunSQL.noop),
        migrations.RunSQL(KEYS, AS_BEFORE),
    ]
