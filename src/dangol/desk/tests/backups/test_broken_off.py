"""Backups that are broken off leave nothing behind, and are made later."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dangol.desk.backups import making
from dangol.desk.backups.commands import (
    ask_for_backup,
    begin_backups_anew,
    change_backup_plan,
    note_begun,
)
from dangol.desk.backups.folders import MARK
from dangol.desk.backups.making import back_up_when_due
from dangol.desk.models import Backup, BackupPlan, UnfinishedBackup
from dangol.desk.tests.backups.nights import DAY, EVENING, NIGHT, files, happened, plan, troubles
from dangol.kernel import clock
from dangol.kernel.models import Lease
from dangol.transfer.backup import Progress

pytestmark = pytest.mark.django_db(transaction=True)  # a backup has a connection of its own


def test_half_a_file_of_a_killed_process_goes_and_a_whole_one_is_kept(at, data):
    folder = data / "backups"
    folder.mkdir()
    half = folder / ".dangol-20261125-180000.tar.gz.123.part"
    half.write_bytes(b"half")
    (folder / ".other.tar.gz.123.part").write_bytes(b"somebody's")
    note_begun(folder="", name="dangol-20261125-180000.tar.gz", at=NIGHT)
    at(NIGHT + timedelta(minutes=1))
    assert files(folder) == [".other.tar.gz.123.part"], "and it waits an hour"
    at(NIGHT + timedelta(hours=1))
    assert files(folder) == [".other.tar.gz.123.part", "dangol-20261125-190000.tar.gz"]

    whole = folder / "dangol-20261126-180000.tar.gz"
    whole.write_bytes(b"whole")
    note_begun(folder="", name=whole.name, at=NIGHT + DAY)
    at(NIGHT + DAY + timedelta(minutes=1))
    assert Backup.objects.get(name=whole.name).made_at == NIGHT + DAY
    assert whole in folder.iterdir()


def test_who_ends_dangol_does_not_wait_for_it_and_it_is_made_later(at, data, minji, monkeypatch):
    ask_for_backup(actor=minji, at=EVENING)
    monkeypatch.setattr(clock, "now", lambda: EVENING)
    back_up_when_due(is_ending=lambda: True)
    assert files(data / "backups") == []
    assert (plan().making, plan().failure, plan().asked_at) == ("", "", EVENING)
    at(EVENING)
    assert len(files(data / "backups")) == 1


def test_what_was_asked_for_and_killed_is_made_after_an_hour_or_when_asked_again(at, data, minji):
    minute = timedelta(minutes=1)
    for is_asked_again in (False, True):
        change_backup_plan(actor=minji, is_on=False, folder="", at=EVENING)
        Backup.objects.all().delete()
        ask_for_backup(actor=minji, at=EVENING)
        note_begun(folder="", name="dangol-20261125-120000.tar.gz", at=EVENING + minute)
        at(EVENING + 2 * minute)
        at(EVENING + 59 * minute)
        assert not Backup.objects.exists(), "it does not spin"
        assert plan().making == ""
        if is_asked_again:
            assert ask_for_backup(actor=minji, at=EVENING + 60 * minute)
            at(EVENING + 60 * minute)
        else:
            at(EVENING + 61 * minute)
        assert Backup.objects.count() == 1
        assert plan().asked_at is None


def test_half_a_file_goes_when_its_disk_is_back_though_another_folder_was_named(at, data, tmp_path, minji):
    disk = tmp_path / "disk"
    disk.mkdir()
    change_backup_plan(actor=minji, is_on=True, folder=str(disk), at=EVENING)
    note_begun(folder=str(disk), name="dangol-20261125-180000.tar.gz", at=NIGHT)
    half = ".dangol-20261125-180000.tar.gz.123.part"
    (disk / half).write_bytes(b"half")
    disk.rename(tmp_path / "unplugged")
    change_backup_plan(actor=minji, is_on=True, folder="", at=NIGHT)
    at(NIGHT + timedelta(minutes=1))
    assert len(files(data / "backups")) == 1, "another folder need not wait"
    assert UnfinishedBackup.objects.count() == 1

    (tmp_path / "unplugged").rename(disk)
    at(NIGHT + DAY)
    assert files(disk) == [MARK]
    assert not UnfinishedBackup.objects.exists()


def test_who_has_lost_the_lease_writes_nothing_more(at, data, monkeypatch):
    real = making.back_up_to

    def slept(path: Path, *, at: datetime, progress: Progress) -> Any:
        Lease.objects.update(holder="elsewhere:1:1")
        BackupPlan.objects.update(making="another.tar.gz", done=7)
        return real(path, at=at, progress=progress)

    monkeypatch.setattr(making, "back_up_to", slept)
    at(NIGHT)
    assert (plan().making, plan().done, plan().failure) == ("another.tar.gz", 7, "")
    assert files(data / "backups") == []
    assert happened() == []
    assert Lease.objects.get(name=making.LEASE).holder == "elsewhere:1:1"


def test_what_was_put_back_is_not_at_a_backup_and_leaves_those_of_before_alone(at, data, tmp_path, minji):
    disk = tmp_path / "disk"
    disk.mkdir()
    change_backup_plan(actor=minji, is_on=True, folder=str(disk), at=EVENING)
    at(NIGHT)
    ask_for_backup(actor=minji, at=NIGHT)
    note_begun(folder=str(disk), name="half.tar.gz", at=NIGHT)
    (disk / ".half.tar.gz.1.part").touch()
    before = files(disk)

    begin_backups_anew(at=NIGHT + 9 * DAY)

    at(NIGHT + 9 * DAY)
    assert troubles(NIGHT + 9 * DAY) == []
    at(NIGHT + 10 * DAY)
    assert files(disk) == before
    assert len(files(data / "backups")) == 1
    assert plan().is_on
