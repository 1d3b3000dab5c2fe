"""Servers that misbehave on demand: each line of a client gets the answer of a script."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

DROP = b"\0drop"  # close the connection without a word
HANG = b"\0hang"  # say nothing, for longer than any client waits

Answer = bytes | Callable[[bytes], bytes]


@dataclass
class Script:
    """What a server says: first `greeting`, then for each line the answer of the first key that it begins with.

    A line that no key fits gets no answer (the lines of a mail, for instance).
    """

    greeting: bytes
    answers: list[tuple[bytes, Answer]]
    port: int = 0
    heard: list[bytes] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def patience(self) -> float:
        """Seconds after which a client may give it up: soon where it hangs, else not because the machine is busy."""
        return 0.5 if HANG in (self.greeting, *(answer for _, answer in self.answers)) else 20


@contextmanager
def served(script: Script) -> Iterator[Script]:
    """Run the script on a free port of 127.0.0.1, for any number of connections one after another."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    script.port = listener.getsockname()[1]
    thread = threading.Thread(target=_accept, args=(listener, script), daemon=True)
    thread.start()
    try:
        yield script
    finally:
        script.over.set()
        thread.join(5)
        listener.close()


def _accept(listener: socket.socket, script: Script) -> None:
    while not script.over.is_set():
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        with connection, suppress(OSError):
            _talk(connection, script)


def _talk(connection: socket.socket, script: Script) -> None:
    if not _say(connection, script, script.greeting):
        return
    for line in connection.makefile("rb"):
        script.heard.append(line.rstrip(b"\r\n"))
        answer = next((value for key, value in script.answers if _fits(line, key)), None)
        if callable(answer):
            answer = answer(line)
        if answer is not None and not _say(connection, script, answer):
            return


def _fits(line: bytes, key: bytes) -> bool:
    # "." alone ends a mail; IMAP commands begin with a tag, which a key leaves out by beginning with a space.
    if key == b".":
        return line == b".\r\n"
    if key.startswith(b" "):
        return line.upper().partition(b" ")[2].startswith(key[1:])
    return line.upper().startswith(key)


def _say(connection: socket.socket, script: Script, answer: bytes) -> bool:
    if answer == DROP:
        return False
    if answer == HANG:
        while not script.over.is_set():
            time.sleep(0.02)
        return False
    connection.sendall(answer)
    return True
