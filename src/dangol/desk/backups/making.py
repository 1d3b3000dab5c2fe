"""The loop `backups`: makes one when it is due or asked for, by one process at a time, and clears the old ones away."""

import errno
import logging
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Final

from django.conf import settings
from django.utils.translation import override

from dangol.business.models import Business
from dangol.business.queries import calendar_at, current_business
from dangol.desk.backups import commands, rules
from dangol.desk.backups.folders import Away, is_of_one_disk, reach, size_of
from dangol.desk.models import Backup, BackupPlan
from dangol.kernel import clock
from dangol.kernel.errors import Refused
from dangol.kernel.leases import give_back_lease, take_lease
from dangol.kernel.loops import beat
from dangol.kernel.processes import this_process
from dangol.transfer.backup import Progress, back_up_to, count_files
from dangol.transfer.room import database_bytes
from dangol.transfer.shelf import name_for

log = logging.getLogger(__name__)

LOOP: Final = "backups"
KIND: Final = "dangol"  # what the names of these files begin with
LEASE: Final = "backup"
LEASE_SECONDS: Final = 900
TELL_SECONDS: Final = 1.0


class NoRoom(Exception):
    """It does not fit, or would leave too little for mail."""


class Ending(Exception):
    """Dangol ends: nobody waits for a backup then."""


def back_up_when_due(*, is_ending: Callable[[], bool] = lambda: False) -> int:
    """One turn: a backup where one is due. Returns 0: it may rest.

    `is_ending` says that the process is about to end; a backup is broken off then, and made after the next start.
    """
    at, business = clock.now(), current_business()
    if not business.is_set_up:
        return 0
    plan = commands.begin_plan(is_on=is_on_by_itself(), at=at)
    if not (plan.asked_at or plan.making or _is_due(plan, business, at)):
        return 0
    if not take_lease(LEASE, holder=this_process(), seconds=LEASE_SECONDS, at=at):
        return 0
    try:
        plan = BackupPlan.objects.get()  # whoever had the lease before may have done it
        if plan.making:
            _settle_broken_off(plan, at)
            plan = BackupPlan.objects.get()
        if plan.asked_at or _is_due(plan, business, at):
            with override("en"):  # what is written to the log
                _make(plan, business, is_ending)
    finally:
        give_back_lease(LEASE, holder=this_process())
    return 0


def is_on_by_itself() -> bool:
    """Whether backups are on where nobody has decided: everywhere but in the demo, which is thrown away."""
    return not settings.DANGOL_DEMO


def _is_due(plan: BackupPlan, business: Business, at: datetime) -> bool:
    if not plan.is_on:
        return False
    newest = Backup.objects.order_by("-made_at", "-id").values_list("made_at", flat=True).first()
    return rules.is_due(
        last=max(newest or plan.begun_at, plan.begun_at),
        tried=plan.tried_at,
        at=at,
        hour=rules.quiet_hour(calendar_at(at).weekly),
        zone=business.zone,
    )


def _make(plan: BackupPlan, business: Business, is_ending: Callable[[], bool]) -> None:
    at = clock.now()
    try:
        folder = reach(plan.folder)
        name = next(name for name in _names(at) if not (folder / name).exists())
        _demand_room(folder)
        commands.note_begun(name=name, at=at)
        back_up_to(folder / name, at=at, progress=_Telling(folder, is_ending))
        size = (folder / name).stat().st_size
    except Ending:
        commands.note_broken_off(asked_at=plan.asked_at, tried_at=plan.tried_at)
        log.info("backup=broken-off reason=ending")
        return
    except Exception as failure:
        word = word_of(failure)
        if word is None:
            raise  # the database is away, or a fault of ours: the loop says so, and the next turn clears away
        commands.note_failed(failure=word, at=clock.now())
        log.warning("backup=failed reason=%s", word)
        return
    commands.note_made(folder=plan.folder, name=name, bytes=size, made_at=at, at=clock.now())
    log.info("backup=made bytes=%d", size)
    clear_away(plan.folder, folder, business)


