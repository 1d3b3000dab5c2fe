"""An answer that comes late finds a person at work: what was typed, chosen or opened meanwhile stays."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.journeys.shop import Shop
from tests.parts.browser import OpenPage

LetGo = Callable[[], None]


@pytest.fixture
def page(shop: Shop, open_page: OpenPage) -> Page:
    return shop.page_of("Minji", open_page)


@pytest.fixture
def held(page: Page) -> Callable[[str], LetGo]:
    """Hold the next answer of an address back, until what it returns is called."""

    def hold(address: str) -> LetGo:
        asked: list[Route] = []
        page.route(address, lambda route: asked.append(route), times=1)

        def let_go() -> None:
            while not asked:
                page.wait_for_timeout(20)
            asked[0].continue_()

        return let_go

    return hold


def test_the_likely_servers_leave_what_was_typed_and_opened_meanwhile(
    page: Page, held: Callable[[str], LetGo]
) -> None:
    servers = page.locator("#servers details")
    receiving = page.locator("[name=imap_host]")
    sending, google = page.locator("[name=smtp_host]"), page.get_by_label("Sign in with Google")
    page.goto("/settings/mailboxes/new/")
    let_go = held("**/servers/**")
    page.locator("[name=address]").fill("hello@moonburger.test")
    google.check()
    servers.locator("summary").click()
    receiving.fill("mail.moonburger.tes")
    let_go()
    expect(sending).to_have_value("smtp.moonburger.test")  # nobody was at it
    expect(servers).to_have_attribute("open", "")
    expect(google).to_be_checked()
    expect(receiving).to_be_focused()
    page.keyboard.type("t")
    expect(receiving).to_have_value("mail.moonburger.test")

    # A provider that is known: its servers need not be seen, and are out of the way but for whom has them open.
    let_go = held("**/servers/**")
    page.locator("[name=address]").fill("hello@naver.com")
    sending.focus()
    let_go()
    expect(sending).to_have_value("smtp.naver.com")
    expect(servers).to_have_attribute("open", "")
    expect(google).to_have_count(0)
    expect(page.locator("#servers .note-box")).to_be_visible()
    page.keyboard.type("smtp.example.com")  # in the place of the proposal, not behind it
    expect(sending).to_have_value("smtp.example.com")
    expect(receiving).to_have_value("mail.moonburger.test")


def test_hours_that_are_copied_leave_a_day_that_was_typed_meanwhile(
    page: Page, held: Callable[[str], LetGo]
) -> None:
    page.goto("/settings/hours/")
    page.get_by_label("Monday").fill("11:00-22:00")
    page.get_by_label("Sunday").fill("9-10")
    let_go = held("**/settings/hours/")
    page.get_by_role("button", name="Same every day").click()
    page.get_by_label("Saturday").fill("12:00-15:00")
    let_go()
    for day, hours in (("Friday", "11:00-22:00"), ("Sunday", "11:00-22:00"), ("Saturday", "12:00-15:00")):
        expect(page.get_by_label(day)).to_have_value(hours)
    expect(page.get_by_label("Saturday")).to_be_focused()
