"""Files by the SHA-256 of what they hold, in Django's storage: written and synced before a row names them."""

import hashlib
import os
from pathlib import Path

from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, default_storage

from dangol.kernel.syncing import sync_folder


def keep_file(content: bytes) -> str:
    """Store the bytes durably and return their SHA-256 (hex). The same bytes are stored once."""
    digest = hashlib.sha256(content).hexdigest()
    name = _name(digest)
    if default_storage.exists(name):
        return digest
    if isinstance(default_storage, FileSystemStorage) or hasattr(default_storage, "location"):
        _write_synced(Path(default_storage.path(name)), content)
    else:
        default_storage.save(name, ContentFile(content))
    return digest


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


def _write_synced(path: Path, content: bytes) -> None:
    # A rename is atomic, but lasts a power cut only when the folder is synced as well.
    made = [folder for folder in path.parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)  # half a file would fill a full disk further at each try
        raise
    for folder in (path.parent, *(folder.parent for folder in made)):
        sync_folder(folder)
