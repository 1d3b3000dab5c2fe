from dataclasses import dataclass

from dangol.kernel.events import Happened


@dataclass(frozen=True, kw_only=True)
class AlarmRaised(Happened):
    """Something that the desk stands on is not well, and has not been for a while."""

    alarm_id: int


@dataclass(frozen=True, kw_only=True)
class AlarmEnded(Happened):
    """It is well again."""

    alarm_id: int


@dataclass(frozen=True, kw_only=True)
class AlarmAcknowledged(Happened):
    """Somebody said "I know": it is quiet until it is over or gets worse."""

    alarm_id: int


@dataclass(frozen=True, kw_only=True)
class AlarmBroughtBack(Happened):
    """Somebody wants to hear of it again after all."""

    alarm_id: int


@dataclass(frozen=True, kw_only=True)
class BackupAsked(Happened):
    """Somebody wants a backup now."""


@dataclass(frozen=True, kw_only=True)
class BackupMade(Happened):
    """A backup is whole and on the disk."""

    backup_id: int
    bytes: int


@dataclass(frozen=True, kw_only=True)
class BackupFailed(Happened):
    """A backup could not be made. It is tried again in an hour."""


@dataclass(frozen=True, kw_only=True)
class BackupPlanChanged(Happened):
    """Backups by themselves were switched on or off, or go to another folder."""
