"""IDLE (RFC 2177): the server says by itself when something comes.

On the connection of imaplib, but not with imap-tools' own IDLE: that loses what arrives together with the
server's first line, and lines that were half read when its patience ended.
"""

import imaplib
import io
import re
import select
import ssl
import time
from typing import cast


class IdleRefused(Exception):
    """The server offers IDLE and does not grant it."""


def idle(client: imaplib.IMAP4, seconds: float) -> bool:
    """Return True as soon as the server tells of a message, False after `seconds`.

    OSError (also as TimeoutError) when the connection is gone; IdleRefused when the server says no.
    """
    tag = client._new_tag()
    client.send(tag + b" IDLE\r\n")
    is_news = False
    while not (line := _line(client)).startswith(b"+"):
        if line.startswith(tag):
            raise IdleRefused
        is_news = is_news or _is_news(line)
    end = time.monotonic() + seconds
    while not is_news and _has_line(client, end - time.monotonic()):
        is_news = _is_news(_line(client))
    client.send(b"DONE\r\n")
    while not (line := _line(client)).startswith(tag):
        is_news = is_news or _is_news(line)
    return is_news


def _line(client: imaplib.IMAP4) -> bytes:
    line = client.readline()
    if not line:
        raise ConnectionResetError("the server closed the connection")
    if line.upper().startswith(b"* BYE"):
        raise ConnectionResetError("the server said good-bye")
    return bytes(line)


def _is_news(line: bytes) -> bool:
    return re.match(rb"\* \d+ (EXISTS|RECENT)\b", line, re.IGNORECASE) is not None


def _has_line(client: imaplib.IMAP4, seconds: float) -> bool:
    """Whether the server says something within `seconds`. Looks first at what is read already but not used."""
    end = time.monotonic() + seconds
    sock = client.sock
    while True:
        state = _peek(client)
        if state is not None:
            return state
        left = end - time.monotonic()
        if left <= 0:
            return False
        poller = select.poll()
        poller.register(sock.fileno(), select.POLLIN)
        if poller.poll(left * 1000) and not isinstance(sock, ssl.SSLSocket):
            return True


def _peek(client: imaplib.IMAP4) -> bool | None:
    """True when there is something to read (or the end), None when nothing yet."""
    sock = client.sock
    patience = sock.gettimeout()
    sock.settimeout(0)
    try:
        waiting = cast(io.BufferedReader, client.file).peek(1)
    except (ssl.SSLWantReadError, BlockingIOError):
        return None
    finally:
        sock.settimeout(patience)
    # Without TLS nothing and the end look alike here; poll tells them apart.
    return True if waiting or isinstance(sock, ssl.SSLSocket) else None
