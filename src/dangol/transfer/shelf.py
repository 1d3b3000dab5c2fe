"""The backups that are kept in the data folder."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from django.conf import settings

FOLDER: Final = "backups"
ENDING: Final = ".tar.gz"
BEFORE: Final = "before"  # what a backup before an upgrade begins with


def shelf() -> Path:
    """The folder, made when there is none."""
    folder: Path = settings.DANGOL_DATA / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def name_for(kind: str, at: datetime) -> str:
    """The name of a backup of a kind; those of a kind sort by their time."""
    return f"{kind}-{at.astimezone(UTC):%Y%m%d-%H%M%S}{ENDING}"


def keep_newest(kind: str, count: int) -> None:
    """Remove all backups of a kind but the newest, by the time in their names."""
    found = sorted(shelf().glob(f"{kind}-*{ENDING}"), key=lambda path: path.name.rsplit("-", 2)[1:])
    for path in found[:-count]:
        path.unlink()


def newest_of_the_owner() -> datetime | None:
    """When the newest backup in the folder was written that no upgrade has made; None where there is none."""
    folder: Path = settings.DANGOL_DATA / FOLDER
    kept = [path for path in folder.glob(f"*{ENDING}") if not path.name.startswith(f"{BEFORE}-")]
    return max((datetime.fromtimestamp(path.stat().st_mtime, UTC) for path in kept), default=None)
