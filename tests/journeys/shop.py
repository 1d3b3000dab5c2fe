"""Moon Burger, open: a running desk that is set up and staffed, and a backroom in which things happen to it."""

from __future__ import annotations

import base64
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, TextIO, cast

from playwright.sync_api import BrowserContext, Page

from tests.journeys.loaded import ROOT, LoadedDesk
from tests.parts.cast import SHOP, kept_password, mail
from tests.parts.desk import LiveDesk, Process

_SECONDS = 30  # what is waited for takes a moment; on a busy machine it takes longer


class Shop:
    """A desk with a cast. What is done here is done by the product's own commands, in a process beside the pages."""

    _backroom: Process

    def __init__(self, desk: LiveDesk) -> None:
        self.desk = desk
        if isinstance(desk, LoadedDesk):
            self._backroom = fork = desk.open_backroom()
            self._asked, self._answered = fork.line, fork.line
        else:
            self._backroom = process = subprocess.Popen(
                [sys.executable, "-m", "tests.journeys.backroom"],
                cwd=ROOT,
                env=desk.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            self._asked, self._answered = cast(TextIO, process.stdin), cast(TextIO, process.stdout)
        self._sessions: dict[str, str] = {}

    def open(self, *, language: str = "en", zone: str = "Asia/Seoul") -> None:
        """Set the desk up, with everybody in it."""
        self.do("open_shop", address=SHOP, language=language, zone=zone, password=kept_password())

    def do(self, what: str, **given: Any) -> Any:
        """Let something happen: a function of the backroom."""
        print(json.dumps({"do": what, "given": given}), file=self._asked, flush=True)
        said = json.loads(self._answered.readline() or '{"error": "the backroom is gone"}')
        assert "error" not in said, said["error"]
        return said["answer"]

    def close(self) -> None:
        """End the backroom."""
        self._backroom.kill()
        self._backroom.wait()

    def sign_in(self, context: BrowserContext, name: str) -> None:
        """Make a browser somebody's, by a session such as signing in makes."""
        if name not in self._sessions:
            self._sessions[name] = self.do("session_of", name=name)
        context.add_cookies([{"name": "sessionid", "value": self._sessions[name], "url": self.desk.url}])

    def page_of(self, name: str, open_page: Callable[..., Page], **options: Any) -> Page:
        """A page of somebody who is signed in, in a browser of their own, on the desk's address."""
        page = open_page(base_url=self.desk.url, **options)
        self.sign_in(page.context, name)
        return page

    def receive(self, *mails: bytes, taken_in: bool = True) -> None:
        """Let mail arrive. Not `taken_in`, it waits for `dangol work` as it does in life."""
        self.do("store", raws=[base64.b64encode(raw).decode() for raw in mails])
        if taken_in:
            self.do("work")

    def hear_from(self, sender: str, subject: str, text: str, **details: Any) -> int:
        """Somebody writes a mail that is in the inbox when this returns; the id of the conversation."""
        self.receive(mail(sender, subject, text, **details))
        return int(self.talk(subject)["id"])

    def talk(self, subject: str) -> dict[str, Any]:
        """How a conversation stands."""
        found: dict[str, Any] | None = self.do("conversation", subject=subject)
        assert found is not None, f"no conversation “{subject}”"
        return found

    def texts(self, subject: str) -> list[str]:
        """What was said and not taken back, in its order."""
        return [each["text"].strip() for each in self.talk(subject)["messages"] if not each["is_undone"]]

    def got(self, subject: str) -> list[dict[str, Any]]:
        """The mails that left in a conversation, as they reached people."""
        found: list[dict[str, Any]] = self.do("sent", subject=subject)
        return found


@contextlib.contextmanager
def running(desk: LiveDesk, *, is_set_up: bool = True) -> Iterator[Shop]:
    """A shop whose desk serves its pages; what it printed is shown when a test fails."""
    shop = Shop(desk)
    try:
        if is_set_up:
            shop.open()
        desk.start()
        yield shop
    finally:
        shop.close()
        desk.stop()
        if desk.log:
            print(f"--- what the desk printed ---\n{desk.log}")


def until(is_so: Callable[[], Any], *, seconds: float = _SECONDS) -> Any:
    """Wait until it is so, and return what it answered; fails when it never is."""
    deadline = time.monotonic() + seconds
    while not (found := is_so()):
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.05)
    return found
