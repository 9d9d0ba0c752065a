"""Which pages a person can reach by links, and what axe holds against one."""

import random
from html.parser import HTMLParser
from typing import Any, Literal
from urllib.parse import urldefrag, urljoin, urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from django.urls import Resolver404, resolve
from playwright.sync_api import Page

# Everything that axe does by itself in two looks; in the other two what only they can change, or has to be asked for.
LOOKS: tuple[tuple[int, Literal["light", "dark"], list[str]], ...] = (
    (1280, "light", []),
    (1280, "dark", ["color-contrast"]),
    (360, "light", ["target-size"]),
    (360, "dark", []),
)
# From right to left only what is mirrored can be different: order and reach, not colours.
MIRRORED: tuple[tuple[int, Literal["light", "dark"], list[str]], ...] = (
    (1280, "light", []),
    (360, "light", ["target-size"]),
)
BORROWED = {"api:docs"}  # somebody else's page inside ours; only its console is held to our rules
OTHERS_LINKS = {"demo:mail"}  # what stands in a mail is for its recipient


class Links(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        told = dict(attrs)
        target = told.get({"a": "href", "link": "href", "script": "src", "img": "src"}.get(tag, ""))
        if tag == "form" and (told.get("method") or "get").lower() == "get":
            target = told.get("action")
        if target and not target.startswith("data:"):
            self.found.append(target)


def kind_of(path: str) -> str:
    """The name of the URL pattern; a file of ours is its own kind."""
    try:
        return resolve(urlsplit(path).path).view_name
    except Resolver404:
        return path


def crawl(page: Page, origin: str, role: str, known: set[str]) -> tuple[dict[str, int], dict[str, str]]:
    """The status of one page of each URL pattern that can be reached by links from the first one, and the HTML pages
    among them by pattern. Each role takes other ones of many. Files in `known` were asked for before, and are added.
    """
    waiting, statuses = ["/"], {}
    kinds: set[str] = set()
    samples: dict[str, str] = {}
    chance = random.Random(role)
    while waiting:
        path = waiting.pop(0)
        kind = kind_of(path)
        if kind in kinds or path in known:
            continue
        kinds.add(kind)
        answer = page.request.get(path)
        statuses[path] = answer.status
        if kind == path:
            known.add(path)
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        samples[kind] = path
        links = [] if kind in OTHERS_LINKS else Links(answer.text()).found
        targets = [urldefrag(urljoin(f"{origin}{path}", link)).url for link in links]
        chance.shuffle(targets)
        waiting += [target.removeprefix(origin) for target in targets if target.startswith(f"{origin}/")]
    return statuses, samples


def faults(page: Page, looks: Any = LOOKS) -> dict[str, Any]:
    """What axe holds against the page in each look, and where it is wider than the screen."""
    found: dict[str, Any] = {}
    page.evaluate(AXE_SCRIPT)
    for width, scheme, rules in looks:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        options: dict[str, Any] = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
        for violation in page.evaluate("options => axe.run(options).then(told => told.violations)", options):
            places = [node["html"][:160] for node in violation["nodes"][:3]]
            found[f"{page.url} {width} {scheme} {violation['id']}"] = places
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wider > 0:
            found[f"{page.url} {width} wider than the screen"] = f"by {wider} px"
    return found
