"""Which process something belongs to, and whether that process is gone.

A lease or a claim names its process. Who was killed cannot give back what it held; where its end can be seen, nobody
has to wait until it runs out.
"""

import os
import socket
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

LONGEST_NAME: Final = 80


def this_process() -> str:
    """The name of this process, among all machines and containers: place:pid:start, 60 letters at most."""
    pid = os.getpid()
    return f"{_place()}:{pid}:{_start_of(pid) or ''}"


def is_gone(name: str) -> bool:
    """Whether the process of that name has ended: only where that can be seen, else False.

    `name` may go on after the process (":thread"). Of another machine or container nothing is known.
    """
    place, pid, start, *_ = [*name.split(":"), "", ""]
    if place != _place() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        pass
    now = _start_of(int(pid))
    # Numbers are given again: another one under it began at another time. One that ended and was not yet buried
    # answers to its number, and has no start.
    return bool(start and now is not None and now != start)


def is_of_here(name: str) -> bool:
    """Whether the process of that name is or was one of this machine or container."""
    return name.partition(":")[0] == _place()


def gone_among(names: Iterable[str | None]) -> list[str]:
    """Those of the names whose process has ended."""
    return [name for name in names if name and is_gone(name)]


@cache
def _place() -> str:
    # Containers may share a machine's name and each count from 1: only within one namespace is a number a process.
    try:
        namespace = os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        namespace = 0
    return f"{socket.gethostname().replace(':', '.')[:30]}/{namespace}"


def _start_of(pid: int) -> str | None:
    """When the process began, in ticks since the machine did; "ended" of one that is not buried; None if unknown."""
    try:
        fields = (
            Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        )
    except OSError:
        return None
    return "ended" if fields[0] in {"Z", "X"} else fields[19]
