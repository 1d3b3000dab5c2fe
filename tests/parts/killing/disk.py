"""A disk that is full."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from tests.parts.killing import Plan


def mount_disk(folder: Path, megabytes: int) -> None:
    """A small disk of its own, seen by this process and its children alone: it goes with them."""
    folder.mkdir()
    options = f"size={megabytes}m,mode=0700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "dangol", str(folder)], check=True)


def fill_disk(plan: Plan) -> None:
    """Fill it to the last byte, twice, for a few seconds each."""
    import errno

    ballast = Path(plan.folder) / "data" / "ballast"
    for _ in range(2):
        time.sleep(plan.seconds / 6)
        try:
            with ballast.open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(4096))
        except OSError as failure:
            if failure.errno != errno.ENOSPC:
                raise
        time.sleep(plan.seconds / 6)
        ballast.unlink()
