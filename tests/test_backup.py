"""What comes back from a backup is what was there, on both databases and across, while people write."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.apps import apps

from tests.parts.installation import ALIAS, Installation, fill_every_table

ROOT = Path(__file__).resolve().parent.parent
# Made again, or of who was at work; the record of acts gets a line.
NOT_CARRIED = frozenset(
    {
        *(model._meta.label for model in apps.get_models() if model._meta.app_label == "search"),
        "kernel.Lease",
        "kernel.Heartbeat",
    }
)


@pytest.fixture(scope="module")
def unblocked(django_db_blocker) -> Iterator[None]:
    """Databases that are not the tests' own may be opened."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture(scope="module")
def full(unblocked: None, migrated_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An installation on SQLite with rows in every table, and files; looked at, never changed."""
    installation = Installation(tmp_path_factory.mktemp("full") / "data")
    shutil.copytree(migrated_folder, installation.folder)
    with installation.opened():
        fill_every_table(
            [m for m in apps.get_models(include_auto_created=True) if m._meta.label not in NOT_CARRIED]
        )
        from dangol.channels.models import Delivery
        from dangol.kernel.models import Event, Follower

        # What was on its way, and the numbers of transactions, are other tests': they do not come back as they were.
        Delivery.objects.using(ALIAS).update(state="sent")
        Event.objects.using(ALIAS).update(transaction=0)
        Follower.objects.using(ALIAS).update(transaction=0)
    stored = installation.folder / "files" / "ab" / "cd"
    stored.mkdir(parents=True)
    for size in (0, 1, 3_000_000):
        (stored / f"{size}").write_bytes(b"\xff\x00" * size)
    return installation


@pytest.fixture(scope="module")
def archive(full: Installation) -> Path:
    """A backup of it, the only file in its folder."""
    path = full.folder.with_name("archive") / "backup.tar.gz"
    path.parent.mkdir()
    full.do("backup", str(path))
    return path


def test_what_comes_back_is_equal_on_postgresql_and_across(
    full: Installation, archive: Path, tmp_path: Path, new_database: Callable[[], str]
) -> None:
    moved = Installation(tmp_path / "moved", new_database())
    moved.do("restore", str(archive))
    assert_equal(full, moved)

    second = tmp_path / "second.tar.gz"
    moved.do("backup", str(second))
    again, home = Installation(tmp_path / "again", new_database()), Installation(tmp_path / "home")
    again.do("restore", str(second))
    home.do("restore", str(second))
    assert_equal(moved, again)
    assert_equal(moved, home)


def test_what_cannot_be_put_back_changes_nothing(
    full: Installation, archive: Path, tmp_path: Path, new_database: Callable[[], str]
) -> None:
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(archive.read_bytes()[:-100])
    before = full.rows()
    nowhere, on_postgres = Installation(tmp_path / "a" / "b"), Installation(tmp_path / "c", new_database())

    tried = {
        "is not empty": full.run("restore", str(archive)),
        "is there already": full.run("backup", str(archive)),
        "damaged or cut off": nowhere.run("restore", str(cut)),
        "damaged or cut off. Nothing": on_postgres.run("restore", str(cut)),
        "not a backup of Dangol": nowhere.run("restore", str(full.folder / "dangol.sqlite3")),
        "No such file": nowhere.run("restore", str(tmp_path / "missing")),
    }

    for words, done in tried.items():
        assert done.returncode == 1
        assert words in done.stderr
        assert len([line for line in done.stderr.splitlines() if line.startswith("Error: ")]) == 1
    assert full.rows() == before
    assert not nowhere.folder.exists()
    assert not on_postgres.folder.exists()
    with on_postgres.opened() as database:
        assert database.introspection.table_names() == []
    assert os.listdir(archive.parent) == [archive.name], "no part is left"


def test_what_comes_back_is_equal_on_sqlite_and_a_restore_that_was_killed_is_never_taken_for_it(
    full: Installation, archive: Path, tmp_path: Path
) -> None:
    back = Installation(tmp_path / "back")
    restoring = subprocess.Popen(
        [sys.executable, "-m", "dangol", "restore", str(archive)],
        env=back.environment,
        stderr=subprocess.DEVNULL,
    )
    while not (back.folder / ".restoring" / "dangol.sqlite3").exists():
        assert restoring.poll() is None
        time.sleep(0.01)
    restoring.kill()
    restoring.wait()

    started = back.run("fetch", "--once")
    assert started.returncode == 1
    assert "was broken off" in started.stderr

    back.do("restore", str(archive))
    assert archive.stat().st_mode & 0o777 == 0o600, "it holds the key"
    assert back.folder.stat().st_mode & 0o777 == 0o700
    assert_equal(full, back)


WRITER = """
import time
from dangol.running import prepare
prepare(quiet=True)
from dangol.channels.commands import Arrival, store_raw
from dangol.channels.models import Channel, Mailbox
from dangol.inbox.intake import take_in_batch
from dangol.kernel import clock
from tests.parts.cast import SHOP, mail

channel = Channel.objects.create(name="Moon Burger", created_at=clock.now())
Mailbox.objects.create(channel=channel, address=SHOP, outgoing="kept")
number = 0
while True:
    files = {f"{number}.txt": f"{number} ".encode() * 99}
    content = mail(f"c{number % 50}@example.com", f"Order {number}", message_id=f"{number}@example.com", files=files)
    store_raw(channel=channel, arrivals=[Arrival(content, clock.now())], at=clock.now())
    take_in_batch()
    number += 1
    time.sleep(0.01)
"""


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_backup_of_a_desk_at_work_is_of_one_instant(
    database: str, request: pytest.FixtureRequest, unblocked: None, migrated_folder: Path, tmp_path: Path
) -> None:
    url = request.getfixturevalue("new_desk_database")() if database == "postgres" else ""
    busy = Installation(tmp_path / "busy", url)
    shutil.copytree(migrated_folder, busy.folder)
    environment = busy.environment | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    writer = subprocess.Popen([sys.executable, "-c", WRITER], env=environment)
    try:
        before = wait_for_messages(busy, writer, more_than=20)
        busy.do("backup", str(tmp_path / "backup.tar.gz"))
        after = wait_for_messages(busy, writer, more_than=before)
        wait_for_messages(busy, writer, more_than=after)  # it wrote all the time
    finally:
        writer.kill()
        writer.wait()

    back = Installation(tmp_path / "back")
    back.do("restore", str(tmp_path / "backup.tar.gz"))
    assert before <= assert_whole(back) <= after


def wait_for_messages(desk: Installation, writer: subprocess.Popen[bytes], *, more_than: int) -> int:
    from django.db import DatabaseError

    from dangol.inbox.models import Message

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and writer.poll() is None:
        with contextlib.suppress(DatabaseError), desk.opened():
            count = Message.objects.using(ALIAS).count()
            if count > more_than:
                return count
        time.sleep(0.1)
    pytest.fail("the writer does not write")


def assert_whole(desk: Installation) -> int:
    """Whatever names another thing finds it; how many messages there are."""
    rows = desk.rows()
    files = {Path(name).name: content for name, content in desk.files().items()}
    messages = {row["id"]: row for row in rows["inbox.Message"]}
    taken = [row["id"] for row in rows["channels.Raw"] if row["state"] == "taken"]
    arrived = [row["data"]["message_id"] for row in rows["kernel.Event"] if row["name"] == "MessageArrived"]
    assert sorted(row["raw_id"] for row in messages.values()) == taken, (
        "no message without its raw, or the reverse"
    )
    assert sorted(arrived) == sorted(messages), "no event without its message, or the reverse"
    for attachment in rows["inbox.Attachment"]:
        assert attachment["message_id"] in messages
        assert hashlib.sha256(files[attachment["sha256"]]).hexdigest() == attachment["sha256"]
    assert len(rows["inbox.Attachment"]) == len(messages) > 0
    return len(messages)


def assert_equal(before: Installation, after: Installation) -> None:
    """Rows, files and key are the same, but for the line that says that it was put back."""
    old, new = before.rows(but=NOT_CARRIED), after.rows(but=NOT_CARRIED)
    for label in ("desk.Backup", "desk.UnfinishedBackup", "desk.BackupPlan"):
        assert old.pop(label) or before.url, label
        anew = new.pop(label)
        assert [row["folder"] for row in anew] == ([""] if label == "desk.BackupPlan" else []), label
    told = [row for row in new["kernel.AuditEntry"] if row not in old["kernel.AuditEntry"]]
    assert [row["act"] for row in told] == ["put_backup_back"]
    assert told[0]["id"] > 10_000, "no id is given that may have been given after the backup"
    new["kernel.AuditEntry"].remove(told[0])
    assert old.keys() == new.keys()
    for label in old:
        assert new[label] == old[label], label
    assert sum(map(len, old.values())) > 60
    assert after.files() == before.files()
    assert (after.folder / "secret.key").read_text() == (before.folder / "secret.key").read_text()
    assert {path.name for path in after.folder.iterdir()} <= {"dangol.sqlite3", "files", "secret.key"}
