"""A durable PostgreSQL of the benchmarks' own, databases copied from loaded ones, and rows copied from real ones."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).resolve().parents[2]
ROLES = {"DATABASE_URL": "app", "OWNER_DATABASE_URL": "owner", "SEQUENCER_DATABASE_URL": "sequencer"}
ROLES |= {"ERASER_DATABASE_URL": "eraser"}


class Bench:
    """The services, and databases that are copied from loaded ones, so that each run begins with the same rows."""

    def __init__(self, services: Any, home: Path) -> None:
        self.services, self.home = services, home
        self.admin = psycopg.connect(services.admin_url("postgres"), autocommit=True)
        self.copies = 0

    def env(self, name: str) -> dict[str, str]:
        urls = {key: self.services.database_url(f"tipstaff_{role}", name) for key, role in ROLES.items()}
        names = {
            "TESTING": "1",
            "OWN_VERDICT_FIRST": "0",
            "DJANGO_SETTINGS_MODULE": "tipstaff.settings",
            "TIPSTAFF_HOME": str(self.home),
            "LOG_LEVEL": "ERROR",  # figures alone are printed
        }
        return os.environ | urls | names | {"BROKER_URL": "memory://"}

    def copy(self, template: str, name: str = "") -> str:
        self.copies += 1
        name = name or f"run_{self.copies}"
        self.admin.execute(
            f"CREATE DATABASE {name} TEMPLATE {template} OWNER tipstaff_owner STRATEGY file_copy".encode()
        )
        return name

    def drop(self, name: str) -> None:
        self.admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    def python(self, name: str, *argv: str, **more: Any) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, *argv],
            cwd=ROOT,
            env=self.env(name),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            **more,
        )

    def prepare(self, program: str) -> None:
        """The database `seed`: the schema, the people, the policy, and what `program` makes, to be copied from."""
        self.copy("tipstaff", "seed")
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=self.env("seed"), check=True)
        first = "import django; django.setup(); from tipstaff.demo import story; story.publish(story.enrol());"
        subprocess.run([sys.executable, "-c", first + program], cwd=ROOT, env=self.env("seed"), check=True)

    def settle(self, name: str) -> None:
        """Statistics, and everything on its disk, so that no run pays for the loading."""
        with psycopg.connect(self.services.admin_url(name), autocommit=True) as db:
            db.execute("VACUUM (ANALYZE, FREEZE)")
            db.execute("CHECKPOINT")


class Row:
    """A row of `table` as COPY writes it, to be copied with other values."""

    def __init__(self, db: Any, table: str, where: str) -> None:
        found = db.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_generated = 'NEVER'"
            " ORDER BY ordinal_position",
            [table],
        )
        self.table = table
        self.columns = [name for (name,) in found]
        names = ", ".join(f'"{name}"' for name in self.columns)
        with db.cursor().copy(f"COPY (SELECT {names} FROM {table} WHERE {where} LIMIT 1) TO STDOUT") as copy:
            self.values = b"".join(map(bytes, copy)).decode().rstrip("\n").split("\t")
        assert len(self.values) == len(self.columns), f"{table} has no row where {where}"

    @property
    def into(self) -> str:
        names = ", ".join(f'"{name}"' for name in self.columns)
        return f"COPY {self.table} ({names}) FROM STDIN"

    def line(self, **columns: str) -> str:
        return "\t".join(columns.get(name, value) for name, value in zip(self.columns, self.values, strict=True)) + "\n"


def uuid_of(kind: int, number: int) -> str:
    return f"01900000-0000-7000-8{kind:03}-{number:012x}"


@contextmanager
def bench(made: type[Bench], program: str) -> Iterator[Any]:
    """`made` over services that end with it, with its database `seed`."""
    from tipstaff.demo.services import Services

    with tempfile.TemporaryDirectory(prefix="tipstaff-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        (home / "home" / "static").mkdir(parents=True)
        with Services(home / "services", valkey=False) as services:
            ready = made(services, home / "home")
            ready.prepare(program)
            yield ready
            ready.admin.close()
