"""A reviewer clears ten cases by keys alone: no mouse, no page load, and the last one is taken back."""

import json

from playwright.sync_api import Page, expect

from tests.journeys.stack import Stack
from tests.journeys.test_journeys import Visit, become

CASES = 10
MAKE = """
import json
from tests import factories
made = [factories.case(severity=3, code="SP-03") for _number in range(%d)]
for case in made[::2]:
    case.claim(actor=factories.person("reviewer"))
    factories.finding(case, facts="Forty accounts posted one text within six minutes.")
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
    cleared = [clear(page) for _case in range(CASES)]
    assert len({ref for ref, _keys in cleared}) == CASES
    assert {keys for _ref, keys in cleared} <= {2, 4}
    assert loads == []
    expect(page.locator(".messages")).to_contain_text("D-")
    page.keyboard.press("u")
    page.wait_for_url(f"**/desk/cases/{cleared[-1][0]}/")
    expect(page.get_by_role("status").first).to_contain_text("is taken back")
