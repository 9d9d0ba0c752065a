from django.db import migrations, models

# A part does not change, but for who judged something on the way and then confirms or issues.
GUARDS = """
CREATE FUNCTION cases_keep_hand() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.part = 'judged' AND NEW.part IN ('confirmed', 'issued')
        AND (OLD.case_id, OLD.person_id) = (NEW.case_id, NEW.person_id) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'who had which part in a case does not change' USING ERRCODE = 'restrict_violation';
END $$;
DROP TRIGGER cases_hand_keep ON cases_hand;
CREATE TRIGGER cases_hand_keep BEFORE UPDATE OR DELETE ON cases_hand FOR EACH ROW EXECUTE FUNCTION cases_keep_hand();
ALTER TABLE cases_hand ENABLE ALWAYS TRIGGER cases_hand_keep;
"""
UNGUARD = """
DROP TRIGGER cases_hand_keep ON cases_hand;
DROP FUNCTION cases_keep_hand();
CREATE TRIGGER cases_hand_keep BEFORE UPDATE OR DELETE ON cases_hand FOR EACH ROW EXECUTE FUNCTION refuse_change();
ALTER TABLE cases_hand ENABLE ALWAYS TRIGGER cases_hand_keep;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0028_escalation")]

    operations = [
        migrations.AlterField(
            model_name="hand",
            name="part",
            field=models.CharField(
                choices=[
                    ("reported", "reported"),
                    ("investigated", "investigated"),
                    ("judged", "helped to judge"),
                    ("confirmed", "confirmed"),
                    ("issued", "decided"),
                    ("reviewed_appeal", "reviewed an appeal in"),
                    ("stayed_out", "stayed out of"),
                    ("assessed", "assessed what was put right in"),
                ],
                max_length=20,
            ),
        ),
        migrations.RunSQL(GUARDS, UNGUARD),
    ]
