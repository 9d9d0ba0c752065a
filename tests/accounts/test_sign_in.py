"""Signing in with django-allauth: enrolled people set their own password, and guessing is slowed down."""

import re
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client

from tests.factories import person
from tipstaff.accounts.models import User
from tipstaff.ledger.models import Event
from tipstaff.permissions import Role
from tipstaff.workflow.actors import System
from tipstaff.workflow.refused import NotPermitted, Refused

pytestmark = pytest.mark.usefixtures("people")
PASSWORD = "tipstaff-demo"


@pytest.fixture(autouse=True)
def fresh(db: None, settings: Any) -> None:
    """Nobody has tried before, and addresses need no proof by mail as in demo mode."""
    settings.ACCOUNT_EMAIL_VERIFICATION = "none"
    cache.clear()


def sign_in(client: Client, login: str = "lead@demo.example", password: str = PASSWORD) -> Any:
    return client.post("/accounts/login/", {"login": login, "password": password})


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


class TestSignIn:
    def test_the_right_password_opens_the_desk(self, client: Client) -> None:
        answer = sign_in(client)
        assert (answer.status_code, answer.url) == (302, "/")
        assert client.get("/desk/queue/").status_code == 200

    def test_capital_letters_in_the_address_do_not_matter(self, client: Client) -> None:
        sign_in(client, "LEAD@Demo.Example")
        assert signed_in(client)

    def test_it_leads_where_one_wanted_to_go_and_nowhere_else(self, client: Client) -> None:
        wanted = {"login": "lead@demo.example", "password": PASSWORD, "next": "/desk/queue/"}
        assert client.post("/accounts/login/", wanted).url == "/desk/queue/"
        client.logout()
        elsewhere = client.post("/accounts/login/", wanted | {"next": "https://evil.example/"})
        assert elsewhere.status_code == 302
        assert elsewhere.url.startswith("/")
        assert not elsewhere.url.startswith("//")

    @pytest.mark.parametrize(("login", "password"), [("lead@demo.example", "wrong"), ("nobody@demo.example", PASSWORD)])
    def test_a_wrong_one_says_the_same_for_everybody(self, client: Client, login: str, password: str) -> None:
        page = sign_in(client, login, password)
        assert page.status_code == 200
        assert not signed_in(client)
        assert "not correct" in page.text
        assert login.partition("@")[0] in page.text  # what was typed is kept
        assert password not in page.text

    def test_guessing_is_stopped_even_for_the_right_password(self, client: Client) -> None:
        for _ in range(5):
            sign_in(client, password="wrong")
        page = sign_in(client)
        assert not signed_in(client)
        assert "Too many failed login attempts" in page.text

    def test_somebody_else_is_not_locked_out_by_it(self, client: Client) -> None:
        for _ in range(5):
            sign_in(client, password="wrong")
        sign_in(client, "reviewer@demo.example")
        assert signed_in(client)

    def test_who_was_deactivated_cannot_sign_in_and_is_out_at_once(self, client: Client) -> None:
        sign_in(client)
        person("lead").deactivate(actor=person("admin"))
        answer = client.get("/desk/queue/")
        assert (answer.status_code, answer.url.partition("?")[0]) == (302, "/accounts/login/")
        again = Client()
        sign_in(again)
        assert not signed_in(again)
        assert not person("lead").permissions

    def test_signing_out_takes_a_post(self, client: Client) -> None:
        sign_in(client)
        assert client.get("/accounts/logout/").status_code == 200
        assert signed_in(client)
        client.post("/accounts/logout/")
        assert not signed_in(client)

    def test_the_cookie_is_out_of_reach_of_scripts(self, client: Client) -> None:
        cookie = sign_in(client).cookies["sessionid"]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"

    def test_with_a_second_factor_the_password_alone_is_not_enough(self, client: Client) -> None:
        from allauth.mfa.totp.internal.auth import (  # fmt: skip
            TOTP,
            format_hotp_value,
            generate_totp_secret,
            hotp_value,
            yield_hotp_counters_from_time,
        )

        secret = generate_totp_secret()
        TOTP.activate(person("lead"), secret)
        answer = sign_in(client)
        assert answer.url == "/accounts/2fa/authenticate/"
        assert not signed_in(client)
        assert client.post(answer.url, {"code": "000000"}).status_code == 200
        assert not signed_in(client)
        code = format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))
        client.post(answer.url, {"code": code})
        assert signed_in(client)


