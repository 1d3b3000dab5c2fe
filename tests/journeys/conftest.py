"""One running shop for all journeys of a file: starting a desk takes longer than most ways through it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.loaded import LoadedDesk
from tests.journeys.shop import Shop, running
from tests.parts.browser import OpenPage

# A page that is right is right within moments; a machine that does three things at once needs longer.
expect.set_options(timeout=15_000)


@pytest.fixture(scope="session")
def loaded_desk(migrated_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoadedDesk]:
    """The desk that is this or that shop, one after the other."""
    desk = LoadedDesk(tmp_path_factory.mktemp("loaded") / "desk", migrated_folder)
    try:
        yield desk
    finally:
        desk.put_away()


@pytest.fixture(scope="module")
def shop(loaded_desk: LoadedDesk) -> Iterator[Shop]:
    """Moon Burger, open, serving its pages; no `dangol work` runs unless a journey starts it."""
    loaded_desk.begin_anew()
    with running(loaded_desk) as found:
        yield found


@pytest.fixture
def new_shop(loaded_desk: LoadedDesk) -> Iterator[Shop]:
    """An installation that nobody has set up, where no `shop` is open."""
    loaded_desk.begin_anew()
    with running(loaded_desk, is_set_up=False) as found:
        yield found


@pytest.fixture
def open_page_on_a_bad_line(browser: Browser) -> Iterator[OpenPage]:
    """As `open_page`, for journeys that cut the line: what the browser prints about that is no fault of the page."""
    broken: list[str] = []
    contexts = []

    def opened(**options: Any) -> Page:
        context = browser.new_context(
            **{"locale": "en-GB", "timezone_id": "Asia/Seoul", "reduced_motion": "reduce", **options}
        )
        context.set_default_timeout(15_000)
        context.on("weberror", lambda error: broken.append(str(error.error)))
        contexts.append(context)
        return context.new_page()

    try:
        yield opened
    finally:
        for context in contexts:
            context.close()
    assert not broken, "a script of the page threw:\n" + "\n".join(broken)
