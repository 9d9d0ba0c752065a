"""The log tells what happened by kind, id and number, and nothing that a person typed."""

import logging
import re
import smtplib
import sys
from typing import Any
from uuid import uuid4

import pytest
import structlog
from celery import shared_task
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django_structlog.celery.receivers import CeleryReceiver

from tests import factories
from tests.factories import person
from tests.notices.conftest import Server
from tests.operating.conftest import Log
from tipstaff.logs import kind_of, neutral, scrub, story, written
from tipstaff.notices import outbox
from tipstaff.notices.models import Message, Notice

TYPED = {
    "description": "Quagga Zebrowski sold the list in the harbour.",
    "account": "okapi-harbour-7",
    "links": "https://harbour.example/lists?owner=zebrowski",
    "contact": "quagga@zebrowski.example",
}


def strangers(**headers: str) -> Client:
    return Client(raise_request_exception=False, headers=headers)


def words(*typed: str) -> set[str]:
    """Every word of four letters or more that was typed."""
    return {word for text in typed for word in re.findall(r"[\w-]{4,}", text)} - {"https", "example", "list", "lists"}


def none_of(log: Log, *typed: str) -> None:
    assert log.entries
    for word in words(*typed):
        assert word.lower() not in log.text.lower(), word


class TestNothingTyped:
    def test_of_a_report_its_receipt_code_and_its_mail_that_fails(self, people: dict, log: Log, server: Server) -> None:
        server.keeper.after_data = "554 5.6.0 no mail for quagga@zebrowski.example"
        form = TYPED | {"submission": uuid4(), "good_faith": "on", "files": [SimpleUploadedFile("harbour.txt", b"x")]}
        browser = strangers(user_agent="Giraffe/9 (Zebrowski)", referer="https://harbour.example/?who=zebrowski")
        page = browser.post("/report/?from=gerenuk-page", form)
        code = re.search(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}", page.content.decode())[0]
        assert browser.post("/follow/", {"code": code}).status_code == 200
        assert browser.post("/follow/", {"code": "wrong-gerenuk"}).status_code == 422
        outbox.deliver_due()
        assert Message.objects.get(kind="report_received").last_error
        none_of(log, *TYPED.values(), "harbour.txt", "Giraffe", "gerenuk", code, code.replace("-", ""))

    def test_of_an_appeal_through_a_signed_link(self, people: dict, log: Log) -> None:
        notice = Notice.objects.get(about=factories.issued().reference)
        typed = {"ground": "context", "text": "Zebrowski agreed in the harbour.", "contact": TYPED["contact"]}
        browser = strangers()
        assert browser.get(f"/notice/{notice.token}/").status_code == 200
        assert browser.post(f"/appeal/{notice.token}/", typed).status_code == 302
        assert browser.get(f"/appeal/{notice.token}x/").status_code == 404
        assert [entry["view"] for entry in log.of("request_finished")][:2] == ["notices:notice", "appeals:lodge"]
        none_of(log, typed["text"], typed["contact"], notice.token, *notice.token.split("."))

    def test_of_a_sign_in_and_a_password_that_was_forgotten(self, people: dict, log: Log) -> None:
        browser = strangers()
        browser.post("/accounts/login/", {"login": TYPED["contact"], "password": "gerenuk-dikdik"})
        browser.post("/accounts/password/reset/", {"email": person("lead").email})
        browser.get("/accounts/password/reset/key/3-gerenuk-key/")
        none_of(log, TYPED["contact"], "gerenuk-dikdik", person("lead").email.split("@")[0] + "@", "gerenuk-key")

    @pytest.mark.urls("tests.operating.urls")
    @pytest.mark.parametrize("address", ["/broken/", "/conflicting/", "/careless/"])
    def test_of_what_an_error_has_at_hand(self, db: None, log: Log, address: str) -> None:
        answer = strangers().post(f"{address}?q=gerenuk", {"typed": TYPED["contact"]})
        assert answer.status_code == (200 if address == "/careless/" else 500)
        none_of(log, TYPED["contact"], "gerenuk")

    def test_of_an_address_that_is_not_there_or_not_ours(self, db: None, log: Log) -> None:
        browser = strangers()
        assert browser.get("/people/Quagga Zebrowski/?who=gerenuk").status_code == 404
        assert browser.get("/", headers={"host": "zebrowski.example"}).status_code == 400
        assert browser.get("/desk/subjects/zebrowski/").status_code == 302
        none_of(log, "Quagga Zebrowski", "gerenuk")

    def test_of_a_task_that_fails(self, log: Log) -> None:
        receiver = CeleryReceiver()
        receiver.connect_worker_signals()

        @shared_task(name="tests.fails")
        def fails(typed: str) -> None:
            raise ValueError(f"cannot go on with {typed}")

        fails.apply(["zebrowski"], task_id="a-task-of-ours")
        (failed,) = log.of("task_failed")
        assert failed["task_id"] == "a-task-of-ours"
        assert failed["exception"][0]["type"] == "ValueError"
        none_of(log, "zebrowski")

    def test_of_an_error_that_nobody_caught(self, log: Log) -> None:
        try:
            raise ValueError("zebrowski")
        except ValueError as error:
            sys.excepthook(ValueError, error, error.__traceback__)
        (ended,) = log.of("the process ended by an error")
        assert ended["level"] == "critical"
        none_of(log, "zebrowski")


