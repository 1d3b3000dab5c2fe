"""The whole way without a mouse: what has the focus is seen, stays where it is, and Korean is typed as Korean."""

from __future__ import annotations

from playwright.sync_api import CDPSession, Locator, Page, expect

from tests.journeys.shop import Shop, until
from tests.parts.browser import OpenPage
from tests.parts.cast import JAMES, JIHOON, PASSWORD, SORA

# What has the focus looks different from what has not, in itself or in what is around it, and is in the window.
_FOCUS_IS_SEEN = """() => {
    const it = document.activeElement;
    if (!it || it === document.body) return "nothing has the focus";
    const around = [it];
    while (around.length < 5 && around.at(-1).parentElement) around.push(around.at(-1).parentElement);
    const looks = () => around.map((one) => {
        const style = getComputedStyle(one);
        return [style.outlineStyle, style.outlineWidth, style.boxShadow, style.borderTopColor].join(" ");
    }).join("|");
    const box = it.getBoundingClientRect();
    const isThere = box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight;
    const focused = looks();
    it.blur();
    const blurred = looks();
    it.focus({ preventScroll: true });
    const name = `${it.tagName.toLowerCase()}#${it.id} ${(it.textContent || it.name || "").trim().slice(0, 40)}`;
    if (focused === blurred) return `looks the same with and without the focus: ${name}`;
    return isThere ? "" : `outside of the window: ${name}`;
}"""


