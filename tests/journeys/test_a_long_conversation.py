"""A conversation of a hundred messages, read upwards: in place, by keyboard, from a link, and without any script."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.shop import Shop
from tests.parts.browser import OpenPage, check_accessibility
from tests.parts.cast import SORA

SUBJECT = "A long matter"


@pytest.fixture(scope="module")
def number(shop: Shop) -> int:
    """The conversation's number: a mail, and a hundred notes."""
    number = shop.hear_from(SORA, SUBJECT, "It began like this.")
    shop.do("leave_notes", name="Tom", subject=SUBJECT, number=100)
    return number


def said(page: Page, words: str) -> Locator:
    return page.get_by_role("log").get_by_role("article").filter(has=page.get_by_text(words, exact=True))


def test_earlier_messages_come_in_above_what_one_reads(shop: Shop, number: int, open_page: OpenPage) -> None:
    page = shop.page_of("Hana", open_page)
    page.goto(f"/inbox/{number}/")
    expect(said(page, "note 100")).to_be_in_viewport()
    expect(said(page, "It began like this.")).to_be_attached()
    expect(said(page, "note 60")).to_have_count(0)
    check_accessibility(page)

    earlier = page.get_by_role("link", name="Earlier messages")
    earlier.focus()
    before = said(page, "note 61").bounding_box()
    page.keyboard.press("Enter")
    expect(said(page, "note 21")).to_be_attached()
    expect(earlier).to_be_focused()
    after = said(page, "note 61").bounding_box()
    assert before
    assert after
    assert abs(before["y"] - after["y"]) < 3

    shop.do("leave_notes", name="Tom", subject=SUBJECT, number=1)  # a colleague writes meanwhile
    expect(said(page, "note 1").last).to_be_attached()
    expect(said(page, "note 21")).to_be_attached()

    page.keyboard.press("Enter")
    expect(said(page, "note 2")).to_be_attached()
    expect(earlier).to_have_count(0)
    expect(page.get_by_role("log").get_by_role("article")).to_have_count(102)
    expect(page.get_by_role("log")).to_be_focused()


def test_a_link_to_a_message_opens_the_page_around_it(shop: Shop, number: int, open_page: OpenPage) -> None:
    page = shop.page_of("Hana", open_page)
    page.goto(f"/inbox/{number}/")
    address = said(page, "note 70").get_attribute("id") or ""
    wanted = int(address.removeprefix("message-")) - 40
    page.goto("/")
    page.goto(f"/inbox/{number}/#message-{wanted}")  # as somebody has kept it
    expect(page.locator(f"#message-{wanted}")).to_be_in_viewport()
    check_accessibility(page)
    words = page.get_by_role("textbox", name="Your words")
    expect(words).to_have_count(0)
    page.get_by_role("link", name="To the newest, to answer").click()
    expect(said(page, "note 100")).to_be_in_viewport()

    page.go_back()
    expect(words).to_have_count(0)
    page.keyboard.press("r")
    expect(said(page, "note 100")).to_be_in_viewport()
    expect(words).to_be_focused()


def test_without_javascript_there_are_pages(shop: Shop, number: int, open_page: OpenPage) -> None:
    page = shop.page_of("Hana", open_page, java_script_enabled=False)
    page.goto(f"/inbox/{number}/")
    page.get_by_role("link", name="Earlier messages").click()
    expect(said(page, "note 50")).to_be_attached()
    expect(said(page, "note 100")).to_have_count(0)
    expect(page.get_by_role("link", name="To the newest, to answer")).to_be_visible()
    page.get_by_role("link", name="Later messages").click()
    expect(said(page, "note 100")).to_be_attached()
