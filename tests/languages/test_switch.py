"""Which language a page speaks: asked for in the address, remembered in a cookie, or wished by the browser."""

import pytest
from django.test import Client
from django.utils import translation

from tests import factories
from tipstaff import languages
from tipstaff.notices.models import Notice

pytestmark = pytest.mark.usefixtures("people")
HOSTILE = ["xx", "../../etc/passwd", "es\0", "e" * 5000, '"><script>', "zh-hant", "", "ar\r\nSet-Cookie: a=b"]


@pytest.fixture
def notice() -> Notice:
    decision = factories.issued()
    return Notice.objects.get(about=decision.reference)


def language_of(page: object) -> str:
    return page.text.partition('<html lang="')[2].partition('"')[0]


@pytest.mark.parametrize(
    ("wish", "spoken"),
    [
        ("fr-CA,fr;q=0.9", "fr"),
        ("es-419", "es"),
        ("ar-EG,en;q=0.5", "ar"),
        ("de,nl;q=0.8", "en"),
        ("", "en"),
        ("*", "en"),
    ],
)
def test_the_browser_is_answered_in_its_language(client: Client, wish: str, spoken: str) -> None:
    page = client.get("/", headers={"Accept-Language": wish})
    assert language_of(page) == spoken == page["Content-Language"]
    assert "Accept-Language" in page["Vary"]


def test_only_arabic_runs_from_right_to_left(client: Client) -> None:
    directions = {
        code: client.get(f"/?lang={code}").text.partition(' dir="')[2][:3] for code in ("en", "es", "fr", "ar")
    }
    assert directions == {"en": "ltr", "es": "ltr", "fr": "ltr", "ar": "rtl"}


def test_every_page_offers_each_language_by_its_own_name(client: Client) -> None:
    page = client.get("/report/")
    for code, name in (("en", "English"), ("es", "Español"), ("fr", "Français"), ("ar", "العربية")):
        assert f'value="{code}" lang="{code}"' in page.text
        assert name in page.text
    assert 'lang="en" dir="ltr" aria-current="true"' in page.text


def test_a_choice_is_remembered_and_leads_back(client: Client) -> None:
    answer = client.post("/language/", {"lang": "es", "next": "/policy/?q=mail&lang=fr&q=two"})
    assert answer.status_code == 302
    assert answer["Location"] == "/policy/?q=mail&q=two"
    cookie = answer.cookies["django_language"]
    assert (cookie.value, cookie["httponly"], cookie["samesite"]) == ("es", True, "Lax")
    assert language_of(client.get("/", headers={"Accept-Language": "fr"})) == "es"
    assert language_of(client.get("/?lang=ar")) == "ar"
    assert language_of(client.get("/")) == "es"


def test_choosing_sets_no_other_cookie_and_needs_no_token(client: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert set(strict.post("/language/", {"lang": "fr"}).cookies) == {"django_language"}
    assert strict.get("/language/").status_code == 405


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "policy/",
        "/\t/evil.example",
        "",
    ],
)
def test_nobody_is_led_to_another_place(client: Client, elsewhere: str) -> None:
    assert client.post("/language/", {"lang": "es", "next": elsewhere})["Location"] == "/"


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_is_no_language_of_ours_changes_nothing(client: Client, hostile: str) -> None:
    answer = client.post("/language/", {"lang": hostile, "next": "/policy/"})
    assert answer["Location"] == "/policy/"
    assert not answer.cookies
    page = client.get("/", {"lang": hostile}, headers={"Accept-Language": "fr"})
    assert page.status_code == (404 if "\0" in hostile else 200)  # no address holds a NUL
    assert language_of(page) == "fr"
    client.cookies["django_language"] = hostile[:100].encode("unicode_escape").decode()
    assert language_of(client.get("/", headers={"Accept-Language": "fr"})) == "fr"


def test_too_many_parameters_are_refused_in_peace(client: Client) -> None:
    page = client.get("/?" + "&".join(f"a{count}=1" for count in range(300)))
    assert page.status_code in (200, 400)