def composer(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Your words")


def focus_is_seen(page: Page) -> None:
    assert page.evaluate(_FOCUS_IS_SEEN) == ""


def tab_to(page: Page, wanted: Locator, *, most: int = 60) -> None:
    """Press Tab until the wanted one has the focus; on the way the focus is always seen."""
    for _ in range(most):
        page.keyboard.press("Tab")
        focus_is_seen(page)
        if wanted.evaluate("(it) => it === document.activeElement"):
            return
    raise AssertionError(f"{wanted} is not reached by Tab")


def test_from_the_sign_in_to_a_sent_answer(shop: Shop, open_page: OpenPage) -> None:
    shop.hear_from(SORA, "By keyboard", "Is anybody there?")
    page = open_page(base_url=shop.desk.url)
    page.goto("/inbox/")
    tab_to(page, page.get_by_role("textbox", name="mail"))
    page.keyboard.type("hana@moonburger.test")
    tab_to(page, page.get_by_label("Password", exact=True))
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{shop.desk.url}/inbox/")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("link", name="By keyboard"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="By keyboard")).to_be_visible()
    tab_to(page, composer(page))
    page.keyboard.type("Yes, we are.")
    page.keyboard.press("Enter")
    page.keyboard.type("All of us.")
    tab_to(page, page.get_by_role("button", name="Send", exact=True))
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    assert shop.texts("By keyboard")[-1] == "Yes, we are.\nAll of us."

    page.get_by_role("button", name="Undo").focus()
    page.keyboard.press("Enter")
    expect(composer(page)).to_have_value("Yes, we are.\nAll of us.")
    page.keyboard.press("r")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    assert shop.texts("By keyboard")[1:] == ["Yes, we are.\nAll of us."]


def test_every_control_of_a_conversation_is_reached_and_seen(shop: Shop, open_page: OpenPage) -> None:
    conversation = shop.hear_from(SORA, "All the way round", "Hello.", files={"plan.pdf": b"%PDF"})
    page = shop.page_of("Hana", open_page)
    page.goto(f"/inbox/{conversation}/")
    reached: list[str] = []
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            break
        focus_is_seen(page)
        reached.append(
            page.evaluate(
                "((it) => (it.getAttribute('aria-label') || it.textContent).trim())(document.activeElement)"
            )
        )
    for wanted in ("Today", "Search", "Waiting", "Assign", "Later", "Done", "plan.pdf", "Your words", "Send"):
        assert any(wanted in each for each in reached), f"“{wanted}” is not reached by Tab: {reached}"


def test_single_keys_do_what_the_list_of_keys_says(shop: Shop, open_page: OpenPage) -> None:
    shop.hear_from(SORA, "Key one", "One.")
    shop.hear_from(JAMES, "Key two", "Two.")
    page = shop.page_of("Minji", open_page)
    page.goto("/")
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url(f"{shop.desk.url}/inbox/")

    lines = page.get_by_role("region", name="Conversations").get_by_role("listitem").get_by_role("link")
    page.keyboard.press("j")
    expect(lines.nth(0)).to_be_focused()
    focus_is_seen(page)
    page.keyboard.press("j")
    expect(lines.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(lines.nth(0)).to_be_focused()
    page.get_by_role("link", name="Key two").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Key two")).to_be_visible()

    page.keyboard.press("a")
    expect(page.get_by_role("button", name="Me", exact=True)).to_be_focused()
    focus_is_seen(page)
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("button", name="Dongsuk")).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("summary", has_text="Assigned to")).to_contain_text("Minji")

    page.keyboard.press("n")
    expect(composer(page)).to_be_focused()
    page.keyboard.type("she is nice")  # letters that are keys are letters while one types
    expect(composer(page)).to_have_value("she is nice")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("article").filter(has_text="she is nice")).to_contain_text(
        "only the team sees it"
    )

    page.keyboard.press("Escape")
    page.keyboard.press("r")
    expect(composer(page)).to_be_focused()
    expect(page.get_by_role("radio", name="Reply")).to_be_checked()
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    expect(page.get_by_role("button", name="Reopen")).to_be_visible()
    page.keyboard.press("e")
    expect(page.get_by_role("button", name="Done", exact=True)).to_be_visible()
    page.keyboard.press("z")
    expect(page.locator("#later").get_by_role("button").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#later").get_by_role("button").first).to_be_hidden()
    focus_is_seen(page)
    page.keyboard.press("Shift+?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.wait_for_url(f"{shop.desk.url}/")


def test_the_keys_work_on_a_korean_keyboard_and_can_be_switched_off(shop: Shop, open_page: OpenPage) -> None:
    shop.hear_from(SORA, "Hangul keys", "Hello.")
    page = shop.page_of("Hana", open_page)
    page.goto("/inbox/")
    press = (
        "(key, code) => document.body.dispatchEvent(new KeyboardEvent('keydown', {key, code, bubbles: true}))"
    )
    page.evaluate(f"({press})('ㅓ', 'KeyJ')")
    focused = "document.activeElement.closest('li') !== null"
    assert page.evaluate(focused)

    page.keyboard.press("Shift+?")
    page.get_by_label("Use single keys").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    page.keyboard.press("j")
    assert not page.evaluate(focused)


def test_the_focus_stays_while_the_page_follows(shop: Shop, open_page: OpenPage) -> None:
    conversation = shop.hear_from(SORA, "Busy morning", "Hello.")
    page = shop.page_of("Hana", open_page)
    page.goto(f"/inbox/{conversation}/")
    expect(page.locator("live-feed")).to_have_attribute("data-state", "live")
    composer(page).focus()
    for number in range(4):
        shop.do("leave_note", name="Tom", subject="Busy morning", text=f"Note {number}.")
        shop.hear_from(JAMES, f"Busy {number}", "Hello.")
        page.keyboard.type(f"part {number}, ")
        expect(page.get_by_role("log")).to_contain_text(f"Note {number}.")
        expect(page.get_by_role("link", name=f"Busy {number}")).to_be_visible()
    expect(composer(page)).to_be_focused()
    expect(composer(page)).to_have_value("part 0, part 1, part 2, part 3, ")
    assert composer(page).evaluate("(it) => it.selectionStart") == len("part 0, part 1, part 2, part 3, ")

    # The same in the list: the line that has the focus keeps it when others come and when it changes itself.
    line = page.get_by_role("link", name="Busy morning")
    line.focus()
    shop.do("assign", name="Tom", subject="Busy morning", to="Hana")
    expect(line).to_contain_text("yours")
    expect(line).to_be_focused()
    shop.do("close", name="Tom", subject="Busy 0")
    expect(page.get_by_role("link", name="Busy 0")).to_have_count(0)
    expect(line).to_be_focused()


def test_a_button_keeps_the_focus_when_what_it_says_changes(shop: Shop, open_page: OpenPage) -> None:
    conversation = shop.hear_from(SORA, "Changing hands", "Hello.")
    page = shop.page_of("Hana", open_page)
    page.goto(f"/inbox/{conversation}/")
    expect(page.locator("live-feed")).to_have_attribute("data-state", "live")
    done = page.get_by_role("button", name="Done", exact=True)
    assigned = page.locator("summary", has_text="Assigned to")
    page.locator("summary", has_text="Assign").focus()
    shop.do("assign", name="Tom", subject="Changing hands", to="Tom")
    expect(assigned).to_contain_text("Tom")
    expect(assigned).to_be_focused()
    done.focus()
    shop.do("assign", name="Tom", subject="Changing hands", to="Hana")
    expect(assigned).to_contain_text("Hana")
    expect(done).to_be_focused()


def test_what_did_not_change_stays_the_very_same_button(shop: Shop, open_page: OpenPage) -> None:
    """A press that begins on a button which is put in anew before it ends would be lost."""
    conversation = shop.hear_from(SORA, "Under the thumb", "Hello.")
    page = shop.page_of("Hana", open_page)
    page.goto(f"/inbox/{conversation}/")
    composer(page).fill("Yes.")
    page.get_by_role("button", name="Send", exact=True).click()
    held = [page.get_by_role("button", name="Undo"), page.get_by_role("button", name="Done", exact=True)]
    for each in held:
        each.evaluate("(it) => (it.heldSince = 'before')")
    for number in range(3):
        shop.do("leave_note", name="Tom", subject="Under the thumb", text=f"Note {number}.")
        expect(page.get_by_role("log")).to_contain_text(f"Note {number}.")
    assert [each.evaluate("(it) => it.heldSince") for each in held] == ["before"] * 2


def test_a_press_follows_a_link_that_says_something_else_by_the_time_it_ends(
    shop: Shop, open_page: OpenPage
) -> None:
    shop.hear_from(SORA, "Under the finger", "Hello.")
    page = shop.page_of("Hana", open_page)
    page.goto("/inbox/")
    expect(page.locator("live-feed")).to_have_attribute("data-state", "live")
    line = page.locator("a.item", has_text="Under the finger")
    tab = page.get_by_role("navigation", name="Lists").get_by_role("link", name="Mine")
    count = tab.locator("span")
    mine = int(count.text_content() or 0) if count.count() else 0

    line.locator(".subject").hover(force=True)
    page.mouse.down()
    shop.do("assign", name="Tom", subject="Under the finger", to="Hana")
    expect(line).to_contain_text("yours")
    expect(count).to_have_text(f"{mine + 1}")
    page.mouse.up()
    expect(page.get_by_role("heading", name="Under the finger", level=1)).to_be_visible()

    count.hover(force=True)
    page.mouse.down()
    shop.hear_from(JIHOON, "Another one", "Hello.")
    shop.do("assign", name="Tom", subject="Another one", to="Hana")
    expect(count).to_have_text(f"{mine + 2}")
    page.mouse.up()
    page.wait_for_url("**/inbox/?tab=mine")
    expect(page.locator("a.item", has_text="Another one")).to_be_visible()


class Hangul:
    """An input method: keys make syllables, which are composed before they are text."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.session: CDPSession = page.context.new_cdp_session(page)

    def compose(self, *steps: str) -> None:
        """What stands under the cursor while keys are pressed, such as ㄴ, 니, 님."""
        for step in steps:
            self._key("rawKeyDown")
            at = len(step)
            self.session.send(
                "Input.imeSetComposition", {"text": step, "selectionStart": at, "selectionEnd": at}
            )
            self._key("keyUp")

    def finish(self, text: str) -> None:
        """The syllable is whole."""
        self.session.send("Input.insertText", {"text": text})

    def enter(self, *, control: bool = False) -> None:
        """Enter as a browser hears it while a syllable is composed: the key is the input method's (229)."""
        modifiers = 2 if control else 0
        self._key("rawKeyDown", key="Enter", code="Enter", modifiers=modifiers)

    def _key(self, kind: str, *, key: str = "Process", code: str = "", modifiers: int = 0) -> None:
        self.session.send(
            "Input.dispatchKeyEvent",
            {"type": kind, "key": key, "code": code, "windowsVirtualKeyCode": 229, "modifiers": modifiers},
        )


def test_korean_is_composed_and_sent_once(shop: Shop, open_page: OpenPage) -> None:
    conversation = shop.hear_from(JIHOON, "한글 입력", "잘 지내시죠?")
    page = shop.page_of("Hana", open_page)
    page.goto(f"/inbox/{conversation}/")
    composer(page).focus()
    page.evaluate(
        """() => {
            window.heard = [];
            for (const name of ["keydown", "compositionstart", "compositionend"])
                document.addEventListener(name, (event) => heard.push([name, event.key, event.isComposing]), true);
        }"""
    )
    hangul = Hangul(page)
    hangul.compose("ㅂ", "바", "박")
    hangul.finish("박")
    page.keyboard.type(" ")
    hangul.compose("ㄴ", "니", "님")
    hangul.enter()
    expect(composer(page)).to_have_value("박 님")
    hangul.finish("님")
    page.keyboard.press("Enter")
    page.keyboard.type("!")
    expect(composer(page)).to_have_value("박 님\n!")
    heard = page.evaluate("heard")
    assert ["keydown", "Enter", True] in heard, f"Enter was not pressed amid a syllable: {heard}"
    assert len([each for each in heard if each[0] == "compositionend"]) == 2
    assert shop.texts("한글 입력") == ["잘 지내시죠?"], "Enter sent it"

    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    expect(composer(page)).to_have_value("")
    assert shop.texts("한글 입력") == ["잘 지내시죠?", "박 님\n!"]


def test_control_and_enter_amid_a_syllable_sends_it_whole_and_once(shop: Shop, open_page: OpenPage) -> None:
    conversation = shop.hear_from(JIHOON, "빠른 손", "급해요.")
    page = shop.page_of("Hana", open_page)
    page.goto(f"/inbox/{conversation}/")
    composer(page).focus()
    # Some browsers end the syllable first, and only the key's number says that it was still the input method's.
    composer(page).evaluate(
        """(area) => area.dispatchEvent(new KeyboardEvent("keydown", {
            key: "Enter", keyCode: 229, ctrlKey: true, bubbles: true, cancelable: true,
        }))"""
    )
    hangul = Hangul(page)
    hangul.compose("ㄴ", "네", "넵")
    hangul.enter(control=True)
    hangul.finish("넵")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    expect(page.get_by_role("log").get_by_role("article").last).to_contain_text("넵")
    page.wait_for_timeout(1200)  # a second one would have come by now
    assert shop.texts("빠른 손") == ["급해요.", "넵"]


def test_a_hasty_hand_sends_once(shop: Shop, open_page: OpenPage) -> None:
    conversation = shop.hear_from(SORA, "Hasty", "Quick!")
    page = shop.page_of("Hana", open_page)
    page.goto(f"/inbox/{conversation}/")
    composer(page).fill("At once.")
    for _ in range(3):
        page.keyboard.press("Control+Enter")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    until(lambda: shop.talk("Hasty")["state"] == "answered")
    page.wait_for_timeout(500)
    assert shop.texts("Hasty") == ["Quick!", "At once."]
