"""An owner looks after the backups: one is made now, seen to be made, and saved on another device."""

from __future__ import annotations

import tarfile

from playwright.sync_api import expect

from tests.journeys.shop import Shop
from tests.parts.browser import OpenPage, check_accessibility


def test_an_owner_makes_a_backup_and_saves_it_elsewhere(shop: Shop, open_page: OpenPage) -> None:
    page = shop.page_of("Minji", open_page)
    page.goto("/settings/")
    page.get_by_role("navigation", name="Settings").get_by_role("link", name="Backups").click()
    expect(page.get_by_role("heading", name="There is no backup yet")).to_be_visible()
    page.get_by_role("button", name="Back up now").click()
    expect(page.get_by_role("heading", name="A backup begins in a moment")).to_be_visible()
    check_accessibility(page)
    shop.do("back_up")
    expect(page.get_by_role("heading", name="The last backup")).to_be_visible()
    expect(page.get_by_role("heading", name="Kept backups")).to_be_visible()
    check_accessibility(page)

    page.get_by_label("Folder").fill("backups of mine")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Write the whole path, beginning with a slash.")).to_be_visible()

    with page.expect_download() as saving:  # she has just signed in; else her password is asked for
        page.get_by_role("link", name="Save the backup").click()
    saved = saving.value
    assert saved.suggested_filename.startswith("dangol-")
    with tarfile.open(saved.path()) as inside:
        assert inside.getnames()[-1] == "sums.json"
