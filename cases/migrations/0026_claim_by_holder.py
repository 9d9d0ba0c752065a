"""The account holder claims research in an answer; what is of the gravest kind waits for no claim (H7)."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

COVERS = """
CREATE OR REPLACE FUNCTION cases_claim_covers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM cases_claim claim
        WHERE claim.case_id = NEW.case_id
            AND (NEW.conduct_at AT TIME ZONE 'UTC')::date BETWEEN claim.began_on AND claim.ended_on
            AND (claim.state = 'accepted' OR claim.state = 'open' AND {waits} cases_tier_restricts(NEW.rule_id, NEW.tier))
    ) THEN
        RAISE EXCEPTION 'research in good faith is claimed for this, so it is no breach or has to wait'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
"""
GRAVEST_GOES_FIRST = COVERS.replace("{waits}", "coalesce(NEW.severity, 0) < 4 AND")
ALL_WAIT = COVERS.replace("{waits} ", "")


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0025_guards_by_effect"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="claim",
            name="hearing",
            field=models.OneToOneField(
                editable=False,
                help_text="In whose answer it was claimed.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                to="cases.hearing",
            ),
        ),
        migrations.AlterField(
            model_name="claim",
            name="entered_by",
            field=models.ForeignKey(
                help_text="Who wrote it down.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("entered_by__isnull", False), ("hearing", None)),
                    models.Q(("entered_by", None), ("hearing__isnull", False), ("made_by", "account_holder")),
                    _connector="OR",
                ),
                name="claim_written_down_or_answered",
            ),
        ),
        migrations.RunSQL(GRAVEST_GOES_FIRST, ALL_WAIT),
    ]
