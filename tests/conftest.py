"""The suite runs on a real PostgreSQL and a real Valkey of its own, connected as the application role.

The controller starts both and migrates one template; every xdist worker clones it. Nothing is ever flushed: the history
triggers refuse it. Tests that need commits, threads or another process work on a clone of their own (`clone`).
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO
from uuid import uuid4

import django
import hypothesis
import psycopg
import pytest

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = "tipstaff_template"
ROOM = 3 * 1024**3  # bytes: some 20 databases of 13 MB at a time, and what the server writes ahead
ALIASES = {
    "DATABASE_URL": "app",
    "OWNER_DATABASE_URL": "owner",
    "SEQUENCER_DATABASE_URL": "sequencer",
    "ERASER_DATABASE_URL": "eraser",
}

# As Hypothesis itself does on CI: the same examples in each run there, new ones in each run anywhere else.
SAME = os.environ.get("CI", "").lower() not in ("", "0", "false")
hypothesis.settings.register_profile("tipstaff", deadline=None, max_examples=60, database=None, derandomize=SAME)
hypothesis.settings.load_profile("tipstaff")


def pytest_configure(config: pytest.Config) -> None:
    os.environ |= {"TESTING": "1", "OWN_VERDICT_FIRST": "0", "DJANGO_SETTINGS_MODULE": "tipstaff.settings"}
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None:
        _start_services(config)
    seed = clone_of(TEMPLATE, f"seed_{worker or 'alone'}")
    _use_database(seed)
    django.setup()  # settings are read here, now that the addresses are known
    _point_connections_at(seed)  # a worker inherits the controller's environment and may have read settings before


# The folders with the longest files come first, so that no worker is left with one of them when the other is done.
LONGEST = ("journeys", "demo", "deploy", "languages", "races")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _rank(item.path.parent.name))  # stable: otherwise the order stays


def _rank(folder: str) -> int:
    return LONGEST.index(folder) if folder in LONGEST else len(LONGEST)


def _start_services(config: pytest.Config) -> None:
    from tipstaff.demo.services import Services

    _remove_leftovers()
    home = Path(tempfile.mkdtemp(prefix="tipstaff-tests-", dir=memory()))
    home.chmod(0o755)  # PostgreSQL drops to another user when the suite runs as root
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))  # runs after the services were stopped
    config.add_cleanup(_held(home).close)
    (home / "home" / "static").mkdir(parents=True)  # WhiteNoise warns when it is missing
    services = Services(home / "services", durable=False).start()
    config.add_cleanup(services.stop)
    os.environ |= {
        "TIPSTAFF_HOME": str(home / "home"),
        "TEST_ADMIN_URL": services.admin_url("postgres"),
        "BROKER_URL": services.broker_url(0),
    }
    for variable, role in ALIASES.items():
        os.environ[f"TEST_{variable}"] = services.database_url(f"tipstaff_{role}", "NAME")
    clone_of("tipstaff", TEMPLATE)
    _use_database(TEMPLATE)
    migrate = [sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity", "0"]
    subprocess.run(migrate, check=True, cwd=ROOT)


def memory() -> Path | None:
    """Where files are kept in memory, if there is room: copying a database there costs a fifth of what a disk takes."""
    place = Path("/dev/shm")
    if not (place.is_dir() and os.access(place, os.W_OK)):
        return None
    found = os.statvfs(place)
    roomy = found.f_bavail * found.f_frsize > ROOM
    return place if roomy and not found.f_flag & os.ST_NOEXEC else None  # the server's programs may be copied there


def _held(home: Path) -> TextIO:
    """Say that somebody works in `home`, until this process ends."""
    lock = (home / "lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def _remove_leftovers() -> None:
    """What runs that were killed left in memory, which nobody else would give back."""
    for home in (memory() or Path(tempfile.gettempdir())).glob("tipstaff-tests-*"):
        with suppress(OSError), (home / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(home, ignore_errors=True)


def _use_database(name: str) -> None:
    for variable in ALIASES:
        os.environ[variable] = os.environ[f"TEST_{variable}"].removesuffix("NAME") + name


def clone_of(template: str, name: str) -> str:
    with psycopg.connect(os.environ["TEST_ADMIN_URL"], autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} OWNER tipstaff_owner STRATEGY file_copy".encode())
    return name


def _point_connections_at(name: str) -> None:
    from django.db import connections

    for alias in connections:
        connections[alias].close()
        connections.settings[alias]["NAME"] = name


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """Seed this worker's database with the people and the published policy, then work on a clone of it."""
    from django.db import connections

    from tipstaff.demo import story

    seed = f"seed_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    with django_db_blocker.unblock():
        story.publish(story.enrol())
        connections.close_all()
        _point_connections_at(clone_of(seed, f"work_{seed}"))
    yield
    connections.close_all()


@contextmanager
def on_a_clone(template: str) -> Iterator[str]:
    """Point all connections, of every thread to come too, at a new clone of `template`; yields its name."""
    from django.db import connections

    before = connections.settings["default"]["NAME"]
    name = clone_of(template, f"clone_{uuid4().hex}")
    try:
        _point_connections_at(name)
        yield name
    finally:
        connections.close_all()
        _point_connections_at(before)


def drop(name: str) -> None:
    with psycopg.connect(os.environ["TEST_ADMIN_URL"], autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="session")
def template(django_db_setup: None) -> str:
    """What `clone` copies: people and policy. A module that needs more overrides this."""
    return f"seed_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"


@pytest.fixture
def clone(template: str, django_db_blocker: pytest.FixtureRequest) -> Iterator[str]:
    """A database of the test's own, where commits are real; threads and other processes see them. Its name."""
    with django_db_blocker.unblock(), on_a_clone(template) as name:
        yield name
    drop(name)


@pytest.fixture(autouse=True)
def vault(settings: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Each test seals into a vault of its own."""
    settings.VAULT_DIR = tmp_path / "vault"
    return settings.VAULT_DIR


@pytest.fixture
def people(db: None) -> dict:
    """The demo people by mailbox name."""
    from tipstaff.demo import story

    return story.enrol()


@pytest.fixture
def enter(client: pytest.FixtureRequest, people: dict) -> Callable:
    """`enter("lead")` gives a client signed in as that person."""
    from django.test import Client

    def sign_in(mailbox: str) -> Client:
        browser = Client()
        browser.force_login(people[mailbox], backend="django.contrib.auth.backends.ModelBackend")
        return browser

    return sign_in
