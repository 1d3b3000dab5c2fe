"""Who was erased, written down beside the backups, so that one of before brings nobody back for good.

It names the rows by the numbers (UUIDs) that every backup has of them, and that say nothing of who it was. It grows,
and nothing is ever taken from it: a backup may be put back that is older than the installation.
"""

import logging
import os
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from dangol.customers.queries import rows_of_people
from dangol.desk.backups.folders import Away, reach
from dangol.desk.models import BackupPlan
from dangol.kernel.syncing import sync_folder
from dangol.privacy.again import uids_of_erased

NAME: Final = "erased.txt"

log = logging.getLogger(__name__)


def write_erased(customer_id: int) -> None:
    """Write the erased person into the list of each folder of backups that is within reach. Again changes nothing.

    One that is not gets it with its next backup.
    """
    uids = uids_of_erased(list(rows_of_people([customer_id])))
    for named in {"", *BackupPlan.objects.values_list("folder", flat=True)}:
        with suppress(Away):
            write_list(reach(named), uids)


def write_list(folder: Path, uids: Collection[UUID]) -> None:
    """Add to the folder's list. What cannot be written now is written with the next backup."""
    try:
        known = read_list(folder)
        if known.issuperset(uids):
            return
        fresh = folder / f".{NAME}.{uuid4().hex}.part"
        try:
            with fresh.open("x", encoding="ascii") as file:
                file.writelines(f"{each}\n" for each in sorted(map(str, known | set(uids))))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(folder / NAME)
            sync_folder(folder)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as failure:
        log.warning("erased-list=not-written reason=%s", failure.strerror)


def read_lists(folders: Iterable[Path]) -> set[UUID]:
    """All who stand in the lists of these folders, where there are any."""
    return {uid for folder in folders for uid in read_list(folder)}


def read_list(folder: Path) -> set[UUID]:
    """Who stands in the list of the folder; a line that is none says nothing."""
    found: set[UUID] = set()
    with suppress(FileNotFoundError, NotADirectoryError):
        for line in (folder / NAME).read_text(encoding="ascii", errors="replace").splitlines():
            with suppress(ValueError):
                found.add(UUID(line.strip()))
    return found
