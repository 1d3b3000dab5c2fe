"""Where backups lie: `backups` in the data folder, or a folder that an owner names, on another disk for example."""

import errno
import os
from pathlib import Path
from typing import Final

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from dangol.kernel.errors import Refused
from dangol.transfer.shelf import shelf

# Written when the folder is named. Where a disk was mounted there is an empty folder when the disk is away: without
# the mark it is not the folder that was meant, and what is written there would fill the wrong disk.
MARK: Final = ".dangol-backups"
LONGEST: Final = 500  # as many characters as the plan holds
_MARK_WORDS: Final = "Dangol keeps backups here, and removes only those that it has made.\n"


class NoSuchFolder(Refused):
    message = _(
        "There is no such folder on the machine that Dangol runs on. Make it first, or correct the path."
    )


class NotAbsolute(Refused):
    message = _("Write the whole path, beginning with a slash.")


class NotWritable(Refused):
    message = _("Dangol may not write into this folder. Give it the right to, or choose another one.")


class InsideTheData(Refused):
    message = _(
        "This folder is inside the data folder. Choose one on another disk, or leave the field empty."
    )


class NotThere(Refused):
    message = _("The folder for backups is not there: the disk may not be plugged in.")


class Away(Exception):
    """The folder is not there just now, or is another one than was meant."""


def named_folder(text: str, *, before: str, is_on: bool) -> str:
    """The folder that an owner names, marked as the one when it is not that of `before`; "" stays.

    Refused when backups cannot go there. That of before may be away when they are switched off, and is never marked
    again: the folder that is there while its disk is away would become the one.
    """
    text = text.strip()
    if not text:
        return ""
    try:
        path = before if text == before else str(_real_folder(Path(text)))
        if path != before:
            (Path(path) / MARK).write_text(_MARK_WORDS, encoding="ascii")
        elif is_on and not (Path(path) / MARK).is_file():
            raise NotThere
    except OSError as failure:
        raise NotWritable from failure
    return path


def _real_folder(path: Path) -> Path:
    if not path.is_absolute():
        raise NotAbsolute
    if not path.is_dir():
        raise NoSuchFolder
    path = path.resolve()
    data = settings.DANGOL_DATA.resolve()
    if path == data or data in path.parents:
        raise InsideTheData
    if len(str(path)) > LONGEST:
        raise NotWritable
    return path


def reach(folder: str) -> Path:
    """The folder, if it is there. Raises Away."""
    if not folder:
        try:
            return shelf()
        except OSError as failure:
            if failure.errno in {errno.ENOENT, errno.ENOTDIR}:
                raise Away from failure
            raise
    path = Path(folder)
    if not (path / MARK).is_file():
        raise Away
    return path


def size_of(path: Path) -> int | None:
    """The size of the file; None when there is no such file, whatever else there is under its name."""
    try:
        if path.is_symlink() or not path.is_file():
            return None
        return path.stat().st_size
    except OSError:
        return None


def is_of_one_disk(one: Path, other: Path) -> bool:
    """Whether what is written to one is missing on the other."""
    return os.stat(one).st_dev == os.stat(other).st_dev