def word_of(failure: Exception) -> str | None:
    """The machine word for what kept a backup from being made; None for what no owner can mend."""
    if isinstance(failure, NoRoom):
        return "no-room"
    if isinstance(failure, Away):
        return "no-folder"
    if isinstance(failure, Refused):
        return "refused"
    if isinstance(failure, OSError):
        if failure.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            return "no-room"
        if failure.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            return "not-writable"
        if failure.errno in {errno.ENOENT, errno.ENOTDIR, errno.ENODEV, errno.ENXIO, errno.ESTALE}:
            return "no-folder"
        return "disk"
    return None


def clear_away(named: str, folder: Path, business: Business) -> None:
    """Remove what is not kept of the backups that were made into this folder, and nothing else.

    A file that is not as it was written is somebody else's by now: it stays, and is forgotten.
    """
    rows = list(Backup.objects.filter(folder=named))
    stay = rules.kept((row.made_at for row in rows if _is_there(row, folder)), business.zone)
    for row in rows:
        if row.made_at in stay and _is_there(row, folder):
            continue
        if _is_there(row, folder):
            (folder / row.name).unlink(missing_ok=True)
        row.delete()


def _is_there(row: Backup, folder: Path) -> bool:
    return size_of(folder / row.name) == row.bytes


def _demand_room(folder: Path) -> None:
    last = Backup.objects.order_by("-made_at", "-id").values_list("bytes", flat=True).first()
    _count, files = (0, 0) if last else count_files()
    needed = rules.room_needed(database=database_bytes(), files=files, last=last)
    is_at_home = is_of_one_disk(folder, settings.DANGOL_DATA)
    if free_bytes(folder) < needed + (rules.LEFT_FOR_MAIL if is_at_home else rules.SPARE):
        raise NoRoom


def free_bytes(folder: Path) -> int:
    """What is free on the disk of the folder."""
    return shutil.disk_usage(folder).free


def _settle_broken_off(plan: BackupPlan, at: datetime) -> None:
    """What a killed process has left: half a file goes, and one that got its name is whole and ours.

    The name was written down when nothing had it.
    """
    size = None
    try:
        folder = reach(plan.folder)
        size = size_of(folder / plan.making)
        for path in folder.glob(f".{plan.making}.*.part"):
            path.unlink(missing_ok=True)
    except (Away, OSError):
        pass  # another folder was named meanwhile, or it is away
    if size is None or plan.tried_at is None:
        commands.note_broken_off(asked_at=plan.asked_at, tried_at=plan.tried_at)
    else:
        commands.note_made(folder=plan.folder, name=plan.making, bytes=size, made_at=plan.tried_at, at=at)


def _names(at: datetime) -> Iterator[str]:
    return (name_for(KIND, at + timedelta(seconds=seconds)) for seconds in count())


class _Telling(Progress):
    """Writes down how far it is, keeps the lease, shows that the loop lives, and looks whether there is still room."""

    def __init__(self, folder: Path, is_ending: Callable[[], bool]) -> None:
        self._folder, self._is_ending = folder, is_ending
        self._least = rules.LEAST_FOR_MAIL if is_of_one_disk(folder, settings.DANGOL_DATA) else 0
        self._length = self._done = 0
        self._told = 0.0

    def begin(self, length: int) -> None:
        self._length = length
        self._tell()

    def step(self, done: int) -> None:
        self._done += done
        if self._is_ending():
            raise Ending
        if time.monotonic() - self._told >= TELL_SECONDS:
            self._tell()

    def _tell(self) -> None:
        if free_bytes(self._folder) < self._least:
            raise NoRoom
        commands.note_progress(done=self._done, length=self._length)
        take_lease(LEASE, holder=this_process(), seconds=LEASE_SECONDS, at=clock.now())
        beat(LOOP)
        self._told = time.monotonic()
