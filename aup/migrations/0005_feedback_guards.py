"""What somebody wrote does not change, nor an answer that was given: a trigger that fires in every replication role."""

from django.db import migrations

GUARDS = """
CREATE FUNCTION aup_keep_feedback() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    later CONSTANT text[] := ARRAY['due_at', 'led_to_id'];
    answer CONSTANT text[] := later || ARRAY['state', 'answer_text', 'answered_by_id', 'answered_at'];
    version aup_policyversion;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'feedback is never deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'INSERT' THEN
        SELECT * INTO version FROM aup_policyversion WHERE id = NEW.version_id;
        IF NEW.state <> 'received' OR version.published_at IS NULL THEN
            RAISE EXCEPTION 'feedback begins as received, about what was published'
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.rule_id IS NOT NULL
           AND NOT EXISTS (SELECT FROM aup_rule WHERE id = NEW.rule_id AND version_id = NEW.version_id) THEN
            RAISE EXCEPTION 'the rule is not one of the version''s own' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF to_jsonb(OLD) - answer <> to_jsonb(NEW) - answer THEN
        RAISE EXCEPTION 'what somebody wrote about the policy does not change' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state = 'answered' AND to_jsonb(OLD) - later <> to_jsonb(NEW) - later THEN
        RAISE EXCEPTION 'an answer that was given does not change' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.led_to_id IS DISTINCT FROM OLD.led_to_id AND NEW.led_to_id IS NOT NULL THEN
        SELECT * INTO version FROM aup_policyversion WHERE id = NEW.led_to_id;
        IF version.published_at <= NEW.received_at THEN
            RAISE EXCEPTION 'it cannot have led to a version that was out before' USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER aup_feedback_keep BEFORE INSERT OR UPDATE OR DELETE ON aup_feedback
    FOR EACH ROW EXECUTE FUNCTION aup_keep_feedback();
CREATE TRIGGER aup_feedback_keep_all BEFORE TRUNCATE ON aup_feedback
    FOR EACH STATEMENT EXECUTE FUNCTION aup_refuse_change();
ALTER TABLE aup_feedback ENABLE ALWAYS TRIGGER aup_feedback_keep;
ALTER TABLE aup_feedback ENABLE ALWAYS TRIGGER aup_feedback_keep_all;
"""


class Migration(migrations.Migration):
    dependencies = [("aup", "0004_translation_guards"), ("workflow", "0001_references")]
    operations = [
        migrations.RunSQL(
            GUARDS,
            "DROP FUNCTION aup_keep_feedback() CASCADE; DROP TRIGGER aup_feedback_keep_all ON aup_feedback;",
        )
    ]
