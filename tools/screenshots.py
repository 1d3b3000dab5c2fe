"""Takes the pictures of the documents from a running demo and a new desk, in English and in Korean.

    .venv/bin/python tools/screenshots.py            all of them, into docs/images; takes three minutes
    .venv/bin/python tools/screenshots.py --language ko

Somebody answers the first customer on Today and waits until she writes back, as the tour in docs/start tells it.
"""

from __future__ import annotations

import argparse
import base64
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tests.parts.browser import _FLAGS, find_chromium  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FOLDER: Final = ROOT / "docs" / "images"
WIDE: Final = {"width": 1280, "height": 800}
NARROW: Final = {"width": 390, "height": 780}
LOCALES: Final = {"en": "en-GB", "ko": "ko-KR"}
ANSWER: Final = (
    "I am sorry, Sora. Three times is three times too often.\n\n"
    "Come by when you like: the next one is on us, and warm."
)
START_SECONDS: Final = 120.0


def main() -> None:
    """Take the pictures that the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--language", choices=sorted(LOCALES), action="append", help="may be repeated")
    wanted = parser.parse_args().language or sorted(LOCALES)
    chromium = find_chromium()
    if chromium is None:
        sys.exit(
            "No Chromium or Chrome is installed here. On Debian: sudo apt install chromium fonts-noto-cjk"
        )
    FOLDER.mkdir(parents=True, exist_ok=True)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        for language in wanted:
            _picture_demo(browser, language)
            _picture_set_up(browser, language)
        browser.close()


def _picture_demo(browser: Browser, language: str) -> None:
    with _running("demo", "--port", "0", "--language", language) as said:
        link = _in_output(said, r"http\S+/showcase/enter/\S+")
        base = link.split("/showcase")[0]
        page = _open(browser, language)
        page.goto(link)
        take(page, "today", language)
        page.locator("main a[href*='#compose']").first.click()
        page.wait_for_selector("#compose")
        if language == "en":
            take(page, "inbox", language)
        else:
            _take_inbox_in_korean(page, language)
        _answer(page, ANSWER)
        take(page, "conversation", language)
        page.goto(f"{base}/showcase/outbox/")
        page.locator("main a[href*='/showcase/outbox/']").first.click()
        page.wait_for_selector("iframe")
        take(page, "what-they-got", language)
        page.goto(f"{base}/times/")
        take(page, "answer-times", language)
        cookies = page.context.cookies()
        page.context.close()

        phone = _open(browser, language, is_phone=True)
        phone.context.add_cookies([{**cookie} for cookie in cookies])  # type: ignore[typeddict-item]
        phone.goto(f"{base}/inbox/")
        take(phone, "phone", language)
        phone.context.close()


def _take_inbox_in_korean(page: Page, language: str) -> None:
    """The inbox where a customer writes in Korean, and back to the one who is answered."""
    first = page.url
    page.locator(".item", has_text="이서연").first.click()
    page.get_by_role("heading", name="사진처럼 포장이 터져서 왔어요").wait_for()
    take(page, "inbox", language)
    page.goto(first)


def _answer(page: Page, words: str) -> None:
    """Send the words, and return when the customer has written back."""
    messages = page.locator("#talk .message, #talk article, #talk .msg")
    page.fill("#text", words)
    page.locator("#compose button.primary.for-reply").click()
    page.wait_for_function("() => !document.querySelector('#text').value")
    page.wait_for_timeout(1500)
    before = messages.count()
    deadline = time.monotonic() + 90
    while messages.count() <= before and time.monotonic() < deadline:
        page.wait_for_timeout(500)
    page.evaluate("document.activeElement.blur()")
    page.mouse.move(0, 0)


def _picture_set_up(browser: Browser, language: str) -> None:
    folder = tempfile.mkdtemp(prefix="dangol-pictures-")
    try:
        with _running("--data", folder, "up", "--port", "0") as said:
            page = _open(browser, language)
            page.goto(_in_output(said, r"http://127\.0\.0\.1:\d+"))
            page.wait_for_selector("#id_name")
            take(page, "set-up", language)
            page.context.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _open(browser: Browser, language: str, *, is_phone: bool = False) -> Page:
    context = browser.new_context(
        locale=LOCALES[language],
        timezone_id="Asia/Seoul",
        viewport=NARROW if is_phone else WIDE,  # type: ignore[arg-type]
        device_scale_factor=2,
        color_scheme="dark" if is_phone else "light",
        reduced_motion="reduce",
    )
    return context.new_page()


def take(page: Page, name: str, language: str) -> None:
    """Write what the window shows as WebP, which is a third of the size of a PNG."""
    page.wait_for_load_state("networkidle" if name == "set-up" else "load")
    page.wait_for_timeout(600)
    path = FOLDER / (f"{name}.webp" if language == "en" else f"{name}.{language}.webp")
    chromium = page.context.new_cdp_session(page)
    shot = chromium.send("Page.captureScreenshot", {"format": "webp", "quality": 88})
    content = base64.b64decode(shot["data"])
    path.write_bytes(content)
    print(f"docs/images/{path.name}  {len(content) // 1000} kB", flush=True)


@contextmanager
def _running(*arguments: str) -> Iterator[Path]:
    """A `dangol` command beside us, and the file into which it prints."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("DANGOL_", "DATABASE_"))}
    with tempfile.NamedTemporaryFile(prefix="dangol-pictures-", suffix=".log") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dangol", *arguments],
            env={**kept, "PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1", "DANGOL_LOG": "ERROR"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield Path(log.name)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def _in_output(said: Path, pattern: str) -> str:
    """What the command prints of this form; waited for."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if found := re.search(pattern, said.read_text(errors="replace")):
            return found[0]
        time.sleep(0.2)
    sys.exit(f"It did not start:\n{said.read_text(errors='replace')}")


if __name__ == "__main__":
    main()
