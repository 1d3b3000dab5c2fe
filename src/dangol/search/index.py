"""The text index: put texts in by kind and id, find the newest ids whose texts match a query.

What matches is defined by `words` and is the same on both databases. A kind is a name in `models.TABLES`.
"""

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, Protocol, TypeVar

from django.db import connection, transaction

from dangol.kernel.db import TookTooLong, time_limit
from dangol.search import postgres, sqlite
from dangol.search.models import TABLES
from dangol.search.words import Term, plain, terms

LONGEST_SECONDS = 1.0
"""How long a search may take: longer than nearly all do, and short enough that nobody else waits for it."""
_AT_ONCE: Final = threading.BoundedSemaphore(2)  # in a process, whose other threads have other pages to serve
_BATCH = 500
_Row = TypeVar("_Row")


def put(kind: str, rows: Iterable[tuple[int, str]]) -> None:
    """Make each text findable under its id, in place of what was there, within the caller's transaction.

    Any number of rows; ascending ids are quickest. An id that occurs twice keeps its last text.
    """
    with transaction.atomic(savepoint=False):
        for batch in _batches(rows):
            entries = [(ref, plain(text)) for ref, text in sorted(dict(batch).items())]
            _database().put(TABLES[kind], entries)


def remove(kind: str, ids: Iterable[int]) -> None:
    """Forget the texts of these ids, within the caller's transaction. Unknown ids are no error."""
    with transaction.atomic(savepoint=False):
        for batch in _batches(ids):
            _database().remove(TABLES[kind], batch)


@dataclass(frozen=True)
class Found:
    """The ids, highest first. Not `is_whole` where the time was up: what was found by then, and there may be more."""

    ids: tuple[int, ...]
    is_whole: bool = True


def find(kind: str, query: str, *, limit: int, before: int | None = None) -> list[int]:
    """The highest ids whose texts match, highest first: at most `limit`, all below `before`.

    Every word must occur, "quoted words" one after the other, and the last word may be unfinished. A query without
    words (empty, only signs) finds nothing. Never raises, whatever the query.
    """
    wanted = terms(query)
    return list(_database().find(TABLES[kind], wanted, limit, before)) if wanted else []


def find_in_time(
    kind: str, query: str, *, limit: int, before: int | None = None, seconds: float | None = None
) -> Found:
    """The same, for pages: it stops after so many seconds (LONGEST_SECONDS), waiting for other searches included."""
    seconds = LONGEST_SECONDS if seconds is None else seconds
    end = time.monotonic() + seconds
    wanted = terms(query)
    ids: list[int] = []
    if not wanted:
        return Found(())
    if not _AT_ONCE.acquire(timeout=max(seconds, 0)):
        return Found((), is_whole=False)
    try:
        with time_limit(end - time.monotonic()):
            for ref in _database().find(TABLES[kind], wanted, limit, before, end):
                ids.append(ref)
                if time.monotonic() > end and len(ids) < limit:
                    return Found(tuple(ids), is_whole=False)
    except TookTooLong:
        return Found(tuple(ids), is_whole=False)
    finally:
        _AT_ONCE.release()
    return Found(tuple(ids))


def count_up_to(kind: str, query: str, limit: int) -> int:
    """How many texts match the query, or `limit` if that many or more do."""
    wanted = terms(query)
    return _database().count_up_to(TABLES[kind], wanted, limit) if wanted else 0


def tidy(kind: str, *, pages: int = 500) -> bool:
    """One short step of housekeeping in a transaction of its own; whether another step would find work.

    Repeat it until it says no after an import, and after an erasure: until then the words of removed texts cannot be
    found any more, but are still somewhere in the database's file.
    """
    with transaction.atomic():
        return _database().tidy(TABLES[kind], pages)


class _Database(Protocol):
    def put(self, table: str, entries: Sequence[tuple[int, str]], /) -> None: ...
    def remove(self, table: str, refs: Sequence[int], /) -> None: ...
    def tidy(self, table: str, pages: int, /) -> bool: ...
    def find(
        self, table: str, terms: Sequence[Term], limit: int, before: int | None, until: float | None = None, /
    ) -> Iterator[int]: ...
    def count_up_to(self, table: str, terms: Sequence[Term], limit: int, /) -> int: ...


def _database() -> _Database:
    return postgres if connection.vendor == "postgresql" else sqlite


def _batches(rows: Iterable[_Row]) -> Iterator[list[_Row]]:
    remaining = iter(rows)
    while batch := list(islice(remaining, _BATCH)):
        yield batch
