"""The database roles and what each may do. Applied after every migration, so that a new table is never left open.

`owner` changes the schema, `app` is the web and the worker, `sequencer` signs, `eraser` nulls erased text.
"""

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

OWNER, APP, SEQUENCER, ERASER = "tipstaff_owner", "tipstaff_app", "tipstaff_sequencer", "tipstaff_eraser"
ROLES = (OWNER, APP, SEQUENCER, ERASER)

# Tables whose rows the application may add and read, but never change or drop.
APPEND_ONLY = (
    "ledger_event",
    "ledger_disclosure",
    "aup_acknowledgement",
    "cases_answerable",
    "cases_exposure",
    "cases_check",
    "cases_conflict",
    "cases_note",
    "cases_passing",
    "cases_skip",
    "governance_ballotpart",
    "governance_release",
    "notices_reminder",
    "sla_calendaredition",
    "sla_clockalert",
    "sla_target",
    "sla_targettable",
    "vault_approval",
    "vault_retentionclock",
)
# Records that are never deleted, in whatever state they end.
KEPT = (
    "accounts_subject", "accounts_token", "accounts_user", "appeals_appeal", "aup_feedback", "cases_case",
    "cases_claim", "cases_decision", "cases_evidence", "cases_finding", "cases_hand", "cases_hearing", "cases_interim",
    "cases_referral", "cases_remediation", "cases_report", "cases_sanction", "cases_verdict", "cases_withholding",
    "cases_flagger", "cases_consent", "cases_surveyanswer",
    "governance_aisystem", "governance_ballot", "governance_committee", "governance_control", "governance_controltask",
    "governance_membership", "governance_spell", "governance_waiver",
    "jobs_deadletter", "notices_delivery", "notices_endpoint", "notices_message", "notices_notice",
    "sla_calendar", "sla_clock", "sla_recalculation",
    "vault_derivative", "vault_disposal", "vault_legalhold", "vault_sealedfile", "vault_unsealing",
)  # fmt: skip
# Tables that only the sequencer writes.
SEQUENCER_ONLY = ("ledger_leaf", "ledger_streamtip", "ledger_signingkey")


class RolesMissing(Exception):
    """The cluster lacks a role and we may not create it; the message carries the SQL to run as a superuser."""


def ensure(connection: BaseDatabaseWrapper) -> None:
    """Create the roles that are missing, or say which statements a superuser has to run."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [list(ROLES)])
        missing = sorted(set(ROLES) - {name for (name,) in cursor.fetchall()})
        if not missing:
            return
        cursor.execute("SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user")
        statements = [f"CREATE ROLE {role} LOGIN;" for role in missing]
        if not cursor.fetchone()[0]:
            raise RolesMissing(
                "This PostgreSQL lacks roles that Tipstaff needs. Run as a superuser, then give each a password:\n"
                + "\n".join(statements)
            )
        for statement in statements:
            cursor.execute(statement)


def grant(using: str) -> None:
    """Give each role exactly its rights on every table there is now, at one stroke. Idempotent."""
    connection = connections[using]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        for statement in statements(set(connection.introspection.table_names(cursor))):
            cursor.execute(statement)


def statements(tables: set[str]) -> list[str]:
    append_only = [table for table in APPEND_ONLY if table in tables]
    statements = [
        f"GRANT USAGE ON SCHEMA public TO {APP}, {SEQUENCER}, {ERASER}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APP}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {APP}",
        f"REVOKE ALL ON django_migrations FROM {APP}",
        f"GRANT SELECT ON django_migrations TO {APP}",
        f"REVOKE DELETE ON ledger_stream FROM {APP}",
        f"GRANT SELECT ON ledger_event, ledger_disclosure, ledger_stream TO {SEQUENCER}",
        f"GRANT SELECT ON ledger_event, ledger_disclosure TO {ERASER}",
        f"GRANT UPDATE (salt, value) ON ledger_disclosure TO {ERASER}",
        f"GRANT SELECT (event_id) ON ledger_leaf TO {ERASER}",  # the trigger asks whether the fact is signed
    ]
    statements += [f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {APP}" for table in append_only]
    statements += [f"REVOKE DELETE, TRUNCATE ON {table} FROM {APP}" for table in KEPT if table in tables]
    statements += [f"REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {table} FROM {APP}" for table in SEQUENCER_ONLY]
    statements += [f"GRANT SELECT, INSERT ON {table} TO {SEQUENCER}" for table in SEQUENCER_ONLY]
    statements += [f"GRANT UPDATE ON ledger_streamtip TO {SEQUENCER}"]
    return statements
