"""The triggers and constraints that keep history: those that the migrations made, all there, all on, none replaced."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import RunSQL
from django.db.migrations.recorder import MigrationRecorder

from tipstaff.doctor.postgresql import rows
from tipstaff.doctor.result import Result, failing, ok
from tipstaff.ledger import roles

WORDS = re.compile(
    r"""
    CREATE\s+(?:OR\s+REPLACE\s+|CONSTRAINT\s+)?TRIGGER\s+(?P<made>\w+)\s+[^;]*?\bON\s+(?P<made_on>\w+)[^;]*?EXECUTE\s+FUNCTION\s+(?P<calls>\w+)
    | ALTER\s+TABLE\s+(?P<always_on>\w+)\s+ENABLE\s+ALWAYS\s+TRIGGER\s+(?P<always>\w+)
    | DROP\s+TRIGGER\s+(?:IF\s+EXISTS\s+)?(?P<dropped>\w+)\s+ON\s+(?P<dropped_on>\w+)
    | DROP\s+FUNCTION\s+(?:IF\s+EXISTS\s+)?(?P<gone>\w+)
    | CREATE\s+(?:OR\s+REPLACE\s+)?FUNCTION\s+(?P<function>\w+)\s*\([^)]*\).*?
      AS\s+(?P<quote>\$\w*\$)(?P<body>.*?)(?P=quote)
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
FIRES = {
    "O": "does not fire in a session that replays a replica",
    "D": "is switched off",
    "R": "fires only in a replica",
}
FIND_OUT = "Only the owner or a superuser can do that: find out who did, and run manage.py ledger verify."


@dataclass
class Guards:
    """(table, trigger) → the function it calls, those that must always fire, and what each function says."""

    triggers: dict[tuple[str, str], str] = field(default_factory=dict)
    always: set[tuple[str, str]] = field(default_factory=set)
    bodies: dict[str, str] = field(default_factory=dict)

    def read(self, sql: str) -> None:
        """Follow what a migration does, in its order."""
        for word in WORDS.finditer(sql):
            if word["made"]:
                self.triggers[word["made_on"], word["made"]] = word["calls"]
            elif word["always"]:
                self.always.add((word["always_on"], word["always"]))
            elif word["dropped"]:
                self._drop((word["dropped_on"], word["dropped"]))
            elif word["gone"]:
                self.bodies.pop(word["gone"], None)
                for trigger in [one for one, calls in self.triggers.items() if calls == word["gone"]]:
                    self._drop(trigger)
            elif word["function"]:
                self.bodies[word["function"]] = word["body"]

    def _drop(self, trigger: tuple[str, str]) -> None:
        self.triggers.pop(trigger, None)
        self.always.discard(trigger)


def expected() -> Guards:
    """What the migrations that this database has had leave behind."""
    loader = MigrationLoader(connection)
    applied = set(MigrationRecorder(connection).applied_migrations())
    guards = Guards()
    seen: set[tuple[str, str]] = set()
    for leaf in loader.graph.leaf_nodes():
        for step in loader.graph.forwards_plan(leaf):
            if step in applied and step not in seen:
                for operation in loader.disk_migrations[step].operations:
                    if isinstance(operation, RunSQL):
                        guards.read(_text(operation.sql))
            seen.add(step)
    return guards


def _text(sql: object) -> str:
    if isinstance(sql, list | tuple):
        return ";\n".join(part if isinstance(part, str) else str(part[0]) for part in sql)
    return str(sql)


def look() -> Iterator[Result]:
    guards = expected()
    found = {
        (table, name): (fires, function)
        for table, name, fires, function in rows(
            """SELECT relname, tgname, tgenabled, proname FROM pg_trigger
               JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid
               WHERE NOT tgisinternal AND relnamespace = 'public'::regnamespace"""
        )
    }
    wrong = [*_triggers(guards, found), *_functions(guards), *_constraints()]
    yield from wrong
    if not wrong:
        yield ok(f"All {len(guards.triggers)} triggers that keep history are there, on and unchanged.")


def _triggers(guards: Guards, found: dict[tuple[str, str], tuple[str, str]]) -> Iterator[Result]:
    for (table, name), function in guards.triggers.items():
        fires, calls = found.get((table, name), ("", ""))
        if not fires:
            yield failing(f"The trigger {name} on {table} is gone: rows there can be changed.", FIND_OUT)
        elif calls != function:
            yield failing(f"The trigger {name} on {table} calls {calls} and not {function}.", FIND_OUT)
        elif fires == "D" or (fires != "A" and (table, name) in guards.always):
            yield failing(
                f"The trigger {name} on {table} {FIRES[fires]}.",
                f"As {roles.OWNER}: ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}; {FIND_OUT}",
            )


def _functions(guards: Guards) -> Iterator[Result]:
    bodies = dict(rows("SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace"))
    for name in sorted(set(guards.triggers.values()) & guards.bodies.keys()):
        if name in bodies and bodies[name] != guards.bodies[name]:
            yield failing(
                f"The function {name}, which triggers call, is not the one that the migrations made.", FIND_OUT
            )


def _constraints() -> Iterator[Result]:
    for table, name in rows(
        """SELECT relname, conname FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
           WHERE connamespace = 'public'::regnamespace AND NOT (convalidated AND conenforced)"""
    ):
        yield failing(f"The constraint {name} of {table} does not hold for every row.", FIND_OUT)
    for (table,) in rows(
        """SELECT DISTINCT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
           WHERE tgisinternal AND tgenabled = 'D' AND relnamespace = 'public'::regnamespace"""
    ):
        yield failing(
            f"The foreign keys of {table} are not checked.",
            f"As a superuser: ALTER TABLE {table} ENABLE TRIGGER ALL; {FIND_OUT}",
        )
