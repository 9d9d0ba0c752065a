"""Three queues on the real broker: what is urgent is done first, whoever takes it, and bulk holds up nothing."""

from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from redis import Redis

from tests.jobs import tasks
from tests.jobs.conftest import until, waiting
from tipstaff import queues
from tipstaff.environment import broker
from tipstaff.jobs import checks, memory
from tipstaff.jobs.task import OUTSIDE


@pytest.fixture(autouse=True)
def known() -> None:
    """As in a worker, every task is known."""
    current_app.autodiscover_tasks(force=True)


def queue_of(task: str) -> str:
    return current_app.amqp.router.route({}, task)["queue"].name


@pytest.mark.parametrize(
    ("task", "queue"),
    [
        ("tipstaff.sla.tasks.sweep", "urgent"),
        ("tipstaff.notices.tasks.deliver", "urgent"),
        ("tipstaff.notices.tasks.deliver_webhooks", "default"),
        ("tipstaff.vault.tasks.scan_files", "default"),
        ("tipstaff.vault.tasks.check_fixity", "bulk"),
        ("tipstaff.sla.tasks.recalculate_clocks", "bulk"),
        ("tipstaff.vault.tasks.propose_disposals", "bulk"),
        ("cases.tasks.prepare_evidence", "bulk"),
        ("oversight.tasks.export_history", "bulk"),
        ("cases.tasks.close_at_rest", "default"),
    ],
)
def test_a_task_goes_to_its_queue(task: str, queue: str) -> None:
    assert queue_of(task) == queue


def test_every_route_leads_somewhere_and_every_tick_is_a_task_that_is_known(settings: Any) -> None:
    known = set(current_app.tasks)
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["task"] in known
        assert entry["options"]["expires"] >= min(entry["schedule"], queues.AGAIN)
    for route in queues.ROUTES:
        assert "export" in route or any(fnmatch(task, route) for task in known), route


def test_settings_are_those_of_somebody_who_has_to_run_it(settings: Any) -> None:
    conf = current_app.conf
    assert (conf.task_serializer, conf.accept_content) == ("json", ["json"])
    assert conf.task_acks_late
    assert conf.task_ignore_result
    assert conf.result_backend is None
    assert conf.worker_prefetch_multiplier == 1
    assert conf.task_soft_time_limit < conf.task_time_limit < conf.broker_transport_options["visibility_timeout"]


class TestTheCheck:
    def test_takes_what_the_settings_say(self) -> None:
        assert [*checks.visibility(None), *checks.limits(None), *checks.routes(None)] == []

    def test_refuses_a_task_that_outlives_the_visibility_timeout(self, settings: Any) -> None:
        settings.CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 300}
        found = checks.visibility(None)
        assert "tipstaff.sla.tasks.sweep may take 300 s" in " ".join(error.msg for error in found)
        settings.CELERY_BROKER_TRANSPORT_OPTIONS = {}  # RabbitMQ has none
        assert checks.visibility(None) == []

    def test_refuses_a_soft_limit_above_the_hard_one(self, settings: Any) -> None:
        settings.CELERY_TASK_SOFT_TIME_LIMIT = settings.CELERY_TASK_TIME_LIMIT
        assert [error.id for error in checks.limits(None)] == ["jobs.E002"]

    def test_refuses_a_queue_that_nobody_takes_from(self, settings: Any) -> None:
        settings.CELERY_TASK_ROUTES = {"tipstaff.sla.*": {"queue": "urgnet"}}
        assert "no worker takes from" in checks.routes(None)[0].msg


def test_rabbitmq_gets_no_priorities_that_its_queues_do_not_know() -> None:
    assert "priority_steps" not in broker("amqp://rabbit//")["CELERY_BROKER_TRANSPORT_OPTIONS"]
    assert all("priority" not in route for route in queues.routes(priorities=False).values())


class TestRetries:
    def test_are_for_what_fails_outside_with_growing_waits_and_an_end(self) -> None:
        job = tasks.count
        assert job.autoretry_for == OUTSIDE
        assert job.retry_jitter
        assert job.retry_backoff
        assert 0 < job.max_retries < 20

    def test_are_not_for_ticks(self, settings: Any) -> None:
        for entry in settings.CELERY_BEAT_SCHEDULE.values():
            tick = current_app.tasks[entry["task"]]
            assert (tick.max_retries, hasattr(tick, "_orig_run")) == (0, False), entry["task"]


class TestOnTheBroker:
    """Ten bulk tasks of half a second stand in line before an urgent one comes."""

    @pytest.fixture
    def path(self, lane: Redis, tmp_path: Path) -> Path:
        return tmp_path / "order"

    def send(self, path: Path, queue: str, line: str, pause: float = 0) -> None:
        """As the routes would."""
        priority = queues.PRIORITIES[queue]
        tasks.slow.apply_async([str(path), line, pause], queue=queue, priority=priority)

    def backlog(self, path: Path) -> None:
        for number in range(10):
            self.send(path, "bulk", f"bulk {number}", 0.5)

    def test_a_message_has_the_priority_of_its_queue(self, lane: Redis) -> None:
        """The first list is asked first: its name is that of the queue alone."""
        for task in ("tipstaff.sla.tasks.sweep", "cases.tasks.close_at_rest", "cases.tasks.prepare_evidence"):
            current_app.tasks[task].delay()
            current_app.send_task(task)
        assert [lane.llen(key) for key in ("urgent", "default\x06\x163", "bulk\x06\x169")] == [2, 2, 2]

    def test_one_worker_for_all_does_it_next(self, worker: Callable[..., Any], path: Path, lane: Redis) -> None:
        self.backlog(path)
        running = worker("--concurrency", "1", "--queues", "bulk,default,urgent")
        until(lambda: len(tasks.lines(path)) >= 2, lambda: running.told)
        self.send(path, "default", "default")
        self.send(path, "urgent", "urgent")
        before = len(tasks.lines(path))
        until(lambda: {"default", "urgent"} <= set(tasks.lines(path)), lambda: running.told)
        order = tasks.lines(path)
        assert order.index("urgent") <= before + 2  # what was being done, and default if it came a moment earlier
        assert order.index("default") <= before + 3
        assert len(order) < 12

    def test_the_workers_as_they_are_deployed_do_it_at_once(
        self, worker: Callable[..., Any], path: Path, lane: Redis
    ) -> None:
        bulk = worker("--concurrency", "1", "--queues", "bulk")
        other = worker("--concurrency", "1", "--queues", "urgent,default")
        self.send(path, "urgent", "up")
        self.send(path, "bulk", "bulk up")
        until(lambda: len(tasks.lines(path)) == 2, lambda: bulk.told + other.told)
        self.send(path, "bulk", "bulk", 30)
        self.backlog(path)
        self.send(path, "urgent", "urgent")
        until(lambda: "urgent" in tasks.lines(path), lambda: other.told)
        assert "bulk" not in tasks.lines(path)

    def test_what_is_no_json_is_not_taken(self, lane: Redis) -> None:
        from kombu.exceptions import EncodeError

        with pytest.raises((EncodeError, TypeError)):
            tasks.slow.delay(object(), "urgent", 0)
        assert waiting(lane) == 0


def test_a_process_of_the_pool_does_not_look_through_what_stays(
    worker: Callable[..., Any], lane: Redis, tmp_path: Path
) -> None:
    path = tmp_path / "memory"
    tasks.remember.delay(str(path))
    running = worker("--concurrency", "1", "--queues", "default")
    until(lambda: tasks.lines(path), lambda: running.told)
    assert tasks.lines(path) == [f"{memory.THRESHOLDS} True"]
