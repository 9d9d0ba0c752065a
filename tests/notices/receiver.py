"""A receiver of webhooks on loopback: it keeps every call and answers what it is told to."""

import json
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook


@dataclass
class Call:
    headers: dict[str, str]
    body: bytes
    path: str

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def payload(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def type(self) -> str:
        return self.payload["type"]

    def verified_with(self, secret: str) -> dict[str, Any]:
        """The payload as other people's library lets it through; it raises for a signature that is not right."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """`answer(call)` gives the status, or a status with headers and a body."""

    answer: Callable[[Call], Any] = lambda call: 200
    certificate: str = ""  # a PEM file with certificate and key makes it speak TLS
    calls: list[Call] = field(default_factory=list)

    def __post_init__(self) -> None:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                call = Call({name.lower(): value for name, value in self.headers.items()}, body, self.path)
                receiver.calls.append(call)
                said = receiver.answer(call)
                status, headers, text = said if isinstance(said, tuple) else (said, {}, b"")
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_words: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if self.certificate:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(self.certificate)
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hooks"

    @property
    def types(self) -> list[str]:
        return [call.type for call in self.calls]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
