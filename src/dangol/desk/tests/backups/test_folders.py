"""Where backups go: a disk that is full, away, or not the one that was meant."""

from datetime import timedelta
from pathlib import Path

import pytest

from dangol.desk.backups import making, rules
from dangol.desk.backups.commands import (
    change_backup_plan,
)
from dangol.desk.backups.folders import MARK, InsideTheData, NoSuchFolder, NotAbsolute, NotThere, NotWritable
from dangol.desk.doctor import examine
from dangol.desk.models import Backup, UnfinishedBackup
from dangol.desk.tests.backups.nights import DAY, EVENING, NIGHT, files, happened, plan, troubles

pytestmark = pytest.mark.django_db(transaction=True)  # a backup has a connection of its own


def test_a_full_disk_is_said_and_leaves_nothing_behind(at, data, monkeypatch):
    monkeypatch.setattr(making, "free_bytes", lambda folder: rules.LEFT_FOR_MAIL)
    at(NIGHT)
    assert files(data / "backups") == []
    assert plan().failure == "no-room"
    assert troubles(NIGHT) == [("warn", "no-room")]
    assert happened() == ["BackupFailed"]

    monkeypatch.setattr(making, "free_bytes", lambda folder: 10 * rules.LEFT_FOR_MAIL)
    at(NIGHT + timedelta(minutes=59))
    assert not Backup.objects.exists(), "it waits an hour"
    at(NIGHT + timedelta(hours=1))
    assert len(files(data / "backups")) == 1
    assert (plan().failure, plan().failing_since) == ("", None)
    assert troubles(NIGHT + timedelta(hours=1)) == []


def test_a_disk_that_fills_while_it_is_written_breaks_it_off(at, data, monkeypatch):
    left = iter([10 * rules.LEFT_FOR_MAIL, rules.LEAST_FOR_MAIL - 1])
    monkeypatch.setattr(making, "free_bytes", lambda folder: next(left))
    at(NIGHT)
    assert files(data / "backups") == []
    assert plan().failure == "no-room"


def test_a_disk_that_is_not_plugged_in_is_not_mistaken_for_the_empty_folder_under_it(
    at, data, tmp_path, minji
):
    disk = tmp_path / "disk"
    disk.mkdir()
    change_backup_plan(actor=minji, is_on=True, folder=str(disk), at=EVENING)
    disk.rename(tmp_path / "unplugged")
    disk.mkdir()
    at(NIGHT)
    assert files(disk) == []
    assert troubles(NIGHT) == [("warn", "no-folder")]
    found = {each.area: each for each in examine(servers=False)}["Backups"]
    assert (found.health, found.advice) == (
        "warn",
        "Plug the disk in, or name another folder in Settings › Backups.",
    )

    disk.rmdir()
    (tmp_path / "unplugged").rename(disk)
    at(NIGHT + timedelta(hours=1))
    assert files(disk) == [MARK, "dangol-20261125-190000.tar.gz"]
    assert troubles(NIGHT + timedelta(hours=1)) == []


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("relative/folder", NotAbsolute),
        ("{tmp}/nothing", NoSuchFolder),
        ("{tmp}/data/files", InsideTheData),
        ("/proc/sys", NotWritable),
        ("/" + "a" * 300, NotWritable),
    ],
)
def test_a_folder_that_cannot_be_is_refused(name, refusal, data, tmp_path, minji):
    (data / "files").mkdir()
    with pytest.raises(refusal):
        change_backup_plan(actor=minji, is_on=True, folder=name.format(tmp=tmp_path), at=EVENING)
    assert plan().folder == ""


def test_the_folder_under_a_disk_that_is_away_is_not_marked_by_saving_again(at, data, tmp_path, minji):
    disk = tmp_path / "disk"
    disk.mkdir()
    change_backup_plan(actor=minji, is_on=True, folder=str(disk), at=EVENING)
    disk.rename(tmp_path / "unplugged")
    disk.mkdir()
    with pytest.raises(NotThere):
        change_backup_plan(actor=minji, is_on=True, folder=f"{disk}/", at=EVENING)
    assert files(disk) == []

    disk.rmdir()
    change_backup_plan(actor=minji, is_on=False, folder=str(disk), at=EVENING)
    assert (plan().is_on, plan().folder) == (False, str(disk))


def test_backups_on_a_disk_that_is_away_are_not_forgotten(at, data, tmp_path, minji):
    """Two disks take turns at one place."""
    disk, other = tmp_path / "disk", tmp_path / "other"
    disk.mkdir()
    change_backup_plan(actor=minji, is_on=True, folder=str(disk), at=EVENING)
    for number in range(8):
        at(NIGHT + number * DAY)
    first = files(disk)
    disk.rename(other)
    disk.mkdir()
    (disk / MARK).touch()
    at(NIGHT + 8 * DAY)
    assert Backup.objects.count() == 8
    disk.rename(tmp_path / "away")
    other.rename(disk)
    at(NIGHT + 9 * DAY)
    assert len(files(disk)) == len(first)
    assert first[1] not in files(disk), "its oldest goes"
    assert Backup.objects.count() == 8


def test_one_that_cannot_be_removed_does_not_keep_the_others(at, data, monkeypatch):
    for number in range(7):
        at(NIGHT + number * DAY)
    stuck, *_ = files(data / "backups")
    Backup.objects.create(
        folder="", name="dangol-20261120-180000.tar.gz", made_at=NIGHT - timedelta(days=5, hours=1), bytes=3
    )
    (data / "backups" / "dangol-20261120-180000.tar.gz").write_bytes(b"old")
    real = Path.unlink

    def unlink(path: Path, **options: bool) -> None:
        if path.name == stuck:
            raise PermissionError(1, "Operation not permitted")
        real(path, **options)

    monkeypatch.setattr(Path, "unlink", unlink)
    for number in (7, 8):
        at(NIGHT + number * DAY)
    assert stuck in files(data / "backups")
    assert Backup.objects.filter(name=stuck).exists()
    assert len(files(data / "backups")) == 9
    monkeypatch.setattr(Path, "unlink", real)
    at(NIGHT + 9 * DAY)
    assert stuck not in files(data / "backups")


def test_what_fails_in_a_folder_says_nothing_of_the_one_that_was_named_meanwhile(
    at, data, tmp_path, minji, monkeypatch
):
    disk = tmp_path / "disk"
    disk.mkdir()

    def renamed(*_: object, **__: object) -> None:
        change_backup_plan(actor=minji, is_on=True, folder=str(disk), at=NIGHT)
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(making, "back_up_to", renamed)
        at(NIGHT)
    assert (plan().failure, plan().making, plan().tried_at) == ("", "", None)
    assert not UnfinishedBackup.objects.exists()
    at(NIGHT + timedelta(seconds=3))
    assert len(files(disk)) == 2
