# ruff: noqa: S608 (the names of tables come from models.TABLES, everything else is a parameter)
"""The index on PostgreSQL: a table of tsvectors made from our own tokens, and a GIN index on it.

GIN gives all rows that match and no order, and it knows no places of words: of a phrase each row that has its words
is read. So a common word would mean sorting most of the table for its newest fifty rows. Therefore the newest rows are
looked at first, without the index: what is common is there. Then the index is asked for ever longer *spans* of ids,
newest first, until enough are found. The spans in which a text is are words of it, and GIN walks the shortest list:
asked for a short span, it skips through the long lists of the words.

A tsvector remembers 255 places of a token: in a text that repeats one more often, a phrase is found up to there.
"""

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Final

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from dangol.kernel.db import TookTooLong
from dangol.search.words import Term, tokens

PROBE, FIRST_LOOK = 2_000, 400
"""Rows that are read, at some 8 µs each, before the index is asked; and those that show whether that may be enough."""
SPANS: Final = (14, 17, 20)
"""Ids of a span, as powers of two: 16,384 and so on. They are part of what is stored: a change needs a migration."""
_TOGETHER: Final = 3
_END = 2**63 - 1


def put(table: str, entries: Sequence[tuple[int, str]]) -> None:
    """Insert or replace texts, given in their plain form. Ids occur once."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table}(ref, content) SELECT ref, words::tsvector"
            " FROM unnest(%s::bigint[], %s::text[]) AS given(ref, words)"
            " ON CONFLICT (ref) DO UPDATE SET content = EXCLUDED.content",
            [[ref for ref, _ in entries], [_vector(ref, text) for ref, text in entries]],
        )


def remove(table: str, refs: Sequence[int]) -> None:
    """Take texts out of the index."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE ref = ANY(%s)", [list(refs)])


def tidy(table: str, pages: int) -> bool:
    """Nothing to do: autovacuum does it."""
    return False


def find(
    table: str, terms: Sequence[Term], limit: int, before: int | None, until: float | None = None
) -> Iterator[int]:
    """The newest ids whose texts match every term, as they are found; TookTooLong when `until` is over.

    `until` is a reading of the monotonic clock. The database's own limit is one for each of the many statements.
    """
    end = _END if before is None else before
    query = " & ".join(map(_expression, terms))
    found, most = 0, min(FIRST_LOOK, PROBE)
    with connection.cursor() as cursor:
        for _ in range(2):
            rows = _newest(cursor, table, query, end, most, limit - found)
            end, read = rows.reached, rows.read
            yield from rows.matching
            found += len(rows.matching)
            if found == limit or read < most:
                return
            # As many more as the rest should be among, and some to spare; if that is too many, the index is quicker.
            most = read * (limit - found) * 3 // (2 * found) if found else PROBE + 1
            if most > PROBE:
                break
        for in_span, reached in _by_spans(cursor, table, query, end):
            if until is not None and time.monotonic() > until:
                raise TookTooLong
            with _by_the_index(cursor):
                cursor.execute(
                    f"WITH matching AS MATERIALIZED (SELECT ref FROM {table}"
                    " WHERE content @@ %s::tsquery AND ref < %s)"
                    " SELECT ref FROM matching ORDER BY ref DESC LIMIT %s",
                    [in_span, reached, limit - found],
                )
                refs = [ref for (ref,) in cursor.fetchall()]
            yield from refs
            found += len(refs)
            if found == limit:
                return


@dataclass(frozen=True)
class _Read:
    matching: list[int]
    read: int
    reached: int


def _newest(cursor: CursorWrapper, table: str, query: str, end: int, most: int, limit: int) -> _Read:
    """What matches among so many rows below `end`; how many there were, and the lowest of them."""
    cursor.execute(
        f"WITH newest AS MATERIALIZED (SELECT ref, content @@ %s::tsquery AS matches FROM {table}"
        " WHERE ref < %s ORDER BY ref DESC LIMIT %s)"
        " SELECT count(*), coalesce(min(ref), %s),"
        " coalesce((array_agg(ref ORDER BY ref DESC) FILTER (WHERE matches))[:%s], '{}') FROM newest",
        [query, end, most, end, limit],
    )
    read, reached, matching = cursor.fetchone()
    return _Read(matching, read, reached)


def count_up_to(table: str, terms: Sequence[Term], limit: int) -> int:
    """How many texts match every term, or `limit`. Any of them will do, so that none needs sorting."""
    query, found = " & ".join(map(_expression, terms)), 0
    some = f"SELECT FROM {table} WHERE content @@ %s::tsquery AND ref < %s LIMIT %s"
    counting = f"SELECT count(*) FROM ({some}) AS matching"
    with connection.cursor() as cursor:
        if any(term.is_open for term in terms):
            # GIN merges the lists of all words that begin so each time it is asked: once is enough.
            cursor.execute(counting, [query, _END, limit])
            return int(cursor.fetchone()[0])
        for in_span, reached in _by_spans(cursor, table, query, _END):
            with _by_the_index(cursor):
                cursor.execute(counting, [in_span, reached, limit - found])
                found += int(cursor.fetchone()[0])
            if found == limit:
                break
    return found


def _by_spans(cursor: CursorWrapper, table: str, query: str, end: int) -> Iterator[tuple[str, int]]:
    """(the query within a span, id below which it counts), from `end` down to the lowest id, longer and longer.

    Each is some spans of a length, the newest of which may have hardly begun. Ids that nobody has are skipped.
    """
    for bits in chain(SPANS, repeat(SPANS[-1])):
        cursor.execute(f"SELECT max(ref) FROM {table} WHERE ref < %s", [end])
        (newest,) = cursor.fetchone()
        if newest is None:
            return
        last = newest >> bits
        spans = " | ".join(_span(bits, last - back) for back in range(_TOGETHER))
        yield f"({spans}) & {query}", end
        end = (last - _TOGETHER + 1) << bits


@contextlib.contextmanager
def _by_the_index(cursor: CursorWrapper) -> Iterator[None]:
    """Statements that use GIN and nothing else: told that many rows match, PostgreSQL begins with the oldest row."""
    ways = "SELECT set_config('enable_seqscan', %s, true), set_config('enable_indexscan', %s, true)"
    with transaction.atomic():
        cursor.execute(ways, ["off", "off"])
        yield
        cursor.execute(ways, ["on", "on"])


def _vector(ref: int, plain_text: str) -> str:
    """The tokens with their positions, and the spans without, as the text form of a tsvector."""
    words = [f"'{token}':{position}" for position, token in enumerate(tokens(plain_text), start=1)]
    return " ".join(words + [_span(bits, ref >> bits) for bits in SPANS])


def _span(bits: int, number: int) -> str:
    return f"'#{bits}.{number}'"  # no token has such a sign, and no query asks for it


def _expression(term: Term) -> str:
    # Tokens are letters and digits alone, so nothing in them can end the quotes.
    words = " <-> ".join(f"'{token}'" for token in term.tokens)
    return f"({words}{':*' if term.is_open else ''})"
