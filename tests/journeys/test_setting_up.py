"""From an empty data folder to a desk with two people, in a real browser, with and without scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.parts.browser import OpenPage
from tests.parts.desk import LiveDesk

if TYPE_CHECKING:
    from playwright.sync_api import Page

PASSWORD = "a quiet lunar burger"


def go_on(page: Page) -> None:
    page.locator(".actions .primary").click()


def account(page: Page, name: str, email: str) -> None:
    page.fill("[name=name]", name)
    page.fill("[name=email]", email)
    page.fill("[name=password]", PASSWORD)


def value_is(page: Page, name: str, value: str) -> None:
    """Wait for it: it comes from the server."""
    from playwright.sync_api import expect

    expect(page.locator(f"[name={name}]")).to_have_value(value)


def test_the_browsers_time_zone_says_where_one_is(live_desk: LiveDesk, open_page: OpenPage) -> None:
    page = open_page(locale="en-US", timezone_id="Europe/Vienna")
    page.goto(live_desk.url)
    value_is(page, "country", "AT")
    assert page.input_value("[name=time_zone]") == "Europe/Vienna"
    assert page.input_value("[name=currency]") == "EUR"


def test_the_keyboard_alone_sets_a_desk_up(live_desk: LiveDesk, browser_page: Page) -> None:
    page = browser_page
    page.goto(live_desk.url)
    page.wait_for_url("**/setup/business/")
    page.focus("[name=name]")
    page.keyboard.type("Moon Burger")
    page.keyboard.press("Enter")
    page.wait_for_url("**/setup/account/")
    page.focus("[name=name]")
    for text in ("Minji", "minji@moonburger.test", PASSWORD):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/setup/mailbox/")


def test_two_people_without_a_line_of_javascript(live_desk: LiveDesk, open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(live_desk.url)
    page.fill("[name=name]", "Moon Burger")
    page.select_option("[name=country]", "JP")
    page.click("button[value=country]")
    assert page.input_value("[name=currency]") == "JPY"
    assert page.input_value("[name=name]") == "Moon Burger"
    page.fill("[name=hours_0]", "9-12")
    page.click("button[value=weekdays]")
    assert page.input_value("[name=hours_4]") == "9-12"
    go_on(page)
    account(page, "Minji", "minji@moonburger.test")
    go_on(page)
    page.fill("[name=address]", "hello@localhost.invalid")
    page.fill("[name=password]", "secret")
    page.locator("button[value=trial]").click()
    assert "There is no server named imap.localhost.invalid" in page.inner_text("#trial")
    assert page.input_value("[name=password]") == ""
    go_on(page)
    page.wait_for_url("**/setup/ready/")

    page.goto(f"{live_desk.url}/settings/staff/")
    page.fill("[name=email]", "hana@moonburger.test")
    page.click("#invitations .actions .primary")
    link = page.input_value("#new-link")

    guest = open_page(java_script_enabled=False, locale="ko-KR")
    guest.goto(link)
    guest.fill("[name=name]", "Hana")
    guest.fill("[name=password]", PASSWORD)
    guest.click("main .primary")
    guest.wait_for_url(f"{live_desk.url}/")
    guest.goto(f"{live_desk.url}/settings/")
    assert guest.url.endswith("/settings/profile/")

    page.goto(f"{live_desk.url}/settings/staff/")
    row = page.locator("li", has_text="hana@moonburger.test")
    row.locator("summary").click()
    row.locator(".danger").click()
    assert "may not sign in" in page.locator("li", has_text="hana@moonburger.test").inner_text()
    guest.goto(f"{live_desk.url}/inbox/")
    assert "/account/login/" in guest.url
