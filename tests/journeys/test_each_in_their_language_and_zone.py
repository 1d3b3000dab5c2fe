"""Colleagues at one desk, each in a language and a time zone of their own; customers' words stay as they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.shop import Shop, until
from tests.parts.browser import OpenPage
from tests.parts.cast import JIHOON, SORA

NEW_YORK, SEOUL = ZoneInfo("America/New_York"), ZoneInfo("Asia/Seoul")
WEEKDAYS = "월화수목금토일"


@pytest.fixture(scope="module", autouse=True)
def _people(shop: Shop) -> None:
    """Hana works from New York in English; Tom in Seoul in Korean."""
    shop.do("change_person", name="Hana", language="en", time_zone="America/New_York")
    shop.do("change_person", name="Tom", language="ko", time_zone="Asia/Seoul")


def said_at(page: Page) -> str:
    """The time beside the first message."""
    return page.get_by_role("log").get_by_role("article").first.locator("time").first.inner_text()


def test_the_same_moment_in_two_zones(shop: Shop, open_page: OpenPage) -> None:
    conversation = shop.hear_from(SORA, "Jet lag", "What time is it there?")
    moment = datetime.fromisoformat(shop.talk("Jet lag")["messages"][0]["at"])
    # The browser's own zone is another one and changes nothing.
    hana = shop.page_of("Hana", open_page, timezone_id="Europe/Berlin")
    hana.goto(f"/inbox/{conversation}/")
    there = moment.astimezone(NEW_YORK)
    assert said_at(hana) == f"{there:%H:%M}"
    day = f"{there:%A}, {there.day} {there:%B}"
    expect(hana.get_by_role("log")).to_contain_text(day)

    tom = shop.page_of("Tom", open_page, timezone_id="Europe/Berlin", locale="en-GB")
    tom.goto(f"/inbox/{conversation}/")
    here = moment.astimezone(SEOUL)
    assert said_at(tom) == f"{here:%H:%M}"
    expect(tom.get_by_role("log")).to_contain_text(
        f"{here.month}월 {here.day}일 {WEEKDAYS[here.weekday()]}요일"
    )


def test_tomorrow_morning_is_the_morning_of_who_says_so(shop: Shop, open_page: OpenPage) -> None:
    conversation = shop.hear_from(SORA, "Tomorrow", "Ask me tomorrow.")
    page = shop.page_of("Hana", open_page)
    page.goto(f"/inbox/{conversation}/")
    page.locator("summary", has_text="Later").click()
    page.get_by_role("button", name="Tomorrow morning").click()
    until(lambda: shop.talk("Tomorrow")["state"] == "later")
    due = datetime.fromisoformat(shop.talk("Tomorrow")["due_at"]).astimezone(NEW_YORK)
    tomorrow = datetime.now(UTC).astimezone(NEW_YORK) + timedelta(days=1)
    assert (due.date(), due.hour, due.minute) == (tomorrow.date(), 9, 0)


def test_what_appears_live_appears_in_the_language_of_who_looks(shop: Shop, open_page: OpenPage) -> None:
    conversation = shop.hear_from(JIHOON, "한마디", "안녕하세요.")
    pages = {name: shop.page_of(name, open_page) for name in ("Hana", "Tom")}
    for page in pages.values():
        page.goto(f"/inbox/{conversation}/")
        expect(page.locator("live-feed")).to_have_attribute("data-state", "live")
    shop.do("leave_note", name="Minji", subject="한마디", text="단골입니다.")
    expect(pages["Hana"].get_by_role("article").filter(has_text="단골입니다.")).to_contain_text(
        "only the team sees it"
    )
    note = pages["Tom"].get_by_role("article").filter(has_text="단골입니다.")
    expect(note).to_contain_text("메모")
    expect(note).not_to_contain_text("only the team")
    expect(pages["Tom"].get_by_role("link", name="한마디").first).to_contain_text("1분")
    expect(pages["Hana"].get_by_role("link", name="한마디").first).to_contain_text("1 min")
    # Korean words of a customer are marked as Korean for those who hear the page.
    expect(pages["Hana"].get_by_role("heading", name="한마디")).to_have_attribute("lang", "ko")


def test_who_changes_the_language_reads_the_next_page_in_it(shop: Shop, open_page: OpenPage) -> None:
    page = shop.page_of("Dongsuk", open_page)
    page.goto("/settings/profile/")
    page.get_by_label("Language").select_option("ko")
    page.get_by_label("Time zone").select_option("Asia/Seoul")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    expect(page.get_by_role("heading", level=1)).to_have_text("내 계정")
    page.goto("/inbox/")
    expect(page.get_by_role("heading", level=1)).to_have_text("받은 대화")


def test_the_answer_is_in_the_language_of_the_business_whoever_writes_it(
    shop: Shop, open_page: OpenPage
) -> None:
    """What the product adds to a mail is the business's: two colleagues are one shop to the customer."""
    conversation = shop.hear_from(SORA, "Which tongue", "Hello.\nAnd again.", message_id="tongue@example.com")
    page = shop.page_of("Tom", open_page)
    page.goto(f"/inbox/{conversation}/")
    page.locator("#text").fill("안녕하세요 Sora 님.")
    page.locator("#text").press("Control+Enter")
    until(lambda: shop.talk("Which tongue")["state"] == "answered")
    shop.do("work")
    (got,) = shop.got("Which tongue")
    assert got["text"].startswith("안녕하세요 Sora 님.")
    assert "wrote:" in got["text"], "the line above the quotation"
    assert "> Hello." in got["text"]