class TestSignUp:
    def test_nobody_signs_themselves_up(self, client: Client) -> None:
        before = User.objects.count()
        typed = {"email": "me@demo.example", "password1": "a long enough one"}
        assert "closed" in client.get("/accounts/signup/").text.lower()
        client.post("/accounts/signup/", typed)
        assert User.objects.count() == before

    def test_an_enrolled_person_sets_a_password_with_the_reset_mail(self, enter, client: Client) -> None:
        facts = {"name": "Nadia Ferreira", "email": "Nadia@People.example", "roles": ["reviewer"]}
        assert enter("admin").post("/people/", facts).status_code == 302
        nadia = User.objects.get(email="nadia@people.example")
        assert not nadia.has_usable_password()
        assert not signed_in(client)
        mail.outbox.clear()
        client.post("/accounts/password/reset/", {"email": "nadia@people.example"})
        (sent,) = mail.outbox
        assert sent.to == ["nadia@people.example"]
        (link,) = re.findall(r"https?://[^/]+(/accounts/password/reset/key/\S+)", sent.body)
        form = client.get(link, follow=True)
        address = form.redirect_chain[-1][0] if form.redirect_chain else link
        weak = client.post(address, {"password1": "nadia", "password2": "nadia"})
        assert weak.status_code == 200
        client.post(address, {"password1": "seven blue herons", "password2": "seven blue herons"})
        sign_in(client, "nadia@people.example", "seven blue herons")
        assert signed_in(client)
        assert client.get("/desk/queue/").status_code == 200

    def test_in_production_the_address_is_proved_once_and_then_the_desk_is_open(
        self, client: Client, settings: Any
    ) -> None:
        settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
        mail.outbox.clear()
        assert sign_in(client).url == "/accounts/confirm-email/"
        assert not signed_in(client)
        (sent,) = mail.outbox
        (link,) = re.findall(r"https?://[^/]+(/accounts/confirm-email/\S+)", sent.body)
        client.get(link)
        client.post(link)
        sign_in(client)
        assert signed_in(client)

    def test_asking_for_a_reset_tells_no_stranger_who_works_here(self, client: Client) -> None:
        known = client.post("/accounts/password/reset/", {"email": "lead@demo.example"})
        unknown = client.post("/accounts/password/reset/", {"email": "stranger@elsewhere.example"})
        assert (known.status_code, known.url) == (unknown.status_code, unknown.url)


class TestPeople:
    def test_nobody_changes_their_own_roles_or_closes_their_own_sign_in(self) -> None:
        admin = person("admin")
        with pytest.raises(Refused, match="ask another administrator"):
            admin.change_roles(actor=admin, roles=[Role.LEAD])
        with pytest.raises(Refused, match="ask another administrator"):
            admin.deactivate(actor=admin)

    @pytest.mark.parametrize("mailbox", ["lead", "head", "auditor", "policy"])
    def test_only_an_administrator_manages_people(self, mailbox: str) -> None:
        with pytest.raises(NotPermitted):
            person("reviewer").change_roles(actor=person(mailbox), roles=[Role.LEAD])
        with pytest.raises(NotPermitted):
            User(email="x@demo.example", name="X", roles=[]).enrol(actor=person(mailbox))

    def test_an_administrator_has_no_power_over_cases(self) -> None:
        held = {str(permission) for permission in person("admin").permissions}
        assert not [
            permission for permission in held if permission.split(":")[0] in {"case", "decision", "appeal", "file"}
        ]

    def test_roles_take_effect_at_once_and_are_told(self, enter) -> None:
        browser, reviewer = enter("admin"), person("reviewer")
        assert browser.post(f"/people/{reviewer.pk}/", {"roles": ["auditor"]}).status_code == 302
        told = Event.objects.get(kind="person.changed_roles").told()
        assert told["changes.roles"] == [["reviewer"], ["auditor"]]
        assert told["actor"]["ref"] == person("admin").reference
        assert enter("reviewer").get("/desk/queue/").status_code == 404

    @pytest.mark.parametrize("roles", [["root"], ["reviewer", "root"]])
    def test_a_role_that_does_not_exist_is_refused(self, enter, roles: list[str]) -> None:
        reviewer = person("reviewer")
        assert enter("admin").post(f"/people/{reviewer.pk}/", {"roles": roles}).status_code == 422
        assert person("reviewer").roles == ["reviewer"]

    def test_an_address_is_taken_once(self, enter) -> None:
        facts = {"name": "Another", "email": "LEAD@demo.example", "roles": ["reviewer"]}
        page = enter("admin").post("/people/", facts)
        assert page.status_code == 422
        assert "Somebody has this address already." in page.text

    def test_an_event_about_a_person_holds_no_password(self) -> None:
        newcomer = User(email="new@demo.example", name="New", roles=["reviewer"])
        newcomer.set_password("seven blue herons")
        newcomer.enrol(actor=System("tests"))
        told = Event.objects.filter(stream=newcomer.stream).get().told()
        assert "changes.password" not in told
        assert newcomer.password not in str(told)
