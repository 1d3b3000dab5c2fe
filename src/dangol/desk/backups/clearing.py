"""What goes from the folders of backups: those that are not kept, and halves of those that were broken off."""

import logging
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from dangol.business.models import Business
from dangol.desk.backups import commands, rules
from dangol.desk.backups.folders import Away, reach, size_of
from dangol.desk.models import Backup, UnfinishedBackup

log = logging.getLogger(__name__)

# A folder by the same name on another machine shows nothing of the half that lies here. After this it is given up.
LONG_AGO: Final = timedelta(days=7)


def clear_away(named: str, folder: Path, business: Business, *, at: datetime) -> None:
    """Remove what is not kept of the backups that were made into this folder, and nothing else.

    A file that is not as it was written is somebody else's by now: it stays, and is forgotten. One that is not there
    is on another disk, or on another machine, and is remembered.
    """
    rows = list(Backup.objects.filter(folder=named))
    sizes = {row.pk: size_of(folder / row.name) for row in rows}
    here = {row.made_at for row in rows if sizes[row.pk] == row.bytes}
    stay = rules.kept(here, business.zone, at=at)
    for row in rows:
        if sizes[row.pk] is None or (sizes[row.pk] == row.bytes and row.made_at in stay):
            continue
        if sizes[row.pk] == row.bytes:
            try:
                (folder / row.name).unlink()
            except OSError as failure:  # the next time, and the others now
                log.warning("backup=kept id=%d reason=%s", row.pk, failure.strerror)
                continue
        commands.forget_backup(backup=row)


def clear_halves(*, at: datetime, own: str = "") -> None:
    """Remove what broken-off backups have left, wherever that is within reach; one that is whole is one of ours.

    Only while nobody writes one. `own` is the name of one that this process itself has just broken off.
    """
    for row in UnfinishedBackup.objects.order_by("id"):
        try:
            _clear_half(row, reach(row.folder), at, is_own=row.name == own)
        except (Away, OSError):
            continue  # until its disk is there again


def _clear_half(row: UnfinishedBackup, folder: Path, at: datetime, *, is_own: bool) -> None:
    halves = list(folder.glob(f".{row.name}.*.part"))
    for path in halves:
        path.unlink(missing_ok=True)
    size = size_of(folder / row.name)
    is_known = Backup.objects.filter(folder=row.folder, name=row.name).exists()
    if size is not None and not is_known:  # the name was written down when nothing had it
        commands.note_made(folder=row.folder, name=row.name, bytes=size, made_at=row.begun_at, at=at)
    elif halves or is_own or is_known or at - row.begun_at > LONG_AGO:
        commands.forget_unfinished(unfinished=row)
