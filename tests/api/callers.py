"""A machine with a token, in a few words."""

import json
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories import person
from tipstaff.accounts.models import Token
from tipstaff.permissions import TOKEN_SCOPES


class Caller:
    """Sends JSON to `/api/v1` with a token of these scopes, all of them by default."""

    def __init__(self, scopes: list[str] | None = None) -> None:
        given = sorted(map(str, TOKEN_SCOPES)) if scopes is None else scopes
        self.token, self.secret = Token.draw(name="Detector", scopes=given, granted_by=person("admin"), days=30)
        self.token.grant(actor=person("admin"))

    def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        content_type: str = "application/json",
        client: Client | None = None,
        **headers: str,
    ) -> Any:
        sender = client or Client(raise_request_exception=True)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named["Authorization"] = f"Bearer {self.secret}"
        return getattr(sender, method)(f"/api/v1{path}", body, content_type=content_type, headers=named)

    def get(self, path: str) -> Any:
        return Client().get(f"/api/v1{path}", headers={"Authorization": f"Bearer {self.secret}"})

    def put(self, path: str, body: Any, **options: Any) -> Any:
        return self.send("put", path, json.dumps(body).encode(), **options)

    def post(self, path: str, body: Any, **options: Any) -> Any:
        return self.send("post", path, json.dumps(body).encode(), **options)

    def refs(self, path: str) -> list[str]:
        """The references that a list gives, in its order."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return [found["ref"] for found in answer.json()["results"]]

    def queries(self, path: str) -> list[str]:
        """What a read asks the database, the counting of calls (in the cache's table) apart."""
        self.get(path)  # so that the token's last use is noted already
        with CaptureQueriesContext(connection) as context:
            answer = self.get(path)
        assert answer.status_code == 200, answer.text
        asked = [query["sql"] for query in context.captured_queries]
        return [sql for sql in asked if "django_cache" not in sql and not sql.startswith(("SAVEPOINT", "RELEASE"))]


def send(caller: Caller, content: bytes, called: str = "log.txt", **headers: str) -> Any:
    """Send a file, as a program does: multipart."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named["Authorization"] = f"Bearer {caller.secret}"
    typed = {"file": SimpleUploadedFile(called, content, "text/plain")}
    return Client().post("/api/v1/files/", typed, headers=named)
