"""Whether a notice reached somebody: HTML beside the text, mail that comes back, and the first opening."""

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from django.core.management import call_command
from django.test import Client

from appeals.lapses import windows_closing
from cases.models import Decision
from cases.statement import appeal_closes_at
from tests import factories
from tipstaff.ledger.models import Event
from tipstaff.notices import bounces, html, outbox
from tipstaff.notices.models import Message, Notice
from tipstaff.time import moved_to, now

pytestmark = pytest.mark.usefixtures("people")
REPORT = """From: MAILER-DAEMON@relay.example
To: desk@provider.example
Subject: Undelivered
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It did not arrive.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example

Final-Recipient: rfc822; holder@customer.example
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <holder@customer.example> unknown

--b
Content-Type: {kind}

From: desk@provider.example
Message-ID: {ours}
Subject: A decision

--b--
"""


@pytest.fixture
def notice(server: Any) -> Notice:
    """Given, and its mail taken by a relay."""
    decision = factories.issued()
    while outbox.deliver_due():
        pass
    return Notice.objects.select_related("message").get(about=decision.reference)


def report(notice: Notice, action: str = "failed", kind: str = "text/rfc822-headers", ours: str = "") -> io.BytesIO:
    assert notice.message is not None
    text = REPORT.format(action=action, kind=kind, ours=ours or notice.message.message_id)
    return io.BytesIO(text.replace("\n", "\r\n").encode())


def fresh(notice: Notice) -> Notice:
    return Notice.objects.select_related("message").get(pk=notice.pk)


class TestHtml:
    def test_both_say_the_same(self, notice: Notice, server: Any) -> None:
        (mail,) = [one for one in server.keeper.mails if one["Message-ID"] == notice.message.message_id]
        assert mail.get_content_type() == "multipart/alternative"
        plain, page = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
        link = next(line.strip() for line in plain.splitlines() if line.startswith("http"))
        assert f'<a href="{link}">' in page
        for word in plain.split():
            assert word.replace("'", "&#x27;").replace('"', "&quot;") in page, word
        for watcher in ("<img", "<script", "<link", "src=", "url("):
            assert watcher not in page

    def test_what_somebody_typed_is_text(self) -> None:
        page = html.of("A <b>", "Hello <script>x</script>\n\n- one\n- two\n\nhttps://a.example/b?c=1&d=2\n", "en")
        assert "<script" not in page
        assert '<li dir="auto">one</li><li dir="auto">two</li>' in page
        assert 'href="https://a.example/b?c=1&amp;d=2"' in page

    def test_arabic_reads_from_the_right(self) -> None:
        page = html.of("قرار", "مرحبا\n", "ar")
        assert '<html lang="ar" dir="rtl">' in page


class TestBounce:
    @pytest.mark.parametrize("kind", ["text/rfc822-headers", "message/rfc822"])
    def test_is_recorded_on_the_mail_and_seen_at_the_desk(self, notice: Notice, enter: Any, kind: str) -> None:
        assert bounces.record(report(notice, kind=kind)) == notice.message
        message = fresh(notice).message
        assert message is not None
        assert (message.state, message.last_error) == ("handed_over", "5.1.1 smtp; 550 5.1.1 <…> unknown")
        assert Event.objects.filter(kind="message.bounced").count() == 1
        decision = Decision.objects.get()
        page = enter("senior").get(decision.page_url).text
        assert "came back" in page
        assert "5.1.1" in page

    def test_twice_is_once(self, notice: Notice) -> None:
        for _turn in range(2):
            bounces.record(report(notice))
        assert Event.objects.filter(kind="message.bounced").count() == 1

    @pytest.mark.parametrize(
        "columns", [{"action": "delayed"}, {"action": "delivered"}, {"ours": "<else@provider.example>"}]
    )
    def test_nothing_else_is(self, notice: Notice, columns: dict[str, str]) -> None:
        assert bounces.record(report(notice, **columns)) is None
        assert Message.objects.exclude(bounced_at=None).count() == 0

    @pytest.mark.parametrize(
        "junk", [b"", b"\xff\xfe\x00", b"Subject: I am away\r\n\r\nUntil Monday.", b"a" * 2_000_000]
    )
    def test_junk_is_left_alone(self, notice: Notice, junk: bytes) -> None:
        assert bounces.record(io.BytesIO(junk)) is None

    def test_by_command(self, notice: Notice, tmp_path: Path) -> None:
        path, said = tmp_path / "report.eml", io.StringIO()
        path.write_bytes(report(notice).read())
        call_command("bounce", str(path), stdout=said)
        assert "came back: 5.1.1" in said.getvalue()


class TestOpening:
    def test_is_written_down_once_and_not_by_who_only_looks(self, notice: Notice, client: Client) -> None:
        address = notice.get_absolute_url() + "opened/"
        page = client.get(notice.get_absolute_url())
        assert f'hx-post="{address}"' in page.text
        assert fresh(notice).opened_at is None  # a scanner of mail follows links, and sends nothing
        assert client.get(address).status_code == 405
        for _turn in range(2):
            answer = client.post(address)
            assert (answer.status_code, answer.content, answer.cookies.output()) == (204, b"", "")
        assert Event.objects.filter(kind="notice.opened").count() == 1
        assert "opened/" not in client.get(notice.get_absolute_url()).text

    def test_with_another_key_nothing(self, notice: Notice, client: Client) -> None:
        assert client.post(f"/notice/{notice.token[:-1]}/opened/").status_code == 404


class TestWindow:
    """The time to appeal: from the first opening, else from the mail that left and did not come back."""

    def test_from_the_mail_that_left(self, notice: Notice) -> None:
        assert notice.message is not None
        closes = appeal_closes_at(Decision.objects.get())
        assert closes == notice.message.handed_over_at + relativedelta(months=6)

    def test_not_from_one_that_came_back(self, notice: Notice) -> None:
        bounces.record(report(notice))
        assert appeal_closes_at(Decision.objects.get()) is None

    def test_from_the_opening_even_so_and_when_later(self, notice: Notice, client: Client) -> None:
        bounces.record(report(notice))
        with moved_to(now() + timedelta(days=100)):
            client.post(notice.get_absolute_url() + "opened/")
        opened = fresh(notice).opened_at
        assert opened is not None
        assert appeal_closes_at(Decision.objects.get()) == opened + relativedelta(months=6)

    @pytest.mark.parametrize("came", ["left", "came back", "opened", "opened after it came back"])
    def test_a_query_says_the_same(self, notice: Notice, client: Client, came: str) -> None:
        if "back" in came:
            bounces.record(report(notice))
        if "opened" in came:
            with moved_to(now() + timedelta(days=3)):
                client.post(notice.get_absolute_url() + "opened/")
        row = Notice.objects.reached().get(pk=notice.pk)
        assert row.reached == fresh(notice).reached_at
        assert (row.reached is None) == (came == "came back")
        closes = appeal_closes_at(Decision.objects.get())
        if closes is not None:
            assert windows_closing(closes - timedelta(days=1)).count() == 1