def test_no_language_stays_behind_in_the_thread(client: Client) -> None:
    before = translation.get_language()
    client.get("/?lang=ar")
    assert translation.get_language() == before


def test_a_notice_speaks_its_own_language_and_offers_the_others_without_a_cookie(
    notice: Notice, client: Client
) -> None:
    Notice.objects.filter(pk=notice.pk).update(language="ar")
    page = client.get(notice.get_absolute_url(), headers={"Accept-Language": "fr"})
    assert language_of(page) == "ar" == page["Content-Language"]
    assert 'href="?lang=es"' in page.text
    assert f'href="/appeal/{notice.token}/?lang=ar"' in page.text
    assert 'href="/policy/?lang=ar"' in page.text
    spanish = client.get(f"{notice.get_absolute_url()}?lang=es", headers={"Accept-Language": "fr"})
    assert language_of(spanish) == "es"
    assert f'href="/appeal/{notice.token}/?lang=es"' in spanish.text
    assert not page.cookies
    assert not spanish.cookies
    assert language_of(client.get(f"{notice.get_absolute_url()}?lang=xx")) == "ar"


def test_what_a_person_chose_goes_before_the_language_of_the_notice(notice: Notice, client: Client) -> None:
    Notice.objects.filter(pk=notice.pk).update(language="ar")
    client.post("/language/", {"lang": "fr", "next": "/"})
    page = client.get(notice.get_absolute_url(), headers={"Accept-Language": "es"})
    assert language_of(page) == "fr"
    assert f'href="/appeal/{notice.token}/"' in page.text
    assert language_of(client.get(f"{notice.get_absolute_url()}?lang=es")) == "es"


def test_a_notice_in_a_language_we_no_longer_speak_falls_back_to_english(notice: Notice, client: Client) -> None:
    Notice.objects.filter(pk=notice.pk).update(language="tlh")
    assert language_of(client.get(notice.get_absolute_url(), headers={"Accept-Language": "fr"})) == "en"


def test_an_appeal_is_kept_in_the_language_of_its_page(notice: Notice, client: Client) -> None:
    facts = {
        "ground": "context",
        "text": "Era un tablero de pruebas que nadie más puede leer.",
        "contact": "a@b.example",
    }
    answer = client.post(f"/appeal/{notice.token}/?lang=es", facts)
    assert answer["Location"] == f"/appeal/{notice.token}/?lang=es"
    appeal = notice_appeal(notice)
    assert appeal.language == "es"
    page = client.get(answer["Location"])
    assert language_of(page) == "es"
    assert not page.cookies


def notice_appeal(notice: Notice) -> object:
    from appeals.models import Appeal

    return Appeal.objects.get(decision__ref=notice.about.partition(":")[2])


def test_a_report_stands_in_the_chosen_language_with_the_code_in_the_body(client: Client) -> None:
    report = factories.report()
    page = client.post("/follow/", {"code": report.code})
    assert f'action="/follow/?lang=fr"><input type="hidden" name="code" value="{report.code}">' in page.text
    french = client.post("/follow/?lang=fr", {"code": report.code})
    assert language_of(french) == "fr"
    assert 'action="/follow/?lang=fr"' in french.text
    assert not french.cookies


def test_what_was_just_sent_is_not_lost_to_the_switch(client: Client) -> None:
    page = client.post("/report/", {"description": ""})
    assert page.status_code == 422
    assert 'name="lang"' not in page.text
    assert "?lang=" not in page.text


def test_a_refusal_behind_a_link_speaks_the_language_of_its_record(notice: Notice, client: Client) -> None:
    Notice.objects.filter(pk=notice.pk).update(language="es")
    for _try in range(31):
        page = client.post(f"/appeal/{notice.token}/", {"ground": "context"})
    assert page.status_code == 429
    page = client.post(f"/appeal/{notice.token}/?lang=fr", {"ground": "context"})
    assert language_of(page) == "fr"
    assert not page.cookies


def test_mail_links_carry_the_language(db: None) -> None:
    assert languages.mailed("/follow/", "ar") == "/follow/?lang=ar"
    assert languages.mailed("/follow/", "en") == languages.mailed("/follow/", "tlh") == "/follow/"
