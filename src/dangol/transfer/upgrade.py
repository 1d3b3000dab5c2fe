"""Bring an installation of any earlier version to this one in one step, with a backup before it."""

import contextlib
import errno
import fcntl
import gc
import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from dangol.kernel import clock
from dangol.kernel.errors import Refused
from dangol.transfer.backup import back_up_to
from dangol.transfer.migrating import migrate
from dangol.transfer.room import database_bytes
from dangol.transfer.shelf import BEFORE, keep_newest, name_for, shelf
from dangol.transfer.states import Newer, models_at, state_of, state_of_this_version, unknown_to_us
from dangol.transfer.tables import carried_tables

KEPT: Final = 5
SPARE_BYTES: Final = 64 * 1024 * 1024
# What Django writes into every new database says nothing of the installation.
_OF_DJANGO: Final = ("contenttypes.", "auth.")


class NoRoom(Refused):
    """The backup before an upgrade does not fit on the disk."""


def bring_up_to_date(*, say: Callable[[str], None]) -> None:
    """Migrate the database when it is not at this version, one process at a time; the others wait.

    An installation that has data is backed up into the data folder before. Refused when a newer version was here,
    when there is no room for the backup, and when the migration fails, which names the backup.
    """
    if _is_up_to_date():
        return
    with _alone():
        if not _is_up_to_date():  # who waited finds it done
            _upgrade(say)
            gc.collect()  # the models of every version on the way: what is forked off next would carry them


def _is_up_to_date() -> bool:
    if sorted(MigrationRecorder(connection).applied_migrations()) == state_of_this_version():
        return True
    executor = MigrationExecutor(connection)
    if unknown_to_us(state_of(executor.loader), executor.loader):
        raise Newer(
            f"This installation was used by a newer version than {settings.DANGOL_VERSION}. Start that one,"
            " or restore a backup from before into a new folder."
        )
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _upgrade(say: Callable[[str], None]) -> None:
    kept = None
    if _has_data():
        say("Making a backup before the upgrade…")
        kept = _back_up()
    say("Bringing the database to this version…")
    try:
        with _keys_followed_once():
            migrate()
    except Exception as failure:
        if kept is None:
            raise
        raise Refused(
            f"The database could not be brought to this version ({_one_line(failure)}). What it was before is kept."
            " To go back, install the version that you had, and with it: "
            f"{_way_back(kept)}"
        ) from failure


@contextlib.contextmanager
def _keys_followed_once() -> Iterator[None]:
    """On SQLite Django follows every key of the whole database after each migration, half a minute with a million
    conversations. Here it does so in the last one alone, which does not count as done when a key leads nowhere: the
    next start looks again."""
    if connection.vendor != "sqlite":
        yield
        return
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    wanted = {(step.app_label, step.name) for step, _ in plan}
    follow = connection.check_constraints

    def follow_at_the_end(table_names: Iterable[str] | None = None) -> None:
        left = wanted - MigrationRecorder(connection).applied_migrations().keys()
        if len(left) <= 1:  # the last one is noted before it is looked at, or after
            follow(table_names)

    connection.check_constraints = follow_at_the_end  # type: ignore[method-assign]
    try:
        yield
    finally:
        del connection.check_constraints  # the class has it


def _way_back(kept: Path) -> str:
    target = settings.DANGOL_DATA.with_name(f"{settings.DANGOL_DATA.name}-before")
    other = "DATABASE_URL=(an empty database) " if connection.vendor == "postgresql" else ""
    return f"{other}dangol --data {target} restore {kept}"


def _has_data() -> bool:
    """Whether there is a row that a person or a customer has made."""
    loader = MigrationLoader(connection)
    tables = carried_tables(models_at(state_of(loader), loader))
    return any(
        table.model._base_manager.exists() for table in tables if not table.label.startswith(_OF_DJANGO)
    )


def _back_up() -> Path:
    needed = database_bytes() + SPARE_BYTES  # packed it is smaller, and the migration wants room as well
    free = shutil.disk_usage(settings.DANGOL_DATA).free
    if free < needed:
        raise NoRoom(_no_room(needed, free))
    at = clock.now()
    path = next(path for path in _free_names(at) if not path.exists())
    try:
        # No migration touches a file: they stay where they are, and a copy for each upgrade would fill the disk.
        back_up_to(path, at=at, with_files=False)
    except OSError as failure:
        if failure.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise NoRoom(_no_room(needed, free)) from failure
        raise
    keep_newest(BEFORE, KEPT)
    return path


def _free_names(at: datetime) -> Iterator[Path]:
    for seconds in count():
        yield shelf() / name_for(f"{BEFORE}-{settings.DANGOL_VERSION}", at + timedelta(seconds=seconds))


def _no_room(needed: int, free: int) -> str:
    return (
        f"The backup before the upgrade needs up to {_in_mb(needed)} in {settings.DANGOL_DATA}, where {_in_mb(free)}"
        " are free. Make room and start again; nothing was changed."
    )


def _in_mb(size: int) -> str:
    return f"{size / 1024 / 1024:,.0f} MB"


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Wait until no other process is in here: of the whole cluster on PostgreSQL, of this machine on SQLite."""
    if connection.vendor == "postgresql":
        number = int.from_bytes(hashlib.sha256(b"dangol:upgrade").digest()[:8], "big", signed=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [number])
            try:
                yield
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [number])
        return
    with (settings.DANGOL_DATA / ".upgrading").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _one_line(failure: Exception) -> str:
    return f"{type(failure).__name__}: {str(failure).strip().partition(chr(10))[0]}"
