"""The live stream: browsers follow what happens over server-sent events.

Each event carries its name and ids and nothing else; a page fetches its part again under its own check of rights.
The id of each is a cursor, so that a browser that lost its line goes on where it stopped (Last-Event-ID).
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final
from urllib.parse import parse_qs

from django.conf import settings
from django.contrib.auth import get_user
from django.db import close_old_connections
from django.http import HttpRequest, parse_cookie

from dangol.kernel import events
from dangol.kernel.bells import Bell
from dangol.kernel.events import Cursor
from dangol.kernel.models import Event

log = logging.getLogger(__name__)
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

POLL_SECONDS: Final = 0.1  # where no bell rings
GATHER_SECONDS: Final = 0.01  # what happens in one go is read in one go
QUIET_SECONDS: Final = 15.0  # a comment line this often keeps proxies and dead lines honest
CHECK_SECONDS: Final = 60.0  # somebody signed out or shut out loses the stream this soon
MOST_CAUGHT_UP: Final = 500
BATCH: Final = 200


@dataclass(frozen=True)
class News:
    """An event as it is sent, written out once for all browsers."""

    cursor: Cursor
    text: str


Queue = asyncio.Queue[News | None]  # None: look whether this goes on


class Feed:
    """Reads the events once for all browsers of this process, while there are any."""

    def __init__(self) -> None:
        self.queues: set[Queue] = set()
        self.reader: asyncio.Task[None] | None = None
        self.cursor = Cursor()
        self.beginning = asyncio.Lock()

    async def join(self) -> Queue:
        """A queue that gets every event from now on."""
        queue: Queue = asyncio.Queue(maxsize=2 * MOST_CAUGHT_UP)
        async with self.beginning:
            if self.reader is None or self.reader.done():
                self.cursor = await asyncio.to_thread(_closing(events.latest))
                self.reader = asyncio.create_task(self._read())
            self.queues.add(queue)
        return queue

    def leave(self, queue: Queue) -> None:
        """The browser is gone; with the last one the reading ends."""
        self.queues.discard(queue)
        if not self.queues and self.reader:
            self.reader.cancel()
            self.reader = None

    def end(self) -> None:
        """Every stream ends in order, at once, and its browser asks again: here, or where pages are still served."""
        ending, self.queues = self.queues, set()
        for queue in ending:
            if not queue.full():  # a full one is being read, and is missed at the next look
                queue.put_nowait(None)

    async def _read(self) -> None:
        with Bell("events") as bell:
            rung = asyncio.Event()

            def hear() -> None:
                bell.silence()
                rung.set()

            if bell.is_hung:
                asyncio.get_running_loop().add_reader(bell, hear)
            try:
                while True:
                    await _within(POLL_SECONDS, rung.wait())
                    await asyncio.sleep(GATHER_SECONDS)
                    rung.clear()
                    await self._read_on()
            finally:
                if bell.is_hung:
                    asyncio.get_running_loop().remove_reader(bell)

    async def _read_on(self) -> None:
        try:
            rows = await asyncio.to_thread(_closing(lambda: events.since(self.cursor, limit=BATCH)))
        except Exception as failure:
            log.warning("live=reading failed=%s", type(failure).__name__)
            await asyncio.sleep(2)
            await self._begin_anew()
            return
        for row in rows:
            self.cursor = Cursor.after(row)
            if row.silent:
                continue
            news = News(self.cursor, _as_text(row))
            for queue in list(self.queues):
                if queue.full():
                    self.queues.discard(queue)  # too slow: its stream ends, and it comes back with its id
                else:
                    queue.put_nowait(news)

    async def _begin_anew(self) -> None:
        """After a database was away: it may have come back without its last moment, and count that anew.

        Whoever is further than it is lets go, comes back with its id, and loads the page again.
        """
        try:
            latest = await asyncio.to_thread(_closing(events.latest))
        except Exception:
            return  # still away
        if latest < self.cursor:
            self.cursor = latest
            self.end()


feed = Feed()


async def stream(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application of /live/."""
    key = _session_key(scope)
    if not await asyncio.to_thread(_closing(lambda: _is_signed_in(key))):
        await send({"type": "http.response.start", "status": 403, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        return
    queue = await feed.join()
    gone = asyncio.create_task(_wait_until_gone(receive))
    gone.add_done_callback(lambda _: None if queue.full() else queue.put_nowait(None))
    try:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await _follow(scope, send, queue, gone, key)
        if not gone.done():
            await send({"type": "http.response.body", "body": b""})
    finally:
        gone.cancel()
        feed.leave(queue)


_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


async def _follow(scope: Scope, send: Send, queue: Queue, gone: asyncio.Task[None], key: str | None) -> None:
    sent = _wanted_cursor(scope)
    await _send(send, "retry: 1000\n\n")
    if sent is not None:
        begun = sent
        latest = await asyncio.to_thread(_closing(events.latest))
        missed = await asyncio.to_thread(_closing(lambda: events.since(begun, limit=MOST_CAUGHT_UP + 1)))
        if (
            len(missed) > MOST_CAUGHT_UP or begun > latest
        ):  # too far behind, or of a time that a restore took back
            sent = Cursor.after(missed[-1]) if missed else latest
            await _send(send, f"id: {max(sent, latest)}\nevent: reload\ndata: {{}}\n\n")
            missed = []
        for row in missed:
            sent = Cursor.after(row)
            if not row.silent:
                await _send(send, _as_text(row))
    loop = asyncio.get_running_loop()
    check_at = loop.time() + CHECK_SECONDS
    while not gone.done():
        if queue not in feed.queues:
            return
        # No task of its own for each wait: five hundred browsers hear of everything that happens.
        text = ": quiet\n\n"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(QUIET_SECONDS):
                heard = [await queue.get()]
            while not queue.empty():
                heard.append(queue.get_nowait())
            text = ""
            for news in heard:
                if news is not None and (sent is None or news.cursor > sent):
                    sent = news.cursor
                    text += news.text
        if gone.done():
            return
        if text:
            await _send(send, text)
        if loop.time() >= check_at:
            if not await asyncio.to_thread(_closing(lambda: _is_signed_in(key))):
                return
            check_at = loop.time() + CHECK_SECONDS


async def _within(seconds: float, waiting: Awaitable[object]) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await waiting


def _as_text(row: Event) -> str:
    data = {"name": row.name, "actor_id": row.actor_id, "customer_id": row.customer_id, **row.data}
    return f"id: {Cursor.after(row)}\nevent: happened\ndata: {json.dumps(data)}\n\n"


async def _send(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _wanted_cursor(scope: Scope) -> Cursor | None:
    headers = {name.lower(): value for name, value in scope["headers"]}
    text = headers.get(b"last-event-id", b"").decode("latin-1")
    if not text:
        text = parse_qs(scope["query_string"].decode("latin-1")).get("since", [""])[0]
    return Cursor.read(text)


def _session_key(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name.lower() == b"cookie":
            found = parse_cookie(value.decode("latin-1")).get(settings.SESSION_COOKIE_NAME)
            if found:
                return str(found)
    return None


def _is_signed_in(key: str | None) -> bool:
    if not key:
        return False
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    return bool(get_user(request).is_authenticated)


def _closing(work: Callable[[], Any]) -> Callable[[], Any]:
    """The work, in a thread of the pool, with stale connections of that thread closed before and after."""

    def run() -> Any:
        close_old_connections()
        try:
            return work()
        finally:
            close_old_connections()

    return run
