"""`/metrics`: who may read it, what is counted and when, and what the rows say. Never a word that a person typed."""

import ipaddress
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections, transaction
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from tests import factories
from tests.factories import person
from tests.ledger import log as ledger
from tipstaff import celery
from tipstaff.ledger import keys
from tipstaff.metrics import views
from tipstaff.metrics.counts import OPERATIONS, REQUESTS
from tipstaff.metrics.rows import Rows
from tipstaff.notices import outbox, webhooks
from tipstaff.notices.models import Message
from tipstaff.sla.models import Clock
from tipstaff.sla.tasks import sweep
from tipstaff.time import moved_to, now
from tipstaff.workflow.refused import Refused

WORD = "the operator's own word"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept between two scrapes of a test."""
    monkeypatch.setattr(views, "ROWS", Rows(kept_seconds=-1))


@pytest.fixture
def operator(settings: Any) -> Client:
    settings.METRICS_TOKEN = WORD
    return Client(headers={"authorization": f"Bearer {WORD}"}, raise_request_exception=False)


def scraped(browser: Client) -> dict[tuple[str, ...], float]:
    """Name and label values of each sample, in the order of the label names, with its value."""
    answer = browser.get("/metrics")
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.content.decode())
    samples = [sample for family in families for sample in family.samples]
    return {(one.name, *(value for _name, value in sorted(one.labels.items()))): one.value for one in samples}


class TestWhoMayRead:
    def test_nobody_unless_a_setting_says_so(self, client: Client) -> None:
        assert client.get("/metrics").status_code == 404
        assert client.get("/metrics", headers={"authorization": "Bearer "}).status_code == 404
        assert client.get("/metrics", headers={"authorization": "Bearer x"}).status_code == 404

    def test_whoever_brings_the_token(self, db: None, operator: Client) -> None:
        answer = operator.get("/metrics")
        assert answer["Content-Type"].startswith("text/plain; version=")
        assert answer["Cache-Control"] == "no-store"
        assert operator.head("/metrics").status_code == 200
        assert operator.post("/metrics").status_code == 405
        for wrong in ("Bearer another", f"Basic {WORD}", f"Bearer {WORD}x", "Bearer", "Bearer é"):
            assert Client().get("/metrics", headers={"authorization": wrong}).status_code == 404

    def test_whoever_calls_from_an_address_that_is_allowed(self, db: None, client: Client, settings: Any) -> None:
        settings.METRICS_ALLOWED_ADDRESSES = [ipaddress.ip_network("10.1.0.0/16"), ipaddress.ip_network("::1")]
        assert client.get("/metrics", REMOTE_ADDR="127.0.0.1").status_code == 404
        for allowed in ("10.1.2.3", "::ffff:10.1.2.3", "::1"):
            assert client.get("/metrics", REMOTE_ADDR=allowed).status_code == 200
        assert client.get("/metrics", REMOTE_ADDR="no address").status_code == 404

    @pytest.mark.parametrize("name", ["x-forwarded-for", "forwarded", "x-real-ip"])
    def test_an_address_says_nothing_behind_a_proxy(self, client: Client, settings: Any, name: str) -> None:
        settings.METRICS_ALLOWED_ADDRESSES = [ipaddress.ip_network("127.0.0.1")]
        settings.NUM_PROXIES = 1
        assert client.get("/metrics", headers={name: "127.0.0.1"}).status_code == 404


class TestRequests:
    def test_by_view_method_and_status_and_never_by_path(self, people: dict, enter: Any, operator: Client) -> None:
        before = scraped(operator)
        case = factories.case()
        enter("lead").get(f"/desk/cases/{case.ref}/?q=zebrowski")
        for name in ("zebrowski", "okapi"):
            assert operator.get(f"/{name}/").status_code == 404
        assert operator.generic("ZEBROWSKI", "/policy/").status_code == 405
        after = scraped(operator)

        def grown(*key: str) -> float:
            return after.get(("tipstaff_http_requests_total", *key), 0) - before.get(
                ("tipstaff_http_requests_total", *key), 0
            )

        assert grown("GET", "200", "cases:case") == 1
        assert grown("GET", "404", "none") == 2
        assert grown("other", "405", "aup:policy") == 1
        assert after["tipstaff_http_request_database_statements_count", "cases:case"] >= 1
        assert after["tipstaff_http_request_database_statements_sum", "cases:case"] >= 5
        assert after["tipstaff_http_request_duration_seconds_bucket", "30.0", "GET", "cases:case"] >= 1
        assert "zebrowski" not in operator.get("/metrics").content.decode().lower()

    def test_stylesheets_are_not_counted(self, db: None) -> None:
        known = {sample.labels["view"] for metric in REQUESTS.collect() for sample in metric.samples}
        Client().get("/static/tipstaff/tipstaff.css")
        assert {s.labels["view"] for metric in REQUESTS.collect() for s in metric.samples} - known == set()


def counted(kind: str, result: str) -> float:
    return OPERATIONS.labels(kind, result)._value.get()


class TestOperations:
    def test_performed_with_those_inside_it(self, people: dict) -> None:
        before = counted("decision.issued", "performed"), counted("message.queued", "performed")
        factories.issued()
        assert counted("decision.issued", "performed") == before[0] + 1
        assert counted("message.queued", "performed") > before[1]

    def test_refused_once_where_it_was_asked_for(self, people: dict) -> None:
        decision = factories.proposed()
        names = ("refused", "not_permitted", "performed")
        before = [counted("decision.issued", name) for name in names]
        for who in ("reviewer", "member1"):
            with pytest.raises(Refused):
                decision.issue(actor=person(who))
        assert [counted("decision.issued", name) for name in names] == [before[0] + 1, before[1] + 1, before[2]]

    def test_what_was_rolled_back_was_not_performed(self, people: dict, monkeypatch: pytest.MonkeyPatch) -> None:
        decision = factories.proposed()
        before = counted("decision.issued", "performed")

        def fail(*_arguments: Any, **_facts: Any) -> None:
            raise TimeoutError

        monkeypatch.setattr(outbox, "render_to_string", fail)
        with pytest.raises(TimeoutError), transaction.atomic():
            decision.issue(actor=person("senior"))
        assert counted("decision.issued", "performed") == before


class TestRows:
    def test_messages(self, people: dict, operator: Client) -> None:
        with moved_to(now() - timedelta(minutes=10)):
            factories.report()
        message = Message.objects.get(kind="report_received")
        found = scraped(operator)
        assert found["tipstaff_messages_queued", "mail"] == 1
        assert 590 < found["tipstaff_messages_oldest_queued_seconds", "mail"] < 700
        assert found["tipstaff_messages_retrying", "mail"] == 0
        before = found["tipstaff_messages_undeliverable_total", "mail"]
        message.give_up(actor=outbox.OUTBOX, error="550")
        found = scraped(operator)
        assert found["tipstaff_messages_queued", "mail"] == 0
        assert found["tipstaff_messages_undeliverable_total", "mail"] == before + 1

    def test_webhooks(self, people: dict, operator: Client) -> None:
        receiver = factories.endpoint("https://gateway.example/hook")
        (delivery,) = webhooks.queue(
            "sanction.imposed", to=[receiver], about=receiver, line=receiver, payload={}, actor=outbox.OUTBOX
        )
        assert scraped(operator)["tipstaff_messages_queued", "webhook"] == 1
        delivery.give_up(actor=outbox.OUTBOX, status=500, error="no")
        found = scraped(operator)
        assert found["tipstaff_messages_queued", "webhook"] == 0
        assert found["tipstaff_messages_undeliverable_total", "webhook"] == 1

    def test_clocks_and_their_sweep(self, people: dict, operator: Client) -> None:
        before = scraped(operator)
        with moved_to(now() - timedelta(days=90)):
            factories.report()
        found = scraped(operator)
        assert found["tipstaff_clocks_open", "triage"] == before["tipstaff_clocks_open", "triage"] + 1
        assert found["tipstaff_clocks_breached", "triage"] == before["tipstaff_clocks_breached", "triage"] + 1
        assert found["tipstaff_clocks_open", "appeal"] == 0
        assert found["tipstaff_sweep_lag_seconds",] > 80 * 86_400
        sweep.apply()
        found = scraped(operator)
        assert found["tipstaff_sweep_lag_seconds",] == 0
        assert abs(found["tipstaff_heartbeat_timestamp_seconds", "sweep-clocks"] - now().timestamp()) < 60
        assert (found["tipstaff_job_late_seconds", "sweep-clocks"], found["tipstaff_job_alarm", "sweep-clocks"]) == (
            0,
            0,
        )
        with moved_to(now() + timedelta(minutes=1)):
            found = scraped(operator)
        assert found["tipstaff_job_late_seconds", "sweep-clocks"] > 50
        assert found["tipstaff_job_alarm", "sweep-clocks"] == 1
        assert {key[1] for key in found if key[0] == "tipstaff_clocks_open"} == set(Clock.Kind.values)

    def test_events_without_a_leaf(self, clone: str, operator: Client, tmp_path: Any) -> None:
        ledger.sign_all(keys.load_or_create(tmp_path / "ledger.pem"))
        assert scraped(operator)["tipstaff_ledger_unsigned_events",] == 0
        with moved_to(now() - timedelta(minutes=5)):
            ledger.record("case:one", text="a while ago")
        ledger.record("case:one", text="just now")
        found = scraped(operator)
        assert found["tipstaff_ledger_unsigned_events",] == 2
        assert 290 < found["tipstaff_ledger_oldest_unsigned_seconds",] < 400

    def test_files_and_room(self, people: dict, operator: Client) -> None:
        before = scraped(operator)
        factories.sealed(b"x" * 1000)
        found = scraped(operator)
        assert found["tipstaff_vault_bytes",] == before["tipstaff_vault_bytes",] + 1000
        assert found["tipstaff_vault_files",] == before["tipstaff_vault_files",] + 1
        assert found["tipstaff_disk_free_bytes", "vault"] > 0

    def test_the_queues_of_the_broker(self, db: None, operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        queue = f"counted-{uuid4().hex[:6]}"
        monkeypatch.setattr(celery, "QUEUES", (queue, "empty"))
        found = scraped(operator)
        assert (found["tipstaff_broker_up",], found["tipstaff_broker_queue_length", queue]) == (1, 0)
        for priority in (0, 3, 9):
            celery.app.send_task("tipstaff.sla.tasks.sweep", queue=queue, priority=priority)
        found = scraped(operator)
        assert (found["tipstaff_broker_queue_length", queue], found["tipstaff_broker_queue_length", "empty"]) == (3, 0)
        with celery.app.connection_for_write() as line:
            line.default_channel.queue_purge(queue)

    def test_without_a_broker(self, db: None, operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CELERY_BROKER_READ_URL", "redis://127.0.0.1:1/0")
        found = scraped(operator)
        assert found["tipstaff_broker_up",] == 0
        assert not any(key[0] == "tipstaff_broker_queue_length" for key in found)

    def test_without_a_database_the_rest_is_told(self, nowhere: None, operator: Client) -> None:
        found = scraped(operator)
        assert found["tipstaff_database_up",] == 0
        assert found["tipstaff_broker_up",] == 1
        assert any(key[0] == "tipstaff_http_requests_total" for key in found)

    def test_many_scrapes_cost_as_much_as_one(
        self, db: None, operator: Client, django_assert_max_num_queries: Any
    ) -> None:
        views.ROWS.kept_seconds = 60
        with django_assert_max_num_queries(14):
            for _time in range(10):
                scraped(operator)


@pytest.fixture
def nowhere(clone: str) -> Iterator[None]:
    """The database's address becomes one where nobody listens."""
    connections["default"].close()
    port = connections["default"].settings_dict["PORT"]
    connections["default"].settings_dict["PORT"] = 1
    yield
    connections["default"].close()
    connections["default"].settings_dict["PORT"] = port


def test_names_and_labels_keep_to_the_conventions(people: dict, operator: Client) -> None:
    factories.issued()
    answer = operator.get("/metrics", headers={"accept": "application/openmetrics-text"})
    assert answer["Content-Type"].startswith("application/openmetrics-text")
    for family in text_string_to_metric_families(operator.get("/metrics").content.decode()):
        assert family.name.startswith("tipstaff_")
        assert family.documentation.endswith((".", ").")), family.name
        for sample in family.samples:
            assert set(sample.labels) <= {
                "view",
                "method",
                "status",
                "le",
                "kind",
                "result",
                "channel",
                "job",
                "place",
                "queue",
            }
            for value in sample.labels.values():
                assert "@" not in value
                assert "/" not in value
