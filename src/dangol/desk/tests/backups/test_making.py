"""Backups that are made by themselves, in the night or when somebody asks."""

import os
import tarfile
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse

from dangol.desk.backups import making
from dangol.desk.backups.commands import (
    ask_for_backup,
    change_backup_plan,
)
from dangol.desk.backups.words import what_failed
from dangol.desk.models import Backup, BackupPlan
from dangol.desk.tests.backups.nights import DAY, EVENING, NIGHT, files, happened, plan, troubles
from dangol.desk.tests.reading import words_of
from dangol.kernel.leases import take_lease
from dangol.kernel.models import Lease
from dangol.transfer import backup

pytestmark = pytest.mark.django_db(transaction=True)  # a backup has a connection of its own


def test_one_is_made_in_the_night_and_is_whole(at, data):
    at(NIGHT - timedelta(minutes=1))
    assert not (data / "backups").exists()
    at(NIGHT)
    at(NIGHT + timedelta(minutes=1))

    assert files(data / "backups") == ["dangol-20261125-180000.tar.gz"]
    (path,) = (data / "backups").iterdir()
    with tarfile.open(path) as inside:
        assert inside.getnames()[-1] == "sums.json"
    assert path.stat().st_mode & 0o777 == 0o600
    row = Backup.objects.get()
    assert (row.folder, row.name, row.made_at, row.bytes) == ("", path.name, NIGHT, path.stat().st_size)
    assert (plan().making, plan().failure) == ("", "")
    assert happened() == ["BackupMade"]
    assert not Lease.objects.filter(name=making.LEASE).exists()


def test_before_the_desk_is_set_up_and_while_switched_off_none_is_made(at, data, moon_burger, minji):
    change_backup_plan(actor=minji, is_on=False, folder="", at=EVENING)
    at(NIGHT)
    change_backup_plan(actor=minji, is_on=True, folder="", at=EVENING)
    moon_burger.set_up_at = None
    moon_burger.save()
    at(NIGHT)
    assert not Backup.objects.exists()


def test_who_asks_gets_one_at_once_also_while_they_are_switched_off(at, data, minji):
    change_backup_plan(actor=minji, is_on=False, folder="", at=EVENING)
    assert ask_for_backup(actor=minji, at=EVENING)
    assert not ask_for_backup(actor=minji, at=EVENING)
    at(EVENING)
    assert files(data / "backups") == ["dangol-20261125-120000.tar.gz"]
    assert happened() == ["BackupPlanChanged", "BackupAsked", "BackupMade"]


def test_old_ones_go_and_what_dangol_did_not_make_stays(at, data):
    for number in range(10):
        at(NIGHT + number * DAY)
        if number == 0:
            folder = data / "backups"
            (folder / "dangol-20250101-000000.tar.gz").write_bytes(b"an owner's own")
            (folder / "before-0.1.0-20261001-000000.tar.gz").write_bytes(b"of an upgrade")
        if number == 1:
            (folder / "dangol-20261126-180000.tar.gz").write_bytes(b"somebody put another one here")

    assert files(folder) == [
        "before-0.1.0-20261001-000000.tar.gz",
        "dangol-20250101-000000.tar.gz",
        "dangol-20261126-180000.tar.gz",
        *(f"dangol-202611{day}-180000.tar.gz" for day in (28, 29, 30)),
        *(f"dangol-202612{day:02}-180000.tar.gz" for day in range(1, 5)),
    ]
    assert (folder / "dangol-20261126-180000.tar.gz").read_bytes().startswith(b"somebody")
    assert Backup.objects.count() == 7


def test_two_days_without_one_are_an_alarm(at):
    at(NIGHT)
    assert troubles(NIGHT + 2 * DAY) == []
    assert troubles(NIGHT + 2 * DAY + timedelta(minutes=1)) == [("bad", "")]


def test_a_disk_without_hard_links_takes_one_too(at, data, monkeypatch):
    def link(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    at(NIGHT)
    assert files(data / "backups") == ["dangol-20261125-180000.tar.gz"]


def test_where_another_process_is_at_it_nobody_else_begins(at, data):
    take_lease(making.LEASE, holder="elsewhere:1:1", seconds=60, at=NIGHT)
    at(NIGHT)
    assert not (data / "backups").exists()


def test_what_was_asked_for_and_has_no_room_fails_once_and_says_so(at, data, minji, client, monkeypatch):
    monkeypatch.setattr(making, "free_bytes", lambda folder: 0)
    change_backup_plan(actor=minji, is_on=False, folder="", at=EVENING)
    ask_for_backup(actor=minji, at=EVENING)
    at(EVENING)
    at(EVENING + timedelta(seconds=3))
    at(EVENING + timedelta(hours=2))
    assert happened()[-2:] == ["BackupAsked", "BackupFailed"]
    assert happened().count("BackupFailed") == 1
    client.force_login(minji)
    words = words_of(client.get(reverse("backups")).content.decode())
    assert "There is too little room on the disk." in words
    assert "Back up now" in words


def test_a_night_in_the_future_neither_stops_backups_nor_alarms(at, data):
    ahead = NIGHT + 400 * DAY
    at(ahead)
    assert Backup.objects.count() == 1
    assert troubles(NIGHT + 3 * DAY) == [("bad", "")]
    at(NIGHT + 3 * DAY)
    assert troubles(NIGHT + 3 * DAY) == []
    assert files(data / "backups") == ["dangol-20261128-180000.tar.gz"], "the other counts as made before"


def test_a_plan_that_was_begun_in_the_future_waits_no_longer_than_others(at, data):
    BackupPlan.objects.update(begun_at=NIGHT + 400 * DAY)
    at(NIGHT)
    at(NIGHT + DAY)
    assert Backup.objects.count() == 1


def test_a_file_of_the_desk_that_cannot_be_read_is_no_fault_of_the_backup_disk(at, data, monkeypatch):
    def broken(*_: object, **__: object) -> Any:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(default_storage, "size", broken)
    monkeypatch.setattr(backup, "_stored", lambda: iter(["ab/cd/file"]))
    at(NIGHT)
    assert plan().failure == "unreadable"
    assert what_failed("unreadable")
    assert files(data / "backups") == []
