"""Dead letters: what failed for good is kept, counted, retried and dismissed; nothing that a person typed is."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import structlog
from django.db import DatabaseError, IntegrityError, transaction
from redis import Redis

from tests.factories import person
from tests.jobs import tasks
from tests.jobs.conftest import until, waiting
from tipstaff.jobs import letters
from tipstaff.jobs.models import DeadLetter
from tipstaff.jobs.tasks import bury, go_on
from tipstaff.ledger.models import Event
from tipstaff.time import moved_to, now
from tipstaff.workflow.refused import NotPermitted, Refused

Standing = DeadLetter.Standing


def only() -> DeadLetter:
    return DeadLetter.objects.get()


def facts(task: str = "cases.tasks.close_at_rest", *args: Any, **changes: Any) -> dict[str, Any]:
    return {
        "digest": letters.digest(task, args, {}),
        "task": task,
        "arguments": {"args": list(args), "kwargs": {}},
        "kept": True,
        "queue": "default",
        "at": now().isoformat(),
        "error": "OSError",
        "said": "errno ENOSPC; at cases/tasks.py:10 close_at_rest",
        "task_id": str(uuid4()),
        "request_id": "",
    } | changes


def letter(*args: Any, **changes: Any) -> DeadLetter:
    told = facts(*args, **changes)
    letters.write(told)
    return DeadLetter.objects.get(digest=told["digest"])


class TestWhatIsKept:
    def test_is_the_kind_of_error_the_place_and_no_message(self, clone: str) -> None:
        tasks.fail.apply(["rose@customer.example typed this"], task_id="one")
        assert (only().task, only().error, only().times) == ("tests.jobs.tasks.fail", "ValueError", 1)
        assert "tests/jobs/tasks.py" in only().said
        assert (only().task_id, only().kept, only().arguments) == ("one", False, {})
        assert "rose" not in str(DeadLetter.objects.values().get())

    def test_are_arguments_that_are_ids(self, clone: str) -> None:
        pk = str(uuid4())
        tasks.fail.apply([pk, 3, None, ["case:C-0412"]])
        assert only().arguments == {"args": [pk, 3, None, ["case:C-0412"]], "kwargs": {}}

    @pytest.mark.parametrize("typed", ["two words", "a@b.example", "x" * 81, "\n", {"a": {"b": {"c": {"d": {}}}}}, b""])
    def test_are_no_words(self, typed: Any) -> None:
        assert not letters.plain(typed)

    def test_counts_the_same_task_with_the_same_arguments(self, clone: str) -> None:
        for number in range(3):
            tasks.fail.apply(["a"], task_id=str(number))
        tasks.fail.apply(["b"])
        counted = dict(DeadLetter.objects.values_list("arguments__args__0", "times"))
        assert counted == {"a": 3, "b": 1}

    def test_counts_once_what_is_told_twice(self, clone: str) -> None:
        told = facts()
        letters.write(told)
        letters.write(told)
        assert only().times == 1

    def test_is_over_when_the_same_succeeds(self, clone: str, tmp_path: Path) -> None:
        path = str(tmp_path / "switch")
        tasks.switched.apply([path])
        assert only().standing == Standing.OPEN
        Path(path).touch()
        tasks.switched.apply([path])
        assert only().standing == Standing.SUCCEEDED
        Path(path).unlink()
        tasks.switched.apply([path])
        assert (only().standing, only().times) == (Standing.OPEN, 2)

    def test_goes_by_the_broker_when_the_database_is_away(
        self, clone: str, lane: Redis, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(_facts: Any) -> None:
            raise DatabaseError("away")

        with monkeypatch.context() as gone:
            gone.setattr(letters, "write", away)
            tasks.fail.apply(["a"], task_id="late")
        assert not DeadLetter.objects.exists()
        assert b"tipstaff.jobs.tasks.bury" in lane.lindex("urgent", 0)
        bury.apply(kwargs={"facts": facts("tests.jobs.tasks.fail", "a", task_id="late")})
        assert (only().task_id, only().times) == ("late", 1)

    def test_is_in_the_log_when_both_are_away(self, clone: str, lane: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
        told: list[dict[str, Any]] = []

        class Logger:
            def error(self, event: str, **words: Any) -> None:
                told.append({"event": event} | words)

        monkeypatch.setenv("CELERY_BROKER_WRITE_URL", "redis://127.0.0.1:1/0")
        monkeypatch.setattr(letters.structlog, "get_logger", lambda *_name: Logger())
        letters._by_message(facts(task_id="lost"))
        assert (told[0]["event"], told[0]["task_id"]) == ("dead_letter_not_kept", "lost")


class TestOnARealWorker:
    def test_time_limit_dead_process_and_exception_leave_a_letter_each(
        self, worker: Callable[..., Any], tmp_path: Path
    ) -> None:
        path = tmp_path / "begun"
        running = worker("--concurrency", "2", "--queues", "default")
        with structlog.contextvars.bound_contextvars(request_id="asked-here-2"):
            failing = tasks.fail.delay("typed by somebody")
        tasks.hang.apply_async([], time_limit=2, soft_time_limit=1)
        tasks.fall.delay(str(path))
        until(lambda: DeadLetter.objects.count() == 3, lambda: running.told)
        found = {one.task.rpartition(".")[2]: one for one in DeadLetter.objects.all()}
        assert found["fail"].error == "ValueError"
        assert found["hang"].error.endswith("TimeLimitExceeded")
        assert found["hang"].times == 1
        assert found["fall"].error.endswith("WorkerLostError")
        assert found["fall"].said == "the process that ran it died"
        assert len(tasks.lines(path)) == 1 + tasks.fall.max_retries  # counted, and not repeated for ever
        assert {one.queue for one in found.values()} == {"default"}
        assert (found["fail"].request_id, found["fail"].task_id) == ("asked-here-2", failing.id)
        assert "typed by somebody" not in running.told
        lines = [json.loads(line) for line in running.told.splitlines() if line.startswith("{")]
        given_up = {line["task"]: line for line in lines if line["event"] == "task_given_up"}
        assert set(given_up) == {one.task for one in found.values()}
        told = given_up["tests.jobs.tasks.fail"]
        assert (told["task_id"], told["queue"], told["request_id"]) == (failing.id, "default", "asked-here-2")

    def test_one_that_is_retried_and_succeeds_is_marked(self, worker: Callable[..., Any], tmp_path: Path) -> None:
        path = tmp_path / "switch"
        running = worker("--concurrency", "1", "--queues", "default")
        tasks.switched.delay(str(path))
        until(DeadLetter.objects.exists, lambda: running.told)
        path.touch()
        only().retry(actor=person("admin"))
        assert only().sent_at is not None
        until(lambda: only().standing == Standing.SUCCEEDED, lambda: running.told)
        assert [event.kind for event in Event.objects.filter(stream_id=only().stream)] == ["letter.retried"]


class TestActs:
    def test_retrying_sends_the_same(self, clone: str, lane: Redis) -> None:
        found = letter("tests.jobs.tasks.fail", "a")
        found.retry(actor=person("admin"))
        assert (only().standing, waiting(lane)) == (Standing.RETRIED, 1)
        assert only().sent_at is not None
        with pytest.raises(Refused, match="a moment ago"):
            found.retry(actor=person("admin"))
        with moved_to(now() + timedelta(minutes=20)):
            found.retry(actor=person("admin"))

    def test_retrying_waits_for_a_broker_that_is_away(
        self, clone: str, lane: Redis, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as gone:
            gone.setenv("CELERY_BROKER_WRITE_URL", "redis://127.0.0.1:1/0")
            letter().retry(actor=person("admin"))
        letters.current_app.amqp._producer_pool = None
        assert (only().standing, only().sent_at) == (Standing.RETRIED, None)
        assert go_on.run() == 1
        assert only().sent_at is not None
        assert go_on.run() == 0

    def test_what_was_not_kept_cannot_be_retried(self, clone: str) -> None:
        with pytest.raises(Refused, match="not kept"):
            letter(kept=False).retry(actor=person("admin"))

    def test_dismissing_needs_a_reason_and_holds_until_it_fails_again(self, clone: str) -> None:
        found = letter()
        found.dismiss(actor=person("admin"), reason="The case was closed by hand.")
        assert found.standing == Standing.DISMISSED
        with pytest.raises(Refused, match="already"):
            found.dismiss(actor=person("admin"), reason="Again.")
        with pytest.raises(IntegrityError), transaction.atomic():
            DeadLetter.objects.update(dismissed_reason="")
        assert letter().standing == Standing.OPEN
        assert (only().times, only().dismissed_reason) == (2, "")

    def test_are_for_administrators(self, clone: str) -> None:
        found = letter()
        for act in (lambda who: found.retry(actor=who), lambda who: found.dismiss(actor=who, reason="No.")):
            with pytest.raises(NotPermitted):
                act(person("lead"))


class TestPages:
    @pytest.fixture
    def browser(self, clone: str) -> Any:
        from django.test import Client

        client = Client()
        client.force_login(person("admin"), backend="django.contrib.auth.backends.ModelBackend")
        return client

    def test_list_what_needs_somebody_and_find_by_task(self, browser: Any) -> None:
        letter()
        letter("oversight.tasks.export_history", "e-1")
        letter("aup.tasks.gone").dismiss(actor=person("admin"), reason="Old.")
        page = browser.get("/jobs/failed/").text
        assert "cases.tasks.close_at_rest" in page
        assert "aup.tasks.gone" not in page
        assert "cases.tasks.close_at_rest" not in browser.get("/jobs/failed/?task=EXPORT").text
        assert "aup.tasks.gone" in browser.get("/jobs/failed/?standing=dismissed").text
        assert "No failed task is like that" in browser.get("/jobs/failed/?task=nothing").text

    def test_say_so_when_there_is_none(self, browser: Any) -> None:
        assert "No task needs somebody" in browser.get("/jobs/failed/").text

    def test_retry_what_is_ticked(self, browser: Any, lane: Redis) -> None:
        one, two = letter("tests.jobs.tasks.fail", "a"), letter("tests.jobs.tasks.fail", "b")
        answer = browser.post("/jobs/failed/retry/", {"letter": [str(one.pk), "rubbish"]}, follow=True)
        assert "1 task was sent again." in answer.text
        standings = {found.pk: found.standing for found in DeadLetter.objects.all()}
        assert standings == {one.pk: Standing.RETRIED, two.pk: Standing.OPEN}
        assert "Nothing was sent again" in browser.post("/jobs/failed/retry/", {}, follow=True).text

    def test_retry_all_that_the_search_shows(self, browser: Any, lane: Redis) -> None:
        letter("tests.jobs.tasks.fail", "a"), letter("tests.jobs.tasks.fail", "b", kept=False), letter()
        answer = browser.post("/jobs/failed/retry/", {"all": "1", "task": "tests.jobs"}, follow=True)
        assert "1 task was sent again." in answer.text
        assert "1 task was not sent again: its page says why." in answer.text
        assert letter().standing == Standing.OPEN
        assert Event.objects.filter(kind="letter.retried").count() == 1

    def test_dismiss_with_a_reason_and_keep_what_was_typed(self, browser: Any) -> None:
        found = letter()
        typed = "سبب " * 200
        answer = browser.post(f"/jobs/failed/{found.pk}/dismiss/", {"reason": typed})
        assert answer.status_code == 422
        assert typed.strip() in answer.text
        browser.post(f"/jobs/failed/{found.pk}/dismiss/", {"reason": "سبب"})
        page = browser.get(found.get_absolute_url()).text
        assert "سبب" in page
        assert "dismissed the failed task" in page
        assert browser.post(f"/jobs/failed/{found.pk}/dismiss/", {"reason": "Twice."}).status_code == 409

    def test_cost_the_same_for_many(self, browser: Any, django_assert_max_num_queries: Any) -> None:
        for number in range(60):
            letter("tests.jobs.tasks.fail", number)
        with django_assert_max_num_queries(6):
            assert browser.get("/jobs/failed/").text.count("tests.jobs.tasks.fail</a>") == 50

    def test_are_nobody_elses(self, people: dict, enter: Any) -> None:
        for mailbox in ("lead", "reviewer"):
            assert enter(mailbox).get("/jobs/failed/").status_code == 404
            assert enter(mailbox).post("/jobs/failed/retry/", {"all": "1"}).status_code == 403
