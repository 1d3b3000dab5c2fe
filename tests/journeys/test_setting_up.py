"""From an empty data folder to a desk with two people, in a real browser, with and without scripts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.parts.browser import OpenPage, check_accessibility
from tests.parts.desk import LiveDesk

if TYPE_CHECKING:
    from playwright.sync_api import Page

PASSWORD = "a quiet lunar burger"
PHONE = {"width": 390, "height": 844}


def go_on(page: Page) -> None:
    page.locator(".actions .primary").click()


def fits(page: Page) -> None:
    """Nothing reaches over the edge of the screen."""
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url


def account(page: Page, name: str, email: str) -> None:
    page.fill("[name=name]", name)
    page.fill("[name=email]", email)
    page.fill("[name=password]", PASSWORD)


def value_is(page: Page, name: str, value: str) -> None:
    """Wait for it: it comes from the server."""
    from playwright.sync_api import expect

    expect(page.locator(f"[name={name}]")).to_have_value(value)


def choose(page: Page, name: str, value: str) -> None:
    with page.expect_response(re.compile("/setup/business/")):
        page.select_option(f"[name={name}]", value)


def test_a_korean_shop_is_set_up_on_a_phone(live_desk: LiveDesk, open_page: OpenPage) -> None:
    page = open_page(locale="ko-KR", viewport=PHONE, has_touch=True)
    page.goto(live_desk.url)
    page.wait_for_url("**/setup/business/")
    assert page.get_attribute("html", "lang") == "ko"
    assert page.input_value("[name=time_zone]") == "Asia/Seoul"
    fits(page)
    check_accessibility(page)
    for country, currency, zone in (("DE", "EUR", "Europe/Berlin"), ("KR", "KRW", "Asia/Seoul")):
        choose(page, "country", country)
        value_is(page, "currency", currency)
        assert page.input_value("[name=time_zone]") == zone
    page.fill("[name=name]", "달버거")
    page.fill("[name=hours_0]", "11:00-15:00, 17:00-22:00")
    page.click("button[value=every-day]")
    value_is(page, "hours_6", "11:00-15:00, 17:00-22:00")
    page.fill("[name=hours_6]", "아침")
    go_on(page)
    assert "“아침”" in page.inner_text(".errorlist")
    check_accessibility(page)
    page.fill("[name=hours_6]", "휴무")
    go_on(page)
    page.wait_for_url("**/setup/account/")
    account(page, "민지", "minji@moonburger.test")
    fits(page)
    check_accessibility(page)
    go_on(page)
    page.wait_for_url("**/setup/mailbox/")
    page.fill("[name=address]", "shop@naver.com")
    with page.expect_response(re.compile("/servers/")):
        page.press("[name=address]", "Tab")
    value_is(page, "imap_host", "imap.naver.com")
    fits(page)
    check_accessibility(page)
    page.click("button[value=later]")
    page.wait_for_url("**/setup/ready/")
    fits(page)
    check_accessibility(page)
    page.goto(live_desk.url)
    assert page.url == f"{live_desk.url}/"


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


@pytest.mark.parametrize(
    ("size", "language"), [({"width": 1280, "height": 900}, "en"), (PHONE, "ko")], ids=["wide-en", "phone-ko"]
)
def test_every_page_of_the_settings_can_be_used_by_everybody(
    live_desk: LiveDesk, open_page: OpenPage, size: dict[str, int], language: str
) -> None:
    live_desk.run_python(_A_DESK.replace("LANGUAGE", language))
    page = open_page(viewport=size)
    page.goto(f"{live_desk.url}/account/login/")
    page.fill("[name=login]", "minji@moonburger.test")
    page.fill("[name=password]", PASSWORD)
    page.click("main .primary")
    page.wait_for_url(f"{live_desk.url}/")
    for path in (
        "business/",
        "hours/",
        "mailboxes/",
        "mailboxes/new/",
        "mailboxes/1/",
        "staff/",
        "profile/",
    ):
        page.goto(f"{live_desk.url}/settings/{path}")
        assert page.get_attribute("html", "lang") == language
        for part in page.locator("main details").all():
            part.evaluate("each => each.open = true")
        fits(page)
        if size != PHONE:  # the same parts; what differs there is whether they fit
            check_accessibility(page)


_A_DESK = """
from django.utils import timezone
from dangol.business.commands import finish_set_up_step, set_up_business
from dangol.channels.mailbox_settings import Connection, MailboxSettings
from dangol.channels.mailboxes import add_mailbox
from dangol.channels.models import Mailbox
from dangol.staff.commands.invitations import invite_staff
from dangol.staff.commands.people import add_staff, create_owner
now = timezone.now()
set_up_business(actor=None, name="Moon Burger", country="KR", language="LANGUAGE", currency="KRW",
    time_zone="Asia/Seoul", weekly=(((540, 1080),),) * 7, at=now)
minji = create_owner(actor=None, name="Minji", email="minji@moonburger.test", password="a quiet lunar burger",
    language="", at=now)
finish_set_up_step(actor=minji, step="owner", at=now)
finish_set_up_step(actor=minji, step="mailbox", at=now)
add_staff(actor=None, name="Tom", email="tom@moonburger.test", password="a quiet lunar burger", role="agent", at=now)
server = Connection("mail.moonburger.test", 993, "tls", "shop", "secret")
add_mailbox(actor=minji, settings=MailboxSettings("shop@moonburger.test", server, server), at=now)
Mailbox.objects.update(failure="timeout", failing_since=now)
invite_staff(actor=minji, email="hana@moonburger.test", role="agent", language="ko", link_to=str, at=now)
"""
