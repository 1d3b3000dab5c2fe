"""Folders on the disk: a file that was made or renamed lasts a power cut only when its folder was synced as well.

Needs no Django.
"""

import os
from pathlib import Path


def sync_folder(path: Path) -> None:
    """Return when what the folder lists is on the disk."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
