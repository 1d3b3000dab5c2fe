"""A busy day: agents who read and answer in pages while mail keeps coming, on one desk.

python bench/staff.py --agents 20 --mails-an-hour 2000 --minutes 10

Each agent has the inbox open and follows it, opens one of the conversations that wait, has its draft saved a few times
while typing, and answers, leaves a note or calls it done; now and then looks at Today, at the customer, or searches.
"""

import argparse
import http.client
import json
import os
import random
import re
import statistics
import sys
import tempfile
import threading
import time
import urllib.parse
from collections import Counter, defaultdict
from pathlib import Path

from live import Crowd, Listener

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]
os.environ.setdefault("DANGOL_LOG", "ERROR")

THINKING_SECONDS = (1.0, 4.0)
TYPING_SECONDS = 1.5
KEPT_SECONDS = 3.0
NEWEST = 15  # an agent takes one of so many that have waited longest
WORDS = ["burger", "refund", "주문", "환불", "delivery", "쿠폰", "Question"]


class Timings:
    """What was asked for, how long it took, and what was not answered as it should."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.odd: Counter[str] = Counter()

    def note(self, what: str, seconds: float, status: int) -> None:
        """A request was answered."""
        with self.lock:
            self.seconds[what].append(seconds)
            if status >= 400:
                self.odd[f"{what}: {status}"] += 1


class Agent(threading.Thread):
    """Somebody who answers all day."""

    def __init__(self, port: int, cookie: str, number: int, timings: Timings, until: float) -> None:
        super().__init__(daemon=True)
        self.port, self.cookie, self.timings, self.until = port, cookie, timings, until
        self.chance = random.Random(number)
        self.line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.asked_at = 0.0

    def run(self) -> None:
        """Until the day is over."""
        while time.time() < self.until:
            try:
                self._one_matter()
            except Exception as failure:
                self.timings.odd[f"{type(failure).__name__}: {failure}"] += 1
                self.line.close()
                time.sleep(1)

    def _one_matter(self) -> None:
        inbox = self._get("page", "/inbox/")
        self._think()
        waiting = re.findall(r'href="(/inbox/(\d+)/[^"]*)"', inbox)[:NEWEST]
        if not waiting:
            return
        address, number = self.chance.choice(waiting)
        page = self._get("page", address.replace("&amp;", "&"))
        self._think()
        token, key, base = (_field(page, name) for name in ("csrfmiddlewaretoken", "key", "base_message_id"))
        what = self.chance.random()
        if what < 0.1:
            self._post(f"/conversations/{number}/closure/", {"csrfmiddlewaretoken": token})
            return
        text, version = "", None
        for part in ("Dear customer, ", "thank you for writing. ", "We will look into it at once."):
            text += part
            time.sleep(TYPING_SECONDS)
            version = self._save(number, text, base, version, what < 0.2, token)
        told = {"csrfmiddlewaretoken": token, "key": key, "base_message_id": base, "text": text}
        if what < 0.2:
            self._post(f"/conversations/{number}/note/", {**told, "mode": "note"})
        else:
            self._post(f"/conversations/{number}/reply/", {**told, "mode": "reply", "to": _field(page, "to")})
        if self.chance.random() < 0.3:
            self._look_around(page)

    def _look_around(self, page: str) -> None:
        customer = re.search(r'href="(/customers/\d+/)"', page)
        word = urllib.parse.quote(self.chance.choice(WORDS))
        for address in ("/", customer[1] if customer else "/", f"/search/?q={word}"):
            self._get("page", address)
            self._think()

    def _save(self, number: str, text: str, base: str, version: object, is_note: bool, token: str) -> object:
        told = {"text": text, "base_message_id": base, "version": version, "is_note": is_note}
        headers = {"Content-Type": "application/json", "Accept": "application/json", "X-CSRFToken": token}
        answer = self._ask(
            "draft saved", "POST", f"/conversations/{number}/draft/", json.dumps(told), headers
        )
        return json.loads(answer).get("version") if answer.startswith("{") else None

    def _post(self, address: str, told: dict[str, str]) -> None:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        self._ask(address.split("/")[3], "POST", address, urllib.parse.urlencode(told), headers)

    def _get(self, what: str, address: str) -> str:
        return self._ask(what, "GET", address, None, {})

    def _ask(self, what: str, method: str, address: str, body: str | None, headers: dict[str, str]) -> str:
        token = {"csrftoken": headers.get("X-CSRFToken") or _sent_token(body)}
        cookies = {"sessionid": self.cookie, **{name: value for name, value in token.items() if value}}
        began = time.perf_counter()
        if began - self.asked_at > KEPT_SECONDS:
            self.line.close()  # as a browser would find it closed by the server
        self.line.request(
            method,
            address,
            body.encode() if body else None,
            {**headers, "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())},
        )
        answer = self.line.getresponse()
        content = answer.read().decode()
        self.asked_at = time.perf_counter()
        self.timings.note(what, time.perf_counter() - began, answer.status)
        return content

    def _think(self) -> None:
        time.sleep(self.chance.uniform(*THINKING_SECONDS))


def main() -> None:
    """Open the shop, let the agents in and the mail come, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=20)
    parser.add_argument("--mails-an-hour", type=int, default=2000)
    parser.add_argument("--minutes", type=float, default=10)
    wanted = parser.parse_args()

    from tests.journeys.shop import running
    from tests.parts.desk import LiveDesk

    with tempfile.TemporaryDirectory(prefix="dangol-bench-") as folder:
        desk = LiveDesk(Path(folder) / "desk")
        desk.run_python("from dangol.running import prepare; prepare(quiet=True)")
        with running(desk) as shop:
            desk.start_command("work")
            _measure(shop, wanted)


