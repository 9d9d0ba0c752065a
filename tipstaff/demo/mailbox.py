"""A mail server that keeps what it is given: `python -m tipstaff.demo.mailbox HOST PORT DIR` writes a Maildir.

It runs without Django. A message is acknowledged only when it is on disk, so nothing acknowledged is lost.
"""

import asyncio
import mailbox
import signal
import sys
from email.message import Message
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

MESSAGE_BYTES = 40 * 1024 * 1024


class Keeper:
    """Puts each message into the Maildir, with its envelope in X- headers."""

    def __init__(self, folder: Path) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        self.maildir = mailbox.Maildir(folder, create=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        raw = content if isinstance(content, bytes) else (content or "").encode()
        message = mailbox.MaildirMessage(raw)
        _note(message, "X-MailFrom", envelope.mail_from or "")
        _note(message, "X-RcptTo", ", ".join(envelope.rcpt_tos))
        try:
            self.maildir.add(message)
        except OSError as error:  # a full disk is over some day: the sender keeps the message and tries again
            print(f"A message could not be kept: {error}", file=sys.stderr, flush=True)
            return "452 4.3.1 There is no room to keep the message: try again later"
        return "250 OK"


def _note(message: Message, name: str, value: str) -> None:
    del message[name]
    message[name] = value


async def serve(host: str, port: int, folder: Path) -> None:
    """Listen until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    keeper = Keeper(folder)
    server = await loop.create_server(
        lambda: SMTP(keeper, data_size_limit=MESSAGE_BYTES, enable_SMTPUTF8=True, ident="Tipstaff demo mail"),
        host,
        port,
    )
    async with server:
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
