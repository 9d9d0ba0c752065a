"""The heartbeat of the sweep, and what `/readyz` makes of it."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tipstaff.sla.models import Heartbeat
from tipstaff.sla.sweep import sweep
from tipstaff.sla.tasks import sweep as task
from tipstaff.time import moved_to, now


def test_a_sweep_leaves_its_time(db: None) -> None:
    sweep()
    first = Heartbeat.objects.get(name="sweep").at
    with moved_to(now() + timedelta(minutes=5)):
        task()
    assert Heartbeat.objects.get(name="sweep").at - first > timedelta(minutes=4)


def test_it_answers_without_asking_anything(client: Client) -> None:
    """No database is allowed in this test."""
    assert client.get("/healthz").json() == {"status": "ok"}


def test_it_is_ready_when_everything_is(db: None, client: Client) -> None:
    sweep()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert set(answer.json()["checks"].values()) == {"ok"}


def test_without_a_sweep_it_is_not_ready(db: None, client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "no sweep has run yet" in answer.json()["checks"]["heartbeat"]


def test_a_sweep_long_ago_means_that_something_is_down(db: None, client: Client, settings: Any) -> None:
    with moved_to(now() - timedelta(seconds=3 * settings.SWEEP_SECONDS + 20)):
        sweep()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "beat or worker is down" in answer.json()["checks"]["heartbeat"]


def test_a_broker_that_is_gone_is_named(db: None, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from celery import current_app

    sweep()
    monkeypatch.setattr(current_app.conf, "broker_url", "redis://127.0.0.1:1/0")
    monkeypatch.setattr(current_app.conf, "broker_write_url", "redis://127.0.0.1:1/0")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "the broker does not answer" in answer.json()["checks"]["broker"]


def test_nothing_is_done_to_it(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