class TestWhatIsTold:
    def test_a_request_by_id_page_record_and_time(self, people: dict, enter, log: Log) -> None:
        case = factories.case()
        answer = enter("lead").get(f"/desk/cases/{case.ref}/?q=1", headers={"x-request-id": "proxy-4711-a"})
        assert answer["X-Request-ID"] == "proxy-4711-a"
        (told,) = log.of("request_finished")
        assert told["request_id"] == "proxy-4711-a"
        assert told["actor"] == f"person:{person('lead').pk}"
        assert (told["view"], told["ref"], told["code"]) == ("cases:case", case.ref, 200)
        assert told["request"] == "GET /desk/cases/<str:ref>/"
        assert 0 <= told["ms"] < 60_000
        assert set(told) == {
            "time", "level", "logger", "event", "request_id", "actor", "view", "ref", "code", "request", "ms",
        }  # fmt: skip

    def test_no_address_unless_a_setting_says_so(self, db: None, log: Log, settings: Any) -> None:
        strangers().get("/policy/", REMOTE_ADDR="192.0.2.7")
        assert "192.0.2.7" not in log.text
        settings.DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = True
        strangers(x_forwarded_for="198.51.100.1").get("/policy/", REMOTE_ADDR="192.0.2.7")
        assert log.of("request_finished")[-1]["address"] == "192.0.2.7"  # no proxy is believed unless counted

    @pytest.mark.parametrize(
        "given", ["", "short", "x" * 65, "with space in it", "two\nlines of it", "semi;colon;", "-" * 9]
    )
    def test_an_id_that_is_not_well_formed_is_replaced(self, db: None, log: Log, given: str) -> None:
        answer = strangers(x_request_id=given).get("/policy/")
        assert answer["X-Request-ID"] != given
        assert re.fullmatch(r"[0-9a-f-]{36}", answer["X-Request-ID"])

    def test_nobody_is_looked_up_for_a_line(self, log: Log) -> None:
        """No database is allowed in this test, and a session cookie is there."""
        browser = strangers()
        browser.cookies["sessionid"] = "abc"
        assert browser.get("/healthz").status_code == 200

    @pytest.mark.parametrize(
        ("who", "status", "kind"), [("reviewer", 409, "Refused"), ("member1", 403, "NotPermitted")]
    )
    def test_a_refusal_by_its_kind(self, people: dict, enter: Any, log: Log, who: str, status: int, kind: str) -> None:
        decision = factories.proposed()
        answer = enter(who).post(f"/desk/decisions/{decision.ref}/issue/")
        told = log.of("request_finished")[-1]
        assert (answer.status_code, told["refused"], told["level"]) == (status, kind, "info")
        assert "Your roles" not in log.text
        assert "somebody else" not in log.text

    def test_probes_and_stylesheets_only_when_they_fail(self, db: None, log: Log) -> None:
        browser = strangers()
        assert browser.get("/healthz").status_code == 200
        assert browser.get("/readyz").status_code == 200
        assert browser.get("/static/tipstaff/tipstaff.css").status_code == 200
        assert log.of("request_finished") == []
        assert browser.get("/metrics").status_code == 404
        assert log.of("request_finished")[0]["view"] == "metrics"

    @pytest.mark.urls("tests.operating.urls")
    def test_an_error_by_type_place_and_constraint(self, db: None, log: Log) -> None:
        browser = strangers()
        browser.post("/conflicting/", {"typed": "zebrowski"})
        (failed,) = log.of("request_failed")
        django, driver = failed["exception"]
        assert failed["view"] == "conflicting"
        assert (django["type"], driver["type"]) == ("django.db.utils.IntegrityError", "psycopg.errors.UniqueViolation")
        assert (driver["sqlstate"], driver["table"]) == ("23505", "django_cache")
        assert driver["constraint"] == "django_cache_pkey"
        assert any(place.endswith(" conflicting") for place in django["at"])
        assert all(entry["logger"] != "django.request" for entry in log.entries)  # told once
        assert "  psycopg.errors.UniqueViolation sqlstate=23505" in log.forms["console"].getvalue()

    @pytest.mark.urls("tests.operating.urls")
    def test_of_other_peoples_sentences_what_they_fill_in_is_left_out(self, db: None, log: Log) -> None:
        strangers().post("/careless/", {"typed": "zebrowski"})
        told = [entry["event"] for entry in log.entries if entry["logger"] == "some.library"]
        assert told == [
            "could not fetch … after 3 tries",
            "(text withheld)",
            "failed: ValueError",
            "ValueError",
            "… failed",
            "%d is no number",
        ]

    def test_a_mail_that_was_not_taken(self, people: dict, log: Log, server: Server) -> None:
        factories.report()
        server.down()
        outbox.deliver_due()
        server.up()
        message = Message.objects.get(kind="report_received")
        assert [entry["event"] for entry in log.entries if entry["logger"] == "tipstaff.notices.outbox"] == [
            f"mail {message.pk} was not taken (try 1): ConnectionRefusedError"
        ]

    def test_lines_of_structlog_carry_what_is_bound(self, log: Log) -> None:
        with structlog.contextvars.bound_contextvars(task_id="t-1"):
            structlog.get_logger("tipstaff.x").info("looked", count=3, who=person, error="a text")
            logging.getLogger("tipstaff.y").info("seen %s", "C-0412")
        first, second = log.entries
        assert (first["event"], first["count"], first["who"], first["task_id"]) == ("looked", 3, "<function>", "t-1")
        assert "error" not in first
        assert (second["event"], second["task_id"]) == ("seen C-0412", "t-1")


