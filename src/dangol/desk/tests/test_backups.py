"""Backups that are made by themselves: real files in a real folder."""

import os
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db.backends.signals import connection_created
from django.urls import reverse

from dangol.desk.alarms.checks import look
from dangol.desk.alarms.rules import Kind
from dangol.desk.backups import making, rules
from dangol.desk.backups.commands import (
    ask_for_backup,
    begin_backups_anew,
    begin_plan,
    change_backup_plan,
    note_begun,
)
from dangol.desk.backups.folders import MARK, InsideTheData, NoSuchFolder, NotAbsolute, NotThere, NotWritable
from dangol.desk.backups.making import back_up_when_due
from dangol.desk.backups.words import what_failed
from dangol.desk.doctor import examine
from dangol.desk.models import Backup, BackupPlan, UnfinishedBackup
from dangol.desk.tests.reading import words_of
from dangol.kernel import clock
from dangol.kernel.errors import NotAllowed
from dangol.kernel.leases import take_lease
from dangol.kernel.models import AuditEntry, Event, Lease
from dangol.transfer import backup
from dangol.transfer.backup import Progress
from dangol.transfer.snapshot import ALIAS

pytestmark = pytest.mark.django_db(transaction=True)  # a backup has a connection of its own

EVENING = datetime(2026, 11, 25, 12, tzinfo=UTC)  # nine in Seoul
NIGHT = datetime(2026, 11, 25, 18, tzinfo=UTC)  # three
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def data(settings: Any, tmp_path: Path, moon_burger: Any) -> Path:
    """A data folder, and a plan from the evening before."""
    settings.DANGOL_DATA = tmp_path / "data"
    settings.DANGOL_DATA.mkdir()
    begin_plan(is_on=True, at=EVENING)
    return tmp_path / "data"


@pytest.fixture(autouse=True)
def _in_memory() -> Iterator[None]:
    """The tests' SQLite is in memory, where whoever reads keeps others from writing; a file has its -wal for that."""

    def opened(connection: Any, **_: Any) -> None:
        if connection.vendor == "sqlite" and connection.alias == ALIAS:
            connection.connection.execute("PRAGMA read_uncommitted = 1")

    connection_created.connect(opened)
    yield
    connection_created.disconnect(opened)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let a turn of the loop happen at a time."""

    def turn(when: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: when)
        back_up_when_due()

    return turn


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def plan() -> BackupPlan:
    return BackupPlan.objects.get()


def happened() -> list[str]:
    return list(Event.objects.filter(name__startswith="Backup").order_by("id").values_list("name", flat=True))


def troubles(when: datetime) -> list[tuple[str, Any]]:
    return [(each.health, each.data["failure"]) for each in look(at=when) if each.kind is Kind.BACKUP]


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


def test_how_far_it_is_can_be_seen_meanwhile(data, minji, monkeypatch, client):
    monkeypatch.setattr(clock, "now", lambda: NIGHT)
    seen: list[str] = []
    client.force_login(minji)
    real = making.back_up_to

    def slowly(path: Path, *, at: datetime, progress: Progress) -> Any:
        progress.begin(100)
        monkeypatch.setattr(making, "TELL_SECONDS", 0.0)
        progress.step(30)
        seen.append(client.get(reverse("backups")).content.decode())
        return real(path, at=at)

    monkeypatch.setattr(making, "back_up_to", slowly)
    back_up_when_due()
    assert 'value="30"' in seen[0]
    assert "A backup is being made" in words_of(seen[0])
    assert "The last backup" in words_of(client.get(reverse("backups")).content.decode())


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


def test_only_an_owner_may(dongsuk, hana, data):
    for person in (dongsuk, hana):
        with pytest.raises(NotAllowed):
            ask_for_backup(actor=person, at=EVENING)
        with pytest.raises(NotAllowed):
            change_backup_plan(actor=person, is_on=False, folder="", at=EVENING)


def test_a_backup_is_saved_by_who_has_just_signed_in_and_it_is_written_down(at, data, minji, client):
    at(NIGHT)
    row = Backup.objects.get()
    address = reverse("backup_file", args=[row.pk])
    minji.set_password("a long enough word")
    minji.save()
    client.force_login(minji)
    asked = client.get(address)
    assert asked.status_code == 302
    assert asked["Location"].startswith(reverse("account_reauthenticate"))
    assert not AuditEntry.objects.filter(act="hand_out_backup").exists()

    answered = client.post(asked["Location"], {"password": "a long enough word"})
    assert answered["Location"] == address
    answer = client.get(address)
    content = b"".join(answer.streaming_content)
    assert len(content) == row.bytes
    assert content == (data / "backups" / row.name).read_bytes()
    assert AuditEntry.objects.get(act="hand_out_backup").actor_id == minji.pk

    (data / "backups" / row.name).write_bytes(b"another")
    assert client.get(address).status_code == 404


def test_the_page_of_a_folder_that_is_away_says_so(at, data, tmp_path, minji, client):
    disk = tmp_path / "disk"
    disk.mkdir()
    change_backup_plan(actor=minji, is_on=True, folder=str(disk), at=EVENING)
    at(NIGHT)
    disk.rename(tmp_path / "unplugged")
    client.force_login(minji)
    words = words_of(client.get(reverse("backups")).content.decode())
    assert "The folder for backups is not there" in words
    assert "Kept backups" not in words


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


def test_a_file_of_the_desk_that_cannot_be_read_is_no_fault_of_the_backup_disk(at, data, monkeypatch):
    def broken(*_: object, **__: object) -> Any:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(default_storage, "size", broken)
    monkeypatch.setattr(backup, "_stored", lambda: iter(["ab/cd/file"]))
    at(NIGHT)
    assert plan().failure == "unreadable"
    assert what_failed("unreadable")
    assert files(data / "backups") == []


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


def test_one_is_saved_at_a_time(at, data, minji, client):
    at(NIGHT)
    address = reverse("backup_file", args=[Backup.objects.get().pk])
    minji.set_password("a long enough word")
    minji.save()
    client.force_login(minji)
    client.post(client.get(address)["Location"], {"password": "a long enough word"})
    first = client.get(address)
    assert first.status_code == 200
    second = client.get(address)
    assert second.status_code == 422
    assert "One is being saved already. Try again when it is through." in second.content.decode()
    first.close()
    third = client.get(address)
    assert b"".join(third.streaming_content)
    assert client.get(address).status_code == 200
    assert AuditEntry.objects.filter(act="hand_out_backup").count() == 3
