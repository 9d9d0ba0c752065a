"""An open claim holds back what a tier does and not what it is called; a measure is of an issued decision only."""

from django.db import migrations

BY_EFFECT = """
CREATE FUNCTION cases_tier_restricts(rule uuid, tier text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM aup_rule
        JOIN aup_decisionmatrix matrix ON matrix.version_id = aup_rule.version_id,
            jsonb_array_elements(matrix.document -> 'tiers') step,
            jsonb_array_elements(step -> 'sanctions') line
        WHERE aup_rule.id = rule AND step ->> 'code' = tier
            AND line ->> 'type' NOT IN ('warning', 'guidance', 'mandatory_training', 'legal_referral')
    )
$$;

CREATE OR REPLACE FUNCTION cases_claim_covers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM cases_claim claim
        WHERE claim.case_id = NEW.case_id
            AND (NEW.conduct_at AT TIME ZONE 'UTC')::date BETWEEN claim.began_on AND claim.ended_on
            AND (claim.state = 'accepted' OR claim.state = 'open' AND cases_tier_restricts(NEW.rule_id, NEW.tier))
    ) THEN
        RAISE EXCEPTION 'research in good faith is claimed for this, so it is no breach or has to wait'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
"""

BY_NAME = """
CREATE OR REPLACE FUNCTION cases_claim_covers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM cases_claim claim
        WHERE claim.case_id = NEW.case_id
            AND (NEW.conduct_at AT TIME ZONE 'UTC')::date BETWEEN claim.began_on AND claim.ended_on
            AND (claim.state = 'accepted' OR claim.state = 'open' AND NEW.tier NOT IN ('T1', 'T2'))
    ) THEN
        RAISE EXCEPTION 'research in good faith is claimed for this, so it is no breach or has to wait'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
DROP FUNCTION cases_tier_restricts(uuid, text);
"""

ISSUED = """
CREATE FUNCTION cases_sanction_is_issued() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM cases_decision WHERE id = NEW.decision_id AND issued_at IS NOT NULL) THEN
        RAISE EXCEPTION 'a measure is imposed by a decision that was issued' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER cases_sanction_of_issued AFTER INSERT OR UPDATE OF decision_id ON cases_sanction
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.decision_id IS NOT NULL)
    EXECUTE FUNCTION cases_sanction_is_issued();
ALTER TABLE cases_sanction ENABLE ALWAYS TRIGGER cases_sanction_of_issued;
"""

NOT_ISSUED = """
DROP TRIGGER cases_sanction_of_issued ON cases_sanction;
DROP FUNCTION cases_sanction_is_issued();
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0024_survey"), ("aup", "0005_feedback_guards")]

    operations = [migrations.RunSQL(BY_EFFECT, BY_NAME), migrations.RunSQL(ISSUED, NOT_ISSUED)]
