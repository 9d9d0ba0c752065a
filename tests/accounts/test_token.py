"""Tokens: shown once, kept as a hash, limited in time and scope, ended at once."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests.factories import person
from tipstaff.accounts.models import Token
from tipstaff.ledger.models import Event
from tipstaff.permissions import TOKEN_SCOPES
from tipstaff.time import moved_to, now
from tipstaff.workflow.refused import NotPermitted, Refused

pytestmark = pytest.mark.usefixtures("people")
TYPED = {"name": "Detector", "scopes": ["report:file"], "days": "30"}


def granted(scopes: list[str] | None = None, days: int = 30) -> tuple[Token, str]:
    given = sorted(map(str, TOKEN_SCOPES)) if scopes is None else scopes
    token, secret = Token.draw(name="Detector", scopes=given, granted_by=person("admin"), days=days)
    token.grant(actor=person("admin"))
    return token, secret


def call(secret: str, scheme: str = "Bearer") -> Any:
    return Client().get("/api/v1/reports/", headers={"Authorization": f"{scheme} {secret}"})


class TestGrant:
    def test_the_secret_is_shown_once_and_kept_as_a_hash(self, enter) -> None:
        browser = enter("admin")
        page = browser.post("/people/tokens/", TYPED)
        secret = page.context["secret"]
        assert secret in page.text
        assert "no-store" in page["Cache-Control"]
        assert secret not in browser.get("/people/tokens/").text
        token = Token.objects.get()
        assert token.hash == hashlib.sha256(secret.encode()).hexdigest()
        kept = [str(getattr(token, field.attname)) for field in Token._meta.concrete_fields]
        assert not [value for value in kept if secret in value]
        assert len(secret) - len(token.start) >= 32
        for event in Event.objects.filter(stream=token.stream):
            assert secret not in str(event.told())
            assert token.hash not in str(event.told())

    def test_it_ends_when_the_form_said(self) -> None:
        token, _secret = granted(days=30)
        assert abs(token.expires_at - now() - timedelta(days=30)) < timedelta(minutes=1)

    @pytest.mark.parametrize("scope", ["case:claim", "decision:issue", "person:manage", "nonsense"])
    def test_a_machine_gets_no_power_over_cases(self, enter, scope: str) -> None:
        with pytest.raises(Refused, match=scope):
            granted([scope])
        page = enter("admin").post("/people/tokens/", TYPED | {"scopes": [scope]})
        assert page.status_code == 422
        assert not Token.objects.exists()

    @pytest.mark.parametrize("mailbox", ["lead", "head", "auditor"])
    def test_only_an_administrator_grants(self, mailbox: str) -> None:
        token, _secret = Token.draw(name="Mine", scopes=["report:file"], granted_by=person(mailbox), days=30)
        with pytest.raises(NotPermitted):
            token.grant(actor=person(mailbox))


class TestUse:
    def test_it_opens_the_api_and_notes_its_use(self) -> None:
        token, secret = granted()
        assert call(secret).status_code == 200
        assert call(secret, "bearer").status_code == 200
        token.refresh_from_db()
        assert token.last_used_at is not None

    @pytest.mark.parametrize(
        "header",
        ["Bearer", "Bearer x", "Bearer tps_" + "A" * 43, "Basic YTpi", "Bearer a b", "Bearer \xe9", "", "tps_x"],
    )
    def test_anything_else_is_401_as_a_problem(self, header: str) -> None:
        answer = Client().get("/api/v1/reports/", headers={"Authorization": header})
        assert answer.status_code == 401
        assert answer["Content-Type"] == "application/problem+json"
        assert answer["WWW-Authenticate"] == "Bearer"
        assert answer.json()["status"] == 401

    def test_expired_is_401(self) -> None:
        _token, secret = granted(days=30)
        with moved_to(now() + timedelta(days=31)):
            answer = call(secret)
        assert (answer.status_code, answer.json()["detail"]) == (401, "This token is unknown, expired or revoked.")

    def test_revoked_is_401_at_once(self, enter) -> None:
        token, secret = granted()
        assert enter("admin").post(f"/people/tokens/{token.pk}/revoke/").status_code == 302
        assert call(secret).status_code == 401
        first = Token.objects.get().revoked_at
        token.revoke(actor=person("admin"))
        assert Token.objects.get().revoked_at == first

    def test_a_session_is_not_a_token(self, enter) -> None:
        assert enter("admin").get("/api/v1/reports/").status_code == 401

    def test_a_scope_that_is_missing_is_403_and_recorded(self) -> None:
        token, secret = granted(["report:file"])
        answer = call(secret)
        assert answer.status_code == 403
        assert answer["Content-Type"] == "application/problem+json"
        refusals = Event.objects.filter(kind="access.refused", stream=f"access:{token.reference}")
        assert [event.told()["facts.permission"] for event in refusals] == ["report:view"]

    def test_a_way_that_does_not_exist_is_405(self) -> None:
        _token, secret = granted()
        answer = Client().delete("/api/v1/reports/", headers={"Authorization": f"Bearer {secret}"})
        assert answer.status_code == 405
        assert answer["Content-Type"] == "application/problem+json"
