"""What is read from this machine: the one place where the disk is asked."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Room:
    """What is left on a disk for this program: bytes, and files that can be made; None where they are not counted."""

    bytes: int
    files: int | None


def room_at(folder: Path) -> Room:
    """The room that is left where the folder is."""
    state = os.statvfs(folder)
    return Room(state.f_bavail * state.f_frsize, state.f_favail if state.f_files else None)
