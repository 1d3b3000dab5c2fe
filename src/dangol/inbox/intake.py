"""The loop that takes in what the channels stored."""

import logging
from typing import Final

from django.db import InterfaceError, OperationalError

from dangol.channels.commands import claim_raw, set_aside
from dangol.channels.email.isolated import ReadingFailed, read_isolated
from dangol.channels.email.parse import parse
from dangol.channels.incoming import IncomingMessage
from dangol.channels.models import Raw
from dangol.inbox.commands.take_in import take_in
from dangol.inbox.threading import is_own_message_id
from dangol.kernel import clock

log = logging.getLogger(__name__)

BATCH: Final = 40  # people's clicks wait for this transaction: larger ones would be felt
MOST_TRIES: Final = 3  # a message that was met so often and never filed has killed the process each time
LARGE_BYTES: Final = 2 * 1024 * 1024  # larger ones are read in a process with limits of its own


def take_in_batch(limit: int = BATCH) -> int:
    """Take in up to `limit` stored messages and return how many were met; 0 when there is nothing to do.

    What cannot be read is set aside with its reason, and the others go on. A message whose reading killed the
    process before (its second try) is read in a process of its own.
    """
    rows = claim_raw(limit=limit, at=clock.now())
    read = [(raw, incoming) for raw in rows if (incoming := _read(raw)) is not None]
    if read:
        try:
            take_in(arrivals=read, at=clock.now())
        except Exception as failure:
            # Whatever was wrong with one of them, or with us: each on its own, so that one stops no other.
            log.warning("batch=%d failed=%s", len(read), type(failure).__name__)
            for raw, incoming in read:
                _take_in_alone(raw, incoming)
    return len(rows)


def _read(raw: Raw) -> IncomingMessage | None:
    if raw.tries > MOST_TRIES:
        set_aside(raw=raw, reason="filing: died", at=clock.now())
        return None
    try:
        content = raw.content
        if raw.tries > 1 or len(content) > LARGE_BYTES:
            return read_isolated(content, is_own=is_own_message_id)
        return parse(content, is_own=is_own_message_id)
    except ReadingFailed as failure:
        set_aside(raw=raw, reason=f"reading: {failure}", at=clock.now())
    except (OSError, ValueError, LookupError, RecursionError, MemoryError) as failure:
        log.warning("raw=%s reading failed=%s", raw.pk, type(failure).__name__)
        set_aside(raw=raw, reason=f"reading: {type(failure).__name__}", at=clock.now())
    return None


def _take_in_alone(raw: Raw, incoming: IncomingMessage) -> None:
    try:
        take_in(arrivals=[(raw, incoming)], at=clock.now())
    except (OperationalError, InterfaceError):
        raise  # the database itself is away: the claim runs out, and it is tried again
    except Exception as failure:
        log.exception("raw=%s filing failed=%s", raw.pk, type(failure).__name__)
        set_aside(raw=raw, reason=f"filing: {type(failure).__name__}", at=clock.now())