def _measure(shop, wanted) -> None:  # type: ignore[no-untyped-def]
    from tests.parts.cast import mail

    chance = random.Random(1)
    cookies = [shop.do("session_of", name=name) for name in ("Minji", "Dongsuk", "Hana", "Tom")]
    until = time.time() + 60 * wanted.minutes
    timings = Timings()
    agents = [
        Agent(shop.desk.port, cookies[number % 4], number, timings, until) for number in range(wanted.agents)
    ]
    crowd = Crowd(
        [
            Listener(shop.desk.port, cookies[number % 4], "", loads=("/inbox/",))
            for number in range(wanted.agents)
        ]
    )
    crowd.start()
    crowd.is_there.wait(30)
    for agent in agents:
        agent.start()
    arrived = 0
    while (now := time.time()) < until:
        person = chance.randrange(300)
        reply = arrived > 10 and chance.random() < 0.3
        headers = {"In-Reply-To": f"<{chance.randrange(arrived)}@soak.example>"} if reply else {}
        shop.receive(
            mail(
                f"Customer {person} <c{person}@example.com>",
                f"Question {arrived}",
                " ".join(chance.choices(WORDS, k=80)),
                message_id=f"{arrived}@soak.example",
                headers=headers,
            ),
            taken_in=False,
        )
        arrived += 1
        time.sleep(max(0, now + 3600 / wanted.mails_an_hour - time.time()))
    for agent in agents:
        agent.join(30)
    time.sleep(2)
    _print(timings, crowd, arrived, shop.do("moments_of", names=["MessageArrived"], after=0))


def _print(timings: Timings, crowd: Crowd, arrived: int, taken: list[dict[str, object]]) -> None:
    print(f"{'what':24}{'times':>7}{'p50 ms':>9}{'p95 ms':>9}{'worst ms':>10}")
    parts = [ms / 1000 for each in crowd.listeners for ms in each.loading_ms]
    pages = timings.seconds.pop("page")
    writes = [second for each in timings.seconds.values() for second in each]
    for what, seconds in {
        "pages": pages,
        "parts loaded again": parts,
        **timings.seconds,
        "all writes": writes,
    }.items():
        cut = statistics.quantiles(seconds, n=20) if len(seconds) > 1 else [seconds[0]] * 19
        middle, slow, worst = (1000 * each for each in (statistics.median(seconds), cut[18], max(seconds)))
        print(f"{what:24}{len(seconds):7}{middle:9.0f}{slow:9.0f}{worst:10.0f}")
    print(f"{arrived} mails came, {len(taken)} were taken in")
    refused = sum(number for what, number in timings.odd.items() if what.endswith((" 409", " 422")))
    print(f"{refused} refused because a colleague was quicker; anything else that was odd:")
    for what, number in timings.odd.items():
        if not what.endswith((" 409", " 422")):
            print(f"    {number} × {what}")


def _field(page: str, name: str) -> str:
    found = re.search(rf'<input[^>]*name="{name}"[^>]*?value="([^"]*)"', page)
    return (found[1] if found else "").replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"')


def _sent_token(body: str | None) -> str:
    return dict(urllib.parse.parse_qsl(body or "")).get("csrfmiddlewaretoken", "")


if __name__ == "__main__":
    main()
