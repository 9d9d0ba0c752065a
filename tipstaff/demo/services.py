"""PostgreSQL and Valkey of one data directory together: for `make run`, and for the tests."""

import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tipstaff.demo import keys
from tipstaff.demo.postgres import DATABASE, Postgres
from tipstaff.demo.processes import Pause, Roster
from tipstaff.demo.valkey import Valkey


class Services:
    """The services under `home`. `durable=False` gives up safety for speed, for tests only.

    Start them in the main thread: on Linux they stop when the thread that started them ends.
    """

    def __init__(
        self, home: Path, *, durable: bool = True, postgres: bool = True, valkey: bool = True, pause: Pause = time.sleep
    ) -> None:
        self.home = home.resolve()
        self.home.mkdir(parents=True, exist_ok=True)
        self.keys = keys.keep(self.home)
        self.roster = Roster(self.home)
        self.pause = pause
        self.postgres = Postgres(self.home, self.keys, durable=durable, pause=pause) if postgres else None
        self.valkey = Valkey(self.home, self.keys, durable=durable, pause=pause) if valkey else None

    def start(self) -> Self:
        """Start both, after ending what an earlier run may have left; what started is stopped again on failure."""
        self.roster.stop_leftovers(pause=self.pause)
        try:
            if self.valkey:
                self.valkey.start()
            if self.postgres:
                self.postgres.start()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop the broker, then the database."""
        for service in (self.valkey, self.postgres):
            if service:
                service.stop()

    __enter__ = start

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def dead(self) -> list[str]:
        """The names of those that should be running and are not."""
        both = (("PostgreSQL", self.postgres), ("Valkey", self.valkey))
        return [name for name, service in both if service and not service.running]

    def ensure_running(self) -> list[str]:
        """Start again, on the same port, what has died; returns the names of those."""
        dead = self.dead()
        for service in (self.postgres, self.valkey):
            if service and not service.running:
                service.launch()
        return dead

    def kill_postgres(self) -> None:
        """`kill -9` the database server."""
        self._postgres.kill()

    def kill_valkey(self) -> None:
        """`kill -9` the broker."""
        self._valkey.kill()

    @property
    def _postgres(self) -> Postgres:
        if self.postgres is None:
            raise LookupError("There is no PostgreSQL of our own here.")
        return self.postgres

    @property
    def _valkey(self) -> Valkey:
        if self.valkey is None:
            raise LookupError("There is no Valkey of our own here.")
        return self.valkey

    @property
    def notices(self) -> list[str]:
        """What the person at the terminal should know about where things are kept."""
        return self.postgres.notices if self.postgres else []

    @property
    def postgres_port(self) -> int:
        return self._postgres.port

    @property
    def valkey_port(self) -> int:
        return self._valkey.port

    def database_url(self, role: str, dbname: str = DATABASE) -> str:
        """The address for `owner`, `app`, `sequencer` or `eraser`; the full role name is taken as well."""
        return self._postgres.url(role, dbname)

    def admin_url(self, dbname: str = "postgres") -> str:
        """The superuser's address. The product never gets it."""
        return self._postgres.url("admin", dbname)

    def broker_url(self, db: int = 0) -> str:
        return self._valkey.url(db)
