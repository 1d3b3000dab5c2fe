"""Bells between the processes of one machine: whoever waits for work hears of it at once.

A ring says no more than that it may be worth looking. Whoever listens looks by itself now and then as well: no ring
reaches another machine, or a process that was not there yet, or one on a system without such sockets, and nothing may
be lost with it.
"""

import contextlib
import itertools
import os
import select
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Literal

from django.conf import settings
from django.db import transaction

Name = Literal["events", "mail"]  # something happened; a mail was stored
ENOUGH: Final = 64  # rings that are taken off at once; they all say the same
END_SECONDS: Final = 1.0
_numbers: Final = itertools.count()


class Bell:
    """One that hangs in this process, to be waited for as a file is. `is_hung` is False where there can be none."""

    def __init__(self, name: Name) -> None:
        self.name = f"{name}.{os.getpid()}.{next(_numbers)}"
        self.is_hung = False
        self._socket: socket.socket | None = None

    def __enter__(self) -> "Bell":
        with contextlib.suppress(OSError):  # also where the process has as many files open as it may
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.setblocking(False)
            _folder().mkdir(mode=0o700, exist_ok=True)
            with _reached(_folder()) as folder:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(f"{folder}/{self.name}")  # of a process that had this number before
                self._socket.bind(f"{folder}/{self.name}")
            self.is_hung = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._socket:
            self._socket.close()
        with contextlib.suppress(OSError):
            (_folder() / self.name).unlink()

    def fileno(self) -> int:
        """For whoever waits for several things."""
        assert self._socket, "none that is not hung is waited for"
        return self._socket.fileno()

    def silence(self) -> None:
        """It has been heard."""
        assert self._socket, "none that is not hung rings"
        with contextlib.suppress(OSError):
            for _ in range(ENOUGH):
                self._socket.recv(16)


def ring(name: Name) -> None:
    """Ring every bell of that name on this machine. Waits for nobody and raises nothing."""
    with contextlib.suppress(OSError), _reached(_folder()) as folder:
        bells = [each for each in os.listdir(folder) if each.startswith(f"{name}.")]
        if not bells:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.setblocking(False)
            for each in bells:
                _ring(line, f"{folder}/{each}")


def ring_after_commit(name: Name) -> None:
    """Ring when what is written in this transaction can be read, at once outside of one."""
    transaction.on_commit(partial(ring, name), robust=True)


def listen(heard: Mapping[Name, Callable[[], None]], stop: threading.Event) -> None:
    """Call what belongs to the bell each time that it rings, until `stop` is set."""
    with contextlib.ExitStack() as stack:
        bells = {name: stack.enter_context(Bell(name)) for name in heard}
        while not stop.is_set():
            rung = select.select([bell for bell in bells.values() if bell.is_hung], [], [], END_SECONDS)[0]
            for name, bell in bells.items():
                if bell in rung:
                    bell.silence()
                    heard[name]()


def _ring(line: socket.socket, bell: str) -> None:
    try:
        line.sendto(b"!", bell)
    except ConnectionRefusedError:
        with contextlib.suppress(OSError):  # another one who rings was faster
            os.unlink(bell)  # its process was killed
    except OSError:
        return  # full: it is ringing; gone: nobody waits


def _folder() -> Path:
    return Path(settings.DANGOL_DATA) / "bells"


@contextlib.contextmanager
def _reached(folder: Path) -> Iterator[str]:
    """The folder by a short name, where the system has such: the name of a socket has no room for a long one."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        short = f"/proc/self/fd/{number}"
        yield short if os.path.exists(short) else str(folder)
    finally:
        os.close(number)
