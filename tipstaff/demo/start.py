"""What `make run` runs: the checks before, the environment, the steps and the children."""

import errno
import fcntl
import http.client
import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import TextIO

import environ

from tipstaff.demo import keys
from tipstaff.demo.processes import Roster, Trouble, free_port, port_is_free, wait_until
from tipstaff.demo.services import Services
from tipstaff.demo.supervisor import Child, Plan, Step, Supervisor, say

BASE_DIR = Path(__file__).resolve().parent.parent.parent
DEFAULT_PORT = 8000
NEEDED_BYTES = 500 * 1024 * 1024
WEB_WORKERS, WEB_THREADS = 2, 16
# Granian counts connections, not requests: browsers keep up to six open each
WEB_CONNECTIONS = 128
WORKERS = 3  # mail and webhooks may hang on somebody else's machine; one is left for the clocks
BULK_WORKERS = 1
OWN_DATABASE = ("DATABASE_URL", "OWNER_DATABASE_URL", "SEQUENCER_DATABASE_URL", "ERASER_DATABASE_URL")


def main() -> int:
    """Run until stopped. Every foreseen failure is one sentence on the terminal and a return code of 1."""
    try:
        run()
    except Trouble as trouble:
        print(f"Tipstaff: {trouble}", file=sys.stderr)
        return 1
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        print("Tipstaff: the disk is full: free some space and run make again.", file=sys.stderr)
        return 1
    return 0


def run() -> None:
    if (BASE_DIR / ".env").exists():
        environ.Env.read_env(BASE_DIR / ".env")
    home, port = open_home(), chosen_port()
    supervisor = Supervisor(home, BASE_DIR)
    with hold_lock(home, port):
        supervisor.listen()
        (home / "run.env").unlink(missing_ok=True)
        shutil.rmtree(home / "metrics", ignore_errors=True)  # what processes counted that are gone
        if Roster(home).stop_leftovers(pause=supervisor.pause):
            wait_until(lambda: port_is_free(port), 5, supervisor.pause)  # what was killed may still be letting go of it
        check_port(port)
        say("Tipstaff is starting; the first time takes some seconds longer.")
        services = Services(
            home,
            postgres=not os.environ.get("DATABASE_URL"),
            valkey=not os.environ.get("BROKER_URL"),
            pause=supervisor.pause,
        )
        try:
            supervisor.run(services, lambda: plan(home, port, services))
        finally:
            (home / "run.env").unlink(missing_ok=True)


