"""Put a backup back: into an empty folder, and an empty database.

All is built in a folder inside the target that nothing reads, and in one transaction on PostgreSQL. Only when every
sum was right it is moved to its place, the database last.
"""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from dangol.kernel.errors import Refused
from dangol.kernel.keys import FILE_NAME
from dangol.kernel.syncing import sync_folder
from dangol.transfer.archive import CHUNK, FILES, FORMAT, TABLES, Damaged, Member, Reader, in_words
from dangol.transfer.backup import Progress

BUILDING: Final = ".restoring"
DATABASE: Final = "dangol.sqlite3"
SHELF: Final = "backups"  # kept where they are when an installation is put back beside them
_NOT_OURS: Final = frozenset({BUILDING, SHELF, "lost+found"})
SMALLEST_SKIP: Final = 10_000


@dataclass(frozen=True)
class PutBack:
    """What was put back: when it was made, and how many mails were on their way then and are set aside now."""

    made_at: datetime
    rows: int
    files: int
    set_aside: int


def restore(
    archive: IO[bytes],
    *,
    target: Path,
    files_from: Path | None,
    at: datetime,
    progress: Progress,
    begin_anew: Callable[[datetime], None],
) -> PutBack:
    """Put the backup into the target folder and, where DATABASE_URL is set, into the database it names.

    In a process of its own that has not set Django up yet: it does so on the folder that is being built. `files_from`
    is the folder of files for a backup that holds none. `begin_anew` is told the time when all rows are in, for what
    looks after things outside of the installation. Refused, and nothing changed, when the target is not empty,
    or the archive is damaged or from a newer version.
    """
    reader = Reader(archive)
    made_at = _check_head(reader.head)
    _check_target(target)
    was_there = target.exists()
    work = target / BUILDING
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    work.mkdir(mode=0o700)
    try:
        members = reader.members()
        _keep_secret(next(members, None), work)
        _set_up(work)
        return _build(reader, members, target, work, files_from, made_at, at, progress, begin_anew)
    except BaseException:
        _clear(target)
        if not was_there:
            with contextlib.suppress(OSError):
                target.rmdir()
        raise
    finally:
        shutil.rmtree(work, ignore_errors=True)


def is_broken_off(folder: Path) -> bool:
    """Whether a restore into this folder was killed: what is there is not an installation yet."""
    return (folder / BUILDING).exists()


def _build(
    reader: Reader,
    members: Iterator[Member],
    target: Path,
    work: Path,
    files_from: Path | None,
    made_at: datetime,
    at: datetime,
    progress: Progress,
    begin_anew: Callable[[datetime], None],
) -> PutBack:
    from django.db import connection

    from dangol.transfer.aftercare import take_care
    from dangol.transfer.building import building
    from dangol.transfer.migrating import migrate

    inside = reader.head["files"]["are_inside"]
    rows = {label: table["rows"] for label, table in reader.head["tables"].items()}
    to_be_found = sum(rows.get(label, 0) for label in ("inbox.message", "inbox.conversation"))
    progress.begin(sum(rows.values()) + to_be_found + (reader.head["files"]["count"] if inside else 0))
    _check_database(reader.head)
    with building():
        counted = _fill(reader.head, members, work, progress)
        if counted != rows or (inside and reader.check()["files"] != _count(work / FILES)):
            raise Damaged
        reader.check()
        if not inside:
            _link_files(reader.head, files_from, work / FILES)
        migrate()
        set_aside = take_care(made_at=made_at, at=at, step=progress.step)
        begin_anew(at)
        if connection.vendor == "postgresql":
            _put_in_place(work, target)  # before the commit: no row may name a file that is not there
    if connection.vendor == "sqlite":
        connection.close()
        _put_in_place(work, target)
    return PutBack(made_at, sum(counted.values()), reader.head["files"]["count"], set_aside)


def _check_head(head: dict[str, Any]) -> datetime:
    if head.get("format", 0) > FORMAT:
        raise _newer(head)
    try:
        return datetime.fromisoformat(head["made_at"])
    except (KeyError, ValueError) as failure:
        raise Damaged from failure


def _check_target(target: Path) -> None:
    if is_broken_off(target):  # by a restore that was killed: the folder was empty before it
        _clear(target)
    if target.exists() and (not target.is_dir() or any(x.name not in _NOT_OURS for x in target.iterdir())):
        raise Refused(f"{target} is not empty. Name a new folder: dangol --data FOLDER restore FILE.")


