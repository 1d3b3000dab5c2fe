"""How soon a colleague's browser shows what happened while many pages are open, and what dropped lines miss.

python bench/live.py --pages 500 --active 20 --messages 60 --drops 100

Needs Chromium and what the tests need (./dangol test --list installs it). A page that is looked at fetches its list
again when something happens that is of its concern (`--active` of them do so here, with the pauses of live-feed.js and
over a new connection each time); one in the background only listens, and fetches when it is looked at again.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]
os.environ.setdefault("DANGOL_LOG", "ERROR")

# As in live-feed.js.
GATHER_SECONDS = 0.02
LIST_SPREAD_SECONDS = 0.2
LIST_PAUSE_SECONDS = 0.8
LONGEST_LIST_PAUSE_SECONDS = 5.0
LIST_SHARE = 5
PAUSE_SECONDS = 0.8  # between two messages
_COUNTED = ["MessageArrived", "ReplyQueued"]


class Listener:
    """One page's line: notes every message of which it hears, and when; comes back where it stopped."""

    def __init__(self, port: int, cookie: str, since: str, *, loads: tuple[str, ...] = ()) -> None:
        self.port, self.cookie, self.cursor, self.loads = port, cookie, since, loads
        self.heard: list[tuple[int, float]] = []
        self.loading_ms: list[float] = []
        self.is_open = asyncio.Event()
        self.drops = 0
        self._writer: asyncio.StreamWriter | None = None
        self._refresh: asyncio.Task[None] | None = None
        self._is_behind = False

    async def listen(self) -> None:
        """Until cancelled."""
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._follow()
            self.is_open.clear()
            await asyncio.sleep(random.uniform(0.2, 2))

    def drop(self) -> None:
        """The line is cut, with whatever is in it."""
        if self._writer:
            self._writer.transport.abort()
            self.drops += 1

    async def _follow(self) -> None:
        reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._writer.write(
            f"GET /live/ HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: sessionid={self.cookie}\r\n"
            f"Last-Event-ID: {self.cursor}\r\n\r\n".encode()
        )
        assert (await reader.readline()).split()[1] == b"200"
        self.is_open.set()
        event_id = ""
        while line := (await reader.readline()).decode():
            if line.startswith("id: "):
                event_id = line[4:].strip()
            elif line.startswith("data: "):
                self._hear(event_id, json.loads(line[6:]))

    def _hear(self, event_id: str, data: dict[str, object]) -> None:
        self.cursor = event_id
        if data.get("name") in _COUNTED:
            self.heard.append((int(event_id.partition(".")[2]), time.time()))
        if self.loads and "conversation_id" in data and not str(data["name"]).startswith("Draft"):
            self._is_behind = True
            if self._refresh is None or self._refresh.done():
                self._refresh = asyncio.create_task(self._load())

    async def _load(self) -> None:
        await asyncio.sleep(GATHER_SECONDS + random.uniform(0, LIST_SPREAD_SECONDS))
        while self._is_behind:
            self._is_behind = False
            for address in self.loads:
                began = time.perf_counter()
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.write(
                    f"GET {address} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: sessionid={self.cookie}\r\n"
                    "HX-Request: true\r\nHX-Target: items\r\nConnection: close\r\n\r\n".encode()
                )
                answer = await reader.read()
                assert answer.split(b" ", 2)[1] == b"200", answer[:200]
                writer.close()
                took = time.perf_counter() - began
                self.loading_ms.append(took * 1000)
            pause = max(LIST_PAUSE_SECONDS, LIST_SHARE * took)
            await asyncio.sleep(min(LONGEST_LIST_PAUSE_SECONDS, pause))


class Crowd(threading.Thread):
    """All listeners, in an event loop of their own."""

    def __init__(self, listeners: list[Listener]) -> None:
        super().__init__(daemon=True)
        self.listeners = listeners
        self.loop = asyncio.new_event_loop()
        self.is_there = threading.Event()

    def run(self) -> None:
        """Open all lines, then listen."""
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self._all())

    async def _all(self) -> None:
        for number in range(0, len(self.listeners), 25):
            some = self.listeners[number : number + 25]
            for each in some:
                each.task = asyncio.create_task(each.listen())  # type: ignore[attr-defined]
            await asyncio.gather(*(each.is_open.wait() for each in some))
        self.is_there.set()
        await asyncio.Event().wait()

    def drop_one(self) -> None:
        """Cut somebody's line."""
        self.loop.call_soon_threadsafe(random.choice(self.listeners).drop)


