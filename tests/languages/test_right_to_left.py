"""Every public page in Arabic, in a real browser: mirrored, whole, quiet, and nothing that axe holds against it."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer
from django.test.testcases import QuietWSGIRequestHandler
from playwright.sync_api import Browser, Page

from aup.digests import digest
from aup.loading import draft_from
from aup.models import PolicyVersion, SignOff
from tests import factories
from tests.aup.policies import approved
from tests.aup.test_translation import edit
from tests.journeys.conftest import chromium
from tests.journeys.pages import MIRRORED, faults
from tipstaff.accounts.models import User
from tipstaff.demo import story
from tipstaff.notices.models import Notice
from tipstaff.time import now

STRANGER = (
    "/", "/policy/", "/policy/rules/SP-03/", "/policy/matrix/", "/report/", "/follow/", "/accounts/login/", "/nowhere/",
    "/policy/feedback/", "/waivers/", "/waivers/ask/", "/accounts/password/reset/", "/policy/?original=1",
    "/policy/stale/", "/policy/rules/SP-03/?version=stale", "/policy/rules/SP-03/?version=stale&original=1",
)  # fmt: skip
CUT = """() => [...document.querySelectorAll("button, .btn, .chip, h1, h2, label, nav a")]
    .filter(e => e.checkVisibility() && e.clientWidth && e.scrollWidth > e.clientWidth + 1)
    .map(e => e.outerHTML.slice(0, 120))"""


@pytest.fixture
def stage(clone: str, django_db_blocker: Any) -> Iterator[dict[str, str]]:
    """A server of this process on a database of its own; the pages that signed links and receipt codes open."""
    with django_db_blocker.unblock():
        people = story.enrol()
        account = factories.subject(language="ar", name="متجر النور")
        decision = factories.issued(case_columns={"about": account, "language": "ar"})
        contested = factories.issued(case_columns={"about": factories.subject(language="ar")})
        factories.lodged(contested)
        open_report, declined = factories.report(language="ar"), factories.report(language="ar")
        open_report.ask(actor=factories.person("lead"), question="أي حساب كان ذلك؟")
        declined.decline(actor=factories.person("lead"), reason="not_a_breach", note="لم نجد ما يكفي.")
        _with_a_stale_translation(people)
        tokens = [Notice.objects.get(about=about.reference).token for about in (decision, contested)]
    server = ThreadedWSGIServer(("127.0.0.1", 0), QuietWSGIRequestHandler)
    server.set_app(WSGIHandler())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with django_db_blocker.unblock():
        yield {
            "origin": f"http://127.0.0.1:{server.server_address[1]}",
            "notice": f"/notice/{tokens[0]}/",
            "appeal": f"/appeal/{tokens[0]}/",
            "appealed": f"/appeal/{tokens[1]}/",
            "open": open_report.code,
            "declined": declined.code,
        }
    server.shutdown()
    server.server_close()


def _with_a_stale_translation(people: dict[str, User]) -> None:
    """A version that is in force later and words SP-03 otherwise; its translation comes from the one before."""
    in_force = PolicyVersion.objects.in_force(now())
    assert in_force is not None
    draft = draft_from(in_force, actor=people["policy"], number="stale")
    edit(draft, people["policy"], "SP-03", statement="Have a person look at what you post.")
    said = draft.description | {"rationale": "Shorter.", "changelog": "SP-03."}
    draft.describe(actor=people["policy"], said=said, opened=digest(draft.description))
    approved(draft, people["policy"], {name: people[name] for name in SignOff.Function.values})
    draft.publish(actor=people["policy"])


@pytest.fixture
def browser(stage: dict[str, str]) -> Iterator[Browser]:
    """Started after the stage is set and stopped before it is cleared: its loop lets nobody else ask the database."""
    with chromium() as running:
        yield running


def look(page: Page) -> dict[str, Any]:
    """What is wrong with the page as it stands."""
    found = faults(page, MIRRORED)
    assert page.locator("html").get_attribute("dir") == "rtl", page.url
    assert page.locator("html").get_attribute("lang") == "ar", page.url
    if cut := page.evaluate(CUT):
        found[f"{page.url} cut"] = cut
    page.set_viewport_size({"width": 1280, "height": 900})
    mark, nav = page.locator(".mark").bounding_box(), page.locator(".bar nav a").first.bounding_box()
    if not mark or not nav or mark["x"] < nav["x"]:
        found[f"{page.url} not mirrored"] = (mark, nav)
    return found


def test_public_pages_in_arabic(stage: dict[str, str], browser: Browser) -> None:
    context = browser.new_context(base_url=stage["origin"], locale="ar")
    page, noises = context.new_page(), []
    page.on("console", lambda said: "404" in said.text or "422" in said.text or noises.append(said.text))
    page.on("pageerror", lambda thrown: noises.append(str(thrown)))
    found: dict[str, Any] = {}
    for address in [*STRANGER, stage["notice"], stage["appeal"], stage["appealed"]]:
        page.goto(address)
        found |= look(page)
    for code in (stage["open"], stage["declined"]):
        page.goto("/follow/")
        page.locator("#id_code").fill(code)
        page.locator("form.stack button").click()
        found |= look(page)
    page.locator("button.primary[value=open]").click()
    found |= look(page)
    page.goto("/report/")
    page.locator("form.stack").first.evaluate("form => form.noValidate = true")
    page.locator("form.stack button.primary").click()
    found |= look(page)
    assert found == {}
    assert noises == []
    context.close()


def test_the_switch_works_without_scripts(stage: dict[str, str], browser: Browser) -> None:
    context = browser.new_context(base_url=stage["origin"], locale="fr", java_script_enabled=False)
    page = context.new_page()
    page.goto("/policy/?q=mail")
    assert page.locator("html").get_attribute("lang") == "fr"
    page.get_by_role("button", name="العربية").click()
    assert page.url.endswith("/policy/?q=mail")
    assert page.locator("html").get_attribute("dir") == "rtl"
    page.goto(stage["notice"])
    page.get_by_role("link", name="Español").click()
    assert page.locator("html").get_attribute("lang") == "es"
    page.locator("main .actions a").first.click()
    assert page.locator("html").get_attribute("lang") == "es"
    assert "/appeal/" in page.url
    context.close()
