"""What comes back from a backup is what was there, on both databases and across, while people write."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.apps import apps

from tests.parts.installation import ALIAS, Installation, fill_every_table

# Made again, or of who was at work; the record of acts gets a line.
NOT_CARRIED = frozenset(
    {
        "search.MessageText",
        "search.ConversationText",
        "search.CustomerText",
        "kernel.Lease",
        "kernel.Heartbeat",
    }
)


@pytest.fixture
def unblocked(django_db_blocker) -> Iterator[None]:
    """Databases that are not the tests' own may be opened."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture
def full(unblocked: None, migrated_folder: Path, tmp_path: Path) -> Installation:
    """An installation on SQLite with rows in every table, and files."""
    shutil.copytree(migrated_folder, tmp_path / "full")
    installation = Installation(tmp_path / "full")
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


def test_what_comes_back_is_equal_on_sqlite(full: Installation, tmp_path: Path) -> None:
    archive = tmp_path / "backup.tar.gz"
    full.do("backup", str(archive))

    back = Installation(tmp_path / "back")
    back.do("restore", str(archive))

    assert archive.stat().st_mode & 0o777 == 0o600, "it holds the key"
    assert_equal(full, back)


def test_what_comes_back_is_equal_on_postgresql_and_across(
    full: Installation, tmp_path: Path, new_database: Callable[[], str]
) -> None:
    first, second = tmp_path / "first.tar.gz", tmp_path / "second.tar.gz"
    full.do("backup", str(first))

    moved = Installation(tmp_path / "moved", new_database())
    moved.do("restore", str(first))
    assert_equal(full, moved)

    moved.do("backup", str(second))
    again, home = Installation(tmp_path / "again", new_database()), Installation(tmp_path / "home")
    again.do("restore", str(second))
    home.do("restore", str(second))
    assert_equal(moved, again)
    assert_equal(moved, home)


def assert_equal(before: Installation, after: Installation) -> None:
    """Rows, files and key are the same, but for the line that says that it was put back."""
    old, new = before.rows(but=NOT_CARRIED), after.rows(but=NOT_CARRIED)
    told = [row for row in new["kernel.AuditEntry"] if row not in old["kernel.AuditEntry"]]
    assert [row["act"] for row in told] == ["put_backup_back"]
    new["kernel.AuditEntry"].remove(told[0])
    assert old.keys() == new.keys()
    for label in old:
        assert new[label] == old[label], label
    assert sum(map(len, old.values())) > 60
    assert after.files() == before.files()
    assert (after.folder / "secret.key").read_text() == (before.folder / "secret.key").read_text()
    assert {path.name for path in after.folder.iterdir()} <= {"dangol.sqlite3", "files", "secret.key"}
