"""The durable page behind a signed link: the token is the credential, and looking changes nothing."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests import factories
from tipstaff.ledger.models import Event
from tipstaff.logs import ScrubTokens
from tipstaff.notices import outbox
from tipstaff.notices.models import Notice
from tipstaff.time import moved_to, now

pytestmark = pytest.mark.usefixtures("people")


@pytest.fixture
def notice() -> Notice:
    decision = factories.issued()
    return Notice.objects.get(about=decision.reference)


def address(token: str) -> str:
    return f"/notice/{token}/"


def test_whoever_has_the_link_reads_it_without_a_cookie(notice: Notice, client: Client) -> None:
    page = client.get(notice.get_absolute_url())
    assert page.status_code == 200
    assert notice.heading in page.text
    assert not page.cookies
    assert page["Referrer-Policy"] == "no-referrer"
    assert "no-store" in page["Cache-Control"]
    assert page["X-Robots-Tag"] == "noindex"
    assert "script-src 'self'" in page["Content-Security-Policy"]


def test_a_link_outlives_its_key_as_long_as_that_is_kept(notice: Notice, client: Client, settings: Any) -> None:
    link, settings.LINK_KEY_FALLBACKS = notice.get_absolute_url(), [settings.LINK_KEY]
    settings.LINK_KEY = "a new one"
    assert notice.get_absolute_url() != link
    assert client.get(link).status_code == client.get(notice.get_absolute_url()).status_code == 200
    settings.LINK_KEY_FALLBACKS = []
    assert client.get(link).status_code == 404
    assert client.get(notice.get_absolute_url()).status_code == 200


def test_looking_changes_nothing(notice: Notice, client: Client) -> None:
    before = Event.objects.count()
    client.get(notice.get_absolute_url())
    client.head(notice.get_absolute_url())
    assert Event.objects.count() == before
    assert client.post(notice.get_absolute_url()).status_code == 405


def test_the_mail_carries_the_link_and_only_the_mail(notice: Notice) -> None:
    assert notice.message is not None
    assert notice.token in notice.message.text
    for event in Event.objects.filter(stream=notice.about_stream):
        assert notice.token not in str(event.told())


def test_once_handed_over_the_outbox_keeps_no_link(notice: Notice, client: Client, server: object) -> None:
    assert notice.message is not None
    while outbox.deliver_due():
        pass
    notice.message.refresh_from_db()
    assert notice.message.state == "handed_over"
    assert notice.token not in notice.message.text
    sent = [
        mail.get_body(("plain",)).get_content()
        for mail in server.keeper.mails
        if mail["Message-ID"] == notice.message.message_id
    ]
    assert notice.token in sent[0]
    assert client.get(notice.get_absolute_url()).status_code == 200


def test_a_link_ends_with_its_retention(notice: Notice, client: Client, settings: object) -> None:
    link = notice.get_absolute_url()
    with moved_to(now() + timedelta(days=settings.NOTICE_RETENTION_DAYS, minutes=-1)):
        assert client.get(link).status_code == 200
    with moved_to(now() + timedelta(days=settings.NOTICE_RETENTION_DAYS, minutes=1)):
        assert client.get(link).status_code == 404


@pytest.mark.parametrize(
    "tamper",
    [
        lambda token: token[:-1],
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: ("0" if token[0] != "0" else "1") + token[1:],
        lambda token: token.partition(".")[0],
        lambda token: token.partition(".")[0] + ".",
        lambda token: "." + token.partition(".")[2],
        lambda token: token.upper(),
        lambda token: token + "=",
        lambda token: token * 2,
        lambda token: token.replace(".", ":"),
        lambda token: "é" + token,
        lambda token: token + "%00",
        lambda token: "x" * 5000,
    ],
)
def test_another_link_opens_nothing(notice: Notice, client: Client, tamper: object) -> None:
    assert client.get(address(tamper(notice.token))).status_code == 404


def test_the_link_of_one_notice_does_not_open_another(notice: Notice, client: Client) -> None:
    other = Notice.objects.get(about=factories.issued(severity=1).reference)
    mixed = notice.token.partition(".")[0] + "." + other.token.partition(".")[2]
    assert client.get(address(mixed)).status_code == 404


def test_with_another_key_it_is_another_link(notice: Notice, client: Client, settings: object) -> None:
    token = notice.token
    settings.LINK_KEY = "another secret than before"
    assert notice.token != token
    assert client.get(address(token)).status_code == 404


def test_a_log_line_does_not_hold_the_credential(notice: Notice) -> None:
    line = logging.LogRecord("x", 20, "x", 1, '"GET %s HTTP/1.1" %s', (notice.get_absolute_url(), 200), None)
    assert ScrubTokens().filter(line)
    assert notice.token not in line.getMessage()
    plain = logging.LogRecord("x", 20, "x", 1, f"Not Found: /appeal/{notice.token}/", None, None)
    assert ScrubTokens().filter(plain)
    assert notice.token not in plain.getMessage()
