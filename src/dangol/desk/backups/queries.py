"""Reads of the backups that Dangol makes by itself."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

from dangol.business.queries import calendar_at, current_business
from dangol.desk.backups import rules
from dangol.desk.backups.folders import Away, reach, size_of
from dangol.desk.backups.words import what_failed, what_to_do
from dangol.desk.models import Backup, BackupPlan
from dangol.kernel.errors import Gone
from dangol.transfer.shelf import FOLDER


@dataclass(frozen=True)
class BackupLine:
    """A backup that is there."""

    id: int
    made_at: datetime
    bytes: int


@dataclass(frozen=True)
class BackupsPage:
    """How backups go. `percent` is None while nobody knows how much there is; `is_away` says that the folder is."""

    is_on: bool
    folder: str
    shown_folder: str
    is_at_home: bool
    is_asked: bool
    is_running: bool
    percent: int | None
    trouble: str
    advice: str
    next_at: datetime | None
    is_away: bool
    lines: tuple[BackupLine, ...]

    @property
    def newest(self) -> BackupLine | None:
        """The last one that is there."""
        return self.lines[0] if self.lines else None

    @property
    def is_moving(self) -> bool:
        """Whether this page changes by itself in a moment."""
        return self.is_asked or self.is_running


def backups_page(*, is_on: bool, at: datetime) -> BackupsPage:
    """Everything on the page; `is_on` is what holds where nobody has decided. Four queries."""
    plan = BackupPlan.objects.first() or BackupPlan(is_on=is_on, begun_at=at)
    business = current_business()
    rows = list(Backup.objects.filter(folder=plan.folder).order_by("-made_at", "-id"))
    try:
        folder = reach(plan.folder)
    except (Away, OSError):
        folder = None
    hour = rules.quiet_hour(calendar_at(at).weekly)
    return BackupsPage(
        is_on=plan.is_on,
        folder=plan.folder,
        shown_folder=plan.folder or str(settings.DANGOL_DATA / FOLDER),
        is_at_home=not plan.folder,
        is_asked=rules.is_to_be_made_now(asked=plan.asked_at, tried=plan.tried_at, at=at),
        is_running=bool(plan.making),
        percent=min(100 * plan.done // plan.length, 100) if plan.making and plan.length else None,
        trouble=what_failed(plan.failure),
        advice=what_to_do(plan.failure) if plan.failure else "",
        next_at=rules.next_slot(at=at, hour=hour, zone=business.zone) if plan.is_on else None,
        is_away=folder is None,
        lines=tuple(_lines(rows, folder)),
    )


def newest_backup_at(*, at: datetime) -> datetime | None:
    """When the last one was made by itself; one that a clock that ran ahead has dated later than `at` is not it."""
    made = Backup.objects.filter(made_at__lte=at).order_by("-made_at", "-id")
    return made.values_list("made_at", flat=True).first()


def backup_at_hand(backup_id: int) -> tuple[Backup, Path]:
    """One that is there as it was written, and where. Gone otherwise."""
    row = Backup.objects.filter(pk=backup_id).first()
    if row is None:
        raise Gone
    try:
        path = reach(row.folder) / row.name
    except (Away, OSError) as failure:
        raise Gone from failure
    if size_of(path) != row.bytes:
        raise Gone
    return row, path


def _lines(rows: list[Backup], folder: Path | None) -> list[BackupLine]:
    return [
        BackupLine(row.pk, row.made_at, row.bytes)
        for row in rows
        if folder and size_of(folder / row.name) == row.bytes
    ]
