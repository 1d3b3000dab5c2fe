"""How a page looks to those who use it: by eye, by ear, on a phone, in the dark, in Korean."""

from __future__ import annotations

import re
from typing import Final

from playwright.sync_api import Page

from tests.journeys.pages import words
from tests.parts.browser import bring_axe, violations

# Words in Latin letters that are the same in Korean: names, units, and what a key or a protocol is called.
SAME_IN_KOREAN: Final = words(
    "Dangol Moon Burger Minji Dongsuk Hana Tom KB MB bytes pdf png Ctrl Enter Esc IMAP SMTP TLS STARTTLS INBOX",
    "CSV KRW UTC English Re USB ABCD EFGH IJKL ID API URI JSON",
    # Companies
    "Google Microsoft Shopify WooCommerce",
    "Brevo MailerSend Mailgun Mailjet Mailtrap Mandrill Postmark Resend SendGrid SparkPost",
)
_NAMES = re.compile(
    r"https?://\S+|\S+@\S+|[A-Za-z0-9.-]+\.(?:test|kr|com|example)|\b[A-Z][a-z]+/[A-Z]\w+|dangol up"
)
_WORDS_OF_PAGE = """() => {
    const found = [["title", document.title]];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode, parent = node.parentElement;
        const list = parent.closest("select");
        if (parent.closest("script, style, template, noscript, code, [aria-hidden=true]")) continue;
        if (list && list.options.length > 30) continue;
        if (node.data.trim()) found.push([parent.tagName.toLowerCase(), node.data.trim()]);
    }
    for (const name of ["aria-label", "title", "placeholder", "alt"])
        for (const one of document.body.querySelectorAll(`[${name}]`)) found.push([name, one.getAttribute(name)]);
    return found;
}"""
_STICKS_OUT = """() => document.documentElement.scrollWidth <= innerWidth ? [] : [
    document.documentElement.scrollWidth,
    ...[...document.body.querySelectorAll("*")]
        .filter((it) => it.getBoundingClientRect().right > innerWidth)
        .map((it) => it.outerHTML.slice(0, 100)),
]"""
# Names need no mark (WCAG 3.1.2), and a name or a word within an English sentence has none.
_HANGUL_UNMARKED = """() => {
    const found = [];
    const names = ["박지훈", "김소라", "부재중", "경리부"];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode, parent = node.parentElement;
        if (!/[가-힣]/.test(node.data) || /[a-z]/i.test(node.data) || names.includes(node.data.trim())) continue;
        if (parent.closest("script, style, template, [aria-hidden=true], [lang=ko]")) continue;
        if (!parent.closest("title, textarea, option")) found.push(node.data.trim());
    }
    return found;
}"""


def check(page: Page, language: str, foreign: frozenset[str] = frozenset()) -> None:
    """What holds for every page."""
    assert page.locator("html").get_attribute("lang") == language
    if language == "ko":
        left = words_left(page, foreign)
        assert left == {}, f"not said in Korean: {left}"
    else:
        unmarked = page.evaluate(_HANGUL_UNMARKED)
        assert unmarked == [], f"Korean words that would be read out as English: {unmarked}"
    page.evaluate(
        "document.querySelectorAll('main details:not(.menu)').forEach((fold) => (fold.open = true))"
    )
    if language == "en":  # what axe looks at is the same in both
        bring_axe(page)
        assert violations(page) == []
        page.emulate_media(color_scheme="dark")
        assert violations(page, "color-contrast") == [], "in the dark"
        page.emulate_media(color_scheme="light")
    for width, height in ((1920, 1080), (390, 844), (320, 640)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate(_STICKS_OUT) == [], f"{width} pixels are too few"
        if width == 390 and language == "en":
            assert violations(page, "target-size", "color-contrast") == [], "on a phone"


def words_left(page: Page, foreign: frozenset[str]) -> dict[str, str]:
    """English words of a Korean page, and where they stand."""
    left = {}
    for place, text in page.evaluate(_WORDS_OF_PAGE):
        for word in re.findall(r"[A-Za-z]{2,}", _NAMES.sub(" ", text)):
            if word not in SAME_IN_KOREAN | foreign:
                left[word] = f"{place}: {text[:120]}"
    return left
