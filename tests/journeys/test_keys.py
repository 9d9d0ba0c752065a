"""A reviewer clears ten cases by keys alone: no mouse, no page load, and the last one is taken back."""

import json
import re

from playwright.sync_api import Page, expect

from tests.journeys.stack import Stack
from tests.journeys.test_journeys import PEOPLE, Visit, become
from tipstaff.permissions import Role

CASES = 10
MAKE = """
import json
import re
from tests import factories
made = [factories.case(severity=3, code="SP-03") for _number in range(%d)]
for case in made[::2]:
    case.claim(actor=factories.person("reviewer"))
    factories.finding(case, facts="Forty accounts posted one text within six minutes.")
    factories.checked(case)
    case.release(actor=factories.person("reviewer"))
print(json.dumps([case.ref for case in made]))
"""


def clear(page: Page) -> tuple[str, int]:
    """The case that is there, by as many keys as it takes: two where nothing was found, four where a finding stands."""
    console = page.locator("#console")
    ref = console.get_attribute("data-case") or ""
    found = page.locator("#findings article").count()
    keys = ["y", "Enter", "Enter", "Control+Enter"] if found else ["n", "Control+Enter"]
    for key in keys:
        page.keyboard.press(key)
        if key == "Enter":
            page.wait_for_timeout(100)
    expect(page.locator(f"#console[data-case='{ref}']")).to_have_count(0)
    return ref, len(keys)


def clear_with_the_next_at_hand(page: Page) -> str:
    """The same, once the next case was fetched ahead: the commit brings no page of it. Returns what was cleared."""
    console = page.locator("#console")
    ref = console.get_attribute("data-case") or ""
    with page.expect_response("**/desk/queue/ahead/") as fetched:
        page.keyboard.press("n")
    following = fetched.value.headers["ahead"]
    fetched.value.finished()
    with page.expect_response(f"**/desk/cases/{ref}/propose/") as committed:
        page.keyboard.press("Control+Enter")
    assert committed.value.headers["ahead"] == following
    assert "data-case" not in committed.value.text()
    expect(page.locator(f"#console[data-case='{following}']")).to_have_count(1)
    expect(page).to_have_title(re.compile(following))
    expect(page.locator("#proposal")).to_be_visible()
    return ref


def test_ten_cases_are_cleared_by_keys_alone(visit: Visit, stack: Stack) -> None:
    made = stack.manage("shell", "-v", "0", "-c", MAKE % (CASES + 1))
    assert made.returncode == 0, made.stderr
    assert len(json.loads(made.stdout)) == CASES + 1
    page = visit()
    become(page, "Mara Okafor")
    page.keyboard.press("g")
    page.keyboard.press("q")
    page.wait_for_url("**/desk/queue/")
    page.keyboard.press("n")
    page.wait_for_url("**/desk/cases/C-*/")
    loads: list[str] = []
    page.on("load", lambda _page: loads.append(page.url))
    first = clear_with_the_next_at_hand(page)
    cleared = [clear(page) for _case in range(CASES - 1)]
    assert len({first} | {ref for ref, _keys in cleared}) == CASES
    assert {keys for _ref, keys in cleared} <= {2, 4}
    assert loads == []
    expect(page.locator(".messages")).to_contain_text("D-")
    page.keyboard.press("u")
    page.wait_for_url(f"**/desk/cases/{cleared[-1][0]}/")
    expect(page.get_by_role("status").first).to_contain_text("is taken back")


ONE = """
from tests import factories
print(factories.claimed(by="%s", severity=3, code="SP-03").ref)
"""
RUN_OUT = """
from cases.models import Case
from tipstaff.time import now
Case.objects.filter(ref="%s").update(claimed_until=now())
"""
REASONS = "Forty accounts posted one text within six minutes, and nobody of them was asked."


def test_two_people_on_one_case_lose_nothing_and_hear_of_each_other(visit: Visit, stack: Stack) -> None:
    ref = stack.manage("shell", "-v", "0", "-c", ONE % "reviewer").stdout.strip()
    one, other = visit(noise=True), visit()  # the browser itself remarks on the 409
    become(one, "Mara Okafor")
    become(other, PEOPLE[Role.LEAD])
    one.goto(f"/desk/cases/{ref}/")
    one.keyboard.press("n")
    one.get_by_label("Reasons").fill(REASONS)
    assert stack.manage("shell", "-v", "0", "-c", RUN_OUT % ref).returncode == 0  # her half hour is over
    other.goto(f"/desk/cases/{ref}/")
    other.get_by_role("button", name="Claim", exact=False).first.click()
    expect(other.locator("#proposal")).to_be_visible()
    with one.expect_response(f"**/desk/cases/{ref}/propose/") as answered:
        one.keyboard.press("Control+Enter")
    assert answered.value.status == 409
    told = one.locator("#console")
    expect(told).to_contain_text("claimed the case")
    expect(told).to_contain_text(PEOPLE[Role.LEAD])
    expect(told).to_contain_text(REASONS)
    one.goto(f"/desk/cases/{ref}/")
    expect(one.locator("#console")).to_contain_text(REASONS)  # it was kept for her
    expect(other.locator("#proposal")).not_to_contain_text(REASONS)  # and for nobody else
