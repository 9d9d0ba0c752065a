"""Hold to view: what is behind a veil stands in the page while somebody holds, and not a moment longer."""

import json

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.stack import Stack
from tests.journeys.test_journeys import Visit, become

MAKE = """
import json
from tests import factories
from tests.cases.test_console import talk
from tests.cases.test_exhibits import picture
from tipstaff.vault import derive
case = talk(3, by="reviewer", severity=4, code="VE-02")
shown = picture(case, (320, 240))
derive.prepare(shown.file)
print(json.dumps([case.ref]))
"""
LOOKS = """
import json
from cases.models import Evidence
from cases.models.care import Exposure
from tipstaff.ledger.models import Event
streams = [one.file.stream for one in Evidence.objects.filter(case__ref="%s")]
events = Event.objects.filter(stream__in=streams, kind="derivative.viewed").order_by("at")
told = [event.told()["facts.part"] for event in events]
print(json.dumps([[part for part in told if not part.startswith("veiled")], Exposure.objects.count()]))
"""
SECRET = "Said as number 2."


def looks(stack: Stack, ref: str) -> list:
    answer = stack.manage("shell", "-v", "0", "-c", LOOKS % ref)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


@pytest.fixture
def hard(stack: Stack) -> str:
    made = stack.manage("shell", "-v", "0", "-c", MAKE)
    assert made.returncode == 0, made.stderr
    return json.loads(made.stdout)[0]


def opened(visit: Visit, ref: str) -> Page:
    page = visit()
    become(page, "Mara Okafor")
    page.goto(f"/desk/cases/{ref}/")
    expect(page.locator("#conversation .veil")).to_be_visible()
    return page


def test_text_is_shown_while_v_is_held_and_each_hold_is_written_down_once(
    visit: Visit, stack: Stack, hard: str
) -> None:
    before = looks(stack, hard)[1]
    page = opened(visit, hard)
    shown = page.locator("#conversation")
    page.keyboard.down("v")
    expect(shown).to_contain_text(SECRET)
    page.keyboard.down("v")  # a key that is held repeats itself
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert page.locator("[name=finding-citations]").input_value() == "E-1#t1"
    page.keyboard.up("v")
    expect(shown).not_to_contain_text(SECRET)
    assert SECRET not in page.content()
    assert looks(stack, hard) == [["turns 1-3"], before + 1]
    page.keyboard.down("v")
    expect(shown).to_contain_text(SECRET)
    page.evaluate("window.dispatchEvent(new Event('blur'))")
    expect(shown).not_to_contain_text(SECRET)
    page.keyboard.up("v")
    page.keyboard.down("v")
    expect(shown).to_contain_text(SECRET)
    page.evaluate(
        "Object.defineProperty(document, 'hidden', { value: true, configurable: true });"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    expect(shown).not_to_contain_text(SECRET)
    assert looks(stack, hard) == [["turns 1-3"] * 3, before + 3]


def test_a_picture_is_shown_while_the_button_is_pressed_grey_unless_h_says_otherwise(
    visit: Visit, stack: Stack, hard: str
) -> None:
    page = opened(visit, hard)
    card = page.locator("#E-2")
    button = card.get_by_role("button", name="Hold to show it")
    button.hover()
    page.mouse.down()
    held = card.locator(".held img")
    expect(held).to_be_visible()
    expect(held).to_have_js_property("naturalWidth", 320)
    expect(card.locator(".stills").first).to_be_hidden()
    page.mouse.move(5, 5)  # the pointer may wander; what counts is that it is down
    expect(held).to_be_visible()
    page.mouse.up()
    expect(held).to_have_count(0)
    expect(card.locator(".stills").first).to_be_visible()
    assert page.url.endswith(f"/desk/cases/{hard}/")
    page.keyboard.press("h")
    button.hover()
    page.mouse.down()
    expect(held).to_have_js_property("naturalWidth", 320)
    page.mouse.up()
    assert looks(stack, hard)[0] == ["grey 0", "plain 0"]


def test_who_cannot_hold_opens_it_with_enter_until_they_leave(visit: Visit, hard: str) -> None:
    page = opened(visit, hard)
    shown = page.locator("#conversation")
    button = shown.get_by_role("button", name="Hold to show the text")
    button.focus()
    page.keyboard.press("Enter")
    expect(shown).to_contain_text(SECRET)
    page.keyboard.press("Enter")
    expect(shown).not_to_contain_text(SECRET)
    page.keyboard.press("Enter")
    expect(shown).to_contain_text(SECRET)
    page.keyboard.press("b")
    expect(shown).not_to_contain_text(SECRET)
    button.focus()
    page.keyboard.press("Enter")
    expect(shown).to_contain_text(SECRET)
    page.locator("[name=reasons]").focus()
    expect(shown).not_to_contain_text(SECRET)


def test_without_a_script_the_same_button_shows_it_for_two_minutes(visit: Visit, hard: str) -> None:
    page = visit(java_script_enabled=False)
    page.goto("/")
    page.locator("summary").filter(has_text="Sign in as").click()
    page.get_by_role("button", name="Mara Okafor").click()
    page.goto(f"/desk/cases/{hard}/exhibits/1/")
    assert SECRET not in page.content()
    page.get_by_role("button", name="Show the text").click()
    expect(page.locator("main")).to_contain_text(SECRET)
