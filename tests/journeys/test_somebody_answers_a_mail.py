"""The main job: mail comes in while the inbox is open, is answered, and the customer gets the answer."""

from __future__ import annotations

import base64
import contextlib
import statistics
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error, Page, expect

from tests.journeys.shop import Shop, until
from tests.journeys.watching import milliseconds_until_painted, watch_for
from tests.parts.browser import OpenPage
from tests.parts.cast import JAMES, JIHOON, SORA, mail

PHOTO = bytes(range(256)) * 40
NAME = "영수증 (최종).pdf"


@pytest.fixture(scope="module")
def working_shop(shop: Shop) -> Shop:
    """The shop with `dangol work` beside its pages, as after `dangol up`."""
    shop.desk.start_command("work")
    return shop


def composer(page: Page) -> Any:
    return page.get_by_role("textbox", name="Your words")


def test_new_mail_is_on_the_open_page_within_a_second(working_shop: Shop, open_page: OpenPage) -> None:
    """From the event to what is painted, in the browser. The middle of several, because the machine is busy."""
    page = working_shop.page_of("Hana", open_page)
    page.goto("/inbox/")
    subjects = [f"Quick {number}" for number in range(7)]
    watch_for(page, subjects)
    for subject in subjects:
        working_shop.receive(mail(subject=subject, text="Hello."), taken_in=False)
        expect(page.get_by_role("link", name=subject)).to_be_visible()

    arrivals = working_shop.do("moments_of", names=["MessageArrived"], after=0)
    delays = milliseconds_until_painted(page, subjects, arrivals)
    assert statistics.median(delays) <= 1000, f"milliseconds from the event to the picture: {delays}"
    waiting = (
        page.get_by_role("navigation", name="Lists")
        .get_by_role("link", name="Waiting")
        .inner_text()
        .split()[-1]
    )
    assert int(waiting) >= len(subjects)
    expect(page.get_by_role("navigation", name="Main").get_by_role("link", name="Inbox")).to_contain_text(
        waiting
    )


def test_an_answer_is_typed_kept_sent_taken_back_and_sent_again(
    working_shop: Shop, open_page: OpenPage
) -> None:
    shop = working_shop
    shop.hear_from(SORA, "Cold burger", "The burger was cold.\nAgain.")
    page = shop.page_of("Hana", open_page)
    page.goto("/inbox/")
    page.get_by_role("link", name="Cold burger").click()
    expect(page.get_by_role("log")).to_contain_text("The burger was cold.")

    composer(page).press_sequentially("Dear Sora,\n\nI am sorry.", delay=15)
    expect(page.get_by_text("Draft saved")).to_be_visible()
    page.reload()
    expect(composer(page)).to_have_value("Dear Sora,\n\nI am sorry.")
    at_home = shop.page_of("Hana", open_page)
    at_home.goto(page.url)
    expect(composer(at_home)).to_have_value("Dear Sora,\n\nI am sorry.")
    at_home.context.close()

    composer(page).press("Control+End")
    composer(page).press_sequentially(" It comes again, free.", delay=15)
    # Straight to the button, before the draft could be saved: what is sent is what stands there.
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("log")).to_contain_text("It comes again, free.")
    expect(composer(page)).to_have_value("")
    page.get_by_role("button", name="Undo").click()
    expect(composer(page)).to_have_value("Dear Sora,\n\nI am sorry. It comes again, free.")
    expect(page.get_by_text("taken back, nobody got it")).to_be_visible()
    assert shop.talk("Cold burger")["state"] == "waiting"
    assert shop.got("Cold burger") == []

    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    shop.do("hurry")
    (got,) = until(lambda: shop.got("Cold burger"))
    assert (got["to"], got["cc"], got["subject"]) == (SORA, "", "Re: Cold burger")
    assert got["text"].startswith("Dear Sora,\n\nI am sorry. It comes again, free.")
    assert got["recipients"] == [["to", "sora@example.com"]]
    expect(page.get_by_role("log").locator("article").last).to_contain_text("sent")
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    expect(composer(page)).to_have_value("")
    assert shop.talk("Cold burger")["state"] == "answered"


def test_ten_seconds_pass_and_the_answer_leaves_by_itself(working_shop: Shop, open_page: OpenPage) -> None:
    shop = working_shop
    conversation = shop.hear_from(JAMES, "Opening hours", "Are you open on Sunday?")
    page = shop.page_of("Tom", open_page)
    page.goto(f"/inbox/{conversation}/")
    composer(page).fill("Yes, until ten.")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    assert shop.got("Opening hours") == [], "it left before anybody could take it back"
    expect(page.get_by_role("button", name="Undo")).to_have_count(0, timeout=20_000)
    (got,) = until(lambda: shop.got("Opening hours"))
    assert "Yes, until ten." in got["text"]
    expect(page.get_by_role("log").locator("article").last).to_contain_text("sent")


