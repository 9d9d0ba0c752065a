"""The embedded services on this machine: what survives a kill, what a leftover does, what is refused and how."""

import contextlib
import os
import shutil
import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from tipstaff.demo import keys
from tipstaff.demo.processes import Roster, Trouble, free_port, group_alive, identity, port_is_free, spawn, wait_until
from tipstaff.demo.services import Services


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    home = tmp_path_factory.mktemp("services")
    for folder in (home, *home.parents[:2]):  # as root the database's own user must pass; pytest makes them private
        folder.chmod(0o755)
    with Services(home) as running:
        yield running


def fetch(url: str, query: str) -> tuple:
    with psycopg.connect(url, autocommit=True) as db:
        return db.execute(query).fetchone() or ()


def test_each_role_has_its_own_address_and_no_power(services: Services) -> None:
    for role in ("owner", "app", "sequencer", "eraser"):
        found = fetch(
            services.database_url(role),
            "SELECT rolname::text, rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user",
        )
        assert found == (f"tipstaff_{role}", False, False)
    assert services.database_url("tipstaff_app") == services.database_url("app")


def test_a_wrong_password_is_refused(services: Services) -> None:
    wrong = services.database_url("app").replace(services.keys["APP_PASSWORD"], "guess")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_extensions_are_in_the_database_and_in_the_template(services: Services) -> None:
    for name in ("tipstaff", "template1"):
        query = "SELECT count(*) FROM pg_extension WHERE extname IN ('pg_trgm', 'btree_gist', 'unaccent')"
        assert fetch(services.admin_url(name), query) == (3,)


def test_what_was_acknowledged_survives_a_kill_on_the_same_port(services: Services) -> None:
    with psycopg.connect(services.database_url("owner"), autocommit=True) as db:
        db.execute("CREATE TABLE kept (word text)")
        db.execute("INSERT INTO kept VALUES ('here')")
    Redis.from_url(services.broker_url()).rpush("queue", "message")
    before = services.postgres_port, services.valkey_port

    services.kill_postgres()
    services.kill_valkey()

    assert services.dead() == ["PostgreSQL", "Valkey"]
    assert services.ensure_running() == ["PostgreSQL", "Valkey"]
    assert services.ensure_running() == []
    assert (services.postgres_port, services.valkey_port) == before
    assert fetch(services.database_url("owner"), "SELECT word FROM kept") == ("here",)
    assert Redis.from_url(services.broker_url()).lrange("queue", 0, -1) == [b"message"]


@pytest.mark.parametrize("kind", ["stranger", "zombie"])
def test_a_number_in_the_pid_file_that_lives_on_as_something_else_stops_no_start(services: Services, kind: str) -> None:
    assert services.postgres
    child = subprocess.Popen(["sleep", "30" if kind == "stranger" else "0"])
    wait_until(lambda: kind == "stranger" or identity(child.pid) is None, 5)
    services.kill_postgres()
    file = services.postgres.data / "postmaster.pid"
    file.write_text("\n".join([str(child.pid), *file.read_text().splitlines()[1:]]) + "\n")
    try:
        services.ensure_running()
        assert fetch(services.admin_url(), "SELECT 1") == (1,)
        assert kind == "zombie" or child.poll() is None
    finally:
        child.kill()
        child.wait()


def test_a_second_start_finds_data_and_keys_again(services: Services) -> None:
    with psycopg.connect(services.database_url("owner"), autocommit=True) as db:
        db.execute("CREATE TABLE again ()")
    services.stop()
    assert (services.home / "secrets.env").stat().st_mode & 0o077 == 0
    later = Services(services.home)
    assert later.keys == services.keys
    with later:
        assert fetch(later.database_url("owner"), "SELECT to_regclass('again')::text") == ("again",)
    services.start()


def test_data_of_another_major_version_is_named_and_left_alone(services: Services) -> None:
    assert services.postgres
    services.stop()
    version = services.postgres.data / "PG_VERSION"
    ours = version.read_text()
    version.write_text("17\n")
    try:
        with pytest.raises(Trouble, match=r"was made by PostgreSQL 17 and this Tipstaff brings 18: move"):
            services.start()
    finally:
        version.write_text(ours)
    services.start()


