"""A real browser on the whole running product. Without a browser these tests fail and say so, and are never skipped."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.journeys.stack import Stack

BROWSERS = ("chromium", "google-chrome", "chromium-browser")
SWITCHES = (
    "--disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync"
)
INVALID = "the server responded with a status of 422"  # the browser's own remark when a form comes back
REPLACED = ("error: htmx:afterRequest", "error: htmx:sendAbort")  # a question that a newer one took the place of
PATIENCE = 60_000  # milliseconds: two cores may be busy with other tests


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    with Stack() as running:
        yield running
        assert running.stop() == 0, running.told()


@contextmanager
def chromium() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.fail("The browser tests need Chromium or Google Chrome on the PATH: install one of them.", pytrace=False)
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*SWITCHES.split(), *as_root])
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def visit(browser: Browser, stack: Stack) -> Iterator[Callable[..., Page]]:
    """`visit()` opens a page in a browser of its own: no cookies, nothing remembered. Options are those of a context;
    `noise=True` for pages that are meant to go wrong. Anything said on the console or thrown fails the test.
    """
    contexts: list[BrowserContext] = []
    noises: list[str] = []

    def open_one(*, noise: bool = False, **options: Any) -> Page:
        context = browser.new_context(base_url=stack.url, **options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        if not noise:
            context.on("console", lambda said: INVALID in said.text or noises.append(f"{said.type}: {said.text}"))
            context.on("weberror", lambda thrown: noises.append(f"thrown: {thrown.error}"))
        return context.new_page()

    yield open_one
    for context in contexts:
        context.close()
    assert [noise for noise in noises if not noise.startswith(REPLACED)] == []
