"""A line between a client and a real server that breaks where it is told to."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

Fate = Literal["drops", "hangs", "talks nonsense"]
NONSENSE = b"* 4 FETCH (UID 7 BODY[] {99999}\r\n\xff\xfe)))\r\n* OK [UIDNEXT nought]\r\nA000 what\r\n\0\0\r\n"


@dataclass
class Line:
    """Lets `whole_bytes` of what the server says through, then does as `fate` says. None: it never breaks."""

    port: int = 0
    fate: Fate = "drops"
    whole_bytes: int | None = None
    broken: int = 0
    over: threading.Event = field(default_factory=threading.Event)


@contextmanager
def breaking_line(host: str, port: int) -> Iterator[Line]:
    """A line to host:port on a free port of 127.0.0.1. Each connection counts its bytes anew."""
    line = Line()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    line.port = listener.getsockname()[1]
    thread = threading.Thread(target=_accept, args=(listener, (host, port), line), daemon=True)
    thread.start()
    try:
        yield line
    finally:
        line.over.set()
        thread.join(10)
        listener.close()


def _accept(listener: socket.socket, target: tuple[str, int], line: Line) -> None:
    threads = []
    while not line.over.is_set():
        try:
            client, _ = listener.accept()
        except TimeoutError:
            continue
        threads.append(threading.Thread(target=_carry, args=(client, target, line), daemon=True))
        threads[-1].start()
    for thread in threads:
        thread.join(5)


def _carry(client: socket.socket, target: tuple[str, int], line: Line) -> None:
    left = line.whole_bytes
    with contextlib.suppress(OSError), client, socket.create_connection(target) as server:
        choices = selectors.DefaultSelector()
        choices.register(client, selectors.EVENT_READ, server)
        choices.register(server, selectors.EVENT_READ, client)
        while not line.over.is_set():
            for key, _ in choices.select(0.05):
                said = key.fileobj.recv(65536)  # type: ignore[union-attr]
                if not said:
                    return
                if key.fileobj is server and left is not None:
                    if len(said) >= left:
                        line.broken += 1  # before the client can know
                        key.data.sendall(said[:left])
                        _end(client, line)
                        return
                    left -= len(said)
                key.data.sendall(said)


def _end(client: socket.socket, line: Line) -> None:
    if line.fate == "talks nonsense":
        client.sendall(NONSENSE)
    if line.fate != "drops":
        client.settimeout(0.05)
        while not line.over.is_set():
            try:
                if not client.recv(65536):
                    return  # the client has had enough
            except TimeoutError:
                continue