class TestInjection:
    HOSTILE = 'x\n2026-01-01 CRITICAL {"event": "forged"}\r\x1b[2K\x1b[31mred\x9b1m\u202egnp\u2028\x00'

    def test_a_line_stays_one_line_without_commands(self, log: Log) -> None:
        logging.getLogger("tipstaff.x").info("seen %s", self.HOSTILE)
        structlog.get_logger("tipstaff.x").info(self.HOSTILE, **{"va lue": self.HOSTILE}, nested=[{"a": self.HOSTILE}])
        assert len(log.entries) == 2
        for form in log.forms.values():
            assert len(form.getvalue().splitlines()) == 2
            assert not set(form.getvalue()) & set("\r\x1b\x9b\u202e\u2028\x00")

    def test_a_host_an_agent_and_a_method_of_a_stranger(self, db: None, log: Log) -> None:
        strangers(host="a\x1b[2Kb", user_agent="a\x1b[2Kb").generic("GE\x1bT", "/policy/")
        assert "\x1b" not in log.text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("GET /notice/abc.def/ done", "GET /notice/…/ done"),
        ("at /accounts/confirm-email/MTI:abc/", "at /accounts/confirm-email/…"),
        (f"token 0195cafe.{'a' * 43} used", "token … used"),
        (f"{'tps'}_abcDEF-1 used", "tps_… used"),
        ("code 7K3M-9QXR-00AB-ZZZZ typed", "code … typed"),
        ("code 7k3m-9qxr-00ab-zzzz typed", "code … typed"),
        ("redis://:secret@127.0.0.1:6379/0", "redis://…@127.0.0.1:6379/0"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer …"),
        ("to a.b+c@d.example, again", "to …@…, again"),
        ("GET /desk/?q=name HTTP", "GET /desk/?… HTTP"),
        ("C-0412 and 0195cafe-1234-7abc-8def-0123456789ab", "C-0412 and 0195cafe-1234-7abc-8def-0123456789ab"),
    ],
)  # fmt: skip
def test_what_is_scrubbed_and_what_is_not(text: str, kept: str) -> None:
    assert scrub(text) == kept


def test_long_texts_deep_and_endless_objects_are_cut() -> None:
    assert neutral("x" * 5000) == "x" * 500 + "… (5000 characters)"
    assert len(written(list(range(1000)))) == 50
    assert written([[[[["deep"]]]]]) == [[[["<list>"]]]]
    assert written(object()) == "<object>"


def test_a_chain_of_causes_ends() -> None:
    error = ValueError("a")
    error.__cause__ = other = KeyError("b")
    other.__cause__ = error
    assert [part["type"] for part in story(error)] == ["ValueError", "KeyError"]
    assert kind_of(smtplib.SMTPServerDisconnected()) == "smtplib.SMTPServerDisconnected"
    assert story(OSError(28, "typed"))[0]["errno"] == "ENOSPC"
    assert story(ExceptionGroup("typed", [ValueError("typed")]))[0]["of"] == ["ValueError"]
