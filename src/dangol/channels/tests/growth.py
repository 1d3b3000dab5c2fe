"""How the time of reading grows with the size of what is read: a law that holds on any machine, however busy."""

import time
from collections.abc import Callable


def growth(read: Callable[[str], object], unit: str, length: int, *, times: int = 4) -> float:
    """How much longer `times` as much text takes, the best of three tries each; about `times` where time is linear."""
    return _seconds(read, _text(unit, length * times)) / max(_seconds(read, _text(unit, length)), 0.002)


def _text(unit: str, length: int) -> str:
    return (unit * (length // len(unit) + 1))[:length]


def _seconds(read: Callable[[str], object], text: str) -> float:
    tries = []
    for _ in range(3):
        started = time.process_time()
        read(text)
        tries.append(time.process_time() - started)
    return min(tries)
