"""The live stream: browsers follow what happens over server-sent events.

Each event carries its name and ids and nothing else; a page fetches its part again under its own check of rights.
The id of each is a cursor, so that a browser that lost its line goes on where it stopped (Last-Event-ID).
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from importlib import import_module
from typing import Any, Final
from urllib.parse import parse_qs

from django.conf import settings
from django.contrib.auth import get_user
from django.db import close_old_connections
from django.http import HttpRequest, parse_cookie

from dangol.kernel import events
from dangol.kernel.events import Cursor
from dangol.kernel.models import Event

log = logging.getLogger(__name__)
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

POLL_SECONDS: Final = 0.1
QUIET_SECONDS: Final = 15.0  # a comment line this often keeps proxies and dead lines honest
CHECK_SECONDS: Final = 60.0  # somebody signed out or shut out loses the stream this soon
MOST_CAUGHT_UP: Final = 500
BATCH: Final = 200


class Feed:
    """Reads the events once for all browsers of this process, while there are any."""

    def __init__(self) -> None:
        self.queues: set[asyncio.Queue[Event | None]] = set()
        self.reader: asyncio.Task[None] | None = None
        self.cursor = Cursor()
        self.beginning = asyncio.Lock()

    async def join(self) -> asyncio.Queue[Event | None]:
        """A queue that gets every event from now on."""
        queue: asyncio.Queue[Event | None] = asyncio.Queue(maxsize=2 * MOST_CAUGHT_UP)
        async with self.beginning:
            if self.reader is None or self.reader.done():
                self.cursor = await asyncio.to_thread(_closing(events.latest))
                self.reader = asyncio.create_task(self._read())
            self.queues.add(queue)
        return queue

    def leave(self, queue: asyncio.Queue[Event | None]) -> None:
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
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                rows = await asyncio.to_thread(_closing(lambda: events.since(self.cursor, limit=BATCH)))
            except Exception as failure:
                log.warning("live=reading failed=%s", type(failure).__name__)
                await asyncio.sleep(2)
                await self._begin_anew()
                continue
            for row in rows:
                self.cursor = Cursor.after(row)
                if row.silent:
                    continue
                for queue in list(self.queues):
                    if queue.full():
                        self.queues.discard(queue)  # too slow: its stream ends, and it comes back with its id
                    else:
                        queue.put_nowait(row)

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


async def _follow(
    scope: Scope, send: Send, queue: asyncio.Queue[Event | None], gone: asyncio.Task[None], key: str | None
) -> None:
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
        getting = asyncio.create_task(queue.get())
        await asyncio.wait({getting, gone}, timeout=QUIET_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if getting.done():
            row = getting.result()
            if row is not None and (sent is None or Cursor.after(row) > sent):
                sent = Cursor.after(row)
                await _send(send, _as_text(row))
        else:
            getting.cancel()
            if gone.done():
                return
            await _send(send, ": quiet\n\n")
        if loop.time() >= check_at:
            if not await asyncio.to_thread(_closing(lambda: _is_signed_in(key))):
                return
            check_at = loop.time() + CHECK_SECONDS


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
