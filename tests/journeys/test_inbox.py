"""The inbox in a real browser: by keyboard alone, with colleagues at work, without scripts, with the line lost."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.parts.browser import OpenPage, check_accessibility
from tests.parts.desk import LiveDesk

SHOP = """
from dangol.business.commands import set_up_business
from dangol.business.models import Business
from dangol.channels.commands import Arrival, store_raw
from dangol.channels.models import Channel, Mailbox
from dangol.inbox.intake import take_in_batch
from dangol.kernel import clock
from dangol.staff.models import Staff
from datetime import timedelta
from tests.parts.cast import JAMES, JIHOON, SORA, mail
now = clock.now()
set_up_business(actor=None, name="Moon Burger", country="KR", language="en", currency="KRW",
                time_zone="Asia/Seoul", weekly=[[(0, 1440)]] * 7, at=now)
Business.objects.update(set_up_step="", set_up_at=now)
for name, role, language in (("Minji", "owner", ""), ("Hana", "agent", ""), ("Tom", "agent", "ko")):
    Staff.objects.create_user(f"{name.lower()}@moonburger.test", "a long enough word", name=name, role=role,
                              language=language)
shop = Channel.objects.create(name="Shop", created_at=now, promised_first_seconds=1800)
Mailbox.objects.create(channel=shop, address="hello@moonburger.test", outgoing="kept")
long_ago = "\\n".join(f"> Line {n} of a long story." for n in range(80))
letters = [
    mail(SORA, "Cold burger", "The burger was cold.\\n\\nOn Friday Moon Burger wrote:\\n" + long_ago,
         date=now - timedelta(minutes=41), message_id="1@example.com"),
    mail(JAMES, "Tasting", "Can we come at three?", date=now - timedelta(minutes=22), files={"plan.pdf": b"%PDF"}),
    mail(JIHOON, "포인트로 무료배송 쿠폰 바꿀 수 있나요?", "안녕하세요, 단골입니다.", date=now - timedelta(minutes=6)),
]
store_raw(channel=shop, arrivals=[Arrival(raw, now) for raw in letters], at=now)
take_in_batch(10)
"""
NOTE = """
from dangol.inbox.commands.conversations import add_note
from dangol.inbox.models import Conversation
from dangol.kernel import clock
from dangol.staff.models import Staff
add_note(actor=Staff.objects.get(name="Minji"), conversation=Conversation.objects.get(subject="Cold burger"),
         text="{text}", at=clock.now())
"""
MORE = """
from dangol.channels.commands import Arrival, store_raw
from dangol.channels.models import Channel
from dangol.inbox.intake import take_in_batch
from dangol.kernel import clock
from tests.parts.cast import SORA, mail
at = clock.now()
raw = mail(SORA, "Re: Cold burger", "And the drink was missing.", date=at, message_id="2@example.com",
           headers={"In-Reply-To": "<1@example.com>"})