def test_data_without_its_keys_is_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    with pytest.raises(Trouble, match=r"secrets\.env is missing .* put the file back"):
        Services(tmp_path)


def test_not_durable_services_start_and_leave_nothing_running(tmp_path: Path) -> None:
    with Services(tmp_path, durable=False, postgres=False) as running:
        port = running.valkey_port
        assert not port_is_free(port)
    assert port_is_free(port)
    assert not list((tmp_path / "processes").iterdir())


def test_services_go_when_their_starter_is_killed(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux tells a child of its parent's death; elsewhere the next start ends it")
    script = (
        "import sys, time; from pathlib import Path; from tipstaff.demo.services import Services\n"
        "s = Services(Path(sys.argv[1]), postgres=False).start(); print(s.valkey_port, flush=True); time.sleep(60)"
    )
    starter = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert starter.stdout
    port = int(starter.stdout.readline())
    starter.kill()
    starter.wait()
    starter.stdout.close()
    assert wait_until(lambda: port_is_free(port), 10)


def test_the_next_start_ends_a_group_whose_leader_is_gone(tmp_path: Path) -> None:
    roster = Roster(tmp_path)
    leader = spawn(["sh", "-c", "sleep 60 & wait"], env=os.environ, log=tmp_path / "log")
    roster.add("web", leader.pid)
    time.sleep(0.2)
    leader.send_signal(signal.SIGKILL)
    leader.wait()
    assert group_alive(leader.pid)
    assert roster.stop_leftovers(grace=2) == ["web"]
    assert wait_until(lambda: not group_alive(leader.pid), 5)


def test_a_number_given_to_someone_else_is_left_alone(tmp_path: Path) -> None:
    other = subprocess.Popen(["sleep", "30"], start_new_session=True)
    folder = Roster(tmp_path).folder
    folder.mkdir()
    (folder / "web").write_text(f"{other.pid} another-boot 12345")
    assert Roster(tmp_path).stop_leftovers(grace=1) == []
    assert other.poll() is None
    other.kill()
    other.wait()


def test_a_cut_short_write_leaves_the_old_keys(tmp_path: Path) -> None:
    first = keys.keep(tmp_path)
    (tmp_path / "secrets.env.new").write_text("SECRET_KEY='half")
    assert keys.keep(tmp_path) == first


def test_mail_is_on_disk_before_it_is_acknowledged(tmp_path: Path) -> None:
    port = free_port()
    argv = [sys.executable, "-m", "tipstaff.demo.mailbox", "127.0.0.1", str(port), str(tmp_path / "mail")]
    receiver = spawn(argv, env=os.environ, log=tmp_path / "mail.log")
    try:
        assert wait_until(lambda: not port_is_free(port), 20)
        with smtplib.SMTP("127.0.0.1", port) as line:
            line.sendmail("a@example.org", ["b@example.org"], "Subject: Notice\r\n\r\nGiven.")
            receiver.kill()
            with contextlib.suppress(smtplib.SMTPException):
                line.close()
        (kept,) = (tmp_path / "mail" / "new").iterdir()
        text = kept.read_text()
        assert "Subject: Notice" in text
        assert "X-RcptTo: b@example.org" in text
    finally:
        receiver.kill()
        receiver.wait()


def test_a_cluster_root_cannot_share_is_kept_elsewhere_and_linked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() != 0:
        pytest.skip("a plain user runs the server itself")
    home, shared = tmp_path / "private" / "home", Path("/tmp") / f"tipstaff-test-{os.getpid()}"
    home.mkdir(parents=True)
    home.parent.chmod(0o700)
    monkeypatch.setattr("tipstaff.demo.postgres.SHARED", shared)
    try:
        with Services(home, durable=False, valkey=False) as running:
            assert (home / "postgres").is_symlink()
            assert str(shared) in running.notices[0]
            assert fetch(running.database_url("app"), "SELECT 1") == (1,)
        with Services(home, durable=False, valkey=False) as again:
            assert again.notices == []
    finally:
        shutil.rmtree(shared, ignore_errors=True)
