"""What follows from the environment: values in files, the kind of broker, PgBouncer."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.conftest import ROOT
from tipstaff.environment import Environment, broker, database

ADDRESS = "postgres://tipstaff_app:word@db:5432/tipstaff"


def test_a_value_may_stand_in_a_file_which_goes_before_the_variable(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from the file\n")
    found = Environment({"LINK_KEY_FILE": str(tmp_path / "key"), "LINK_KEY": "not this", "OTHER": "plain"})
    assert found["LINK_KEY"] == "from the file"
    assert found["OTHER"] == "plain"
    assert "NOTHING" not in found


def test_a_file_that_is_not_there_is_told_by_the_name_of_the_variable() -> None:
    with pytest.raises(ImproperlyConfigured, match="LINK_KEY_FILE names cannot be read: No such file or directory"):
        Environment({"LINK_KEY_FILE": "/nowhere/key"})["LINK_KEY"]


def test_the_web_keeps_a_pool_for_its_threads_and_others_one_connection() -> None:
    web, worker = database(ADDRESS, pool_threads=4), database(ADDRESS)
    assert web["OPTIONS"]["pool"]["max_size"] == 6
    assert "CONN_MAX_AGE" not in web
    assert "pool" not in worker["OPTIONS"]
    assert worker["CONN_MAX_AGE"] == 60


def test_behind_pgbouncer_nothing_is_kept_on_the_server() -> None:
    web = database(ADDRESS, pool_threads=4, pgbouncer=True)
    assert "pool" not in web["OPTIONS"]
    assert web["OPTIONS"]["prepare_threshold"] is None
    assert web["DISABLE_SERVER_SIDE_CURSORS"] is True


def test_another_database_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="PostgreSQL 18 only"):
        database("sqlite:///:memory:")


@pytest.mark.parametrize("scheme", ["amqp", "amqps", "pyamqp"])
def test_rabbitmq_gets_quorum_queues_and_no_option_of_redis(scheme: str) -> None:
    made = broker(f"{scheme}://tipstaff:word@rabbit:5672//")
    assert made["CELERY_TASK_DEFAULT_QUEUE_TYPE"] == "quorum"
    assert made["CELERY_WORKER_DETECT_QUORUM_QUEUES"] is True
    assert made["CELERY_BROKER_TRANSPORT_OPTIONS"] == {"confirm_publish": True}


def test_valkey_gets_a_visibility_timeout_above_the_longest_task(settings: pytest.FixtureRequest) -> None:
    made = broker("redis://:word@valkey:6379/0")["CELERY_BROKER_TRANSPORT_OPTIONS"]
    assert made["visibility_timeout"] > settings.CELERY_TASK_TIME_LIMIT
    assert "confirm_publish" not in made


def test_a_copied_example_is_taken_as_it_is(tmp_path: Path) -> None:
    """Whoever fills in nothing but the secrets gets settings that load, and no files anywhere else."""
    example = (ROOT / ".env.example").read_text().splitlines()
    told = dict(line.split("=", 1) for line in example if line and not line.startswith("#"))
    told |= {name: f"{name} {os.urandom(20).hex()}" for name in ("SECRET_KEY", "VAULT_KEY", "LINK_KEY")}
    told |= {name: value.replace("/var/lib/tipstaff", str(tmp_path)) for name, value in told.items()}
    code = (
        "import django; django.setup(); from django.conf import settings as s; "
        "print(s.FILE_UPLOAD_TEMP_DIR, s.DEMO, list(s.DATABASES), s.WEBHOOK_KEY == s.LINK_KEY, s.LINK_KEY_FALLBACKS)"
    )
    basic = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "tipstaff.settings", "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=basic | told, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == (f"{tmp_path}/home/staging False ['default', 'owner', 'sequencer', 'eraser'] True []")