def main() -> None:
    """Open the shop, fill it with listeners, let things happen, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=500)
    parser.add_argument("--active", type=int, default=20)
    parser.add_argument("--messages", type=int, default=60)
    parser.add_argument("--drops", type=int, default=100)
    wanted = parser.parse_args()
    from playwright.sync_api import sync_playwright

    from tests.journeys.shop import running
    from tests.parts.desk import LiveDesk

    with tempfile.TemporaryDirectory(prefix="dangol-bench-") as folder, sync_playwright() as playwright:
        desk = LiveDesk(Path(folder) / "desk")
        desk.run_python("from dangol.running import prepare; prepare(quiet=True)")
        with running(desk) as shop:
            _with_browser(playwright, shop, wanted)


def _with_browser(playwright, shop, wanted) -> None:  # type: ignore[no-untyped-def]
    from tests.parts.browser import _FLAGS, find_chromium

    shop.desk.start_command("work")
    browser = playwright.chromium.launch(executable_path=find_chromium(), args=_FLAGS)
    try:
        _measure(shop, browser, wanted)
    finally:
        browser.close()


def _measure(shop, browser, wanted) -> None:  # type: ignore[no-untyped-def]
    from tests.journeys.watching import milliseconds_until_painted, watch_for
    from tests.parts.cast import JAMES, SORA, mail

    talk = shop.hear_from(SORA, "Many questions", "I have many.", message_id="many@example.com")
    page = browser.new_context(base_url=shop.desk.url).new_page()
    shop.sign_in(page.context, "Hana")
    page.goto(f"/inbox/{talk}/")
    page.wait_for_selector("live-feed[data-state=live]", state="attached")
    cookie = shop.do("session_of", name="Tom")
    since = page.locator("live-feed").get_attribute("data-cursor")
    loads = ("/inbox/",)  # the menu comes along
    crowd = Crowd(
        [
            Listener(shop.desk.port, cookie, since, loads=loads if number < wanted.active else ())
            for number in range(wanted.pages - 1)
        ]
    )
    began = time.time()
    crowd.start()
    assert crowd.is_there.wait(120), "not all lines could be opened"
    print(f"{wanted.pages} pages open after {time.time() - began:.1f} s; {wanted.active} of them looked at")

    answers = [f"Answer number {number}." for number in range(wanted.messages)]
    questions = [f"Question number {number}." for number in range(wanted.messages)]
    watch_for(page, answers + questions)
    stored: list[dict[str, float]] = []
    drops = iter(range(wanted.drops))
    for number in range(wanted.messages):
        if number % 2:
            shop.do("answer", name="Tom", subject="Many questions", text=answers[number])
            # A colleague works elsewhere, too.
            shop.receive(mail(JAMES, f"Elsewhere {number}", "Hello."), taken_in=False)
        else:
            stored.append({"number": number, "at": time.time() * 1000})
            reply = {"In-Reply-To": "<many@example.com>"}
            shop.receive(mail(SORA, "Re: Many questions", questions[number], headers=reply), taken_in=False)
        for _ in range(max(1, wanted.drops // wanted.messages + 1)):
            if next(drops, None) is not None:
                crowd.drop_one()
        time.sleep(PAUSE_SECONDS + random.uniform(0, 0.5))
    time.sleep(4)

    begin = int(since.partition(".")[2])
    queued = shop.do("moments_of", names=["ReplyQueued"], after=begin)
    at = {each["id"]: each["at"] for each in shop.do("moments_of", names=_COUNTED, after=begin)}
    odd = [answers[number] for number in range(1, wanted.messages, 2)]
    even = [questions[int(each["number"])] for each in stored]
    _line("a colleague's answer, painted", milliseconds_until_painted(page, odd, queued))
    _line("a customer's mail, painted", milliseconds_until_painted(page, even, stored))
    heard = [
        moment * 1000 - at[event]
        for each in crowd.listeners
        for event, moment in each.heard
        if not each.drops
    ]
    _line("an event, heard by the others", heard)
    _line("a part, loaded by those looking", [ms for each in crowd.listeners for ms in each.loading_ms])
    wanted_ids = sorted(at)
    missed = sum(len(set(wanted_ids) - {event for event, _ in each.heard}) for each in crowd.listeners)
    doubled = sum(len(each.heard) - len({event for event, _ in each.heard}) for each in crowd.listeners)
    print(
        f"{sum(each.drops for each in crowd.listeners)} lines dropped, {len(wanted_ids)} events to each of "
        f"{len(crowd.listeners)}: {missed} missed, {doubled} heard twice"
    )


def _line(what: str, milliseconds: list[float]) -> None:
    cut = statistics.quantiles(milliseconds, n=20)
    print(
        f"{what:34}{len(milliseconds):8} times   p50 {statistics.median(milliseconds):6.0f} ms"
        f"   p95 {cut[18]:6.0f} ms   worst {max(milliseconds):6.0f} ms"
    )


if __name__ == "__main__":
    main()
