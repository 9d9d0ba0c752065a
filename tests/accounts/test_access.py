"""Every address, without a sign-in: what is public stands in a list here, and everything else turns a stranger away."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

from tests.factories import person
from tipstaff.access import DenyByDefaultMiddleware, access_of
from tipstaff.permissions import BUNDLES, Permission

PUBLIC = {
    "home", "how_we_enforce", "healthz", "readyz", "metrics", "language",
    "aup:policy", "aup:policy_json", "aup:policy_markdown", "aup:rule", "aup:matrix", "aup:history", "aup:compare",
    "aup:edition", "aup:edition_json", "aup:edition_markdown", "aup:acknowledge_by_link",
    "cases:report", "cases:report_auditor", "cases:report_partner", "cases:report_flagger", "cases:hearing",
    "cases:follow", "cases:follow_by_link", "cases:survey", "cases:survey_by_code",
    "appeals:lodge", "appeals:lodge_by_code", "cases:remedies", "cases:remedy",
    "aup:feedback", "aup:feedback_follow",
    "governance:waiver_register", "governance:waiver_ask", "governance:waiver_follow", "governance:waiver_again",
    "notices:notice", "notices:opened",
    "api:schema", "api:docs",
}  # fmt: skip
DEMO_ONLY = {"demo:switch", "demo:mail", "demo:webhooks"}  # not there outside demo mode
SIGN_IN = {
    "account_login", "account_signup", "account_inactive", "account_logout", "account_email_verification_sent",
    "account_reset_password", "account_reset_password_done", "account_reset_password_from_key",
    "account_reset_password_from_key_done", "account_confirm_email", "account_confirm_login_code", "mfa_authenticate",
    "account_reauthenticate",
}  # fmt: skip
GIVEN = {
    "pk": str(uuid4()), "ref": "C-9999", "external_id": "acct_1", "code": "SP-03", "token": "nothing.signed",
    "id": str(uuid4()), "operation": "publish", "key": "abc", "uidb36": "1", "number": "1.0", "act": "up",
    "language": "es", "kind": "rule",
    "item": "1", "position": "1", "table": "1",
}  # fmt: skip


def addresses(
    resolver: URLResolver | None = None, before: str = "/", space: str = ""
) -> Iterator[tuple[str, str, Any]]:
    """Each name with an address of its kind and its view."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from addresses(entry, before + str(entry.pattern), inner)
        elif isinstance(entry, URLPattern):
            yield f"{space}{entry.name}", before + _filled(entry), entry.callback


def _filled(entry: URLPattern) -> str:
    text = str(entry.pattern).removeprefix("^").removesuffix("$")
    text = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: GIVEN[found[1]], text.replace("(?P<", "(?P{"))
    return re.sub(r"\(\?P\{(\w+)>[^)]*\)", lambda found: GIVEN[found[1]], text)


EVERY = list(addresses())
IDS = [name for name, _address, _view in EVERY]


def test_the_walk_finds_every_room() -> None:
    assert len(EVERY) > 60
    assert len(set(IDS)) == len(IDS)
    assert (PUBLIC | DEMO_ONLY | SIGN_IN) - set(IDS) == set()


