"""Traces without the packages for them, which no test machine has: a sentence, and everything else works."""

import pytest

from tests.doctor.conftest import Told
from tests.operating.conftest import Log
from tipstaff import tracing
from tipstaff.doctor import configuration

SENTENCE = (
    "OTEL_EXPORTER_OTLP_ENDPOINT is set, and the packages for traces are missing: "
    "install the extra `otel`, or unset it."
)


def test_without_a_collector_nothing_is_said(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(tracing.ENDPOINT, raising=False)
    assert tracing.start("web") is False
    assert tracing.trouble() == log.text == ""
    assert tracing.ids() == {}


def test_without_the_packages_it_says_so_and_goes_on(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(tracing.ENDPOINT, "http://127.0.0.1:4318")
    assert tracing.start("web") is False
    assert [(entry["level"], entry["event"]) for entry in log.entries] == [("warning", SENTENCE)]
    assert SENTENCE in Told(configuration.look).warnings


def test_statements_leave_without_values() -> None:
    assert tracing._kept(
        {"db.statement": "SELECT 1 WHERE a = 'O''Zebrowski' AND b = %s", "url.path": "/x", "http.status_code": 200}
    ) == {"db.statement": "SELECT 1 WHERE a = '…' AND b = %s", "http.status_code": 200}
