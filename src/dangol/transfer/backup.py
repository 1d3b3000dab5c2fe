"""Write an installation into one file, while everything runs.

The database first, as it is at one instant; the files afterwards. A file is always there before the row that names
it, so that every row of that instant finds its file.
"""

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final, cast

from django.conf import settings
from django.core.files.storage import default_storage
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader

from dangol.kernel.errors import Refused
from dangol.kernel.keys import FILE_NAME, read_secret
from dangol.kernel.syncing import sync_folder
from dangol.transfer.archive import FILES, FORMAT, TABLES, Writer
from dangol.transfer.snapshot import ALIAS, snapshot
from dangol.transfer.states import Newer, state_of, unknown_to_us
from dangol.transfer.tables import Table, highest_given, parts, tables_at, total

SHA256: Final = re.compile("[0-9a-f]{64}")


class Unreadable(Refused):
    """A fault in reading what is backed up, not in writing the backup."""


@dataclass(frozen=True)
class Made:
    """What a backup holds. `rotten` counts files whose bytes are not those that their name says."""

    rows: int
    files: int
    bytes: int
    rotten: int


class Progress:
    """Hears what there is to do, and then of every row and file that is done."""

    def begin(self, length: int) -> None:
        """So many rows and files will come."""

    def step(self, done: int) -> None:
        """So many more are done."""


def back_up_to(
    path: Path, *, at: datetime, with_files: bool = True, progress: Progress | None = None
) -> Made:
    """Make the backup as a new file that only its owner can read; it bears its name when it is whole and on disk.

    Refused when the name is taken.
    """
    if path.exists():
        raise Refused(f"{path} is there already. Choose another name.")
    if not path.parent.is_dir():
        raise Refused(f"There is no folder {path.parent}. Make it first, or choose another one.")
    fresh = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            made = back_up(out, at=at, with_files=with_files, progress=progress)
            out.flush()
            os.fsync(out.fileno())
        _name(fresh, path)
    except FileExistsError as failure:
        raise Refused(f"{path} is there already. Choose another name.") from failure
    finally:
        fresh.unlink(missing_ok=True)
    sync_folder(path.parent)
    return made


def back_up(
    out: IO[bytes], *, at: datetime, with_files: bool = True, progress: Progress | None = None
) -> Made:
    """Write the backup. Without files it is for going back on the same machine, where they are still in place.

    Refused when the database was made by a newer version, or when there is none.
    """
    progress = progress or Progress()
    with snapshot() as connection:
        loader = MigrationLoader(connection)
        state = state_of(loader)
        if unknown_to_us(state, loader):
            raise Newer("This installation was made by a newer Dangol. Back it up with that version.")
        tables = tables_at(state, loader)
        rows = total(tables, connection)
        files = count_files()
        progress.begin(sum(rows.values()) + (files[0] if with_files else 0))
        writer = Writer(out, _head(connection, state, tables, rows, files, with_files, at))
        secret = read_secret(settings.DANGOL_DATA)
        if secret is None:
            raise Refused("The key of this installation is missing. `dangol doctor` says more.")
        writer.add(FILE_NAME, secret.encode())
        # Most tables of most installations are empty, and Django takes longer to put a query together than to ask it.
        written = {
            table.label: _add_rows(writer, table, progress.step) if rows[table.label] else 0
            for table in tables
        }
    count = size = rotten = 0
    if with_files:
        for length, is_sound in _add_files(writer):
            count, size, rotten = count + 1, size + length, rotten + (not is_sound)
            progress.step(1)
    writer.close(rows=written, files=count, bytes=size)
    return Made(sum(written.values()), count, size, rotten)


def _name(fresh: Path, path: Path) -> None:
    try:
        os.link(fresh, path)  # unlike a rename, it never takes the place of another file
    except FileExistsError:
        raise
    except OSError:  # a disk that knows no links: exFAT, some network shares
        if path.exists():
            raise FileExistsError(path) from None
        fresh.rename(path)


def count_files() -> tuple[int, int]:
    """How many files there are, and their bytes in all."""
    with _reading():
        sizes = [default_storage.size(path) for path in _stored()]
    return len(sizes), sum(sizes)


def _head(
    connection: BaseDatabaseWrapper,
    state: list[tuple[str, str]],
    tables: list[Table],
    rows: dict[str, int],
    files: tuple[int, int],
    with_files: bool,
    at: datetime,
) -> dict[str, Any]:
    highest = highest_given(tables, connection)
    return {
        "format": FORMAT,
        "dangol": settings.DANGOL_VERSION,
        "made_at": at.isoformat(),
        "database": connection.vendor,
        "migrations": state,
        "tables": {
            table.label: {
                "rows": rows[table.label],
                "columns": table.columns,
                "highest": highest[table.label],
            }
            for table in tables
        },
        "files": {"count": files[0], "bytes": files[1], "are_inside": with_files},
    }


def _add_rows(writer: Writer, table: Table, step: Callable[[int], None]) -> int:
    count = 0
    for number, (rows, content) in enumerate(parts(table, ALIAS), start=1):
        writer.add(f"{TABLES}/{table.label}/{number:06}.jsonl", content)
        count += rows
        step(rows)
    return count


def _add_files(writer: Writer) -> Iterator[tuple[int, bool]]:
    """Each file's size, and whether it holds what its name says."""
    paths = _stored()
    while True:
        with _reading():
            path = next(paths, None)
            if path is None:
                return
            try:
                file = default_storage.open(path, "rb")
            except FileNotFoundError:
                continue  # it went since the list was made
            size, name = default_storage.size(path), path.rpartition("/")[2]
        with file:
            found = writer.add_file(f"{FILES}/{path}", size, cast(IO[bytes], _Source(file)))
        yield size, found == name or not SHA256.fullmatch(name)


class _Source:
    """An open file whose faults are told from those of the file that is written."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        with _reading():
            return cast(bytes, self._file.read(size))


@contextlib.contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except OSError as failure:
        raise Unreadable(f"The installation's own files could not be read: {failure}") from failure


def _stored(folder: str = "") -> Iterator[str]:
    """Every file by its path in the storage, sorted; not those that are just being written."""
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in sorted(files):
        if not name.startswith("."):
            yield f"{folder}/{name}".lstrip("/")
    for name in sorted(each for each in folders if not each.startswith(".")):
        yield from _stored(f"{folder}/{name}".lstrip("/"))
