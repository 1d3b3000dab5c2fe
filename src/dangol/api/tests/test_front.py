"""What programs send is read whole, in time and in bounds, before a thread of the pages is taken for it."""

from __future__ import annotations

import asyncio

import pytest

from dangol import asgi
from dangol.api import front


def ask(pieces, monkeypatch, *, path="/api/v1/orders"):
    """(what was answered at the door, what the pages were handed); a piece of None never comes."""
    answered, handed = [], []

    async def pages(scope, receive, send):
        while (message := await receive()).get("more_body"):
            handed.append(message["body"])
        handed.append(message["body"])

    async def receive():
        piece = pieces.pop(0)
        if piece is None:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    async def send(message):
        answered.append(message)

    monkeypatch.setattr(asgi, "threaded_pages", pages)
    asyncio.run(asgi.application({"type": "http", "path": path}, receive, send))
    return (answered[0]["status"] if answered else None), handed


def test_pieces_are_handed_on_as_one(monkeypatch):
    assert ask([b"a" * 9, b"b"], monkeypatch) == (None, [b"a" * 9 + b"b"])


def test_what_is_too_much_or_too_slow_takes_no_thread(monkeypatch):
    piece = b"x" * (front.MOST_BYTES // 2 + 1)
    assert ask([piece, piece, b""], monkeypatch) == (413, [])
    monkeypatch.setattr(front, "SECONDS", 0.01)
    assert ask([b"a", None], monkeypatch) == (408, [])


@pytest.mark.parametrize("path", ["/", "/customers/import/"])
def test_people_upload_as_they_did(path, monkeypatch):
    piece = b"x" * (front.MOST_BYTES // 2 + 1)
    assert ask([piece, piece], monkeypatch, path=path) == (None, [piece, piece])
