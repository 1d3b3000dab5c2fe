"""The daily work with one thumb: one thing at a time, and always a way back."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.shop import Shop, until
from tests.parts.browser import OpenPage, bring_axe, violations
from tests.parts.cast import JAMES, SORA

PHONE = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 2,
}


@pytest.fixture
def page(shop: Shop, open_page: OpenPage) -> Page:
    """Hana's phone."""
    return shop.page_of("Hana", open_page, **PHONE)


def is_whole(page: Page) -> None:
    """Nothing sticks out to the side."""
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, page.url


def test_list_conversation_customer_and_back(shop: Shop, page: Page) -> None:
    shop.hear_from(SORA, "On the bus", "Long " * 400)
    shop.hear_from(JAMES, "Another one", "Hello.")
    page.goto("/inbox/")
    is_whole(page)
    in_list = page.get_by_role("link", name="On the bus")
    in_list.tap()
    expect(page.get_by_role("heading", name="On the bus")).to_be_in_viewport()
    expect(in_list).to_be_hidden()
    expect(page.get_by_role("textbox", name="Your words")).to_be_in_viewport()
    is_whole(page)

    page.get_by_role("link", name="Customer", exact=True).tap()
    expect(page.get_by_role("complementary", name="Customer")).to_be_in_viewport()
    expect(page.get_by_text("sora@example.com").last).to_be_visible()
    is_whole(page)
    page.get_by_role("link", name="Back to the conversation").tap()
    expect(page.get_by_role("complementary", name="Customer")).to_be_hidden()
    expect(page.get_by_role("heading", name="On the bus")).to_be_in_viewport()
    page.get_by_role("link", name="Back to the list").tap()
    expect(page.get_by_role("link", name="Another one")).to_be_in_viewport()
    expect(page.get_by_role("heading", name="On the bus")).to_be_hidden()

    # The phone's own way back goes the same way.
    page.get_by_role("link", name="Another one").tap()
    expect(page.get_by_role("heading", name="Another one")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("link", name="On the bus")).to_be_visible()


def test_answering_with_a_thumb(shop: Shop, page: Page) -> None:
    conversation = shop.hear_from(SORA, "From the tram", "Are you open?")
    page.goto(f"/inbox/{conversation}/")
    words = page.get_by_role("textbox", name="Your words")
    words.tap()
    page.keyboard.type("Yes, until ten.")
    page.get_by_role("button", name="Send", exact=True).tap()
    expect(page.get_by_role("log").get_by_role("article").last).to_contain_text("Yes, until ten.")
    page.get_by_role("button", name="Undo").tap()
    expect(words).to_have_value("Yes, until ten.")
    is_whole(page)
    page.get_by_role("button", name="Send", exact=True).tap()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    assert shop.talk("From the tram")["state"] == "answered"
    page.locator("summary", has_text="Assign").tap()
    page.get_by_role("button", name="Me", exact=True).tap()
    expect(page.locator("summary", has_text="Assigned to")).to_contain_text("Hana")
    assert shop.talk("From the tram")["assignee"] == "Hana"
    page.locator("summary", has_text="Later").tap()
    is_whole(page)
    page.get_by_role("button", name="Tomorrow morning").tap()
    until(lambda: shop.talk("From the tram")["state"] == "later")


def test_everything_that_is_tapped_is_large_enough(shop: Shop, page: Page) -> None:
    """24 pixels, or as far from its neighbours as if it were (WCAG 2.5.8), with menus open as well."""
    conversation = shop.hear_from(SORA, "Small things", "Hello.\n\n> Before", files={"plan.pdf": b"%PDF"})
    shop.do("write", name="Hana", subject="Small things", text="A draft.")

    def small() -> list[str]:
        is_whole(page)
        return violations(page, "target-size")

    page.goto("/inbox/")
    bring_axe(page)
    assert small() == []
    page.locator("summary", has_text="Hana").tap()
    assert small() == [], "in the menu of the person"

    page.goto(f"/inbox/{conversation}/")
    bring_axe(page)
    assert small() == []
    for menu in ("Assign", "Later", "To Sora", "Quote and signature"):
        page.locator("summary", has_text=menu).tap()
        assert small() == [], menu
        page.keyboard.press("Escape")
    page.get_by_role("link", name="Customer", exact=True).tap()
    assert small() == [], "of the customer"


def test_the_menu_is_there_on_every_page(shop: Shop, page: Page) -> None:
    page.goto("/")
    for name, heading in (("Inbox", "Inbox"), ("Search", "Search"), ("Answer times", "Answer times")):
        page.get_by_role("navigation", name="Main").get_by_role("link", name=name).tap()
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        is_whole(page)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Settings").tap()
    expect(page.get_by_role("heading", name="My account")).to_be_visible()
    is_whole(page)


def test_turned_sideways_and_on_a_wall(shop: Shop, open_page: OpenPage) -> None:
    conversation = shop.hear_from(SORA, "Any size", "Hello.")
    page = shop.page_of("Hana", open_page)
    for width, height in ((844, 390), (1024, 768), (2560, 1440)):
        page.set_viewport_size({"width": width, "height": height})
        page.goto(f"/inbox/{conversation}/")
        expect(page.get_by_role("heading", name="Any size")).to_be_in_viewport()
        expect(page.get_by_role("textbox", name="Your words")).to_be_in_viewport()
        is_whole(page)
