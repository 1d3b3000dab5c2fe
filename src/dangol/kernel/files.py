"""Files by the SHA-256 of what they hold, in Django's storage: written and synced before a row names them."""

import hashlib
import io
import os
import shutil
from pathlib import Path
from typing import IO, Final

from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, default_storage

from dangol.kernel.syncing import sync_folder

_PIECE: Final = 1024 * 1024


def keep_file(content: bytes) -> str:
    """Store the bytes durably and return their SHA-256 (hex). The same bytes are stored once."""
    digest = hashlib.sha256(content).hexdigest()
    name = _name(digest)
    if default_storage.exists(name):
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
    if default_storage.exists(name):
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


def _name(digest: str) -> str:
    return f"{digest[:2]}/{digest[2:4]}/{digest}"


def _is_folder() -> bool:
    return isinstance(default_storage, FileSystemStorage) or hasattr(default_storage, "location")


def _write_synced(path: Path, content: IO[bytes]) -> None:
    # A rename is atomic, but lasts a power cut only when the folder is synced as well.
    made = [folder for folder in path.parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
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
