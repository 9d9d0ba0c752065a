"""A mail server on loopback that keeps what it takes and refuses what it is told to."""

import logging
import socket
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import Message as Mail
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from tests.notices.receiver import Receiver


class Keeper:
    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.refuse: dict[str, str] = {}  # recipient → the server's answer
        self.after_data = "250 OK"
        self.meanwhile: Callable[[], None] = lambda: None

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.after_data.startswith("250"):
            self.mails.append(message_from_bytes(envelope.content, policy=default))
        self.meanwhile()
        return self.after_data


class Server:
    def __init__(self) -> None:
        self.keeper = Keeper()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.up()

    def up(self) -> None:
        self.controller = Controller(self.keeper, hostname="127.0.0.1", port=self.port)
        self.controller.start()

    def down(self) -> None:
        self.controller.stop()


@pytest.fixture
def server(settings: Any) -> Iterator[Server]:
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd tells each line of the conversation
    running = Server()
    options = {"host": "127.0.0.1", "port": running.port, "timeout": 5}
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": options}}
    yield running
    running.down()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.close()
