"""Files by the SHA-256 of what they hold, in Django's storage: written and synced before a row names them."""

import hashlib
import io
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, default_storage

from dangol.kernel.processes import is_gone, is_of_here, this_process
from dangol.kernel.syncing import sync_folder

_PIECE: Final = 1024 * 1024
_WRITING: Final = (
    ".writing"  # what is not whole yet, in one folder: no start looks through a million files for it
)
_OLD_SECONDS: Final = 24 * 3600
UNTOUCHED_SECONDS: Final = 600.0
_IN_A_NAME: Final = str.maketrans(":/", "=+")  # not every disk takes a colon
_IN_A_PROCESS: Final = str.maketrans("=+", ":/")


def keep_file(content: bytes) -> str:
    """Store the bytes durably and return their SHA-256 (hex). The same bytes are stored once."""
    digest = hashlib.sha256(content).hexdigest()
    name = _name(digest)
    if _is_kept(name):
        return digest
    if _is_folder():
        with io.BytesIO(content) as file:
            _write_synced(Path(default_storage.path(name)), file)
    else:
        default_storage.save(name, ContentFile(content))
    return digest


def keep_file_at(path: Path, digest: str) -> None:
    """Store durably what a file of this machine holds, whose SHA-256 is known, without all of it in memory."""
    name = _name(digest)
    if _is_kept(name):
        return
    with path.open("rb") as file:
        if _is_folder():
            _write_synced(Path(default_storage.path(name)), file)
        else:
            default_storage.save(name, File(file))


def open_file(digest: str) -> File:  # type: ignore[type-arg]
    """The file with these bytes, open for reading. Raises FileNotFoundError when it is gone."""
    return default_storage.open(_name(digest), "rb")


def read_file(digest: str) -> bytes:
    """All of the bytes. Raises FileNotFoundError when they are gone."""
    with open_file(digest) as file:
        content: bytes = file.read()
        return content


def remove_file(digest: str, *, untouched_for: float = UNTOUCHED_SECONDS) -> bool:
    """Remove the file of which no row tells any more; whether it is gone.

    Somebody may be keeping the same bytes right now, whose row does not stand yet: what was kept or asked for within
    `untouched_for` seconds stays, and whoever wants it gone comes again.
    """
    if is_just_kept(digest, within=untouched_for):
        return False
    if default_storage.exists(_name(digest)):
        default_storage.delete(_name(digest))
    return True


def is_just_kept(digest: str, *, within: float = UNTOUCHED_SECONDS) -> bool:
    """Whether somebody kept these bytes, or asked for them, within so many seconds; an object store does not tell."""
    if not _is_folder():
        return False
    try:
        return time.time() - Path(default_storage.path(_name(digest))).stat().st_mtime < within
    except FileNotFoundError:
        return False


@contextmanager
def passing_folder() -> Iterator[Path]:
    """A folder for files that are kept or forgotten within the block; `remove_broken_off` finds what a kill leaves."""
    if not _is_folder():
        with tempfile.TemporaryDirectory(prefix="dangol-") as elsewhere:
            yield Path(elsewhere)
        return
    folder = _fresh()
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_broken_off() -> int:
    """Remove what processes were writing when they were killed; returns how many files and folders that were.

    A file names its process. Where it cannot be seen whether that has ended (on another machine), a file that nobody
    has touched for a day was left behind.
    """
    if not _is_folder():
        return 0
    removed = 0
    for path in Path(default_storage.path(_WRITING)).glob(".*"):
        process = path.name[1:].rpartition(".")[0].translate(_IN_A_PROCESS)
        try:
            if is_gone(process) or (
                not is_of_here(process) and time.time() - path.stat().st_mtime > _OLD_SECONDS
            ):
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()
                removed += 1
        except FileNotFoundError:
            pass  # it has got its name meanwhile, or another process was faster
    return removed


def _name(digest: str) -> str:
    return f"{digest[:2]}/{digest[2:4]}/{digest}"


def _is_kept(name: str) -> bool:
    """Whether these bytes are there already; then `remove_file` leaves them alone until their row stands."""
    if not default_storage.exists(name):
        return False
    if _is_folder():
        try:
            os.utime(default_storage.path(name))
        except FileNotFoundError:
            return False  # removed meanwhile
    return True


def _is_folder() -> bool:
    return isinstance(default_storage, FileSystemStorage) or hasattr(default_storage, "location")


def _write_synced(path: Path, content: IO[bytes]) -> None:
    # A rename is atomic, but lasts a power cut only when the folder is synced as well.
    made = [folder for folder in path.parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = _fresh()
    try:
        with fresh.open("wb") as file:
            shutil.copyfileobj(content, file, _PIECE)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)  # half a file would fill a full disk further at each try
        raise
    for folder in (path.parent, *(folder.parent for folder in made)):
        sync_folder(folder)


def _fresh() -> Path:
    folder = Path(default_storage.path(_WRITING))
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f".{this_process().translate(_IN_A_NAME)}.{os.urandom(8).hex()}"
