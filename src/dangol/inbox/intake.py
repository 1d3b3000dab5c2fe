"""The loop that takes in what the channels stored."""

import logging
from collections.abc import Callable
from time import monotonic
from typing import Final

from django.db import DatabaseError, transaction

from dangol.channels.commands import claim_raw, set_aside
from dangol.channels.email.isolated import ReadingFailed, read_isolated
from dangol.channels.email.parse import parse
from dangol.channels.incoming import IncomingMessage
from dangol.channels.models import Raw
from dangol.inbox.commands.take_in import take_in
from dangol.inbox.threading import is_own_message_id
from dangol.kernel import clock

log = logging.getLogger(__name__)

BATCH: Final = 40
LARGE_BYTES: Final = 2 * 1024 * 1024  # larger ones are read in a process with limits of its own
LONGEST_WRITE_SECONDS: Final = 0.15  # people's clicks wait for this transaction: it is cut here


def take_in_batch(limit: int = BATCH, *, on_each: Callable[[], None] | None = None) -> int:
    """Take in up to `limit` stored messages and return how many were met; 0 when there is nothing to do.

    What cannot be read is set aside with its reason, and the others go on. A message whose reading killed the
    process before (its second try) is read in a process of its own.
    """
    rows = claim_raw(limit=limit, at=clock.now())
    read: list[tuple[Raw, IncomingMessage]] = []
    for raw in rows:
        incoming = _read(raw)
        if incoming is not None:
            read.append((raw, incoming))
        if on_each:
            on_each()
    while read:
        with transaction.atomic():
            begun = monotonic()
            while read and monotonic() - begun < LONGEST_WRITE_SECONDS:
                _take_in_one(*read.pop(0))
    return len(rows)


def _read(raw: Raw) -> IncomingMessage | None:
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


def _take_in_one(raw: Raw, incoming: IncomingMessage) -> None:
    try:
        with transaction.atomic():
            take_in(raw=raw, incoming=incoming, at=clock.now())
    except DatabaseError as failure:
        if raw.tries < 2:
            raise  # the database itself may be away: the claim runs out, and it is tried again
        log.exception("raw=%s filing failed=%s", raw.pk, type(failure).__name__)
        set_aside(raw=raw, reason=f"filing: {type(failure).__name__}", at=clock.now())
    except Exception as failure:
        # One bad mail never stops the others: it waits in quarantine, whatever was wrong with it or with us.
        log.exception("raw=%s filing failed=%s", raw.pk, type(failure).__name__)
        set_aside(raw=raw, reason=f"filing: {type(failure).__name__}", at=clock.now())
