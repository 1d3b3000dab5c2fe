"""Every page, in English and in Korean: usable by everybody, whole on a phone and on a wide screen, in one language."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests.journeys.looks import check, words_left
from tests.journeys.pages import PAGES, Line, words
from tests.journeys.shop import Shop, running
from tests.parts.browser import OpenPage, bring_axe, violations
from tests.parts.cast import JIHOON, PASSWORD, SORA
from tests.parts.desk import LiveDesk

SUBJECT: Final = "쿠폰을 바꿀 수 있나요?"
LONG: Final = "https://moonburger.test/" + "very-long-address-" * 12
ALL_URLS: Final = "tests.journeys.all_urls"
LANGUAGES: Final = {"en": "en-GB", "ko": "ko-KR"}
EVERY_LINE: Final = {name: line for name, line in PAGES.items() if isinstance(line, Line)}
# What a list says when it is empty, and other faces of the same pages.
MORE_LINES: Final = {
    "inbox, nothing in it": ("inbox", Line(query="?tab=done", who="Hana")),
    "inbox, answered": ("inbox", Line(query="?tab=answered", who="Hana")),
    "search, nothing asked": ("search", Line(who="Hana")),
    "search, nothing found": ("search", Line(query="?q=없는말", who="Hana")),
    "times, nobody waited": ("answer_times", Line(query="?from=2020-01-01&to=2020-01-02", who="Hana")),
    "worth, nothing in it": ("worth_statement", Line(query="?month=2020-01")),
    "today of an agent": ("today", Line(who="Tom")),
}


class DemoDesk(LiveDesk):
    """A desk with the pages of the demo as well."""

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "DANGOL_DEMO": "1"}


@pytest.fixture(scope="module")
def shop(migrated_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shop") / "desk"
    shutil.copytree(migrated_folder, folder)
    with running(DemoDesk(folder)) as found:
        yield found


@pytest.fixture(scope="module")
def security_key(shop: Shop, browser: Browser) -> int:
    """A second step for Dongsuk, made with a security key that the browser plays; the id of it."""
    context = browser.new_context(base_url=f"http://localhost:{shop.desk.port}", locale="en-GB")
    context.add_cookies(
        [
            {
                "name": "sessionid",
                "value": shop.do("session_of", name="Dongsuk"),
                "domain": "localhost",
                "path": "/",
            }
        ]
    )
    page = context.new_page()
    device = context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "usb", "hasUserVerification": True, "isUserVerified": True}
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.goto("/account/2fa/webauthn/add/")
    page.get_by_label("Name").fill("USB")
    page.get_by_role("button", name="Add").click()
    page.get_by_role("heading", name="Recovery codes").wait_for()  # they come with the first second step
    page.goto("/account/2fa/webauthn/")
    address = page.get_by_role("link", name="Rename").get_attribute("href") or ""
    context.close()
    return int(address.rstrip("/").split("/")[-2])


@pytest.fixture(scope="module")
def world(shop: Shop, security_key: int) -> dict[str, Any]:
    """One of everything that an address can name, in Korean: what is English on a page is then ours."""
    files = {"영수증 (최종).pdf": b"%PDF", "영수증.pdf": b"%PDF 2"}
    headers = {"Cc": "경리부 <accounts@example.kr>"}
    words = f"안녕하세요, 단골입니다.\n\n{LONG}\n\n> 지난번 말씀\n\n-- \n박지훈"
    shop.hear_from(JIHOON, SUBJECT, words, files=files, headers=headers)
    shop.do("leave_note", name="Hana", subject=SUBJECT, text="금 등급 손님입니다.")
    shop.do("answer", name="Hana", subject=SUBJECT, text="네, 바꿀 수 있습니다.")
    shop.do("work")
    shop.do("write", name="Hana", subject=SUBJECT, text="하나 더")
    shop.hear_from("김소라 <sora@example.com>", "식은 버거", "또 식었습니다.")
    shop.do("assign", name="Minji", subject="식은 버거", to="Tom")
    automatic = {"Auto-Submitted": "auto-replied"}
    shop.hear_from("부재중 <away@example.kr>", "자동 응답", "휴가 중입니다.", headers=automatic)
    shop.do("connect_second_mailbox")
    shop.do("add_second_step", name="Dongsuk")
    trouble = shop.do("have_trouble", subject=SUBJECT)
    return {
        **shop.do("ids_of", subject=SUBJECT),
        **trouble,
        **shop.do("know_more", name="Hana", subject=SUBJECT),
        **shop.do("have_costs", name="Hana", subject=SUBJECT),
        **shop.do("have_segments"),
        "pk": security_key,
        "token en": shop.do("invite", email="guest@moonburger.test", language="en"),
        "token ko": shop.do("invite", email="sonnim@moonburger.test", language="ko"),
        **shop.do("link_for_new_password", name="Tom"),
    }


def test_every_url_is_a_page_that_is_visited_or_says_why_not() -> None:
    def names(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
        for each in patterns:
            if isinstance(each, URLResolver):
                yield from names(each.url_patterns)
            else:
                yield each.name or str(each.pattern)

    known = set(names(get_resolver(ALL_URLS).url_patterns))
    assert known - set(PAGES) == set(), "URLs without a line in tests/journeys/pages.py"
    assert set(PAGES) - known == set(), "lines without a URL"


Speak = Callable[[str], None]


@pytest.fixture(scope="module")
def speak(shop: Shop) -> Speak:
    """Let everybody's pages be in the language."""
    spoken = ""

    def spoken_from_now_on(language: str) -> None:
        nonlocal spoken
        if language != spoken:
            for name in ("Minji", "Dongsuk", "Hana", "Tom"):
                shop.do("change_person", name=name, language=language)
        spoken = language

    return spoken_from_now_on


