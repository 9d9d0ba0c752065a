"""What a webhook message says, to whom and in which place does not change once it is queued."""

from django.db import migrations

GUARDS = """
CREATE FUNCTION notices_keep_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['state', 'next_attempt_at', 'leased_until', 'attempts', 'last_status',
        'last_error', 'delivered_at', 'given_up_at'];
BEGIN
    IF to_jsonb(OLD) - progress <> to_jsonb(NEW) - progress THEN
        RAISE EXCEPTION 'a queued message does not change' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state = 'delivered' THEN
        RAISE EXCEPTION 'a delivered message does not change' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER notices_delivery_keep BEFORE UPDATE ON notices_delivery
    FOR EACH ROW EXECUTE FUNCTION notices_keep_delivery();
ALTER TABLE notices_delivery ENABLE ALWAYS TRIGGER notices_delivery_keep;
"""


class Migration(migrations.Migration):
    dependencies = [("notices", "0001_initial")]
    operations = [
        migrations.RunSQL(GUARDS, "DROP FUNCTION notices_keep_delivery() CASCADE"),
    ]
