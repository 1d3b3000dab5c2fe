"""From an empty data folder to a desk with two people, in a real browser, with and without scripts."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.journeys.shop import Shop
from tests.parts.browser import OpenPage

PASSWORD = "a quiet lunar burger"


def go_on(page: Page) -> None:
    page.locator(".actions .primary").click()


def account(page: Page, name: str, email: str) -> None:
    page.fill("[name=name]", name)
    page.fill("[name=email]", email)
    page.fill("[name=password]", PASSWORD)


def value_is(page: Page, name: str, value: str) -> None:
    """Wait for it: it comes from the server."""
    expect(page.locator(f"[name={name}]")).to_have_value(value)


def test_the_browsers_time_zone_says_where_one_is(new_shop: Shop, open_page: OpenPage) -> None:
    page = open_page(locale="en-US", timezone_id="Europe/Vienna")
    page.goto(new_shop.desk.url)
    value_is(page, "country", "AT")
    value_is(page, "time_zone", "Europe/Vienna")
    value_is(page, "currency", "EUR")


def test_the_keyboard_alone_sets_a_desk_up(new_shop: Shop, browser_page: Page) -> None:
    page = browser_page
    page.goto(new_shop.desk.url)
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


def test_two_people_without_a_line_of_javascript(new_shop: Shop, open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(new_shop.desk.url)
    page.fill("[name=name]", "Moon Burger")
    page.select_option("[name=country]", "JP")
    page.click("button[value=country]")
    value_is(page, "currency", "JPY")
    value_is(page, "name", "Moon Burger")
    page.fill("[name=hours_0]", "9-12")
    page.click("button[value=weekdays]")
    value_is(page, "hours_4", "9-12")
    go_on(page)
    account(page, "Minji", "minji@moonburger.test")
    go_on(page)
    page.fill("[name=address]", "hello@localhost.invalid")
    page.fill("[name=password]", "secret")
    page.locator("button[value=trial]").click()
    expect(page.locator("#trial")).to_contain_text("There is no server named imap.localhost.invalid")
    value_is(page, "password", "")
    go_on(page)
    page.wait_for_url("**/setup/ready/")

    page.goto(f"{new_shop.desk.url}/settings/staff/")
    page.fill("[name=email]", "hana@moonburger.test")
    page.click("#invitations .actions .primary")
    link = page.input_value("#new-link")

    guest = open_page(java_script_enabled=False, locale="ko-KR")
    guest.goto(link)
    guest.fill("[name=name]", "Hana")
    guest.fill("[name=password]", PASSWORD)
    guest.click("main .primary")
    guest.wait_for_url(f"{new_shop.desk.url}/")
    guest.goto(f"{new_shop.desk.url}/settings/")
    assert guest.url.endswith("/settings/profile/")

    page.goto(f"{new_shop.desk.url}/settings/staff/")
    row = page.locator("li", has_text="hana@moonburger.test")
    row.locator("summary").click()
    row.locator(".danger").click()
    expect(page.locator("li", has_text="hana@moonburger.test")).to_contain_text("may not sign in")
    guest.goto(f"{new_shop.desk.url}/inbox/")
    assert "/account/login/" in guest.url
