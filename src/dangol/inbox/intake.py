"""The loop that takes in what the channels stored."""

import contextlib
import logging
from collections.abc import Sequence
from typing import Final

from dangol.channels.commands import claim_raw, give_back_raw, set_aside
from dangol.channels.email.isolated import ReadingFailed, read_isolated
from dangol.channels.email.parse import parse
from dangol.channels.incoming import IncomingMessage
from dangol.channels.models import Raw
from dangol.inbox.commands.take_in import take_in
from dangol.inbox.threading import is_own_message_id
from dangol.kernel import clock
from dangol.kernel.files import passing_folder
from dangol.kernel.troubles import DATABASE_AWAY, is_want

log = logging.getLogger(__name__)

BATCH: Final = 40  # people's clicks wait for this transaction: larger ones would be felt
# A message that was met so often and never filed has killed the process each time, or was in hand whenever something
# else did: that happens twice in a row now and then, and hardly five times.
MOST_TRIES: Final = 5
LARGE_BYTES: Final = 2 * 1024 * 1024  # larger ones are read in a process with limits of its own
_left_over: list[Raw] = []  # claimed here, and the database was away when they were to be given back


def take_in_batch(limit: int = BATCH) -> int:
    """Take in up to `limit` stored messages and return how many were met; 0 when there is nothing to do.

    What cannot be read is set aside with its reason, and the others go on. A message whose reading killed the
    process before (its second try) is read in a process of its own. When the machine is in trouble (no room on the
    disk, no database), nothing is set aside: the messages are given back, and the trouble is raised.
    """
    if _left_over:
        give_back_raw(_left_over)
        _left_over.clear()
    rows = claim_raw(limit=limit, at=clock.now())
    try:
        with contextlib.ExitStack() as folders:
            read = [(raw, incoming) for raw in rows if (incoming := _read(raw, folders)) is not None]
            if read:
                _file(read)
    except (OSError, *DATABASE_AWAY):
        # Otherwise each of them would count this as a try at which it killed the process.
        _left_over.extend(rows)
        with contextlib.suppress(*DATABASE_AWAY):
            give_back_raw(_left_over)
            _left_over.clear()
        raise
    return len(rows)


def _read(raw: Raw, folders: contextlib.ExitStack) -> IncomingMessage | None:
    if raw.tries > MOST_TRIES:
        set_aside(raw=raw, reason="filing: died", at=clock.now())
        return None
    # Where the process that reads it leaves its files, until they are filed. If none can be made, that is the machine's
    # trouble and not this mail's.
    is_apart = raw.tries > 1 or raw.size > LARGE_BYTES
    folder = folders.enter_context(passing_folder()) if is_apart else None
    try:
        if folder:
            with raw.opened() as file:
                return read_isolated(file, is_own=is_own_message_id, folder=folder)
        return parse(raw.content, is_own=is_own_message_id)
    except OSError as failure:
        if is_want(failure):
            raise  # no process could be begun, or no file opened
        _unread(raw, failure)
    except (ReadingFailed, EOFError, ValueError, LookupError, RecursionError, MemoryError) as failure:
        _unread(raw, failure)
    return None


def _unread(raw: Raw, failure: Exception) -> None:
    word = str(failure) if isinstance(failure, ReadingFailed) else type(failure).__name__
    log.warning("raw=%s reading failed=%s", raw.pk, word)
    set_aside(raw=raw, reason=f"reading: {word}", at=clock.now())


def _file(read: Sequence[tuple[Raw, IncomingMessage]]) -> None:
    try:
        take_in(arrivals=read, at=clock.now())
    except Exception as failure:
        # Whatever was wrong with one of them, or with us: each on its own, so that one stops no other.
        log.warning("batch=%d failed=%s", len(read), type(failure).__name__)
    else:
        return
    trouble: OSError | None = None
    for raw, incoming in read:
        try:
            take_in(arrivals=[(raw, incoming)], at=clock.now())
        except DATABASE_AWAY:
            raise
        except OSError as failure:
            trouble = failure  # no room for the files of this one; another may have none
        except Exception as failure:
            log.exception("raw=%s filing failed=%s", raw.pk, type(failure).__name__)
            set_aside(raw=raw, reason=f"filing: {type(failure).__name__}", at=clock.now())
    if trouble:
        raise trouble
