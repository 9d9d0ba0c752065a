"""The settings: what Django warns of before production, and what only Tipstaff can know."""

from collections.abc import Iterator
from itertools import combinations
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import ERROR, run_checks
from django.http.request import validate_host

from tipstaff import tracing
from tipstaff.doctor.result import Result, failing, ok, warning

SECRETS = ("SECRET_KEY", "VAULT_KEY", "LINK_KEY")
SHORTEST_SECRET = 32
LOOPBACK = ("127.0.0.1", "localhost", "::1")
DRAW = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))' draws one."


def look() -> Iterator[Result]:
    if settings.DEMO:
        yield warning(
            "This is demo mode: everybody may sign in as anybody, and clocks can be moved.",
            "Unset DEMO before anything real is done with it.",
        )
    wrong = [*_addresses(), *_secrets(), *_proxy(), *_names(), *_traces(), *_django()]
    yield from wrong
    if not wrong:
        yield ok(f"The settings fit together for {settings.BASE_URL}.")


def _addresses() -> Iterator[Result]:
    parts = urlsplit(settings.BASE_URL)
    host = parts.hostname or ""
    if not validate_host(host, settings.ALLOWED_HOSTS):
        yield failing(
            f"BASE_URL is {settings.BASE_URL}, and {host} is not among ALLOWED_HOSTS: every link in a mail is refused.",
            f"Add {host} to ALLOWED_HOSTS.",
        )
    if "*" in settings.ALLOWED_HOSTS:
        yield failing("ALLOWED_HOSTS is *: a stranger chooses the name that links carry.", f"Set it to {host}.")
    if parts.scheme != "https" and not (settings.DEMO or host in LOOPBACK):
        yield failing(
            f"BASE_URL is {settings.BASE_URL}: sessions and links travel in clear.",
            "Let a proxy end TLS and set BASE_URL to its https:// address.",
        )


def _secrets() -> Iterator[Result]:
    for name in SECRETS:
        value = getattr(settings, name)
        if value == settings.DEVELOPMENT_SECRET:
            yield failing(f"{name} is the one in the source code, which everybody knows.", f"Set your own. {DRAW}")
        elif len(value) < SHORTEST_SECRET or len(set(value)) < 10:
            yield failing(f"{name} is {len(value)} characters long and can be guessed.", f"Set a longer one. {DRAW}")
    for one, other in combinations(SECRETS, 2):
        if getattr(settings, one) == getattr(settings, other) != settings.DEVELOPMENT_SECRET:
            yield failing(f"{one} and {other} are the same: who learns one has both.", f"Set two. {DRAW}")
    if 0 < len(settings.METRICS_TOKEN) < SHORTEST_SECRET:
        yield warning(
            f"METRICS_TOKEN is only {len(settings.METRICS_TOKEN)} characters long.", f"Set a longer one. {DRAW}"
        )


def _proxy() -> Iterator[Result]:
    if settings.HTTPS and settings.SECURE_PROXY_SSL_HEADER and not settings.NUM_PROXIES:
        yield warning(
            "A proxy stands in front and NUM_PROXIES is 0: everybody has its address, and shares one limit on reports.",
            "Set NUM_PROXIES to how many proxies of yours add to X-Forwarded-For.",
        )
    if settings.HTTPS and not settings.SECURE_PROXY_SSL_HEADER and settings.NUM_PROXIES:
        yield warning(
            "NUM_PROXIES counts proxies and BEHIND_PROXY is 0: each request is redirected to https for ever.",
            "Set BEHIND_PROXY=1, and let the proxy set X-Forwarded-Proto.",
        )


def _names() -> Iterator[Result]:
    """What was left as the example has it. In a demo it stays."""
    if settings.DEMO or settings.TESTING:
        return
    if settings.LEDGER_ORIGIN.startswith("tipstaff.example"):
        yield warning(
            "LEDGER_ORIGIN is still the example: every signed event carries it, for good.",
            "Set it to a name of yours before anything is recorded.",
        )
    if settings.DEFAULT_FROM_EMAIL.rstrip(">").endswith(".example"):
        yield warning(
            "DEFAULT_FROM_EMAIL is still the example: mail servers refuse it.", "Set it to an address of yours."
        )


def _traces() -> Iterator[Result]:
    if sentence := tracing.trouble():
        yield warning(sentence, "Everything else works; only traces are not sent.")


def _django() -> Iterator[Result]:
    """`check --deploy`; a demo on this machine is no deployment."""
    for found in run_checks(include_deployment_checks=not settings.DEMO):
        if found.is_silenced():
            continue
        sentence, do = (
            f"{found.msg.rstrip('.')} ({found.id}).",
            found.hint or "Look the number up in Django's list of checks.",
        )
        yield failing(sentence, do) if found.level >= ERROR else warning(sentence, do)
