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
    """The machine's Chromium or Chrome, or None. DANGOL_TEST_BROWSER names another.

    First the one without a window: the same engine and network, and a third less for the processor to do.
    """
    names = (
        "chromium-headless-shell",
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    )
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


def check_accessibility(page: Page) -> None:
    """Fail if axe finds anything against WCAG 2.2 AA or good practice on this page, in light or in dark."""
    bring_axe(page)
    page.emulate_media(color_scheme="light")
    in_light = violations(page)
    page.emulate_media(color_scheme="dark")
    in_dark = violations(page)
    page.emulate_media(color_scheme=None)
    assert in_light == [], f"{page.url} in light:\n" + "\n".join(in_light)
    assert in_dark == [], f"{page.url} in dark:\n" + "\n".join(in_dark)


def bring_axe(page: Page) -> None:
    """Put axe on the page, which takes a while; it stays until the page is left."""
    from axe_playwright_python.base import AXE_SCRIPT

    page.evaluate(AXE_SCRIPT)


def violations(page: Page, *only: str) -> list[str]:
    """What axe, which is on the page already, finds against WCAG 2.2 AA and good practice, or against some rules."""
    run = {"type": "rule", "values": list(only)} if only else {"type": "tag", "values": _RULES}
    found = page.evaluate(
        # Hundreds of time zones in a list take seconds, and a line of a list has no rule of its own.
        "(options) => axe.run({ exclude: ['option'] }, options).then((found) => found.violations)",
        {"runOnly": run, "resultTypes": ["violations"]},
    )
    return [
        f"{each['id']}: {node['target']} {node['html'][:160]} {node['any'][0]['message'] if node['any'] else ''}"
        for each in found
        for node in each["nodes"]
    ]
