"""One front on one port: the live stream is served here, everything else by the pages in threads.

Django under ASGI costs four to five times as much on database views; the live stream cannot be had without ASGI.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from a2wsgi import WSGIMiddleware

from dangol.wsgi import application as pages  # first: it sets Django up

from dangol.api.front import is_for_programs, read_whole  # isort: skip
from dangol.kernel.live import stream  # isort: skip

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

THREADS = 8
threaded_pages = WSGIMiddleware(pages, workers=THREADS)  # type: ignore[arg-type]


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "http" and scope["path"] == "/live/":
        await stream(scope, receive, send)
    elif scope["type"] == "http":
        if is_for_programs(scope["path"]):
            whole = await read_whole(scope["path"], receive, send)
            if whole is None:
                return
            receive = whole
        await threaded_pages(scope, receive, send)  # type: ignore[arg-type]


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
