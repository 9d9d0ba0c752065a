"""What the doctor says of settings that do not fit together."""

from typing import Any

import pytest

from tests.doctor.conftest import Told
from tipstaff.doctor import configuration

GOOD = {
    "DEMO": False,
    "TESTING": False,
    "HTTPS": True,
    "BASE_URL": "https://desk.provider.org",
    "ALLOWED_HOSTS": ["desk.provider.org"],
    "SECRET_KEY": "9fK2x" * 12 + "abcdefgh",
    "VAULT_KEY": "7Hq1z" * 12 + "abcdefgh",
    "LINK_KEY": "3Lw8y" * 12 + "abcdefgh",
    "NUM_PROXIES": 1,
    "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
    "LEDGER_ORIGIN": "desk.provider.org/ledger",
    "DEFAULT_FROM_EMAIL": "Provider <no-reply@provider.org>",
    "MAILERS": {"default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend"}},
    "SECURE_SSL_REDIRECT": True,
    "SECURE_HSTS_SECONDS": 31_536_000,
    "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
    "SECURE_HSTS_PRELOAD": True,
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SECURE": True,
}


@pytest.fixture
def good(settings: Any) -> Any:
    for name, value in GOOD.items():
        setattr(settings, name, value)
    return settings


def test_all_is_well(good: Any) -> None:
    assert Told(configuration.look) == [("ok", "The settings fit together for https://desk.provider.org.", "")]


@pytest.mark.parametrize(
    ("changed", "state", "sentence"),
    [
        ({"DEMO": True}, "warning", "This is demo mode: everybody may sign in as anybody, and clocks can be moved."),
        (
            {"ALLOWED_HOSTS": ["other.example"]},
            "failing",
            "BASE_URL is https://desk.provider.org, and desk.provider.org is not among ALLOWED_HOSTS: every link in a "
            "mail is refused.",
        ),
        ({"ALLOWED_HOSTS": ["*"]}, "failing", "ALLOWED_HOSTS is *: a stranger chooses the name that links carry."),
        (
            {"BASE_URL": "http://desk.provider.org"},
            "failing",
            "BASE_URL is http://desk.provider.org: sessions and links travel in clear.",
        ),
        ({"LINK_KEY": "short"}, "failing", "LINK_KEY is 5 characters long and can be guessed."),
        ({"LINK_KEY": "a" * 60}, "failing", "LINK_KEY is 60 characters long and can be guessed."),
        (
            {"VAULT_KEY": "development-only-secret-never-for-production"},
            "failing",
            "VAULT_KEY is the one in the source code, which everybody knows.",
        ),
        ({"LINK_KEY": GOOD["VAULT_KEY"]}, "failing", "VAULT_KEY and LINK_KEY are the same: who learns one has both."),
        ({"METRICS_TOKEN": "short"}, "warning", "METRICS_TOKEN is only 5 characters long."),
        (
            {"NUM_PROXIES": 0},
            "warning",
            "A proxy stands in front and NUM_PROXIES is 0: everybody has its address, and shares one limit on reports.",
        ),
        (
            {"SECURE_PROXY_SSL_HEADER": None},
            "warning",
            "NUM_PROXIES counts proxies and BEHIND_PROXY is 0: each request is redirected to https for ever.",
        ),
        (
            {"LEDGER_ORIGIN": "tipstaff.example/ledger"},
            "warning",
            "LEDGER_ORIGIN is still the example: every signed event carries it, for good.",
        ),
        (
            {"DEFAULT_FROM_EMAIL": "Tipstaff <no-reply@tipstaff.example>"},
            "warning",
            "DEFAULT_FROM_EMAIL is still the example: mail servers refuse it.",
        ),
        ({"DEBUG": True}, "warning", "You should not have DEBUG set to True in deployment (security.W018)."),
    ],
)
def test_one_does_not_fit(good: Any, changed: dict[str, Any], state: str, sentence: str) -> None:
    for name, value in changed.items():
        setattr(good, name, value)
    told = Told(configuration.look)
    assert sentence in told.all_of(state)
    assert told.advice(sentence)
    assert len(told) <= 2


def test_a_secret_is_never_shown(good: Any) -> None:
    good.LINK_KEY = good.METRICS_TOKEN = "hush-hush"
    assert all("hush" not in sentence + do for _state, sentence, do in Told(configuration.look))
