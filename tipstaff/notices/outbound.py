"""The one place that calls an address somebody typed in. It reaches public addresses only, checked and pinned per call,
follows no redirect, knows no proxy of the environment, and reads no more of an answer than its first words.
"""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests
from AntiSSRF import AntiSSRFError, AntiSSRFPolicy, PolicyConfigOptions
from django.conf import settings
from django.utils.translation import gettext as _

CONNECT_SECONDS, READ_SECONDS = 5, 15
SHOWN = 200  # characters of a refusing answer
UNSAFE = re.compile(r"[^ -~]+")


@dataclass(frozen=True)
class Answer:
    """What came back: a status, and in a few words what was wrong. Without an answer the status is None."""

    status: int | None
    error: str = ""

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def post(url: str, body: bytes, headers: dict[str, str]) -> Answer:
    """POST `body` once. Never raises: whatever goes wrong is an answer to be told and tried again."""
    try:
        with _policy().get_antissrf_session() as session:
            session.trust_env = False
            session.verify = settings.WEBHOOK_CA_FILE or True
            with session.post(
                url,
                data=body,
                headers=headers | {"Accept-Encoding": "identity", "Connection": "close"},
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
            ) as response:
                return _read(response)
    except AntiSSRFError:
        return Answer(None, "not called: the address is not a public one that Tipstaff may call")
    except requests.Timeout:
        return Answer(None, "no answer in time")
    except requests.exceptions.SSLError:
        return Answer(None, "the certificate of the receiver could not be verified")
    except requests.ConnectionError:
        return Answer(None, "no connection")
    except OSError as error:  # a name that leads nowhere comes as socket.gaierror
        return Answer(None, f"the name could not be found ({type(error).__name__})")
    except Exception as error:  # an address that nobody thought of never stops the others
        return Answer(None, type(error).__name__)


def _read(response: requests.Response) -> Answer:
    if 200 <= response.status_code < 300:
        return Answer(response.status_code)
    said = ""
    if 300 <= response.status_code < 400:
        said = "redirects are not followed"
    elif response.status_code >= 400:
        said = UNSAFE.sub(" ", response.raw.read1(SHOWN).decode("ascii", "replace"))[:SHOWN].strip()
    return Answer(response.status_code, f"answered {response.status_code}{': ' if said else ''}{said}")


def _policy() -> AntiSSRFPolicy:
    policy = AntiSSRFPolicy(PolicyConfigOptions.EXTERNAL_ONLY_LATEST)
    policy.add_xff_header = False  # it says "true", which receivers that look at it take for an attack
    policy.allow_plain_text_http = settings.WEBHOOK_ALLOW_HTTP
    if settings.WEBHOOK_ALLOWED_ADDRESSES:
        policy.add_allowed_addresses(settings.WEBHOOK_ALLOWED_ADDRESSES)
    return policy


def refusal(url: str) -> str | None:
    """Why `url` cannot be a receiver, as far as can be told without asking the network; None if it can. What its name
    leads to is checked at each call.
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return _("This is not an address that can be called.")
    if parts.scheme != "https" and not (parts.scheme == "http" and settings.WEBHOOK_ALLOW_HTTP):
        return _("The address must start with https://, so that nobody on the way can read along.")
    if not host or parts.username is not None or parts.password is not None or parts.fragment:
        return _("Leave out user names, passwords and everything after a #.")
    if not _may_be_public(host):
        return _("This address leads into a private network, which Tipstaff does not call.")
    return None


def _may_be_public(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        inside = host.rstrip(".").rpartition(".")[2].lower() in {"localhost", "local", "internal"}
        return not inside or bool(settings.WEBHOOK_ALLOWED_ADDRESSES)
    near = ipaddress.ip_address(getattr(address, "ipv4_mapped", None) or address)
    networks = [ipaddress.ip_network(net) for net in settings.WEBHOOK_ALLOWED_ADDRESSES]
    return address.is_global or any(near in net for net in networks if net.version == near.version)
