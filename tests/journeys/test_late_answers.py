"""An answer that comes late finds a person at work: what was typed, chosen or opened meanwhile stays."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from tests.journeys.shop import Shop, until
from tests.parts.browser import OpenPage
from tests.parts.cast import SORA

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


@pytest.fixture
def answered(page: Page) -> Callable[[str], LetGo]:
    """Let the server do what the next request for an address asks, and hold its answer back, until what this returns is
    called."""

    def hold(address: str) -> LetGo:
        answers: list[tuple[Route, APIResponse]] = []
        page.route(address, lambda route: answers.append((route, route.fetch(max_redirects=0))), times=1)

        def let_go() -> None:
            while not answers:
                page.wait_for_timeout(20)
            route, response = answers[0]
            route.fulfill(response=response)

        return let_go

    return hold


def test_what_is_given_while_an_answer_is_on_its_way_sends_it_no_second_time(
    shop: Shop, page: Page, answered: Callable[[str], LetGo]
) -> None:
    talk = shop.hear_from(SORA, "Both at once", "The burger was cold.")
    shop.do("have_order", subject="Both at once", number="2050")
    page.goto(f"/inbox/{talk}/")
    words = page.get_by_role("textbox", name="Your words")
    words.fill("A fresh one is on its way.")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    let_go = answered("**/reply/")
    page.get_by_role("button", name="Send", exact=True).press("Enter")
    page.get_by_role("button", name="Give it").press("Enter")
    expect(page.get_by_role("button", name="Undo: Moon burger")).to_be_visible()
    let_go()
    expect(page.get_by_role("log", name="Messages")).to_contain_text("A fresh one is on its way.")
    expect(words).to_have_value("")
    expect(page.get_by_role("button", name="Undo: Moon burger")).to_be_visible()
    page.reload()
    expect(words).to_have_value("")
    assert shop.texts("Both at once").count("A fresh one is on its way.") == 1


@pytest.mark.parametrize("what", ["Give it", "Send"])
def test_a_press_is_not_broken_off_by_who_goes_on_to_another_conversation(
    shop: Shop, page: Page, held: Callable[[str], LetGo], what: str
) -> None:
    subject, other = f"On we go ({what})", f"The next one ({what})"
    talk, following = (shop.hear_from(SORA, each, "The burger was cold.") for each in (subject, other))
    shop.do("have_order", subject=subject, number=f"21{len(what)}")
    given = len(shop.do("states_of_wishes"))
    page.goto(f"/inbox/{talk}/")
    page.get_by_role("textbox", name="Your words").fill("A fresh one is on its way.")
    address = "/giving/suggested/" if what == "Give it" else "/reply/"
    let_go = held(f"**{address}")
    page.get_by_role("button", name=re.compile(rf"^{what}(:|$)")).press("Enter")
    page.locator(f"#open-{following}").click()
    expect(page.get_by_role("heading", name=other)).to_be_visible()
    with page.expect_response(f"**{address}"):
        let_go()
    if what == "Give it":
        until(lambda: shop.do("states_of_wishes")[given:] == ["given"])
    else:
        until(lambda: "A fresh one is on its way." in shop.texts(subject))
    # An answer of before does not bring back what one has left.
    page.get_by_role("textbox", name="Your words").fill("And a word here.")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    expect(page.get_by_role("heading", name=other)).to_be_visible()


def test_the_focus_comes_with_the_answer_before_a_refresh_can_come_between(shop: Shop, page: Page) -> None:
    talk = shop.hear_from(SORA, "Cold burger", "The burger was cold.")
    shop.do("have_order", subject="Cold burger", number="2041")
    page.goto(f"/inbox/{talk}/")
    page.evaluate("""document.addEventListener("htmx:afterSwap", ({ target }) => target.id === "owed" &&
        queueMicrotask(() => window.focusedAtOnce = document.activeElement.getAttribute("aria-label")))""")
    page.get_by_role("button", name="Give it").press("Enter")
    expect(page.get_by_role("button", name="Undo: Moon burger")).to_be_focused()
    assert str(page.evaluate("window.focusedAtOnce")).startswith("Undo: Moon burger")


def test_a_refresh_that_a_press_broke_off_is_made_up_for(
    shop: Shop, open_page_on_a_bad_line: OpenPage
) -> None:
    talk = shop.hear_from(SORA, "Cold fries", "The fries were cold.")
    page = shop.page_of("Minji", open_page_on_a_bad_line)
    page.goto(f"/inbox/{talk}/")
    expect(page.locator("live-feed")).to_have_attribute("data-state", "live")
    page.get_by_role("textbox", name="Your words").fill("Fresh ones are on their way.")
    expect(page.get_by_text("Draft saved")).to_be_visible()

    refresh = re.compile(rf"/inbox/{talk}/(\?|$)")
    page.route(refresh, lambda route: None, times=1)  # the server takes its time
    page.route("**/reply/", lambda route: route.abort())  # and no event tells of what did not get there
    with page.expect_request(refresh):
        shop.do("leave_note", name="Hana", subject="Cold fries", text="A note of a colleague.")
    page.get_by_role("button", name="Send", exact=True).press("Enter")
    expect(page.get_by_role("log", name="Messages")).to_contain_text("A note of a colleague.")


@pytest.mark.parametrize("what", ["Give it", "Send"])
def test_a_button_that_is_pressed_again_asks_once(
    shop: Shop, page: Page, held: Callable[[str], LetGo], what: str
) -> None:
    subject = f"Cold burger ({what})"
    talk = shop.hear_from(SORA, subject, "The burger was cold.")
    shop.do("have_order", subject=subject, number=f"20{len(what)}")
    page.goto(f"/inbox/{talk}/")
    page.get_by_role("textbox", name="Your words").fill("A fresh one is on its way.")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    address = "/giving/suggested/" if what == "Give it" else "/reply/"
    asked: list[str] = []
    page.on("request", lambda request: request.url.endswith(address) and asked.append(request.url))
    let_go = held(f"**{address}")
    button = page.get_by_role("button", name=re.compile(rf"^{what}(:|$)"))
    button.press("Enter")
    button.press("Enter")
    let_go()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    assert len(asked) == 1
