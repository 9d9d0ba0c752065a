"""Cases are handled as the strictest rule asks, and never more lightly again; what came after a proposal is named."""

import django.contrib.postgres.fields
from django.db import migrations, models

# By the rule of the case and those of its reports; that of a breach was one of the same group.
KNOWN = """
UPDATE cases_case SET handling = asked.handling, refers = asked.refers FROM (
    SELECT under.id,
        CASE WHEN bool_or(rule.content_handling = 'sealed') THEN 'sealed'
             WHEN bool_or(rule.content_handling = 'sensitive') THEN 'sensitive' ELSE 'standard' END AS handling,
        bool_or(rule.legal_referral = 'mandatory') AS refers
    FROM (
        SELECT id, rule_id FROM cases_case
        UNION SELECT case_id, rule_id FROM cases_report WHERE case_id IS NOT NULL
        UNION SELECT case_id, rule_id FROM cases_decision WHERE outcome = 'breach'
    ) AS under (id, rule_id)
    JOIN aup_rule rule ON rule.id = under.rule_id GROUP BY under.id
) AS asked WHERE asked.id = cases_case.id AND (asked.handling <> 'standard' OR asked.refers);
"""

NEVER_LIGHTER = """
CREATE FUNCTION cases_keep_handling() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    stricter CONSTANT text[] := ARRAY['standard', 'sensitive', 'sealed'];
BEGIN
    IF OLD.refers AND NOT NEW.refers
        OR array_position(stricter, NEW.handling::text) < array_position(stricter, OLD.handling::text) THEN
        RAISE EXCEPTION 'a case is never handled more lightly than before' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER cases_case_never_lighter BEFORE UPDATE OF handling, refers ON cases_case
    FOR EACH ROW EXECUTE FUNCTION cases_keep_handling();
ALTER TABLE cases_case ENABLE ALWAYS TRIGGER cases_case_never_lighter;
"""

AS_BEFORE = """
DROP TRIGGER cases_case_never_lighter ON cases_case;
DROP FUNCTION cases_keep_handling();
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0029_judged")]

    operations = [
        migrations.AddField(
            model_name="case",
            name="handling",
            field=models.CharField(
                choices=[
                    ("standard", "Reviewers may open the evidence"),
                    ("sensitive", "Hidden until asked for; every view is logged"),
                    ("sealed", "Never shown to reviewers"),
                ],
                db_default="standard",
                default="standard",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="case",
            name="refers",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="A rule that something in it falls under makes referral compulsory.",
            ),
        ),
        migrations.AddField(
            model_name="case",
            name="unweighed",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=20),
                blank=True,
                db_default=[],
                default=list,
                help_text="Reports that came after the decision was proposed and that nobody weighed.",
                size=None,
            ),
        ),
        migrations.RunSQL(KNOWN, migrations.RunSQL.noop),
        migrations.RunSQL(NEVER_LIGHTER, AS_BEFORE),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(condition=models.Q(("refers", True)), fields=["opened_at"], name="case_refers"),
        ),
    ]
