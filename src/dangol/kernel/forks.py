"""Forking without a window in which a signal meets the wrong handler.

A child begins with its parent's handlers. One that is told to end before it has its own would run its parent's:
end its siblings and live on, or die with a traceback in the middle of being born.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_ENDINGS: Final = frozenset({signal.SIGINT, signal.SIGTERM})


@contextmanager
def endings_held_back() -> Iterator[None]:
    """Hold SIGINT and SIGTERM back until the end of the block; what came meanwhile is handled then.

    They are held back from this thread: another one, if there is any, still takes them.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def fork(*, ignores_interrupt: bool = False) -> int:
    """`os.fork`; the child ends on SIGTERM and on SIGINT, or with `ignores_interrupt` on SIGTERM alone."""
    with endings_held_back():
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_IGN if ignores_interrupt else signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if pid == 0:  # its parent may be holding them back for longer; a child is never born deaf
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDINGS)
    return pid