# --- what must hold before anything starts ---
def open_home() -> Path:
    """The data directory, made and writable, on a disk with room."""
    home = Path(os.environ.get("TIPSTAFF_HOME") or BASE_DIR / ".tipstaff").expanduser().resolve()
    try:
        if not home.exists():
            home.mkdir(parents=True)
            home.chmod(0o711 if os.geteuid() == 0 else 0o700)  # as root the database's own user must pass
        (home / "logs").mkdir(mode=0o700, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise Trouble(
            f"The data directory {home} cannot be written ({error.strerror}): give yourself the right to, or choose "
            "another with `make run TIPSTAFF_HOME=/some/directory`."
        ) from error
    free = shutil.disk_usage(home).free
    if free < NEEDED_BYTES:
        raise Trouble(
            f"Only {free // 2**20} MB are free where {home} is, and Tipstaff needs {NEEDED_BYTES // 2**20} MB: free "
            "some space, or choose another directory with `make run TIPSTAFF_HOME=/some/directory`."
        )
    return home


def chosen_port() -> int:
    word = os.environ.get("PORT") or str(DEFAULT_PORT)
    if not word.isascii() or not word.isdigit() or not 1 <= int(word) <= 65535:
        raise Trouble(
            f"PORT is {word!r}, which is no port: give a number from 1 to 65535, for example `make run PORT=8000`."
        )
    return int(word)


def check_port(port: int) -> None:
    if port_is_free(port):
        return
    other = next((near for near in range(port + 1, min(port + 50, 65535)) if port_is_free(near)), None) or free_port()
    raise Trouble(f"Port {port} on 127.0.0.1 is in use: stop what listens there, or run `make run PORT={other}`.")


def hold_lock(home: Path, port: int) -> TextIO:
    """One supervisor for each data directory. The kernel drops the lock with its holder, so it cannot go stale."""
    lock = (home / "lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        pid, _, address = lock.read().strip().partition(" ")
        raise Trouble(
            f"Tipstaff already runs on {home}, at {address or 'an address of its own'}: use that one, stop it with "
            f"Ctrl-C (or `kill {pid or 'PID'}`), or choose another with `make run PORT=… TIPSTAFF_HOME=…`."
        ) from error
    lock.truncate(0)
    lock.write(f"{os.getpid()} http://127.0.0.1:{port}/")
    lock.flush()
    return lock


# --- what runs ---
def plan(home: Path, port: int, services: Services) -> Plan:
    """The parts, once the services have their ports. Also leaves `run.env` for commands in other terminals."""
    mail_port = None if os.environ.get("EMAIL_URL") else free_port()
    own = addresses(home, port, services, mail_port)
    keys.write_private(home / "run.env", own)
    for notice in services.notices:
        say(notice)
    return Plan(
        env=child_environment(own),
        steps=[
            Step("collectstatic", manage("collectstatic", "--noinput"), alongside=True),
            Step("migrate", manage("migrate", "--noinput")),
            Step("load_policy", manage("load_policy")),
            Step("demo_data", manage("demo_data"), aloud=True),
        ],
        children=children(home, port, mail_port),
        missing=lambda: not_ready(port),
        greeting=manage("demo_signins"),
        address=f"{own['BASE_URL']}/",
    )


def addresses(home: Path, port: int, services: Services, mail_port: int | None) -> dict[str, str]:
    """What every part is told: its own services' addresses, or the user's where the user named one."""
    own = {"DEMO": "1", "BASE_URL": f"http://127.0.0.1:{port}", "PORT": str(port), "TIPSTAFF_HOME": str(home)}
    if services.postgres:
        own |= {"DATABASE_URL": services.database_url("app")}
        own |= {
            f"{role.upper()}_DATABASE_URL": services.database_url(role) for role in ("owner", "sequencer", "eraser")
        }
    else:
        own |= {name: os.environ[name] for name in OWN_DATABASE if os.environ.get(name)}
    own["BROKER_URL"] = services.broker_url() if services.valkey else os.environ["BROKER_URL"]
    own["EMAIL_URL"] = f"smtp://127.0.0.1:{mail_port}" if mail_port else os.environ["EMAIL_URL"]
    for name in ("SECRET_KEY", "VAULT_KEY", "LINK_KEY"):
        own[name] = os.environ.get(name) or services.keys[name]
    return own


def child_environment(own: dict[str, str]) -> dict[str, str]:
    """Ours over the user's, without what would make a part behave as something else."""
    strange = {"POOL_THREADS", "TESTING", "PYTHONSAFEPATH", *OWN_DATABASE}
    kept = {name: value for name, value in os.environ.items() if name not in strange}
    return kept | own | {"DJANGO_SETTINGS_MODULE": "tipstaff.settings", "PYTHONUNBUFFERED": "1"}


def manage(*words: str) -> list[str]:
    return [sys.executable, str(BASE_DIR / "manage.py"), *words]


def children(home: Path, port: int, mail_port: int | None) -> list[Child]:
    python = [sys.executable, "-m"]
    web = f"granian tipstaff.wsgi:application --interface wsgi --host 127.0.0.1 --port {port} --no-ws --no-access-log"
    limits = f"--workers {WEB_WORKERS} --blocking-threads {WEB_THREADS} --backpressure {WEB_CONNECTIONS}"
    care = "--respawn-failed-workers --workers-kill-timeout 10 --log-level warning"
    beat = [*python, "celery", "-A", "tipstaff", "beat", "--loglevel", "WARNING", "--pidfile="]
    parts = [
        worker("worker", "urgent,default", WORKERS),
        worker("bulk", "bulk", BULK_WORKERS),
        Child("beat", beat),
        Child("sequencer", manage("sequencer")),
        Child(
            "web", [*python, *f"{web} {limits} {care}".split()], {"POOL_THREADS": str(WEB_THREADS)}, stops_first=True
        ),
    ]
    if mail_port:
        mailbox = [*python, "tipstaff.demo.mailbox", "127.0.0.1", str(mail_port), str(home / "mail")]
        parts.insert(0, Child("mail", mailbox))
    return parts


def worker(name: str, queues: str, concurrency: int) -> Child:
    """A worker for `queues`. When the supervisor is killed the broker goes too, and an orderly stop would call for it
    without end; what a killed worker had taken is done again.
    """
    line = f"celery -A tipstaff worker --concurrency {concurrency} --queues {queues} --hostname {name}@%h"
    argv = [sys.executable, "-m", *f"{line} --without-mingle --without-gossip --loglevel WARNING".split()]
    return Child(name, argv, {"REMAP_SIGTERM": "SIGQUIT"}, at_parent_death=signal.SIGKILL)


def not_ready(port: int) -> str | None:
    """What /readyz says is missing, or None when it says that nothing is."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        line.request("GET", "/readyz")
        answer = json.loads(line.getresponse().read())
    except (OSError, http.client.HTTPException):
        return "the web server does not answer yet"
    except ValueError:
        return "something else than Tipstaff answers there"
    finally:
        line.close()
    return None if answer["status"] == "ready" else f"/readyz says: {answer['sentence']}"
