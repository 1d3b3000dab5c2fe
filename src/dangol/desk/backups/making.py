"""The loop `backups`: makes one when it is due or asked for, by one process at a time, and clears the old ones away."""

import errno
import logging
import shutil
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Final

from django.conf import settings
from django.utils.translation import override

from dangol.business.models import Business
from dangol.business.queries import calendar_at, current_business
from dangol.desk.backups import commands, rules
from dangol.desk.backups.clearing import clear_away, clear_halves
from dangol.desk.backups.erased_list import write_list
from dangol.desk.backups.folders import Away, is_of_one_disk, reach
from dangol.desk.backups.queries import newest_backup_at
from dangol.desk.models import Backup, BackupPlan, UnfinishedBackup
from dangol.kernel import clock
from dangol.kernel.errors import Refused
from dangol.kernel.leases import give_back_lease, keep_lease, take_lease
from dangol.kernel.loops import beat
from dangol.kernel.processes import this_process
from dangol.privacy.again import uids_of_erased
from dangol.transfer.backup import Progress, Unreadable, back_up_to, count_files
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


class LeaseLost(Exception):
    """Another process took this one for dead, and looks after the backups now."""


def back_up_when_due(*, is_ending: Callable[[], bool] = lambda: False) -> int:
    """One turn: a backup where one is due. Returns 0: it may rest.

    `is_ending` says that the process is about to end; a backup is broken off then, and made after the next start.
    """
    at, business = clock.now(), current_business()
    if not business.is_set_up:
        return 0
    plan = commands.begin_plan(is_on=is_on_by_itself(), at=at)
    if not (plan.making or _is_wanted(plan, business, at)):
        return 0
    if not take_lease(LEASE, holder=this_process(), seconds=LEASE_SECONDS, at=at):
        return 0
    try:
        clear_halves(at=at)
        plan = BackupPlan.objects.get()  # whoever had the lease before may have done it
        if plan.making:  # and was killed at it
            commands.note_broken_off(tried_at=plan.tried_at)
            plan = BackupPlan.objects.get()
        if _is_wanted(plan, business, at):
            with override("en"):  # what is written to the log
                _make(plan, business, is_ending)
    finally:
        give_back_lease(LEASE, holder=this_process())
    return 0


def is_on_by_itself() -> bool:
    """Whether backups are on where nobody has decided: everywhere but in the demo, which is thrown away."""
    return not settings.DANGOL_DEMO


def _is_wanted(plan: BackupPlan, business: Business, at: datetime) -> bool:
    if rules.is_to_be_made_now(asked=plan.asked_at, tried=plan.tried_at, at=at):
        return True
    if not plan.is_on:
        return False
    newest = newest_backup_at(at=at)
    return rules.is_due(
        last=max(newest or plan.begun_at, plan.begun_at),
        tried=plan.tried_at,
        at=at,
        hour=rules.quiet_hour(calendar_at(at).weekly),
        zone=business.zone,
    )


def _make(plan: BackupPlan, business: Business, is_ending: Callable[[], bool]) -> None:
    at, name = clock.now(), ""
    try:
        folder = reach(plan.folder)
        name = _free_name(plan.folder, folder, at)
        _demand_room(folder)
        commands.note_begun(folder=plan.folder, name=name, at=at)
        back_up_to(folder / name, at=at, progress=_Telling(folder, is_ending))
        size = (folder / name).stat().st_size
        write_list(folder, uids_of_erased())
        _keep_lease()
    except Ending:
        commands.note_broken_off(tried_at=plan.tried_at)
        clear_halves(at=at, own=name)
        log.info("backup=broken-off reason=ending")
        return
    except LeaseLost:
        _leave(plan.folder, name, at)
        return
    except Exception as failure:
        word = word_of(failure)
        if word is None:
            raise  # the database is away, or a fault of ours: the loop says so, and the next turn clears away
        if not _has_lease():  # what was written has been cleared away by whoever has it
            _leave(plan.folder, name, at)
            return
        commands.note_failed(folder=plan.folder, failure=word, at=clock.now())
        clear_halves(at=at, own=name)
        log.warning("backup=failed reason=%s", word)
        return
    commands.note_made(folder=plan.folder, name=name, bytes=size, made_at=at, at=clock.now())
    log.info("backup=made bytes=%d", size)
    clear_away(plan.folder, folder, business, at=at)


def _leave(folder: str, name: str, at: datetime) -> None:
    """Leave the plan to whoever has the lease, and what there may be of this backup as well."""
    if name:
        commands.note_unfinished(folder=folder, name=name, begun_at=at)
    log.warning("backup=broken-off reason=lease")


def _keep_lease() -> None:
    if not _has_lease():
        raise LeaseLost


def _has_lease() -> bool:
    return keep_lease(LEASE, holder=this_process(), seconds=LEASE_SECONDS, at=clock.now())


def word_of(failure: Exception) -> str | None:
    """The machine word for what kept a backup from being made; None for what no owner can mend."""
    if isinstance(failure, NoRoom):
        return "no-room"
    if isinstance(failure, Away):
        return "no-folder"
    if isinstance(failure, Unreadable):
        return "unreadable"
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


def _free_name(named: str, folder: Path, at: datetime) -> str:
    """A name that no file there has, nor a backup that is not there just now."""
    names = (name_for(KIND, at + timedelta(seconds=seconds)) for seconds in count())
    return next(name for name in names if not (_is_remembered(named, name) or (folder / name).exists()))


def _is_remembered(folder: str, name: str) -> bool:
    return any(kind.objects.filter(folder=folder, name=name).exists() for kind in (Backup, UnfinishedBackup))


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
        _keep_lease()
        commands.note_progress(done=self._done, length=self._length)
        beat(LOOP)
        self._told = time.monotonic()
