"""`/healthz` and `/readyz`: alive, ready, degraded, not ready; in a sentence for all and in detail for the operator."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from tests import factories
from tests.ledger import log as ledger
from tipstaff.health import READINESS
from tipstaff.jobs.models import Tick, Worker
from tipstaff.ledger import keys
from tipstaff.queues import QUEUES
from tipstaff.sla.tasks import sweep
from tipstaff.time import moved_to, now


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    READINESS.forget()
    yield
    READINESS.forget()


@pytest.fixture
def whole(clone: str, tmp_path: Any) -> str:
    """A database in which everything is signed, a sweep has just run, and a worker lives. Its name."""
    ledger.sign_all(keys.load_or_create(tmp_path / "ledger.pem"))
    sweep.apply()
    Worker.objects.create(name="worker@here", queues=list(QUEUES))
    return clone


@pytest.fixture
def operator(settings: Any) -> Client:
    settings.METRICS_TOKEN = "the operator's own word"
    return Client(headers={"authorization": "Bearer the operator's own word"})


@pytest.fixture
def nowhere(whole: str) -> Iterator[None]:
    """The database's address becomes one where nobody listens."""
    connections["default"].close()
    port = connections.settings["default"]["PORT"]
    connections["default"].settings_dict["PORT"] = 1
    yield
    connections["default"].close()
    connections["default"].settings_dict["PORT"] = port


def said(browser: Client) -> tuple[int, str, dict[str, str]]:
    answer = browser.get("/readyz")
    return answer.status_code, answer.json()["status"], answer.json()["checks"]


def test_it_answers_without_asking_anything(client: Client) -> None:
    """No database is allowed in this test."""
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.head("/healthz").status_code == 200
    assert client.post("/healthz").status_code == 405


def test_it_is_ready_when_everything_is(whole: str, operator: Client) -> None:
    status, word, checks = said(operator)
    assert (status, word, set(checks.values())) == (200, "ready", {"ok"})
    assert set(checks) == {"database", "migrations", "broker", "heartbeat", "workers", "sequencer"}
    head = operator.head("/readyz")
    assert (head.status_code, head.content, head["Cache-Control"]) == (200, b"", "no-store")
    assert operator.post("/readyz").status_code == 405


def test_a_stranger_learns_no_details(clone: str, client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "degraded",
        "sentence": "Tipstaff works, and a part of it is down: mails, clocks or signatures are late.",
    }


class TestDegraded:
    """The web stays: nothing that people do at it is lost."""

    def test_without_a_sweep(self, clone: str, operator: Client) -> None:
        status, word, checks = said(operator)
        assert (status, word) == (200, "degraded")
        assert checks["heartbeat"] == "no sweep has run yet: beat and worker must both be up"

    def test_by_a_sweep_long_ago(self, whole: str, operator: Client, settings: Any) -> None:
        with moved_to(now() - timedelta(seconds=3 * settings.SWEEP_SECONDS + 20)):
            sweep.apply()
        status, word, checks = said(operator)
        assert (status, word) == (200, "degraded")
        assert "beat or worker is down" in checks["heartbeat"]

    def test_by_any_job_that_is_late_by_more_than_two_intervals(self, whole: str, operator: Client) -> None:
        Tick.objects.create(name="check-fixity", since=now() - timedelta(days=2.9))
        assert said(operator)[1] == "ready"
        Tick.objects.filter(pk="check-fixity").update(since=now() - timedelta(days=3.1))
        READINESS.forget()
        assert "check-fixity 267840 seconds ago" in said(operator)[2]["heartbeat"].replace("267841", "267840")

    def test_by_a_sweep_that_runs_and_leaves_clocks_where_they_are(self, whole: str, operator: Client) -> None:
        with moved_to(now() - timedelta(days=90)):
            factories.report()
        status, word, checks = said(operator)
        assert (status, word) == (200, "degraded")
        assert checks["heartbeat"].startswith("the sweep runs, and a clock waits for it since ")
        sweep.apply()
        READINESS.forget()
        assert said(operator)[2]["heartbeat"] == "ok"

    def test_by_a_worker_that_went_silent(self, whole: str, operator: Client) -> None:
        Worker.objects.create(name="bulk@here", queues=["bulk"], seen_at=now() - timedelta(seconds=20))
        assert said(operator)[1] == "ready"
        Worker.objects.filter(pk="bulk@here").update(seen_at=now() - timedelta(seconds=26))
        READINESS.forget()
        assert said(operator)[2]["workers"] == "silent: bulk@here for 26 seconds"
        Worker.objects.filter(pk="bulk@here").update(stopped_at=now())
        READINESS.forget()
        assert said(operator)[1] == "ready"

    def test_by_a_queue_that_nobody_takes_from(self, whole: str, operator: Client) -> None:
        Worker.objects.update(queues=["urgent", "default"])
        assert said(operator)[2]["workers"] == "no worker takes from bulk"

    def test_by_a_broker_that_is_gone(self, whole: str, operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CELERY_BROKER_READ_URL", "redis://127.0.0.1:1/0")
        status, word, checks = said(operator)
        assert (status, word) == (200, "degraded")
        assert checks["broker"].startswith("the broker does not answer: ")

    def test_by_events_that_nobody_signs(self, whole: str, operator: Client) -> None:
        ledger.record("case:one", text="just now")
        assert said(operator)[1] == "ready"
        with moved_to(now() - timedelta(minutes=5)):
            ledger.record("case:one", text="a while ago")
        READINESS.forget()
        status, word, checks = said(operator)
        assert (status, word) == (200, "degraded")
        assert checks["sequencer"].startswith("2 events wait to be signed, one for 300 seconds")


class TestNotReady:
    def test_without_a_database(self, nowhere: None, operator: Client, client: Client) -> None:
        status, word, checks = said(operator)
        assert (status, word) == (503, "not ready")
        assert checks["database"] == "the database does not answer: OperationalError"
        assert checks["heartbeat"] == "cannot be told: OperationalError"
        assert checks["broker"] == "ok"
        assert client.get("/readyz").json()["sentence"].startswith("Tipstaff cannot work now")
        assert client.get("/healthz").status_code == 200

    def test_with_a_migration_missing(self, whole: str, operator: Client) -> None:
        with connections["owner"].cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE app = 'ledger' AND name = '0002_guards'")
        status, word, checks = said(operator)
        assert (status, word) == (503, "not ready")
        assert checks["migrations"] == "1 migrations are not applied: run manage.py migrate"


def test_asked_often_it_looks_once(whole: str, operator: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(9):
        for _time in range(20):
            operator.get("/readyz")
    time.sleep(2.1)
    with django_assert_num_queries(9):
        operator.get("/readyz")