def test_everybody_in_the_mail_gets_the_answer_with_its_files(
    working_shop: Shop, open_page: OpenPage, tmp_path: Path
) -> None:
    shop = working_shop
    shop.receive(
        mail(
            JIHOON,
            "영수증",
            "영수증을 보내 드립니다.\n\n> 지난번 말씀",
            headers={"Cc": "Accounts <accounts@example.kr>, hello@moonburger.test"},
            files={NAME: PHOTO},
        )
    )
    page = shop.page_of("Hana", open_page)
    page.goto(f"/inbox/{shop.talk('영수증')['id']}/")

    with page.expect_download() as downloading:
        page.get_by_role("link", name=NAME).click()
    assert downloading.value.suggested_filename == NAME
    assert Path(downloading.value.path()).read_bytes() == PHOTO

    answered = tmp_path / "답장 사진.bin"
    answered.write_bytes(PHOTO[::-1])
    page.get_by_label("Attach files").set_input_files(answered)
    expect(page.locator("form.compose")).to_contain_text("답장 사진.bin")
    composer(page).fill("박지훈 님,\n\n**잘** 받았습니다.")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("log").locator("article").last).to_contain_text("답장 사진.bin")
    shop.do("hurry")

    (got,) = until(lambda: shop.got("영수증"))
    assert got["to"] == JIHOON
    assert got["cc"] == "Accounts <accounts@example.kr>", "all stay in, and we do not write to ourselves"
    assert got["recipients"] == [["cc", "accounts@example.kr"], ["to", "jihoon@example.kr"]]
    assert got["text"].startswith("박지훈 님,")
    assert "<strong>잘</strong>" in got["html"]
    assert [(name, base64.b64decode(content)) for name, content in got["files"]] == [
        ("답장 사진.bin", PHOTO[::-1])
    ]
    with page.expect_download() as downloading:
        page.get_by_role("link", name="답장 사진.bin").click()
    assert downloading.value.suggested_filename == "답장 사진.bin"
    assert Path(downloading.value.path()).read_bytes() == PHOTO[::-1]


def test_a_hidden_copy_goes_out_and_nobody_reads_of_it(working_shop: Shop, open_page: OpenPage) -> None:
    shop = working_shop
    conversation = shop.hear_from(SORA, "Who else", "Who else reads this?")
    page = shop.page_of("Hana", open_page)
    page.goto(f"/inbox/{conversation}/")
    page.locator("summary", has_text="To Sora").click()
    page.get_by_label("Hidden copy").fill("minji@moonburger.test")
    composer(page).fill("Nobody.")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("log").locator("article").last).to_contain_text("hidden copy to minji@")
    shop.do("hurry")
    (got,) = until(lambda: shop.got("Who else"))
    assert got["recipients"] == [["bcc", "minji@moonburger.test"], ["to", "sora@example.com"]]
    assert got["bcc"] is None
    assert "minji" not in got["text"] + got["html"] + got["to"] + got["cc"]


def test_an_address_that_is_none_is_refused_and_everything_is_still_there(
    working_shop: Shop, open_page: OpenPage
) -> None:
    shop = working_shop
    conversation = shop.hear_from(SORA, "Wrong address", "Please send it to my sister.")
    page = shop.page_of("Hana", open_page)
    page.goto(f"/inbox/{conversation}/")
    page.locator("summary", has_text="To Sora").click()
    page.get_by_label("Copy", exact=True).fill("her sister")
    composer(page).fill("With pleasure.")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="is not an e-mail address")).to_be_visible()
    expect(composer(page)).to_have_value("With pleasure.")
    assert shop.talk("Wrong address")["state"] == "waiting"

    page.locator("summary", has_text="To Sora").click()
    expect(page.get_by_label("Copy", exact=True)).to_have_value("her sister")
    page.get_by_label("Copy", exact=True).fill("sister@example.com")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    shop.do("hurry")
    (got,) = until(lambda: shop.got("Wrong address"))
    assert got["cc"] == "sister@example.com"
    assert got["text"].startswith("With pleasure.")


def test_a_page_that_crashed_before_it_could_save_has_its_text_again(
    working_shop: Shop, open_page_on_a_bad_line: OpenPage
) -> None:
    shop = working_shop
    conversation = shop.hear_from(SORA, "Crashed", "Hello?")
    page = shop.page_of("Hana", open_page_on_a_bad_line)
    page.goto(f"/inbox/{conversation}/")
    page.route("**/draft/", lambda route: route.abort())
    composer(page).fill("Dear Sora, never saved")
    expect(page.get_by_text("Kept on this device")).to_be_visible()
    with contextlib.suppress(Error), page.expect_event("crash"):
        page.goto("chrome://crash")  # one that only goes away sends its last words, and they may get through
    assert shop.talk("Crashed")["drafts"] == {}

    page = page.context.new_page()
    page.goto(f"/inbox/{conversation}/")
    expect(composer(page)).to_have_value("Dear Sora, never saved")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    assert shop.talk("Crashed")["drafts"] == {"Hana": "Dear Sora, never saved"}


def test_with_the_line_lost_what_is_typed_stays_in_the_browser_and_is_saved_when_it_is_back(
    working_shop: Shop, open_page_on_a_bad_line: OpenPage
) -> None:
    shop = working_shop
    conversation = shop.hear_from(SORA, "In the tunnel", "Hello?")
    page = shop.page_of("Hana", open_page_on_a_bad_line)
    page.goto(f"/inbox/{conversation}/")
    page.context.set_offline(True)
    composer(page).fill("Dear Sora, written without a line")
    expect(page.get_by_text("Kept on this device")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("Draft saved")).to_be_visible()
    assert shop.talk("In the tunnel")["drafts"] == {"Hana": "Dear Sora, written without a line"}