store_raw(channel=Channel.objects.get(), arrivals=[Arrival(raw, at)], at=at)
take_in_batch(10)
"""
STATE = """
from dangol.inbox.models import Conversation
row = Conversation.objects.get(subject="Cold burger")
print(row.state, row.messages.filter(direction="out", undone_at=None).count(), row.drafts.count())
"""


@pytest.fixture
def shop(live_desk: LiveDesk) -> LiveDesk:
    live_desk.run_python(SHOP)
    return live_desk


def sign_in(page: Page, desk: LiveDesk, name: str = "hana") -> Page:
    page.goto(f"{desk.url}/account/login/?next=/inbox/")
    page.locator("input[name=login]").fill(f"{name}@moonburger.test")
    page.locator("input[name=password]").fill("a long enough word")
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(f"{desk.url}/inbox/")
    return page


def open_first(page: Page) -> None:
    page.locator(".item", has_text="Cold burger").click()
    expect(page.locator("#thread h1")).to_have_text("Cold burger")


def test_a_customer_is_answered_by_keyboard_alone(shop: LiveDesk, browser_page: Page) -> None:
    page = sign_in(browser_page, shop)

    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#thread h1")).to_have_text("Cold burger")
    page.keyboard.press("r")
    page.keyboard.type("Sorry! A fresh one is on its way.")
    page.keyboard.press("Enter")
    expect(page.locator("#text")).to_have_value("Sorry! A fresh one is on its way.\n")
    page.keyboard.press("Control+Enter")
    expect(page.locator("undo-toast")).to_be_visible()
    expect(page.locator("#text")).to_have_value("")

    page.locator("undo-toast button").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#text")).to_have_value("Sorry! A fresh one is on its way.\n")
    expect(page.locator(".say.ours s")).to_have_count(1)

    page.locator("#text").press("Control+Enter")
    expect(page.locator("undo-toast")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    expect(page.locator("#head-clock")).to_contain_text("done")
    assert shop.run_python(STATE).split() == ["done", "1", "0"]


def test_a_syllable_in_the_making_is_never_sent(shop: LiveDesk, browser_page: Page) -> None:
    page = sign_in(browser_page, shop)
    open_first(page)
    page.locator("#text").fill("안녕하세요 소라 니")

    for event in ("{isComposing: true, keyCode: 13}", "{isComposing: false, keyCode: 229}"):
        page.locator("#text").evaluate(
            f"(area) => area.dispatchEvent(new KeyboardEvent('keydown', Object.assign({event}, "
            "{key: 'Enter', ctrlKey: true, bubbles: true, cancelable: true})))"
        )
    page.wait_for_timeout(500)
    expect(page.locator("#text")).to_have_value("안녕하세요 소라 니")

    # Whole at last: what was pressed in the middle of it needs no second press.
    page.locator("#text").evaluate(
        """(area) => {
            const press = {key: "Enter", keyCode: 229, isComposing: true, ctrlKey: true, bubbles: true};
            area.dispatchEvent(new KeyboardEvent("keydown", press));
            area.value = "안녕하세요 소라 님";
            area.dispatchEvent(new CompositionEvent("compositionend", {bubbles: true}));
        }"""
    )
    expect(page.locator("undo-toast")).to_be_visible()
    expect(page.locator(".say.ours").last).to_contain_text("안녕하세요 소라 님")


def test_what_colleagues_do_appears_while_one_writes_and_disturbs_nothing(
    shop: LiveDesk, browser_page: Page
) -> None:
    page = sign_in(browser_page, shop)
    open_first(page)
    page.locator(".say .fold summary").first.click()
    expect(page.locator("live-feed")).to_have_attribute("data-state", "live")
    page.locator(".talk").evaluate("(log) => (log.scrollTop = 60)")
    page.locator("#text").press_sequentially("Dear Sora")
    expect(page.locator("draft-keeper")).to_have_attribute("data-state", "saved")

    shop.run_python(NOTE.format(text="I will call her."))

    expect(page.locator(".say.note")).to_contain_text("I will call her.")
    expect(page.locator("#text")).to_have_value("Dear Sora")
    expect(page.locator("#text")).to_be_focused()
    expect(page.locator(".say .fold").first).to_have_attribute("open", "")
    expect(page.locator("[data-fresh]")).to_be_visible()
    assert page.locator(".talk").evaluate("(log) => log.scrollTop") == 60


def test_a_reply_written_too_early_is_refused_and_loses_nothing(shop: LiveDesk, browser_page: Page) -> None:
    page = sign_in(browser_page, shop)
    open_first(page)
    page.locator("#text").fill("A fresh one is on its way.")
    expect(page.locator("draft-keeper")).to_have_attribute("data-state", "saved")

    shop.run_python(MORE)

    expect(page.locator(".talk")).to_contain_text("And the drink was missing.")
    expect(page.locator("#compose-state")).to_contain_text("Something new came")
    page.locator("#text").press("Control+Enter")
    expect(page.locator(".hint.bad")).to_be_visible()
    expect(page.locator("#text")).to_have_value("A fresh one is on its way.")
    page.locator("#text").press("Control+Enter")
    expect(page.locator("undo-toast")).to_be_visible()
    assert shop.run_python(STATE).split() == ["answered", "1", "0"]


@pytest.fixture
def tolerant_page(browser: Browser) -> Iterator[Page]:
    """A page that may complain into its console: with the line cut, that is what browsers do."""
    context = browser.new_context(reduced_motion="reduce")
    yield context.new_page()
    context.close()


def test_with_the_line_lost_what_is_typed_stays_in_the_browser(shop: LiveDesk, tolerant_page: Page) -> None:
    page = sign_in(tolerant_page, shop)
    open_first(page)
    page.context.set_offline(True)
    page.locator("#text").fill("Dear Sora, written without a line")
    expect(page.locator("[data-said=kept]")).to_be_visible()

    page.context.set_offline(False)

    expect(page.locator("draft-keeper")).to_have_attribute("data-state", "saved")
    assert shop.run_python(STATE).split() == ["waiting", "0", "1"]


def test_a_page_that_was_closed_before_it_could_save_has_its_text_again(
    shop: LiveDesk, tolerant_page: Page
) -> None:
    page = sign_in(tolerant_page, shop)
    open_first(page)
    page.route("**/draft/", lambda route: route.abort())
    page.locator("#text").fill("Dear Sora, never saved")
    expect(page.locator("[data-said=kept]")).to_be_visible()
    page.goto("about:blank")
    page.unroute("**/draft/")

    page.goto(f"{shop.url}/inbox/1/")

    expect(page.locator("#text")).to_have_value("Dear Sora, never saved")
    expect(page.locator("[data-said=saved]")).to_be_visible()


def test_a_page_catches_up_after_the_server_was_away(shop: LiveDesk, tolerant_page: Page) -> None:
    page = sign_in(tolerant_page, shop)
    open_first(page)
    expect(page.locator("live-feed")).to_have_attribute("data-state", "live")
    page.evaluate("window.stillHere = true")

    shop.stop()
    expect(page.locator("live-feed")).to_have_attribute("data-state", "lost", timeout=15_000)
    expect(page.locator("live-feed .lost")).to_be_visible()
    shop.run_python(NOTE.format(text="While you were away."))
    shop.start()

    expect(page.locator(".say.note")).to_contain_text("While you were away.", timeout=30_000)
    expect(page.locator("live-feed")).to_have_attribute("data-state", "live")
    assert page.evaluate("window.stillHere")


def test_reading_and_answering_need_no_scripts(shop: LiveDesk, open_page: OpenPage) -> None:
    page = sign_in(open_page(java_script_enabled=False), shop)

    page.locator(".item", has_text="Cold burger").click()
    page.locator(".say .fold summary").first.click()
    expect(page.locator(".quoted")).to_be_visible()
    page.locator("#text").fill("A fresh one is on its way.")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator(".say.ours")).to_contain_text("A fresh one is on its way.")
    page.locator("undo-toast button").click()
    expect(page.locator("#text")).to_have_value("A fresh one is on its way.")
    page.locator("#assign summary").click()
    page.locator("#assign .choice", has_text="Me").click()
    expect(page.locator("#assign summary")).to_contain_text("Hana")
    page.get_by_role("button", name="Done", exact=True).click()
    page.locator("#tab-done").click()
    expect(page.locator(".item")).to_contain_text("Cold burger")


def test_on_a_phone_there_is_one_thing_at_a_time(shop: LiveDesk, open_page: OpenPage) -> None:
    page = sign_in(open_page(viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True), shop)
    expect(page.locator(".list")).to_be_visible()
    check_accessibility(page)

    open_first(page)
    expect(page.locator(".list")).to_be_hidden()
    expect(page.locator("#compose")).to_be_in_viewport()
    check_accessibility(page)

    page.locator(".to-who").click()
    expect(page.locator("#who")).to_be_visible()
    page.locator("#who .back").click()
    expect(page.locator("#who")).to_be_hidden()
    page.locator(".thread .back").click()
    expect(page.locator(".list")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("name", ["hana", "tom"])
def test_everybody_can_use_the_inbox(shop: LiveDesk, browser_page: Page, name: str) -> None:
    page = sign_in(browser_page, shop, name)
    check_accessibility(page)
    open_first(page)
    check_accessibility(page)

    page.locator("#text").fill("x")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    check_accessibility(page)
    page.keyboard.press("Escape")
    page.keyboard.press("z")
    expect(page.locator("#later .panel")).to_be_visible()
    check_accessibility(page)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    check_accessibility(page)


def test_letters_of_strangers_run_nothing_and_call_nobody(shop: LiveDesk, tolerant_page: Page) -> None:
    page = sign_in(tolerant_page, shop)
    shop.run_python(
        "from dangol.inbox.models import Message\n"
        "Message.objects.filter(conversation__subject='Cold burger').update(html='<p>As it was</p>"
        '<img src="/static/dangol/favicon.svg" onload="parent.document.title=1">'
        "<script>parent.document.title = 1</script>"
        '<img data-remote-src="https://spy.test/pixel.png" alt="pixel">\')'
    )
    called: list[str] = []
    page.on("request", lambda request: called.append(request.url))
    open_first(page)
    page.locator("summary", has_text="As it was sent").click()
    expect(page.frame_locator("iframe").locator("p")).to_have_text("As it was")

    assert not [url for url in called if "spy.test" in url]
    expect(page).to_have_title(re.compile("Cold burger"))


def test_a_second_tab_hears_of_everything_too(shop: LiveDesk, browser_page: Page) -> None:
    page = sign_in(browser_page, shop)
    second = page.context.new_page()
    second.goto(f"{shop.url}/inbox/")
    for tab in (page, second):
        open_first(tab)

    shop.run_python(NOTE.format(text="For both tabs."))
    began = time.monotonic()
    for tab in (page, second):
        expect(tab.locator(".say.note")).to_contain_text("For both tabs.")
    assert time.monotonic() - began < 10
