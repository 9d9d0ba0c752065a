"""Long tasks: the row is what counts, whoever does them and however often they are killed."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.translation import gettext_lazy

from tests.factories import person
from tests.jobs import tasks
from tests.jobs.conftest import until, waiting
from tipstaff.jobs import progress
from tipstaff.jobs.models import Progress
from tipstaff.time import moved_to, now

Course = Progress.Course
LATER = timedelta(minutes=3)


def only() -> Progress:
    return Progress.objects.get()


class TestTheRow:
    def test_says_how_far_it_is(self, people: dict, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(progress, "EVERY", 0.0)
        with progress.of("Count sheep", total=4, person=people["lead"]) as steps:
            assert (only().course, only().percent) == (Course.RUNNING, 0)
            steps.step(said="The white ones")
            assert (only().done, only().percent, only().doing) == (1, 25, "The white ones")
            steps.step(3)
            assert (only().percent, only().course) == (99, Course.RUNNING)
        assert (only().course, only().percent, only().doing) == (Course.DONE, 100, "")
        assert only().person == people["lead"]

    def test_is_written_once_a_second_however_fast_the_steps_are(
        self, db: None, django_assert_num_queries: Any
    ) -> None:
        with progress.of("Count sheep", total=500) as steps, django_assert_num_queries(0):
            for _sheep in range(500):
                steps.step()
        assert only().done == 500

    def test_may_learn_the_total_on_the_way_and_be_wrong_about_it(self, db: None) -> None:
        with progress.of("Count sheep") as steps:
            assert only().percent is None
            steps.expect(2)
            for _sheep in range(5):
                steps.step()
        assert (only().done, only().total) == (5, 5)

    def test_keeps_the_kind_of_an_error_and_nothing_of_its_message(self, db: None) -> None:
        def count() -> None:
            with progress.of("Count sheep", total=9) as steps:
                steps.step()
                raise ValueError("rose@customer.example typed this")

        with pytest.raises(ValueError, match="rose@customer"):
            count()
        assert (only().course, only().error, only().done) == (Course.FAILED, "ValueError", 1)
        with pytest.raises(IntegrityError), transaction.atomic():
            Progress.objects.update(finished_at=None)

    def test_is_stalled_when_nothing_moved_for_a_while(self, db: None) -> None:
        with progress.of("Count sheep", total=9):
            assert only().course == Course.RUNNING
            with moved_to(now() + LATER):
                assert only().course == Course.STALLED
        assert only().course == Course.DONE

    def test_is_shown_in_the_language_of_who_reads_it(self, db: None) -> None:
        with translation.override("fr"), progress.of(gettext_lazy("Policy"), total=1):
            assert only().what == "Policy"
            assert only().title == translation.gettext("Policy") != "Policy"


class TestADelivery:
    """One of the same task, as the broker repeats it."""

    def test_goes_on_where_the_rows_say(self, clone: str, tmp_path: Path) -> None:
        path = str(tmp_path / "numbers")
        for number in range(3):
            tasks.write(path, number)
        row = Progress.objects.create(key="again", what="Count", done=2, tries=1)
        tasks.count.apply([path, 5, 0], task_id="again")
        row.refresh_from_db()
        assert (row.done, row.course) == (5, Course.DONE)
        assert tasks.lines(path) == ["0", "1", "2", "3", "4"]

    def test_of_what_is_done_does_nothing(self, clone: str, tmp_path: Path) -> None:
        path = str(tmp_path / "numbers")
        assert tasks.count.apply([path, 2, 0], task_id="twice").state == "SUCCESS"
        Path(path).unlink()
        assert tasks.count.apply([path, 2, 0], task_id="twice").state == "IGNORED"
        assert tasks.lines(path) == []

    def test_while_another_is_at_it_does_nothing(self, clone: str, tmp_path: Path) -> None:
        with progress.alone("progress:busy"):
            assert tasks.count.apply([str(tmp_path / "numbers"), 2, 0], task_id="busy").state == "IGNORED"
        assert not Progress.objects.exists()

    def test_after_a_failure_starts_again(self, clone: str, tmp_path: Path) -> None:
        at = now()
        Progress.objects.create(key="failed", what="Count", done=1, started_at=at, finished_at=at, error="OSError")
        tasks.count.apply([str(tmp_path / "numbers"), 2, 0], task_id="failed")
        assert (only().course, only().error, only().done) == (Course.DONE, "", 2)

    def test_leaves_itself_in_time_and_is_sent_again(
        self, lane: Any, clone: str, settings: Any, tmp_path: Path
    ) -> None:
        settings.CELERY_TASK_SOFT_TIME_LIMIT = 0.4
        path = str(tmp_path / "numbers")
        tasks.count.apply([path, 50, 0.05], task_id="long")
        assert 3 < only().done < 50
        assert only().course == Course.RUNNING
        assert waiting(lane) == 1


class TestTheDoor:
    def test_leaves_a_row_and_sends_the_task_when_it_commits(self, lane: Any, clone: str) -> None:
        with transaction.atomic():
            row = progress.ask(tasks.count, "/dev/null", 3, 0, what="Count", person=person("lead"))
            assert waiting(lane) == 0
        assert row.course == Course.WAITING
        assert waiting(lane) == 1

    def test_loses_nothing_to_a_broker_that_is_gone(
        self, clone: str, monkeypatch: pytest.MonkeyPatch, lane: Any
    ) -> None:
        with monkeypatch.context() as gone:
            gone.setenv("CELERY_BROKER_WRITE_URL", "redis://127.0.0.1:1/0")
            row = progress.ask(tasks.count, "/dev/null", 3, 0, what="Count", person=person("lead"))
        progress.current_app.amqp._producer_pool = None
        assert progress.go_on() == 0
        with moved_to(now() + LATER):
            assert row.course == Course.STALLED
            assert progress.go_on() == 1
            assert progress.go_on() == 0  # it was sent a moment ago
        assert waiting(lane) == 1

    def test_gives_up_what_is_begun_again_and_again_without_a_step(self, lane: Any, clone: str) -> None:
        with moved_to(now() - LATER):
            Progress.objects.create(key="poison", what="Die", task="tests.jobs.tasks.die", tries=progress.TRIES)
        assert progress.go_on() == 0
        assert (only().course, only().error) == (Course.FAILED, "WorkerLost")


def test_a_worker_that_is_killed_is_followed_by_one_that_goes_on(worker: Callable[..., Any], tmp_path: Path) -> None:
    """Each number stands in the file once, and the row says all of it: what the dead one did is not done again."""
    path = tmp_path / "numbers"
    row = progress.ask(tasks.count, str(path), 60, 0.05, what="Count", person=person("lead"))
    first = worker("--concurrency", "1", "--queues", "default")
    until(lambda: len(tasks.lines(path)) > 25, lambda: first.told)
    first.kill()
    killed_at = len(tasks.lines(path))
    row.refresh_from_db()
    assert 0 < row.done <= killed_at < 60
    with moved_to(now() + LATER):
        assert row.course == Course.STALLED
        until(lambda: progress.go_on() == 1, lambda: "the database still holds the lock of a session that is dead")
    second = worker("--concurrency", "1", "--queues", "default")
    until(lambda: only().course == Course.DONE, lambda: second.told)
    assert tasks.lines(path) == [str(number) for number in range(60)]
    assert only().done == 60


class TestPages:
    @pytest.fixture
    def row(self, people: dict) -> Progress:
        with progress.of("Count sheep", total=4, person=people["lead"]) as steps:
            steps.step(2, said="The white ones")
            steps.write()
            row = only()
        Progress.objects.filter(pk=row.pk).update(finished_at=None, done=2, said="The white ones")
        return only()

    def test_are_for_who_started_it_and_for_administrators(self, row: Progress, enter: Any) -> None:
        address = row.get_absolute_url()
        assert enter("reviewer").get(address).status_code == 404
        assert "Count sheep" not in enter("reviewer").get("/jobs/progress/").text
        for mailbox in ("lead", "admin"):
            assert "2 of 4 done. The white ones" in enter(mailbox).get(address).text
            assert "Count sheep" in enter(mailbox).get("/jobs/progress/").text

    def test_ask_again_while_it_moves_and_no_longer(self, row: Progress, enter: Any) -> None:
        browser = enter("lead")
        fragment = browser.get(row.get_absolute_url(), headers={"HX-Request": "true"}).text
        assert 'hx-trigger="every 2s"' in fragment
        assert "<html" not in fragment
        Progress.objects.update(finished_at=now())
        assert "hx-trigger" not in browser.get(row.get_absolute_url(), headers={"HX-Request": "true"}).text

    def test_say_what_to_do_when_it_stalls_or_fails(self, row: Progress, enter: Any) -> None:
        Progress.objects.update(moved_at=now() - LATER)
        assert "has not moved for some minutes" in enter("lead").get(row.get_absolute_url()).text
        Progress.objects.update(finished_at=now(), error="OSError")
        assert "ended by an error" in enter("lead").get(row.get_absolute_url()).text

    def test_cost_the_same_for_many_as_for_few(
        self, row: Progress, enter: Any, django_assert_max_num_queries: Any
    ) -> None:
        lead = row.person
        Progress.objects.bulk_create(
            Progress(key=str(number), what="Count sheep", person=lead, total=number) for number in range(120)
        )
        browser = enter("lead")
        with django_assert_max_num_queries(5):
            assert browser.get("/jobs/progress/").text.count("Count sheep") == 50