@pytest.mark.parametrize(("name", "address", "view"), EVERY, ids=IDS)
def test_every_view_says_who_may_open_it(name: str, address: str, view: Any) -> None:
    access = access_of(view)
    assert access, f"{name} names no access: use public, needs or signed_in."
    if access != "token":
        assert (access == "public") == (name in PUBLIC | DEMO_ONLY)


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(("name", "address", "view"), EVERY, ids=IDS)
def test_a_stranger_is_turned_away_everywhere_else(
    db: None, client: Client, name: str, address: str, view: Any, method: str
) -> None:
    answer = getattr(client, method)(address)
    assert answer.status_code < 500
    if name in DEMO_ONLY:
        assert answer.status_code in {404, 405}
    elif name not in PUBLIC | SIGN_IN:
        assert answer.status_code in {302, 401, 404, 405}, answer.status_code
        if answer.status_code == 302:
            assert answer.url.startswith("/accounts/login/?next="), answer.url
        if name.startswith("api:"):
            assert answer.status_code in {401, 405}
            assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("name", "address", "view"), [e for e in EVERY if e[0] in PUBLIC], ids=sorted(PUBLIC, key=IDS.index)
)
def test_a_public_page_is_there(db: None, client: Client, name: str, address: str, view: Any) -> None:
    answer = client.get(address)
    assert answer.status_code == {
        "notices:notice": 404,
        "notices:opened": 405,
        "appeals:lodge": 404,
        "cases:remedies": 404,
        "cases:remedy": 404,
        "aup:acknowledge_by_link": 404,
        "cases:report_flagger": 404,
        "cases:follow_by_link": 404,
        "cases:survey": 404,
        "cases:survey_by_code": 302,
        "cases:hearing": 404,
        "aup:feedback_follow": 404,
        "governance:waiver_follow": 404,
        "governance:waiver_again": 404,
        "appeals:lodge_by_code": 405,
        "language": 405,
        "metrics": 404,
    }.get(name, 200)


@pytest.mark.parametrize(
    "address", ["/policy/?q=%00", "/policy/%00/", "/desk/waivers/?rule=%00", "/desk/cases/?q=a%00b"]
)
def test_a_nul_in_an_address_is_refused_in_words(people: dict, enter, address: str) -> None:
    answer = enter("lead").get(address)
    assert answer.status_code == 404
    assert "cannot be read" in answer.text


@pytest.mark.parametrize("mailbox", ["admin", "member1", "owner"])
def test_who_works_here_sees_only_what_the_role_needs(people: dict, enter, mailbox: str) -> None:
    browser, held = enter(mailbox), BUNDLES[people[mailbox].roles[0]]
    for name, address, view in EVERY:
        access = access_of(view)
        if isinstance(access, tuple) and not set(access) & held:
            assert browser.get(address).status_code in {404, 405}, name
            assert browser.post(address).status_code in {403, 405}, name


def test_a_view_that_says_nothing_is_refused(db: None) -> None:
    from django.core.exceptions import PermissionDenied

    def careless(request: HttpRequest) -> HttpResponse:
        return HttpResponse("everything")

    guard = DenyByDefaultMiddleware(lambda request: HttpResponse())
    with pytest.raises(PermissionDenied, match="careless names no access"):
        guard.process_view(RequestFactory().get("/"), careless, (), {})


class TestSecondFactor:
    def test_without_one_nothing_of_the_desk_opens(self, people: dict, enter, settings: Any) -> None:
        settings.STAFF_NEED_SECOND_FACTOR = True
        browser = enter("lead")
        for name, address, view in EVERY:
            if isinstance(access_of(view), tuple):
                answer = browser.get(address)
                assert (answer.status_code, answer.url) == (302, "/accounts/2fa/"), name
        assert browser.get("/accounts/2fa/").status_code in {200, 302}

    def test_the_home_page_shows_no_work_without_one(self, people: dict, enter, settings: Any) -> None:
        settings.STAFF_NEED_SECOND_FACTOR = True
        answer = enter("lead").get("/")
        assert answer.status_code == 302 or "home/staff.html" not in [template.name for template in answer.templates]

    def test_with_one_it_does(self, people: dict, enter, settings: Any) -> None:
        from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

        settings.STAFF_NEED_SECOND_FACTOR = True
        TOTP.activate(person("lead"), generate_totp_secret())
        assert enter("lead").get("/desk/queue/").status_code == 200

    def test_public_pages_and_the_api_ask_nobody(self, people: dict, enter, settings: Any) -> None:
        settings.STAFF_NEED_SECOND_FACTOR = True
        assert enter("lead").get("/policy/").status_code == 200
        assert enter("lead").get("/api/v1/schema/").status_code == 200


def test_every_permission_that_a_page_names_is_held_by_some_role() -> None:
    named = {
        permission for _n, _a, view in EVERY if isinstance(access_of(view), tuple) for permission in access_of(view)
    }
    held: set[Permission] = set().union(*BUNDLES.values())
    assert named <= held
