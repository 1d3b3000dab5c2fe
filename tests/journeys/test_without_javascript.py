"""A browser that runs no script does all of the daily work: slower, and whole."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.shop import Shop
from tests.parts.browser import OpenPage
from tests.parts.cast import JAMES, JIHOON, PASSWORD, SORA


@pytest.fixture
def page(shop: Shop, open_page: OpenPage) -> Page:
    """Hana's browser, which runs no script."""
    return shop.page_of("Hana", open_page, java_script_enabled=False)


def open_talk(page: Page, subject: str) -> None:
    page.goto("/inbox/")
    page.get_by_role("link", name=subject).click()
    expect(page.get_by_role("heading", name=subject)).to_be_visible()


def test_signing_in_and_out(shop: Shop, open_page: OpenPage) -> None:
    page = open_page(base_url=shop.desk.url, java_script_enabled=False)
    page.goto("/inbox/")
    page.get_by_role("textbox", name="mail").fill("hana@moonburger.test")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
    page.locator("summary", has_text="Hana").click()
    page.get_by_role("button", name="Sign out").click()
    page.goto("/inbox/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_reading_answering_and_taking_back(shop: Shop, page: Page, tmp_path: Path) -> None:
    shop.hear_from(SORA, "No scripts", "New words.\n\n> Old words", files={"bill.pdf": b"%PDF bill"})
    open_talk(page, "No scripts")
    page.locator("summary", has_text="Quote and signature").click()
    expect(page.get_by_role("log")).to_contain_text("Old words")
    with page.expect_download() as downloading:
        page.get_by_role("link", name="bill.pdf").click()
    assert Path(downloading.value.path()).read_bytes() == b"%PDF bill"

    (tmp_path / "menu.txt").write_text("burger")
    page.get_by_label("Attach files").set_input_files(tmp_path / "menu.txt")
    page.get_by_role("textbox", name="Your words").fill("Dear Sora,\n\nthe menu.")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("log").get_by_role("article").last).to_contain_text("the menu.")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("textbox", name="Your words")).to_have_value("Dear Sora,\n\nthe menu.")
    expect(page.locator("form.compose")).to_contain_text("menu.txt")
    page.get_by_role("button", name="Send", exact=True).click()
    shop.do("work")
    (got,) = shop.got("No scripts")
    assert got["text"].startswith("Dear Sora,\n\nthe menu.")
    assert [name for name, _content in got["files"]] == ["menu.txt"]


def test_a_draft_is_kept_with_its_button(shop: Shop, page: Page) -> None:
    shop.hear_from(SORA, "Half an answer", "Well?")
    open_talk(page, "Half an answer")
    page.get_by_role("textbox", name="Your words").fill("Half of it")
    page.get_by_role("button", name="Keep as draft").click()
    open_talk(page, "Half an answer")
    expect(page.get_by_role("textbox", name="Your words")).to_have_value("Half of it")
    page.get_by_role("button", name="Discard the draft").click()
    expect(page.get_by_role("textbox", name="Your words")).to_have_value("")


def test_a_stale_answer_is_refused_with_its_text(shop: Shop, page: Page) -> None:
    shop.hear_from(SORA, "Crossed", "First?")
    open_talk(page, "Crossed")
    shop.do("answer", name="Tom", subject="Crossed", text="Tom was first.")
    page.get_by_role("textbox", name="Your words").fill("Hana was second.")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="Something new came in")).to_be_visible()
    expect(page.get_by_role("log")).to_contain_text("Tom was first.")
    expect(page.get_by_role("textbox", name="Your words")).to_have_value("Hana was second.")
    page.get_by_role("button", name="Send", exact=True).click()
    assert shop.texts("Crossed") == ["First?", "Tom was first.", "Hana was second."]


def test_note_assignment_later_and_done(shop: Shop, page: Page) -> None:
    shop.hear_from(JAMES, "By hand", "Everything by hand.")
    open_talk(page, "By hand")
    page.get_by_role("radio", name="Note").check(force=True)
    page.get_by_role("textbox", name="Your words").fill("Only for us.")
    page.get_by_role("button", name="Leave note").click()
    expect(page.get_by_role("article").filter(has_text="Only for us.")).to_contain_text(
        "only the team sees it"
    )

    page.locator("summary", has_text="Assign").click()
    page.get_by_role("button", name="Tom").click()
    assert shop.talk("By hand")["assignee"] == "Tom"

    page.locator("summary", has_text="Later").click()
    page.get_by_role("button", name="Next Monday").click()
    assert shop.talk("By hand")["state"] == "later"
    page.get_by_role("link", name=re.compile("^Inbox")).click()
    page.get_by_role("link", name=re.compile("^Later")).click()
    page.get_by_role("link", name="By hand").click()
    page.get_by_role("button", name="Back to the list now").click()
    assert shop.talk("By hand")["state"] == "waiting"

    page.get_by_role("button", name="Done", exact=True).click()
    assert shop.talk("By hand")["state"] == "done"
    page.get_by_role("button", name="Reopen").click()
    assert shop.talk("By hand")["state"] == "waiting"


def test_a_time_of_ones_own(shop: Shop, page: Page) -> None:
    shop.hear_from(JAMES, "In spring", "See you in spring.")
    open_talk(page, "In spring")
    page.locator("summary", has_text="Later").click()
    spring = f"{datetime.now(UTC).year + 2}-04-01"
    page.get_by_label("Another time").fill(f"{spring}T09:30")
    page.get_by_role("button", name="Put off").click()
    assert shop.talk("In spring")["due_at"] == f"{spring}T00:30:00+00:00", "09:30 in Seoul"


@pytest.mark.parametrize("words", ["배송", "쿠폰", "박지훈", "jihoon@example.kr"])
def test_searching(shop: Shop, page: Page, words: str) -> None:
    if not shop.do("conversation", subject="쿠폰 문의"):
        shop.hear_from(JIHOON, "쿠폰 문의", "배송이 늦어요.")
    page.goto("/inbox/")
    page.get_by_role("searchbox").fill(words)
    page.get_by_role("searchbox").press("Enter")
    found = page.get_by_role("main").get_by_role("link").filter(has_text="박지훈")
    expect(found.first).to_be_visible()
    found.last.click()
    expect(page.get_by_role("main")).to_contain_text("박지훈")


def test_the_pages_around_the_inbox(shop: Shop, page: Page) -> None:
    conversation = shop.hear_from(SORA, "Round trip", "Hello.")
    page.goto("/")
    expect(page.get_by_role("main")).to_contain_text("Hana")
    page.goto(f"/inbox/{conversation}/")
    page.get_by_role("link", name="Sora Kim").last.click()
    expect(page.get_by_role("heading", name="Sora Kim")).to_be_visible()
    page.get_by_role("link", name="Round trip").first.click()
    expect(page.get_by_role("heading", name="Round trip")).to_be_visible()
    page.get_by_role("link", name="Answer times").click()
    expect(page.get_by_role("heading", name="Answer times", exact=True)).to_be_visible()
    page.get_by_role("link", name="Settings").click()
    page.get_by_label("Your name").fill("Hana")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