class Window:
    """A browser of one person, or of a stranger, in one language. It is kept: pages load faster, as in life."""

    def __init__(self, context: BrowserContext) -> None:
        self.page = context.new_page()
        self.complaints: list[str] = []
        context.on("console", self._heard)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} ({message.location.get('url')})")


OpenWindow = Callable[[str, str], Window]


@pytest.fixture(scope="module")
def open_window(shop: Shop, browser: Browser, speak: Speak) -> Iterator[OpenWindow]:
    """The window of somebody ("" is a stranger) whose browser and account speak the language."""
    windows: dict[tuple[str, str], Window] = {}

    def opened(who: str, language: str) -> Window:
        speak(language)
        if (who, language) not in windows:
            options: Any = {
                "base_url": shop.desk.url,
                "locale": LANGUAGES[language],
                "reduced_motion": "reduce",
            }
            context = browser.new_context(**options)
            if who:
                shop.sign_in(context, who)
            windows[who, language] = Window(context)
        window = windows[who, language]
        window.complaints.clear()
        window.page.set_viewport_size({"width": 1280, "height": 720})
        return window

    yield opened
    for window in windows.values():
        window.page.context.close()


ALL: Final = [
    *((name, name, line) for name, line in EVERY_LINE.items()),
    *((label, name, line) for label, (name, line) in MORE_LINES.items()),
]


