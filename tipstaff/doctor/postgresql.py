"""PostgreSQL itself, its roles and what each may do."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections

from tipstaff.doctor import rights
from tipstaff.doctor.result import Result, failing, first_line, ok, some, warning
from tipstaff.health import missing_migrations
from tipstaff.ledger import roles

OLDEST = 18
# Switched off, each of these can lose what was acknowledged when the machine stops.
DURABLE = ("fsync", "full_page_writes", "synchronous_commit")
ALIASES = {"owner": roles.OWNER, "sequencer": roles.SEQUENCER, "eraser": roles.ERASER}


def rows(query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall()


def server() -> Iterator[Result]:
    """It answers, is of the right version, keeps what it acknowledged and does not write it into its log."""
    place = _place(DEFAULT_DB_ALIAS)
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        yield failing(
            f"PostgreSQL does not answer at {place}: {first_line(error)}.",
            "Start it, or correct DATABASE_URL.",
        )
        return
    version = int(rows("SHOW server_version_num")[0][0])
    yield (
        ok(f"PostgreSQL {version // 10_000}.{version % 10_000} answers at {place}.")
        if version >= OLDEST * 10_000
        else failing(
            f"PostgreSQL {version // 10_000} answers at {place}, and Tipstaff needs {OLDEST}.",
            f"Move the database to PostgreSQL {OLDEST} or newer.",
        )
    )
    known = dict(rows("SELECT name, setting FROM pg_settings"))
    yield from _keeps(known)
    yield from _writes_no_statements(known)


def _place(alias: str) -> str:
    where = connections[alias].settings_dict
    return f"{where['HOST'] or 'the local socket'}:{where['PORT'] or 5432}/{where['NAME']}"


def _keeps(known: dict[str, str]) -> Iterator[Result]:
    off = [name for name in DURABLE if known[name] == "off"]
    if off:
        yield failing(
            f"{some(off)} is off: what was acknowledged can be lost when the machine stops.",
            f"Set {' and '.join(f'{name} = on' for name in off)} in postgresql.conf and reload.",
        )
    if known["data_checksums"] != "on":
        yield warning(
            "Data checksums are off: a disk that returns wrong bytes goes unnoticed.",
            "Stop PostgreSQL and run `pg_checksums --enable`.",
        )
    if known["server_encoding"] != "UTF8":
        yield failing(
            f"The database is encoded in {known['server_encoding']}, which cannot hold every language.",
            "Create it anew with ENCODING 'UTF8' and restore into it.",
        )
    zone = rows("SHOW timezone")[0][0]
    if zone != "UTC":
        yield failing(
            f"Sessions run in the time zone {zone}, and Tipstaff reckons in UTC.",
            f"Remove the setting from the role: ALTER ROLE {roles.APP} RESET timezone.",
        )
    if not off and zone == "UTC":
        yield ok("It keeps what it acknowledged, and reckons in UTC.")


def _writes_no_statements(known: dict[str, str]) -> Iterator[Result]:
    told = []
    if known["log_min_error_statement"] not in {"fatal", "panic"}:
        told.append("log_min_error_statement = panic")
    if known["log_error_verbosity"] != "terse":
        told.append("log_error_verbosity = terse")
    if known["log_statement"] in {"mod", "all"}:
        told.append("log_statement = none")
    if known["log_min_duration_statement"] != "-1" and known["log_parameter_max_length"] != "0":
        told.append("log_min_duration_statement = -1")
    if told:
        yield warning(
            "PostgreSQL writes statements, or rows they failed on, into its own log: what people typed is in them.",
            f"Set {', '.join(told)} in postgresql.conf and reload.",
        )
    else:
        yield ok("Its log holds no statement and no row.")


def who() -> Iterator[Result]:
    """The four roles are there, have no powers of their own, and each address leads to its role."""
    known = {name: powers for name, *powers in rows(
        "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcanlogin FROM pg_roles WHERE rolname = ANY(%s)",
        list(roles.ROLES),
    )}  # fmt: skip
    missing = sorted(set(roles.ROLES) - set(known))
    if missing:
        yield failing(
            f"PostgreSQL has no role {some(missing)}.",
            "As a superuser: " + " ".join(f"CREATE ROLE {name} LOGIN PASSWORD '…';" for name in missing),
        )
    for name, (superuser, bypasses, creates, _may_log_in) in known.items():
        powers = {"SUPERUSER": superuser, "BYPASSRLS": bypasses, "CREATEROLE": creates and name != roles.OWNER}
        if held := [power for power, is_held in powers.items() if is_held]:
            yield failing(
                f"{name} is {' and '.join(held)}, and so can change history.",
                f"As a superuser: ALTER ROLE {name} {' '.join(f'NO{power}' for power in held)};",
            )
    yield from _connected()
    if not missing:
        yield from _memberships()
    yield from _owners()


def _connected() -> Iterator[Result]:
    current, superuser = rows("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")[0]
    if current == roles.APP:
        yield ok(f"This process is connected as {current}.")
    else:
        yield failing(
            f"This process is connected as {current}{', a superuser' if superuser else ''}: it could change history.",
            f"Let DATABASE_URL name the user {roles.APP}; only migrations use OWNER_DATABASE_URL.",
        )
    for alias, role in ALIASES.items():
        if settings.DATABASES[alias]["USER"] == settings.DATABASES[DEFAULT_DB_ALIAS]["USER"]:
            continue  # not known to this process, as it should be for most of them
        try:
            with connections[alias].cursor() as cursor:
                cursor.execute("SELECT current_user")
                found = cursor.fetchone()[0]
        except DatabaseError as error:
            yield failing(
                f"{alias.upper()}_DATABASE_URL leads nowhere: {first_line(error)}.",
                "Correct it, or leave it out where it is not needed.",
            )
            continue
        finally:
            connections[alias].close()
        if found != role:
            yield failing(
                f"{alias.upper()}_DATABASE_URL connects as {found} and not as {role}.", f"Let it name the user {role}."
            )


def _memberships() -> Iterator[Result]:
    pairs = rows(
        """SELECT low, high.rolname FROM unnest(%s::name[]) low, pg_roles high
           WHERE low <> high.rolname AND pg_has_role(low, high.oid, 'MEMBER')
           AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = low)""",
        [role for role in roles.ROLES if role != roles.OWNER],
    )
    for low, high in pairs:
        yield failing(f"{low} is a member of {high} and can act as it.", f"As a superuser: REVOKE {high} FROM {low};")


def _owners() -> Iterator[Result]:
    owned = defaultdict(list)
    for owner, table in rows(
        """SELECT pg_get_userbyid(relowner), relname FROM pg_class
           WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY relname"""
    ):
        owned[owner].append(table)
    for owner, tables in owned.items():
        if owner != roles.OWNER:
            yield failing(
                f"{owner} owns {some(tables)}, and an owner can switch triggers off.",
                f"As a superuser: REASSIGN OWNED BY {owner} TO {roles.OWNER}; then run manage.py migrate.",
            )
    if set(owned) == {roles.OWNER}:
        yield ok(f"All {len(owned[roles.OWNER])} tables belong to {roles.OWNER}.")


def allowed() -> Iterator[Result]:
    """Each role has the rights of tipstaff/ledger/roles.py: not one more, and not one less."""
    known = [name for (name,) in rows("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", list(roles.ROLES))]
    held = [role for role in roles.ROLES if role in known and role != roles.OWNER]
    owners = {name for (name,) in rows("SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relkind = 'r'")}
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
    wanted, found = rights.wanted(tables), rights.found(rows)
    wrong = False
    for role in held:
        if role in owners:
            wrong = True
            continue  # owning is told where owners are
        for right, names in rights.differences(found[role], wanted[role]).items():
            wrong = True
            yield failing(
                f"{role} may {right} {some(names)}, which it must not.",
                f"As {roles.OWNER}: " + " ".join(f"REVOKE {right} ON {name} FROM {role};" for name in names),
            )
        for right, names in rights.differences(wanted[role], found[role]).items():
            wrong = True
            yield failing(
                f"{role} may not {right} {some(names)}, and needs to.",
                "Run manage.py migrate: it sets the rights anew.",
            )
    if not wrong:
        yield ok(f"{some(held)} have exactly the rights that they need on {len(tables)} tables.")


def migrated() -> Iterator[Result]:
    """The tables are those of this code."""
    missing = missing_migrations()
    if missing:
        yield failing(f"{len(missing)} migrations are not applied: {some(missing)}.", "Run manage.py migrate.")
    else:
        yield ok("Every migration is applied.")
    if not rows("SELECT to_regclass('django_cache')")[0][0]:
        yield failing(
            "The table django_cache is missing: no limit counts, and public forms break.", "Run manage.py migrate."
        )
