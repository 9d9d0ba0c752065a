"""A published policy cannot be rewritten, and what four people signed is what is published: triggers that fire in every
replication role, whoever is connected.
"""

from django.db import migrations

FUNCTIONS = """
-- The state of a version, its row held against a change until this transaction ends.
CREATE FUNCTION aup_state(version uuid) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found text;
BEGIN
    SELECT state INTO found FROM aup_policyversion WHERE id = version FOR SHARE;
    RETURN found;
END $$;

CREATE FUNCTION aup_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: policies are kept for ever', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

-- Rules, groups, matrix and catalogue change in a draft only: what is in review is what people sign.
CREATE FUNCTION aup_keep_part() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        IF aup_state(OLD.version_id) <> 'draft' THEN
            RAISE EXCEPTION '% on % is refused: only a draft of a policy can change', TG_OP, TG_TABLE_NAME
                USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    IF aup_state(NEW.version_id) <> 'draft' THEN
        RAISE EXCEPTION '% on % is refused: only a draft of a policy can change', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION aup_keep_example() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        IF aup_state((SELECT version_id FROM aup_rule WHERE id = OLD.rule_id)) <> 'draft' THEN
            RAISE EXCEPTION '% on % is refused: only a draft of a policy can change', TG_OP, TG_TABLE_NAME
                USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    IF aup_state((SELECT version_id FROM aup_rule WHERE id = NEW.rule_id)) <> 'draft' THEN
        RAISE EXCEPTION '% on % is refused: only a draft of a policy can change', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

-- A signature is given in review, never altered, and taken off only when the text opens again.
CREATE FUNCTION aup_keep_signature() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' AND aup_state(NEW.version_id) = 'in_review' THEN RETURN NEW; END IF;
    IF TG_OP = 'DELETE' AND aup_state(OLD.version_id) IN ('in_review', 'approved') THEN RETURN OLD; END IF;
    RAISE EXCEPTION '% on % is refused: a signature stands for the text that was signed', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION aup_keep_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    withdrawal CONSTANT text[] := ARRAY['state', 'withdrawn_at', 'withdrawn_by_id', 'withdrawal_reason'];
    handling CONSTANT text[] := withdrawal || ARRAY['effective_from', 'submitted_at', 'submitted_by_id', 'approved_at',
        'approved_by_id', 'published_at', 'published_by_id'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state = 'draft' THEN RETURN NEW; END IF;
    ELSIF OLD.state = 'draft' AND NEW.state IN ('draft', 'in_review', 'withdrawn') THEN
        RETURN NEW;
    ELSIF OLD.state = 'published' AND NEW.state = 'withdrawn' THEN
        IF to_jsonb(NEW) - withdrawal = to_jsonb(OLD) - withdrawal THEN RETURN NEW; END IF;
    ELSIF OLD.state IN ('in_review', 'approved') AND to_jsonb(NEW) - handling = to_jsonb(OLD) - handling THEN
        IF NEW.state NOT IN ('approved', 'published') THEN RETURN NEW; END IF;
        IF (NEW.state = OLD.state OR (OLD.state, NEW.state) IN (('in_review', 'approved'), ('approved', 'published')))
           AND (SELECT count(*) FROM aup_signoff WHERE version_id = NEW.id) = 4 THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION '% on % is refused: four people have to sign first', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    RAISE EXCEPTION '% on % is refused: % of a policy that is % cannot change like this', TG_OP, TG_TABLE_NAME,
        NEW.number, CASE TG_OP WHEN 'INSERT' THEN 'new' ELSE OLD.state END USING ERRCODE = 'restrict_violation';
END $$;
"""


def always(table: str, name: str, when: str, function: str, each: str = "ROW") -> str:
    return f"""
CREATE TRIGGER {table}_{name} BEFORE {when} ON {table} FOR EACH {each} EXECUTE FUNCTION {function}();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_{name};
"""


PARTS = {
    "aup_rulegroup": "aup_keep_part",
    "aup_rule": "aup_keep_part",
    "aup_decisionmatrix": "aup_keep_part",
    "aup_catalogue": "aup_keep_part",
    "aup_example": "aup_keep_example",
    "aup_signoff": "aup_keep_signature",
}
GUARDS = "".join(
    always(table, "same", "INSERT OR UPDATE OR DELETE", function)
    + always(table, "keep_all", "TRUNCATE", "aup_refuse_change", "STATEMENT")
    for table, function in PARTS.items()
)
GUARDS += always("aup_policyversion", "same", "INSERT OR UPDATE", "aup_keep_version")
GUARDS += always("aup_policyversion", "keep", "DELETE", "aup_refuse_change")
GUARDS += always("aup_policyversion", "keep_all", "TRUNCATE", "aup_refuse_change", "STATEMENT")

DROPPED = ("keep_version", "keep_signature", "keep_example", "keep_part", "refuse_change")


class Migration(migrations.Migration):
    dependencies = [("aup", "0001_initial")]
    operations = [
        migrations.RunSQL(
            FUNCTIONS + GUARDS,
            "".join(f"DROP FUNCTION aup_{name}() CASCADE;" for name in DROPPED) + "DROP FUNCTION aup_state(uuid);",
        )
    ]
