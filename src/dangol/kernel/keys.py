"""The installation's keys: one secret in the data folder, from which every other key is derived.

Needs no Django, so that settings can read it. Losing the file means new sign-ins, unreadable mailbox
passwords and signed mail tokens that are no longer recognised: it travels in the backup.
"""

import base64
import errno
import hashlib
import hmac
import os
import secrets
import time
from pathlib import Path

from dangol.kernel.syncing import sync_folder

FILE_NAME = "secret.key"
WAITED_SECONDS = 10  # for another process that makes the secret, which takes it a moment


def read_secret(data_folder: Path) -> str | None:
    """The installation's secret from the environment or its file; None where there is none yet."""
    from_environment = os.environ.get("DANGOL_SECRET")
    if from_environment:
        return from_environment
    try:
        return (data_folder / FILE_NAME).read_text(encoding="ascii").strip() or None
    except FileNotFoundError:
        return None


def make_secret(data_folder: Path) -> str:
    """The installation's secret, made with the folder when there is none. Two processes make the same one."""
    found = read_secret(data_folder)
    if found:
        return found
    data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = data_folder / f".{FILE_NAME}.{os.getpid()}.{os.urandom(4).hex()}"
    fresh.touch(mode=0o600)
    with fresh.open("w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(48))
        file.flush()
        os.fsync(file.fileno())  # what is locked with it is worth nothing without it
    try:
        os.link(fresh, data_folder / FILE_NAME)
        sync_folder(data_folder)
    except FileExistsError:
        pass
    except OSError:
        _move_alone(fresh, data_folder / FILE_NAME)
    finally:
        fresh.unlink(missing_ok=True)
    made = read_secret(data_folder)
    assert made, f"{data_folder / FILE_NAME} is empty"
    return made


def _move_alone(fresh: Path, place: Path) -> None:
    """Move the file to its place unless another is there, on a disk that knows no hard links (exFAT, some shares).

    A rename replaces what is there: only who made the mark beside it may look and move. The others wait for the
    place to be filled, and it never holds half a secret.
    """
    mark = place.with_name(f".{place.name}.making")
    end = time.monotonic() + WAITED_SECONDS
    while not place.exists():
        try:
            mark.touch(exist_ok=False)
        except FileExistsError:
            if time.monotonic() > end:
                raise FileExistsError(
                    errno.EEXIST, "A start was cut off here. Delete this file", str(mark)
                ) from None
            time.sleep(0.02)
            continue
        try:
            if not place.exists():
                fresh.replace(place)
        finally:
            mark.unlink()


def derive_key(secret: str, purpose: str) -> bytes:
    """32 bytes for one purpose (HMAC-SHA256 of the purpose under the secret); purposes never share a key."""
    return hmac.new(secret.encode(), f"dangol:{purpose}".encode(), hashlib.sha256).digest()


def derive_text_key(secret: str, purpose: str) -> str:
    """The same as URL-safe text, for libraries that want a string."""
    return base64.urlsafe_b64encode(derive_key(secret, purpose)).decode()
