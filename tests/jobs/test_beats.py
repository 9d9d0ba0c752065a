"""The heartbeat: what counts as a run, what is late, who is dead, and what the page says of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from celery import Celery
from django.conf import settings
from redis import Redis

from tests.jobs.conftest import until
from tipstaff.celery import app
from tipstaff.jobs import beats
from tipstaff.jobs.models import Tick, Worker
from tipstaff.jobs.scheduler import RowScheduler
from tipstaff.queues import AGAIN, DAY, QUEUES
from tipstaff.sla import sweep as sweeping
from tipstaff.sla.tasks import sweep
from tipstaff.time import moved_to, now
from tipstaff.vault import scanner
from tipstaff.vault.tasks import scan_files


def tick(name: str = beats.SWEEP) -> Tick:
    return Tick.objects.get(pk=name)


def beat(name: str = beats.SWEEP) -> beats.Beat:
    return next(found for found in beats.beats() if found.name == name)


class TestARun:
    def test_leaves_when_it_began_and_ended_and_how_long_it_took(self, db: None) -> None:
        sweep.apply()
        first = tick()
        assert first.begun_at <= first.finished_at <= now()
        assert first.took == pytest.approx(first.finished_at - first.begun_at, abs=timedelta(seconds=0.1))
        with moved_to(now() + timedelta(minutes=5)):
            sweep.apply()
            assert tick().finished_at - first.finished_at > timedelta(minutes=4)

    def test_says_how_many_it_dealt_with(self, db: None) -> None:
        beats.ended(beats.SWEEP, 12)
        assert (tick().count, tick().failed) == (12, 0)
        beats.ended(beats.SWEEP, (3, 2))
        assert (tick().count, tick().failed) == (3, 2)
        beats.ended(beats.SWEEP, None)
        assert tick().count is None

    def test_that_raises_is_none(self, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
        sweep.apply()
        before = tick().finished_at
        monkeypatch.setattr("tipstaff.sla.tasks.sweep_clocks", lambda _seconds: 1 / 0)
        sweep.apply()
        assert (tick().finished_at, tick().error) == (before, "ZeroDivisionError")
        assert beat().failing
        assert not beat().alarming
        with moved_to(now() + timedelta(minutes=1)):
            assert beat().alarming

    def test_that_finds_work_and_can_do_none_of_it_is_none(self, db: None) -> None:
        beats.ended(beats.SWEEP, (0, 7))
        assert (tick().finished_at, tick().failed, tick().error) == (None, 7, beats.FAILED_ALL)
        assert beat().failing
        beats.ended(beats.SWEEP, (0, 0))
        assert not beat().failing

    def test_of_another_task_is_no_beat(self, db: None) -> None:
        from tipstaff.jobs.tasks import bury

        assert beats.entry_of(bury.name) is None
        assert sweeping.sweep.__module__ == "tipstaff.sla.sweep"

    def test_whose_heartbeat_cannot_be_written_still_counts_its_work(
        self, db: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        did = []
        monkeypatch.setattr(scanner, "scan_due", lambda: did.append(1))
        monkeypatch.setattr(beats, "begun", lambda name: 1 / 0)
        assert scan_files.apply().state == "SUCCESS"
        assert did == [1]


class TestLateness:
    def test_is_an_alarm_beyond_two_intervals(self, db: None, settings: Any) -> None:
        every = timedelta(seconds=settings.SWEEP_SECONDS)
        sweep.apply()
        for later, alarming in ((every, False), (3 * every, False), (3 * every + timedelta(seconds=6), True)):
            with moved_to(tick().finished_at + later):
                assert beat().alarming == alarming, later
                assert beat().late == max(later - every, timedelta())

    def test_of_a_daily_job_counts_from_when_it_could_have_run(self, db: None) -> None:
        assert beat("check-fixity").age is None
        beats.expect()
        beats.expect()
        assert not beat("check-fixity").alarming
        with moved_to(now() + timedelta(days=3, minutes=1)):
            assert beat("check-fixity").alarming
            assert beat("check-fixity").late_words == "2 days late"

    def test_is_told_in_the_largest_unit(self) -> None:
        told = {span: beats.span(timedelta(seconds=span)) for span in (1, 15, 60, 90, 119, 120, 3600, 5400, 86400)}
        assert list(told.values()) == [
            "1 second", "15 seconds", "1 minute", "90 seconds", "119 seconds", "2 minutes", "1 hour", "90 minutes",
            "1 day",
        ]  # fmt: skip


class TestWorkers:
    def test_are_dead_when_silent_for_two_intervals(self, db: None) -> None:
        at = now()
        Worker.objects.create(name="fresh@a", queues=list(QUEUES), seen_at=at)
        Worker.objects.create(name="silent@a", queues=["urgent"], seen_at=at - timedelta(seconds=26))
        Worker.objects.create(name="gone@a", queues=["bulk"], seen_at=at - timedelta(days=3), stopped_at=at)
        assert [worker.name for worker in Worker.objects.dead(at)] == ["silent@a"]
        assert [worker.name for worker in Worker.objects.alive(at)] == ["fresh@a"]

    def test_that_were_replaced_are_forgotten_and_others_never(self, db: None) -> None:
        at = now()
        Worker.objects.create(name="fresh@a", queues=["urgent", "default"], seen_at=at)
        Worker.objects.create(name="replaced@a", queues=["default", "urgent"], seen_at=at - timedelta(hours=2))
        Worker.objects.create(name="missed@a", queues=["bulk"], seen_at=at - timedelta(days=2))
        assert [worker.name for worker in Worker.objects.dead(at)] == ["missed@a"]
        assert beats.untaken(at) == ["bulk"]

    def test_say_that_they_live_and_that_they_end(self, worker: Callable[..., Any]) -> None:
        running = worker("--concurrency", "1", "--queues", "bulk,default", REMAP_SIGTERM="SIGQUIT")
        until(lambda: Worker.objects.filter(stopped_at=None).exists(), lambda: running.told)
        assert Worker.objects.get().queues == ["bulk", "default"]
        until(lambda: Tick.objects.count() == len(app.conf.beat_schedule), lambda: running.told)
        running.stop()
        assert Worker.objects.get().stopped_at is not None

    def test_that_are_killed_go_silent(self, worker: Callable[..., Any]) -> None:
        running = worker("--concurrency", "1", "--queues", "bulk")
        until(Worker.objects.exists, lambda: running.told)
        running.kill()
        with moved_to(now() + timedelta(seconds=30)):
            assert [one.name for one in Worker.objects.dead(now())] == [Worker.objects.get().name]

    def test_go_on_without_a_database_to_tell(self, worker: Callable[..., Any], lane: Redis) -> None:
        running = worker("--concurrency", "1", "--queues", "bulk", DATABASE_URL="postgres://nobody@127.0.0.1:1/none")
        until(lambda: "could not say that it is alive" in running.told, lambda: running.told)
        assert running.process.poll() is None


class TestTheSchedule:
    """By rows: a new start, a second beat, a day without a worker or an old backup changes nothing."""

    @pytest.fixture
    def scheduler(self, db: None) -> RowScheduler:
        return RowScheduler(app, lazy=False)

    def test_a_new_start_forgets_no_daily_job(self, scheduler: RowScheduler) -> None:
        every, yesterday = timedelta(seconds=DAY), now() - timedelta(days=1, seconds=1)
        assert not scheduler.by_row("check-fixity", None, every).is_due  # never ran, and beat has just come up
        assert scheduler.by_row("check-fixity", Tick(begun_at=yesterday), every).is_due
        recent = Tick(begun_at=now() - timedelta(hours=23, minutes=50))
        assert scheduler.by_row("propose-disposals", recent, every) == (False, pytest.approx(600, abs=2))

    def test_what_no_worker_began_is_sent_again_and_not_before(self, scheduler: RowScheduler) -> None:
        every, due = timedelta(seconds=DAY), Tick(since=now() - timedelta(days=9))
        assert scheduler.by_row("check-fixity", due, every) == (True, AGAIN)
        assert not scheduler.by_row("check-fixity", due, every).is_due
        with moved_to(now() + timedelta(seconds=AGAIN + 1)):
            assert scheduler.by_row("check-fixity", due, every).is_due

    def test_another_beat_that_was_faster_is_seen(self, clone: str) -> None:
        scheduler = RowScheduler(app, lazy=False)
        beats.begun("check-fixity")
        entry = scheduler.schedule["check-fixity"]
        assert not scheduler.is_due(entry).is_due
        Tick.objects.update(begun_at=now() - timedelta(days=2))
        assert scheduler.is_due(entry).is_due

    def test_every_entry_is_there_and_results_are_nowhere(self, scheduler: RowScheduler, settings: Any) -> None:
        assert set(scheduler.schedule) == set(settings.CELERY_BEAT_SCHEDULE)
        assert isinstance(scheduler.app, Celery)


class TestThePage:
    def test_is_for_administrators_and_leads(self, people: dict, enter: Any) -> None:
        for mailbox in ("admin", "lead", "head"):
            assert "Clocks: warnings and breaches" in enter(mailbox).get("/jobs/").text, mailbox
        for mailbox in ("reviewer", "counsel", "auditor"):
            assert enter(mailbox).get("/jobs/").status_code == 404

    def test_says_that_everything_is_in_time(self, people: dict, enter: Any) -> None:
        sweep.apply()
        Worker.objects.create(name="worker@here", queues=list(QUEUES))
        page = enter("lead").get("/jobs/").text
        assert "Everything that runs by the clock has run in time." in page
        assert "worker@here" in page
        assert "Failed tasks" not in page
        assert "Failed tasks" in enter("admin").get("/jobs/").text

    def test_says_what_is_wrong(self, people: dict, enter: Any) -> None:
        with moved_to(now() - timedelta(minutes=3)):
            sweep.apply()
        silent = now() - timedelta(minutes=4)
        Worker.objects.create(name="bulk@here", queues=["bulk"], seen_at=silent)
        page = enter("admin").get("/jobs/").text
        assert "Clocks: warnings and breaches: late by more than two intervals." in page
        assert "2 minutes late" in page
        assert "Worker bulk@here went silent." in page
        assert "No worker takes from the queue urgent." in page

    def test_says_that_the_broker_is_down(self, people: dict, enter: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CELERY_BROKER_READ_URL", "redis://127.0.0.1:1/0")
        answer = enter("admin").get("/jobs/")
        assert answer.status_code == 200
        assert "The broker does not answer." in answer.text

    def test_asks_again_and_gets_the_fragment(self, people: dict, enter: Any) -> None:
        fragment = enter("admin").get("/jobs/", headers={"HX-Request": "true"}).text
        assert "<html" not in fragment
        assert 'hx-trigger="every 10s"' in fragment

    def test_costs_few_queries(self, people: dict, enter: Any, django_assert_max_num_queries: Any) -> None:
        Worker.objects.bulk_create(Worker(name=f"worker@{number}", queues=list(QUEUES)) for number in range(80))
        browser = enter("admin")
        with django_assert_max_num_queries(9):
            browser.get("/jobs/")


def test_every_periodic_job_is_named_for_people() -> None:
    assert set(settings.CELERY_BEAT_SCHEDULE) - set(beats.LABELS) == set()