def _clear(target: Path) -> None:
    """Take away what a restore has put into the folder, which was empty when it began."""
    for left in (DATABASE, FILE_NAME, FILES, BUILDING):
        path = target / left
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _keep_secret(member: Member | None, work: Path) -> None:
    if member is None or member.name != FILE_NAME:
        raise Damaged
    with in_words(Damaged):
        secret = member.content().decode("ascii", "replace").strip()
    given = os.environ.get("DANGOL_SECRET")
    if given and given != secret:
        raise Refused(
            "DANGOL_SECRET is not the key of this backup: the passwords of the mailboxes could not be read. Unset it."
        )
    path = work / FILE_NAME
    path.touch(mode=0o600)
    path.write_text(secret, encoding="ascii")


def _set_up(work: Path) -> None:
    os.environ["DANGOL_DATA"] = str(work)
    import django

    django.setup()


def _check_database(head: dict[str, Any]) -> None:
    from django.db import connection
    from django.db.migrations.loader import MigrationLoader

    from dangol.transfer.building import is_empty
    from dangol.transfer.states import unknown_to_us

    if not is_empty():
        raise Refused("The database that DATABASE_URL names is not empty. Make a new one, and name that.")
    if unknown_to_us([tuple(each) for each in head["migrations"]], MigrationLoader(connection)):
        raise _newer(head)


def _newer(head: dict[str, Any]) -> Refused:
    return Refused(
        f"This backup was made by a newer Dangol ({head.get('dangol')})."
        " Put it back with that version or a later one. Nothing was changed."
    )


def _fill(head: dict[str, Any], members: Iterator[Member], work: Path, progress: Progress) -> dict[str, int]:
    """Bring the database to the state of the backup and write all of its rows and files; rows a table."""
    from django.db import connection

    from dangol.transfer import tables
    from dangol.transfer.building import without_order
    from dangol.transfer.migrating import LeanExecutor

    state = [(app, name) for app, name in head["migrations"]]
    executor = LeanExecutor(connection)
    whole = executor.migration_plan(executor.loader.graph.leaf_nodes())
    plan = [(step, back) for step, back in whole if (step.app_label, step.name) in set(state)]
    executor.migrate(None, plan=plan)
    known = {table.label: table for table in tables.tables_at(state, executor.loader)}
    if {label: table.columns for label, table in known.items()} != {
        label: table["columns"] for label, table in head["tables"].items()
    }:
        raise Damaged
    counted = dict.fromkeys(known, 0)
    with without_order():
        tables.empty(known.values(), connection)
        for member in members:
            with in_words(Damaged):
                kind, _, rest = member.name.partition("/")
                if kind == TABLES:
                    label = rest.partition("/")[0]
                    if label not in known:
                        raise Damaged
                    done = tables.put_back(known[label], member.content(), connection)
                    counted[label] += done
                elif kind == FILES:
                    _write_file(member, work)
                    done = 1
                else:
                    raise Damaged
                progress.step(done)
    for label, table in known.items():
        tables.go_on_from(table, _skip(head["tables"][label]["highest"]), connection)
    return counted


def _skip(highest: int) -> int:
    """The id to go on behind, so that none is given again that was given after the backup was made.

    Else a customer who answers a mail of then, which names its conversation by a signed number, would be put into
    what has the number now.
    """
    return highest + max(SMALLEST_SKIP, highest)


def _write_file(member: Member, work: Path) -> None:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts:
        raise Damaged
    place = work / path
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("xb") as out:
        while found := member.file.read(CHUNK):
            out.write(found)
        out.flush()
        os.fsync(out.fileno())


def _link_files(head: dict[str, Any], files_from: Path | None, place: Path) -> None:
    wanted = head["files"]["count"]
    found = _count(files_from) if files_from else 0
    if found < wanted:
        raise Refused(
            f"This backup leaves its {wanted} files where they were, and {found} are in {files_from or 'no folder'}. "
            "Name their folder with --files."
        )
    if files_from and found:
        shutil.copytree(files_from, place, copy_function=_link)


def _link(source: str, place: str) -> None:
    # Files are never changed, so that one may bear two names; where the folders are on two disks it is copied.
    with contextlib.suppress(OSError):
        os.link(source, place)
        return
    shutil.copy2(source, place)


def _count(folder: Path) -> int:
    return sum(1 for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


def _put_in_place(work: Path, target: Path) -> None:
    """Move what was built up into the target. While `work` is there, the target counts as unfinished."""
    for folder, _, names in os.walk(work, topdown=False):
        for name in names if Path(folder) == work else ():
            handle = os.open(Path(folder, name), os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)
        sync_folder(Path(folder))
    for name in (FILES, FILE_NAME, DATABASE):
        if (work / name).exists():
            (work / name).rename(target / name)
    sync_folder(target)
