"""Processes that belong together: each part of the desk in one, started again when it dies, ended with the first."""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from dangol.kernel.forks import endings_held_back, fork

log = logging.getLogger(__name__)

RESTART_SECONDS: Final = 1.0  # a process that died starts again, later each time it dies early
PARENT_CHECK_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Part:
    """What a process of its own does, and what has to be loaded for it."""

    run: Callable[[], None]
    load: Callable[[], None] = lambda: None


def keep_running(parts: Mapping[str, Part], *, clear_away: Callable[[], None]) -> None:
    """Run each part in a process of its own until SIGINT or SIGTERM, which each of them is handed. One that dies is
    started again, after `clear_away` has removed what it left half done.

    A part is loaded here, right before its process is forked off, and never again: those before it run meanwhile,
    and one that is started again has the code of the others, whatever was installed since.
    """
    children: dict[int, tuple[str, float]] = {}
    stopping = False

    def end(*_: object) -> None:
        nonlocal stopping
        stopping = True
        for pid in children:
            _signal(pid, signal.SIGTERM)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)

    def begin(name: str) -> None:
        with endings_held_back():  # nobody is forgotten who is born while the end comes
            if not stopping:
                children[fork_part(parts[name].run)] = (name, time.monotonic())

    for name, part in parts.items():
        part.load()
        begin(name)
    while children:
        try:
            pid, status = os.wait()
        except InterruptedError:
            continue
        except ChildProcessError:
            break
        name, began = children.pop(pid, ("", 0.0))
        if stopping or not name:
            continue
        log.error("process=%s ended=%s restarting", name, os.waitstatus_to_exitcode(status))
        clear_away()
        time.sleep(RESTART_SECONDS if time.monotonic() - began > 10 else 5 * RESTART_SECONDS)
        begin(name)


def fork_part(part: Callable[[], None]) -> int:
    """Run the part in a child that ends with it or soon after this process; returns the child's number."""
    pid = fork(ignores_interrupt=True)  # the parent hears Ctrl-C and ends its children in order
    if pid:
        return pid
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    code = 1
    try:
        part()
        code = 0
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else 1
    except BaseException:
        log.exception("process=%s died", os.getpid())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _end_with_parent(parent: int) -> None:
    # A parent that was killed cannot end its children: they notice by themselves.
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
