"""The processes that are killed and begun again."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from typing import Final

LONGEST_PAUSE: Final = 1.2  # seconds from a start to the next kill; most are much shorter


def fork(part: Callable[[], None]) -> int:
    from django.db import connections

    from dangol.processes import fork_part

    connections.close_all()
    return fork_part(part)


class Victims:
    """The processes that are killed and begun again."""

    def __init__(self, parts: dict[str, Callable[[], None]], chance: random.Random) -> None:
        self.parts, self.chance = parts, chance
        self.running = {name: fork(part) for name, part in parts.items()}

    def kill(self, times: int) -> None:
        """Kill one or another so often, after pauses from a hundredth of a second to about one."""
        for _ in range(times):
            # Short pauses find the windows at a start, long ones those of a process at work.
            time.sleep(10 ** self.chance.uniform(-2, 0) * LONGEST_PAUSE)
            name = self.chance.choice(list(self.parts))
            self.end(name, signal.SIGKILL)
            self.running[name] = fork(self.parts[name])

    def end(self, name: str, how: signal.Signals) -> None:
        pid = self.running.pop(name)
        os.kill(pid, how)
        os.waitpid(pid, 0)

    def stop(self) -> None:
        """End all in order."""
        for name in list(self.running):
            self.end(name, signal.SIGTERM)


def fetch() -> None:
    from dangol.loops import fetch_loops
    from dangol.running import run_until_signal

    run_until_signal(fetch_loops())


def work() -> None:
    from dangol.loops import work_loops
    from dangol.running import run_until_signal

    run_until_signal(work_loops())
