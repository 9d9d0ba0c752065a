"""What each role should hold and what it holds. The first is read off the very statements that `migrate` runs."""

import re
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from tipstaff.ledger import roles

STATEMENT = re.compile(r"(GRANT|REVOKE) (?P<rights>.+?) ON (?P<on>.+?) (?:TO|FROM) (?P<roles>.+)")
RIGHT = re.compile(r"(?P<right>[A-Z]+)(?: \((?P<columns>[^)]*)\))?")
ON_TABLES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN")

# role → pairs of a right and where it holds: ("UPDATE", "ledger_stream"), ("UPDATE (salt)", "ledger_disclosure")
Held = dict[str, set[tuple[str, str]]]


def wanted(tables: set[str]) -> Held:
    """What `roles.grant` leaves on `tables`."""
    held: Held = defaultdict(set)
    for statement in roles.statements(tables):
        parts = STATEMENT.fullmatch(statement)
        if parts is None or parts["on"].startswith(("SCHEMA ", "ALL SEQUENCES", "SEQUENCE ", "FUNCTION ")):
            continue
        on = tables if parts["on"].startswith("ALL TABLES") else set(_names(parts["on"].removeprefix("TABLE ")))
        pairs = {(right, table) for right in _rights(parts["rights"]) for table in on & tables}
        for role in _names(parts["roles"]):
            held[role] = held[role] | pairs if statement.startswith("GRANT") else held[role] - pairs
    return held


def found(rows: Callable[..., list[tuple[Any, ...]]]) -> Held:
    """What PostgreSQL says they hold, through whatever grant."""
    held: Held = defaultdict(set)
    for role, right, table in rows(
        """SELECT role.rolname, held, pg_class.relname
           FROM pg_roles role, pg_class, unnest(%s::text[]) held
           WHERE role.rolname = ANY(%s) AND relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
             AND has_table_privilege(role.oid, pg_class.oid, held)""",
        list(ON_TABLES),
        list(roles.ROLES),
    ):
        held[role].add((right, table))
    for role, right, column, table in rows(
        """SELECT pg_get_userbyid(acl.grantee), acl.privilege_type, attname, relname
           FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid, aclexplode(attacl) acl
           WHERE relnamespace = 'public'::regnamespace AND acl.grantee <> 0"""
    ):
        held[role].add((f"{right} ({column})", table))
    return held


def differences(more: set[tuple[str, str]], less: set[tuple[str, str]]) -> dict[str, list[str]]:
    """Right → tables, of those in `more` that are not in `less`."""
    by_right: dict[str, list[str]] = defaultdict(list)
    for right, table in sorted(more - less):
        by_right[right].append(table)
    return by_right


def _rights(text: str) -> list[str]:
    if text.startswith("ALL"):
        return list(ON_TABLES)
    return [
        f"{found['right']} ({column})" if column else found["right"]
        for found in RIGHT.finditer(text)
        for column in (_names(found["columns"]) if found["columns"] else [""])
    ]


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]
