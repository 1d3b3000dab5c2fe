"""A real browser: the machine's own Chromium, and a look at each page with axe.

def test_the_inbox_is_usable(live_desk, browser_page):
    browser_page.goto(f"{live_desk.url}/inbox/")
    check_accessibility(browser_page)
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # at run time Playwright is loaded by who uses it: it takes most of a second
    from playwright.sync_api import Browser, ConsoleMessage, Page

# The background-networking ones: Chromium must not look for its maker's servers from a machine without any.
_FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-dev-shm-usage",
]
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# A refused form (422), a lost sign-in (401, 403) and a stale reply (409) are answers, not faults of the page;
# nor is it one that a newer request took the place of an older one, which htmx reports in the same tone.
_ANSWERS = re.compile(
    r"Failed to load resource: .* status of (401|403|409|422|429)\b|htmx:(afterRequest|sendAbort), "
)
# What a page is told in place of an answer by a desk that is not there.
_NOBODY_THERE = re.compile(r"Failed to load resource: net::ERR_(CONNECTION_\w+|EMPTY_RESPONSE)$")


def _is_of_an_ended_desk(text: str, url: str) -> bool:
    from tests.parts import desk  # a plugin of its own: pytest wants to be the first that imports it

    return bool(_NOBODY_THERE.search(text)) and any(url.startswith(f"{address}/") for address in desk.ended)


def find_chromium() -> str | None:
    """The machine's Chromium or Chrome, or None. DANGOL_TEST_BROWSER names another."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    on_a_mac = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
    found = (os.environ.get("DANGOL_TEST_BROWSER"), *map(shutil.which, names), shutil.which(on_a_mac))
    return next(filter(None, found), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of this process; skipped where none is installed."""
    chromium = find_chromium()
    if chromium is None:
        pytest.skip("needs chromium")
    from playwright.sync_api import sync_playwright

    # Playwright keeps an event loop running in this thread, which Django takes for a mistake.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        yield started
        started.close()


OpenPage = Callable[..., "Page"]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Open a page in a profile of its own (as another person or device); options are Playwright's `new_context`.

    Fails the test at its end if any page printed an error, broke its content policy or threw in a script.
    """
    complaints: list[str] = []
    contexts = []

    def heard(message: ConsoleMessage) -> None:
        url = str(message.location.get("url"))
        if (
            message.type != "error"
            or _ANSWERS.search(message.text)
            or _is_of_an_ended_desk(message.text, url)
        ):
            return
        complaints.append(f"{message.text} ({url})")

    def opened(**options: Any) -> Page:
        context = browser.new_context(
            **{"locale": "en-GB", "timezone_id": "Asia/Seoul", "reduced_motion": "reduce", **options}
        )
        context.set_default_timeout(10_000)
        context.on("console", heard)
        context.on(
            "weberror", lambda error: complaints.append(f"{error.error} ({error.page and error.page.url})")
        )
        contexts.append(context)
        return context.new_page()

    try:
        yield opened
    finally:
        for context in contexts:
            context.close()
    assert not complaints, "the browser complained:\n" + "\n".join(complaints)


@pytest.fixture
def browser_page(open_page: OpenPage) -> Page:
    """One empty page on a desktop screen. `open_page` opens further people, phones and languages."""
    return open_page()


def check_accessibility(page: Page, *, except_rules: tuple[str, ...] = ()) -> None:
    """Fail if axe finds anything against WCAG 2.2 AA or good practice on this page, in light or in dark.

    `except_rules` are axe's rule names for what is meant to be so; say why where you pass one.
    """
    from axe_playwright_python.sync_playwright import Axe

    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        options = {
            "runOnly": {"type": "tag", "values": _RULES},
            "rules": {rule: {"enabled": False} for rule in except_rules},
        }
        results = Axe().run(page, options=options)
        assert results.violations_count == 0, f"{page.url} in {scheme}:\n{results.generate_report()}"
    page.emulate_media(color_scheme=None)
