"""The first visit: three steps from an empty installation to a desk, which can be left and which nobody can repeat."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.journeys.shop import Shop
from tests.parts.browser import OpenPage

PASSWORD = "a quiet lunar burger"


def step(page: Page) -> str:
    """The step that the page says one is at."""
    return page.locator("[aria-current=step]").inner_text()


def test_from_nothing_to_the_desk(new_shop: Shop, open_page: OpenPage) -> None:
    desk = new_shop.desk
    page = open_page(base_url=desk.url)
    page.goto("/inbox/")
    expect(page.get_by_role("heading", name="Let’s set up your desk")).to_be_visible()
    assert step(page) == "Your business"
    page.get_by_label("Name of the business").fill("Moon Burger")
    for country, currency, zone in (("JP", "JPY", "Asia/Tokyo"), ("KR", "KRW", "Asia/Seoul")):
        page.get_by_label("Country").select_option(country)
        expect(page.get_by_label("Currency")).to_have_value(currency)
        expect(page.get_by_label("Time zone")).to_have_value(zone)
    page.locator("summary", has_text="public holidays in the coming year").click()
    expect(page.get_by_text("2026-12-25")).to_be_visible()
    page.get_by_label("Monday").fill("11:00-15:00, 17:00-22:00")
    page.get_by_role("button", name="Same until Friday").click()
    expect(page.get_by_label("Friday")).to_have_value("11:00-15:00, 17:00-22:00")
    page.get_by_label("Sunday").fill("at noon")
    page.get_by_role("button", name="Go on").last.click()
    expect(page.get_by_label("Sunday")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Name of the business")).to_have_value("Moon Burger")
    page.get_by_label("Sunday").fill("")
    page.get_by_role("button", name="Go on").last.click()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()

    # The browser is closed; another one goes on where it was left, and can still correct it.
    page.context.close()
    page = open_page(base_url=desk.url)
    page.goto("/")
    assert step(page) == "Your account"
    page.get_by_role("link", name="Back").click()
    expect(page.get_by_label("Name of the business")).to_have_value("Moon Burger")
    expect(page.get_by_label("Friday")).to_have_value("11:00-15:00, 17:00-22:00")
    page.get_by_role("button", name="Go on").last.click()
    page.get_by_label("Your name").fill("Minji")
    page.get_by_label("Your e-mail address").fill("minji@moonburger.test")
    page.get_by_label("Password").fill("1234567890")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_label("Password")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Your first mailbox")).to_be_visible()

    # Signed in, and the rest may wait: the front page leads back to what is left, nothing else is in the way.
    page.goto("/inbox/")
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
    page.goto("/")
    assert step(page) == "Your first mailbox"
    page.get_by_role("button", name="Later").click()
    expect(page.get_by_role("heading", name="Your desk is ready")).to_be_visible()
    page.get_by_role("link", name="To the desk").click()
    expect(page.get_by_role("main")).to_contain_text("Minji")
    assert new_shop.do("business") == {
        "name": "Moon Burger",
        "language": "en",
        "country": "KR",
        "currency": "KRW",
        "time_zone": "Asia/Seoul",
        "is_set_up": True,
    }

    # Whoever comes second, even at this machine, meets the sign-in.
    stranger = open_page(base_url=desk.url)
    for address in ("/", "/setup/", "/setup/business/", "/setup/account/", "/setup/mailbox/", "/setup/code/"):
        stranger.goto(address)
        expect(stranger.get_by_role("heading", name="Sign in")).to_be_visible()
    assert new_shop.do("people") == [
        {"name": "Minji", "email": "minji@moonburger.test", "role": "owner"},
    ]
    stranger.get_by_role("textbox", name="mail").fill("minji@moonburger.test")
    stranger.get_by_label("Password", exact=True).fill(PASSWORD)
    stranger.get_by_role("button", name="Sign in").click()
    expect(stranger.get_by_role("navigation", name="Main")).to_be_visible()


def test_in_korean_with_a_mailbox_that_is_not_there(new_shop: Shop, open_page: OpenPage) -> None:
    page = open_page(base_url=new_shop.desk.url, locale="ko-KR")
    page.goto("/")
    assert step(page) == "사업장 정보"
    expect(page.get_by_label("시간대")).to_have_value("Asia/Seoul")
    expect(page.get_by_label("통화")).to_have_value("KRW")
    page.locator("input[name=name]").fill("문 버거")
    page.get_by_role("button", name="계속").last.click()
    page.locator("input[name=name]").fill("민지")
    page.locator("input[name=email]").fill("minji@moonburger.test")
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="계속").click()

    # Receiving and sending are tried for real, and what is wrong is said in words.
    page.locator("input[name=address]").fill("hello@moonburger.test")
    page.locator("input[name=password]").fill("a word")
    expect(page.locator("input[name=imap_host]")).to_have_value("imap.moonburger.test")  # the likely one
    servers = page.locator("#servers details")
    if servers.get_attribute("open") is None:
        servers.locator("summary").click()
    for kind, port in (("imap", 9), ("smtp", 9)):
        page.locator(f"input[name={kind}_host]").fill("127.0.0.1")
        page.locator(f"input[name={kind}_port]").fill(str(port))
    page.locator("button[value=trial]").click()
    trial = page.locator("#trial")
    expect(trial).to_contain_text("받기")
    expect(trial).to_contain_text("127.0.0.1")
    expect(page.locator("input[name=address]")).to_have_value("hello@moonburger.test")
    page.locator("button[value=later]").click()
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    page.locator(".actions a").click()
    expect(page.get_by_role("main")).to_contain_text("민지")
    assert new_shop.do("business")["is_set_up"]


def test_from_another_machine_it_asks_for_the_code_of_the_terminal(
    new_shop: Shop, open_page: OpenPage
) -> None:
    elsewhere = {"X-Forwarded-For": "203.0.113.9"}
    page = open_page(base_url=new_shop.desk.url, extra_http_headers=elsewhere)
    for address in ("/", "/setup/business/", "/setup/account/"):
        page.goto(address)
        expect(page.get_by_role("heading", name="Is this your desk?")).to_be_visible()
    page.get_by_label("Code").fill("ABCD-EFGH-IJKL")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("This is not the code")).to_be_visible()
    page.get_by_label("Code").fill(new_shop.do("code_of_terminal").lower())
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Let’s set up your desk")).to_be_visible()
