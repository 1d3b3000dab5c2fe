"""In front of the pages: what programs send is read whole, in time and in bounds, before a thread is taken for it.

The pages have few threads. Who sends a byte a second would otherwise hold one of them for as long as they like.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PREFIXES: Final = ("/api/", "/hooks/")
MOST_BYTES: Final = 1_000_000
MOST_HOOK_BYTES: Final = 5_000_000
"""Of a request to the API, and of what a shop reports."""
SECONDS: Final = 15.0


def is_for_programs(path: str) -> bool:
    """Whether the address is one that programs ask for."""
    return path.startswith(PREFIXES)


async def read_whole(path: str, receive: Receive, send: Send) -> Receive | None:
    """A `receive` that hands on what has been read; None when it was too much or too slow, and was answered so."""
    most = MOST_BYTES if path.startswith("/api/") else MOST_HOOK_BYTES
    pieces: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(SECONDS):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    return None
                pieces.append(message.get("body", b""))
                size += len(pieces[-1])
                if size > most:
                    await _refuse(send, 413, "too_large", "The request is too large.")
                    return None
                if not message.get("more_body"):
                    break
    except TimeoutError:
        await _refuse(send, 408, "too_slow", "The request took longer than 15 seconds to arrive.")
        return None
    body = b"".join(pieces)
    handed_on = False

    async def again() -> Message:
        nonlocal handed_on
        if handed_on:
            return await receive()
        handed_on = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _refuse(send: Send, status: int, code: str, sentence: str) -> None:
    content = {"type": "about:blank", "title": code, "status": status, "detail": sentence, "code": code}
    body = json.dumps(content).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
