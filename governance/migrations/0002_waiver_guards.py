"""What SQL itself refuses: to change or drop a vote, to rewrite a request or its answer, to stretch a spell."""

from django.db import migrations

BALLOTS = """
CREATE FUNCTION governance_keep_ballot() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    stamps CONSTANT text[] := ARRAY['state', 'closed_by_id', 'closed_at', 'outcome'];
BEGIN
    IF OLD.state <> 'open' OR to_jsonb(OLD) - stamps <> to_jsonb(NEW) - stamps THEN
        RAISE EXCEPTION 'a ballot does not change once it is open, nor at all once it is closed'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION governance_part_in_open_ballot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM governance_ballot WHERE id = NEW.ballot_id AND state = 'open') THEN
        RAISE EXCEPTION 'this ballot is not open' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.part = 'voted' AND NOT EXISTS (
        SELECT 1 FROM governance_ballot b JOIN governance_membership m ON m.committee_id = b.committee_id
        WHERE b.id = NEW.ballot_id AND m.person_id = NEW.person_id AND m.seated_at <= b.opened_at AND m.left_at IS NULL
    ) THEN
        RAISE EXCEPTION 'only a seated member votes' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER governance_ballot_same BEFORE UPDATE ON governance_ballot
    FOR EACH ROW EXECUTE FUNCTION governance_keep_ballot();
CREATE TRIGGER governance_ballotpart_open BEFORE INSERT ON governance_ballotpart
    FOR EACH ROW EXECUTE FUNCTION governance_part_in_open_ballot();
CREATE TRIGGER governance_ballotpart_same BEFORE UPDATE OR DELETE ON governance_ballotpart
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
ALTER TABLE governance_ballot ENABLE ALWAYS TRIGGER governance_ballot_same;
ALTER TABLE governance_ballotpart ENABLE ALWAYS TRIGGER governance_ballotpart_open;
ALTER TABLE governance_ballotpart ENABLE ALWAYS TRIGGER governance_ballotpart_same;
"""

# A request is the applicant's until it is sent, and theirs again while changes are asked for. A decision is final but for
# its stamps; only a recall opens it again. Which accounts are covered is open until it is granted, which rules until sent.
WAIVERS = """
CREATE FUNCTION governance_keep_waiver() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    stamps CONSTANT text[] := ARRAY['state', 'due_at', 'ended_reason'];
    progress CONSTANT text[] := stamps || ARRAY['route', 'submitted_at', 'screened_by_id', 'screened_at', 'confirmed_at',
        'risk', 'conflicts', 'changes', 'answers', 'ballot_id', 'decided_by_id', 'decided_at', 'conditions', 'reasons',
        'ends_on', 'recalled_at'];
BEGIN
    IF OLD.state IN ('granted', 'suspended', 'refused', 'revoked', 'withdrawn') AND NEW.state <> 'under_review'
       AND to_jsonb(OLD) - stamps <> to_jsonb(NEW) - stamps THEN
        RAISE EXCEPTION 'a decided waiver does not change' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state NOT IN ('draft', 'changes_requested')
       AND to_jsonb(OLD) - progress <> to_jsonb(NEW) - progress THEN
        RAISE EXCEPTION 'what was asked for does not change' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION governance_keep_scope() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    open_states CONSTANT text[] := CASE TG_TABLE_NAME WHEN 'governance_waiverrule' THEN ARRAY['draft']
        ELSE ARRAY['draft', 'screening', 'under_review'] END;
    held uuid := CASE TG_OP WHEN 'DELETE' THEN OLD.waiver_id ELSE NEW.waiver_id END;
BEGIN
    IF TG_OP = 'UPDATE' OR NOT EXISTS (SELECT 1 FROM governance_waiver WHERE id = held AND state = ANY (open_states)) THEN
        RAISE EXCEPTION 'what a waiver covers does not change any more' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION governance_keep_spell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(OLD) - 'cut_at' - 'lapses_at' <> to_jsonb(NEW) - 'cut_at' - 'lapses_at' OR OLD.cut_at IS NOT NULL
       OR (NEW.lapses_at IS DISTINCT FROM OLD.lapses_at AND (OLD.lapses_at IS NULL OR NEW.lapses_at < OLD.lapses_at)) THEN
        RAISE EXCEPTION 'a spell can only be cut or carried on' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER governance_waiver_same BEFORE UPDATE ON governance_waiver
    FOR EACH ROW EXECUTE FUNCTION governance_keep_waiver();
CREATE TRIGGER governance_waiverrule_keep BEFORE INSERT OR UPDATE OR DELETE ON governance_waiverrule
    FOR EACH ROW EXECUTE FUNCTION governance_keep_scope();
CREATE TRIGGER governance_waiverbeneficiary_keep BEFORE INSERT OR UPDATE OR DELETE ON governance_waiverbeneficiary
    FOR EACH ROW EXECUTE FUNCTION governance_keep_scope();
CREATE TRIGGER governance_spell_same BEFORE UPDATE ON governance_spell
    FOR EACH ROW EXECUTE FUNCTION governance_keep_spell();
ALTER TABLE governance_waiver ENABLE ALWAYS TRIGGER governance_waiver_same;
ALTER TABLE governance_waiverrule ENABLE ALWAYS TRIGGER governance_waiverrule_keep;
ALTER TABLE governance_waiverbeneficiary ENABLE ALWAYS TRIGGER governance_waiverbeneficiary_keep;
ALTER TABLE governance_spell ENABLE ALWAYS TRIGGER governance_spell_same;
"""


def kept(table: str) -> str:
    """Rows of `table` are never dropped, one by one or all at once."""
    return f"""
CREATE TRIGGER {table}_kept BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER {table}_kept_all BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_kept;
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_kept_all;
"""


class Migration(migrations.Migration):
    dependencies = [("governance", "0001_initial"), ("ledger", "0002_guards")]
    operations = [
        migrations.RunSQL(
            BALLOTS
            + WAIVERS
            + "".join(kept(f"governance_{table}") for table in ("committee", "membership", "ballot", "waiver", "spell"))
            + "CREATE TRIGGER governance_ballotpart_kept_all BEFORE TRUNCATE ON governance_ballotpart"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();"
            "ALTER TABLE governance_ballotpart ENABLE ALWAYS TRIGGER governance_ballotpart_kept_all;",
            """
            DROP FUNCTION governance_keep_ballot() CASCADE;
            DROP FUNCTION governance_part_in_open_ballot() CASCADE;
            DROP FUNCTION governance_keep_waiver() CASCADE;
            DROP FUNCTION governance_keep_scope() CASCADE;
            DROP FUNCTION governance_keep_spell() CASCADE;
            DROP TRIGGER governance_ballotpart_same ON governance_ballotpart;
            DROP TRIGGER governance_ballotpart_kept_all ON governance_ballotpart;
            """
            + "".join(
                f"DROP TRIGGER governance_{table}_kept ON governance_{table};"
                f"DROP TRIGGER governance_{table}_kept_all ON governance_{table};"
                for table in ("committee", "membership", "ballot", "waiver", "spell")
            ),
        )
    ]