@pytest.mark.parametrize(("name", "line"), [each[1:] for each in ALL], ids=[each[0] for each in ALL])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_usable(
    name: str, line: Line, language: str, world: dict[str, Any], open_window: OpenWindow
) -> None:
    window = open_window(line.who, language)
    parts = {part: world.get(f"{part} {language}", world.get(part)) for part in line.parts}
    answer = window.page.goto(reverse(name, ALL_URLS, kwargs=parts) + line.query)
    assert answer is not None
    assert answer.status == 200
    check(window.page, language, line.foreign)
    assert window.complaints == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_menus_notes_and_the_list_of_keys_are_usable(
    language: str, world: dict[str, Any], open_window: OpenWindow
) -> None:
    window = open_window("Hana", language)
    page = window.page
    page.goto(reverse("conversation", args=[world["conversation_id"]]))
    bring_axe(page)
    for key, shown in (
        ("n", ".for-note"),
        ("a", "#assign .panel"),
        ("z", "#later .panel"),
        ("Shift+?", "dialog"),
    ):
        page.keyboard.press(key)
        expect(page.locator(shown).first).to_be_visible()
        assert violations(page) == [], f"after {key}"
        assert words_left(page, words("no such user")) == {} or language == "en"
        page.keyboard.press("Escape")
    page.locator("summary.me").click()
    assert violations(page) == [], "in one's own menu"
    assert window.complaints == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_second_step_of_signing_in_is_usable(
    world: dict[str, Any], language: str, shop: Shop, open_page: OpenPage
) -> None:
    page = open_page(base_url=shop.desk.url, locale=LANGUAGES[language])
    page.goto("/account/login/")
    page.locator("input[type=email]").fill("dongsuk@moonburger.test")
    page.locator("input[type=password]").fill(PASSWORD)
    page.locator("input[type=password]").press("Enter")
    page.wait_for_url("**/2fa/authenticate/")
    check(page, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_steps_of_the_first_visit_are_usable(language: str, new_shop: Shop, open_page: OpenPage) -> None:
    options = {"base_url": new_shop.desk.url, "locale": LANGUAGES[language]}
    elsewhere = open_page(**options, extra_http_headers={"X-Forwarded-For": "203.0.113.9"})
    elsewhere.goto(reverse("set_up_code"))
    check(elsewhere, language)

    page = open_page(**options)
    page.goto(reverse("set_up_business"))
    check(page, language)
    page.locator("input[name=name]").fill("Moon Burger")
    page.locator("button[value=next]").last.click()
    page.wait_for_url(f"**{reverse('set_up_owner')}")
    check(page, language)
    page.locator("input[name=name]").fill("Minji")
    page.locator("input[name=email]").fill("minji@moonburger.test")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main form button").first.click()
    page.wait_for_url(f"**{reverse('set_up_mailbox')}")
    check(page, language)
    page.locator("button[value=later]").click()
    page.wait_for_url(f"**{reverse('set_up_ready')}")
    check(page, language)
    page.goto("/")  # Today on the first day
    check(page, language)
    page.context.close()


# What goes wrong is a page as well


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_went_wrong_is_said_on_a_usable_page(
    language: str, world: dict[str, Any], shop: Shop, speak: Speak, open_page_on_a_bad_line: OpenPage
) -> None:
    """400, 403, 404, 429, 500, 503 and a refusal, each as it comes about."""
    speak(language)
    options = {"base_url": shop.desk.url, "locale": LANGUAGES[language]}
    stranger, hana = open_page_on_a_bad_line(**options), open_page_on_a_bad_line(**options)
    shop.sign_in(hana.context, "Hana")

    def looked(page: Page, status: int, act: Callable[[], Any]) -> None:
        with page.expect_response(lambda answer: answer.request.is_navigation_request()) as answering:
            act()
        page.wait_for_load_state()
        assert answering.value.status == status
        check(page, language)
        page.set_viewport_size({"width": 1280, "height": 720})

    looked(hana, 404, lambda: hana.goto("/no/such/page/"))
    looked(hana, 403, lambda: hana.goto(reverse("business_settings")))
    looked(stranger, 404, lambda: stranger.goto("/account/signup/"))

    stranger.goto("/account/login/")
    stranger.context.clear_cookies()
    looked(stranger, 403, lambda: stranger.locator("main form").evaluate(_SUBMIT))
    stranger.goto("/account/login/")
    looked(stranger, 400, lambda: stranger.locator("main form").evaluate(_SUBMIT_MUCH))
    for _ in range(5):
        stranger.goto("/account/password/reset/")
        stranger.locator("input[type=email]").fill(f"{language}@example.com")
        stranger.locator("main form").evaluate(_SUBMIT)
        stranger.wait_for_url("**/done/")
    stranger.goto("/account/password/reset/")
    stranger.locator("input[type=email]").fill(f"{language}@example.com")
    looked(stranger, 429, lambda: stranger.locator("main form").evaluate(_SUBMIT))

    hana.goto(reverse("conversation", args=[world["conversation_id"]]))
    gone = reverse("closure", args=[999999])
    looked(hana, 404, lambda: hana.locator("form[action$='/closure/']").evaluate(_SUBMIT_TO, gone))
    shop.do("lose_table", name="inbox_wait")
    try:
        looked(hana, 503, lambda: hana.goto(reverse("answer_times")))
    finally:
        shop.do("find_table", name="inbox_wait")
    garbled = shop.hear_from(SORA, f"Garbled {language}", "Hello.")
    shop.do("garble", subject=f"Garbled {language}")
    looked(hana, 500, lambda: hana.goto(reverse("conversation", args=[garbled])))


# As a browser without scripts would send them.
_SUBMIT = "(form) => HTMLFormElement.prototype.submit.call(form)"
_SUBMIT_TO = "(form, address) => { form.action = address; HTMLFormElement.prototype.submit.call(form) }"
_SUBMIT_MUCH = """(form) => {
    for (let n = 0; n < 1100; n++) form.append(Object.assign(document.createElement("input"), { name: `n${n}` }));
    HTMLFormElement.prototype.submit.call(form);
}"""
